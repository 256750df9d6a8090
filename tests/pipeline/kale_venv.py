"""Kale 2.3.0 from PyPI, in a virtual environment of its own that later runs find again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.judges import skip

VERSION = "2.3.0"
PROGRAM = Path(__file__).with_name("kale_program.py")


def kale_python() -> Path:
    """Return the Python that has Kale; makes it when it is not there, and skips when it cannot."""
    if sys.version_info < (3, 11):
        skip(f"Kale {VERSION} needs Python 3.11 or newer")
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    place = Path(base, "jupyter-modelpack-tests", f"kale-{VERSION}-{sys.version_info[1]}")
    if (place / "ready").exists():
        return place / "bin" / "python"
    # made beside its place first, so that two runs at once do not see each other's half
    own = place.with_name(f"{place.name}-{uuid.uuid4().hex[:8]}")
    try:
        subprocess.run([sys.executable, "-m", "venv", str(own)], check=True, capture_output=True)
        pip = [str(own / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run(
            [*pip, f"kubeflow-kale=={VERSION}"], check=True, capture_output=True, timeout=600
        )
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(own, ignore_errors=True)
        told = getattr(error, "stderr", b"") or b""
        last = told.decode("utf-8", "replace").strip().splitlines()[-1:] or [str(error)]
        skip(f"Kale {VERSION} cannot be installed here: {last[0]}")
    (own / "ready").write_text(VERSION)
    try:
        own.rename(place)
    except OSError:  # another run was quicker
        shutil.rmtree(own, ignore_errors=True)
    return place / "bin" / "python"


def kale_makes(notebooks: Mapping[str, Mapping[str, Any]], folder: Path) -> dict[str, Any]:
    """Return, for each notebook, Kale's graph and compiled tasks, or why it refuses."""
    python = kale_python()
    paths = []
    for name, content in notebooks.items():
        path = folder / f"{name}.ipynb"
        path.write_text(json.dumps(content))
        paths.append(str(path))
    done = subprocess.run(
        [str(python), str(PROGRAM), *paths],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (line,) = [text for text in done.stdout.splitlines() if text.startswith("FOUND ")]
    found = json.loads(line.removeprefix("FOUND "))
    return {name.removesuffix(".ipynb"): value for name, value in found.items()}
