"""A Jupyter server with the pages, where the one who is logged in is a person of our choice."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType

from browser.labserver import REPOSITORY, free_port


class PageServer:
    """Serves one data directory to one person; ``-`` is the server's own, unverified user."""

    def __init__(self, data_dir: Path, person: str = "rita") -> None:
        self.data_dir = data_dir
        self.person = person
        self.token = secrets.token_hex(16)
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pages(self) -> str:
        """The address below which the pages lie."""
        return f"http://127.0.0.1:{self.port}/jupyter-modelpack/pages/"

    def log_in(self, context: object) -> None:
        """Let every page of a browser's context bring the token."""
        page = context.new_page()  # type: ignore[attr-defined]
        page.goto(f"http://127.0.0.1:{self.port}/api/status?token={self.token}")
        page.close()

    def __enter__(self) -> PageServer:
        self.port = free_port()
        script = REPOSITORY / "tests" / "pages_server.py"
        paths = [str(REPOSITORY), str(REPOSITORY / "tests")]
        kept = {name: value for name, value in os.environ.items() if "JUPYTER" not in name}
        home = self.data_dir.parent / f"home-{self.person}"
        home.mkdir(exist_ok=True)
        log = home / "server.log"
        with log.open("wb") as stream:
            self._process = subprocess.Popen(
                [sys.executable, str(script), str(self.data_dir), self.person, str(self.port),
                 self.token],
                env={**kept, "HOME": str(home), "PYTHONPATH": os.pathsep.join(paths)},
                stdout=stream, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + 60
        request = urllib.request.Request(
            f"{self.pages}state", headers={"Authorization": f"token {self.token}"}
        )
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(request, timeout=30):
                    return self
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        self.stop()
        raise RuntimeError(f"The server did not start:\n{log.read_text(errors='replace')[-2000:]}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(15)
