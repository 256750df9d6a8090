"""A JupyterLab of its own: a free port, a token, and nothing of the user's settings or data."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

REPOSITORY = Path(__file__).resolve().parents[2]
BUILT = REPOSITORY / "jupyter_modelpack" / "labextension"


class LabServer:
    """Starts JupyterLab with the built extension; ``state`` takes its settings and data."""

    def __init__(
        self, root: Path, state: Path, *, with_server_part: bool, settings: Sequence[str] = ()
    ) -> None:
        self.root = root
        self.state = state
        self.token = secrets.token_hex(16)
        self.with_server_part = with_server_part
        self.settings = settings
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the server, with a slash at its end."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def log(self) -> str:
        """What the server printed so far."""
        return (self.state / "lab.log").read_text(errors="replace")

    def lab_url(self, notebook: str | None = None, workspace: str = "") -> str:
        """The address of the page, with the token and perhaps an open notebook."""
        path = f"lab/workspaces/{workspace}" if workspace else "lab"
        tree = f"/tree/{notebook}" if notebook else ""
        return f"{self.url}{path}{tree}?token={self.token}"

    def __enter__(self) -> LabServer:
        self.state.mkdir(parents=True, exist_ok=True)
        extensions = self.state / "labextensions"
        # A copy, so that a build in the meantime does not change what is served.
        shutil.copytree(BUILT, extensions / "jupyter-modelpack", dirs_exist_ok=True)
        self.port = free_port()
        quiet = self.state / "settings" / "@jupyterlab" / "apputils-extension"
        quiet.mkdir(parents=True, exist_ok=True)
        (quiet / "notification.jupyterlab-settings").write_text(
            '{"fetchNews": "false", "checkForUpdates": false}'
        )
        with (self.state / "lab.log").open("wb") as log:
            self._process = subprocess.Popen(
                self._command(extensions),
                cwd=self.root,
                env=self._environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server and its kernels."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(15)

    def _command(self, extensions: Path) -> list[str]:
        part = {"jupyter_modelpack": self.with_server_part, "jupyterlab": True}
        return [
            *[sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"],
            f"--ServerApp.root_dir={self.root}",
            f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0",
            "--ServerApp.ip=127.0.0.1",
            f"--IdentityProvider.token={self.token}",
            f"--ServerApp.jpserver_extensions={part!r}",
            f"--LabServerApp.extra_labextensions_path={extensions}",
            "--LabApp.expose_app_in_browser=True",
            *self.settings,
        ]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "JUPYTER" not in name}
        return kept | {
            "HOME": str(self.state),
            "SALES_REGION": "north",  # a setting, for notebooks that read it
            "IPYTHONDIR": str(self.state / "ipython"),
            "JUPYTER_CONFIG_DIR": str(self.state / "config"),
            "JUPYTER_DATA_DIR": str(self.state / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.state / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(self.state / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.state / "workspaces"),
        }

    def _wait(self, seconds: float = 60) -> None:
        request = urllib.request.Request(
            f"{self.url}api/status", headers={"Authorization": f"token {self.token}"}
        )
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._process is not None and self._process.poll() is not None:
                raise RuntimeError(f"JupyterLab did not start:\n{self.log[-2000:]}")
            try:
                with urllib.request.urlopen(request, timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise RuntimeError(f"JupyterLab did not answer in {seconds} s:\n{self.log[-2000:]}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
