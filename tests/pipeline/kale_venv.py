"""Kale 2.3.0 from PyPI, in a virtual environment of its own that later runs find again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.cached_venv import cached_python
from tests.judges import skip

VERSION = "2.3.0"
PROGRAM = Path(__file__).with_name("kale_program.py")


def kale_python() -> Path:
    """Return the Python that has Kale; makes it when it is not there, and skips when it cannot."""
    if sys.version_info < (3, 11):
        skip(f"Kale {VERSION} needs Python 3.11 or newer")
    return cached_python(f"kale-{VERSION}-{sys.version_info[1]}", (f"kubeflow-kale=={VERSION}",))


def kale_makes(notebooks: Mapping[str, Mapping[str, Any]], folder: Path) -> dict[str, Any]:
    """Return, for each notebook, Kale's graph and compiled tasks, or why it refuses."""
    python = kale_python()
    paths = {name: folder / f"{name}.ipynb" for name in notebooks}
    for name, content in notebooks.items():
        paths[name].parent.mkdir(exist_ok=True)
        paths[name].write_text(json.dumps(content))
    done = subprocess.run(
        [str(python), str(PROGRAM), *map(str, paths.values())],
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
    return {name: found[str(path)] for name, path in paths.items()}
