"""The runtime laid out as in an image, and the Pythons to try it on."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.runtime.notebook_runs import Runtime

VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
_SECONDS = 90


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    """The runtime in a directory of its own."""
    return Runtime(tmp_path / "image")


def pyenv_python(version: str) -> Path:
    """Return pyenv's interpreter of a version; skips where there is none, and says so."""
    root = Path(os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv"))) / "versions"
    found = sorted(root.glob(f"{version}.*/bin/python{version}"))
    if not found:
        skip(f"no Python {version} from pyenv on this machine")
    return found[-1]


def ipython_for(python: Path, version: str) -> Path:
    """Return a directory with IPython for an interpreter, installed once and kept for later."""
    base = Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")))
    kept = base / "modelpack-tests" / f"ipython-{version}"
    if not kept.is_dir():
        making = kept.with_name(f"{kept.name}.{os.getpid()}")
        command = [str(python), "-m", "pip", "install", "-q", "--target", str(making), "ipython"]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)
        except (OSError, subprocess.SubprocessError):
            shutil.rmtree(making, ignore_errors=True)
            skip(f"IPython for Python {version} could not be installed here")
        with contextlib.suppress(OSError):
            making.rename(kept)  # unless another session was quicker
        shutil.rmtree(making, ignore_errors=True)
    return kept


def skip(reason: str) -> None:
    print(f"skipped: {reason}")
    pytest.skip(reason)
