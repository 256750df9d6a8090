"""Commands of the product that are watched while they run, and stopped at a chosen moment."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from jupyter_modelpack.cli.main import main
from tests.product import ROOT, Answer, Product

LONGEST = 120.0
_SECOND_USER = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


def last_line(answer: Answer) -> str:
    """Return the last line of standard error, which is the sentence that a command ends with."""
    lines = answer.err.strip().splitlines()
    return lines[-1] if lines else ""


def is_one_sentence(answer: Answer) -> bool:
    """Tell whether a command ended as people expect: a sentence, and nothing of our insides."""
    said = last_line(answer)
    inside = f'File "{ROOT / "jupyter_modelpack"}'
    broken = "Something broke inside" in answer.err or inside in answer.err
    return bool(said) and said.rstrip()[-1] in ".)" and not broken and not answer.out.strip()


def without_privilege() -> tuple[str, ...] | None:
    """Return what to put before a command so that file permissions count for it; None: no way."""
    if os.geteuid() != 0:
        return ()
    try:
        done = subprocess.run([*_SECOND_USER, "true"], capture_output=True, check=False)
    except OSError:
        return None
    return _SECOND_USER if done.returncode == 0 else None


def stopped(
    words: Iterable[str],
    data_dir: Path,
    *,
    after: str,
    delay: float,
    with_signal: signal.Signals,
    env: Mapping[str, str] | None = None,
) -> Answer:
    """Run a command, and ``delay`` seconds after it printed ``after`` send it a signal."""
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_modelpack", *words, "--data-dir", str(data_dir)],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if after in line:
            time.sleep(delay)
            process.send_signal(with_signal)
            break
    out, err = process.communicate(timeout=LONGEST)
    return Answer(process.returncode, out, said + err)


def processes_with(mark: str) -> list[int]:
    """Return the processes that have a text in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                if mark.encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
    return found


def eventually(holds: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Return whether something comes true within a time."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


class Within(Product):
    """The product's command line called in this process, which saves starting one each time."""

    def __call__(self, *words: str, env: Mapping[str, str] | None = None) -> Answer:
        before = signal.getsignal(signal.SIGTERM)
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            try:
                with redirect_stdout(out), redirect_stderr(err):
                    code = main([*words, "--data-dir", str(self.data_dir)])
            except SystemExit as ended:
                code = int(ended.code or 0)
            finally:
                signal.signal(signal.SIGTERM, before)
        return Answer(code, out.getvalue(), err.getvalue())
