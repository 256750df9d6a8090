"""Folders of real notebooks, read as a server reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.notebook_files import LocalNotebooks
from jupyter_modelpack.notebook.inspection import Inspection, inspect
from jupyter_modelpack.services.inspecting import Inspector, KernelAnswer
from tests.notebook.notebooks import code


class NoKernels:
    """Kernels that nobody asks."""

    def answer(self, name: str | None, cancelled: object) -> KernelAnswer:
        raise AssertionError(name)


def reference(name: str, path: object = "", source: str = "") -> dict[str, Any]:
    """Return a cell that names a notebook, ``./NAME.ipynb`` unless another path is given."""
    place = {"notebook_path": path or f"./{name}.ipynb"} if path is not None else {}
    return code(source, f"notebook:{name}", metadata=place)


def written(folder: Path, notebooks: Mapping[str, Any]) -> Path:
    """Write notebooks by name, and return the path of the first."""
    for name, content in notebooks.items():
        path = folder / f"{name}.ipynb"
        path.write_text(json.dumps(content))
    return folder / f"{next(iter(notebooks))}.ipynb"


def composed(folder: Path, notebooks: Mapping[str, Any]) -> Inspection:
    """Return the inspection of the first notebook, with those that it names."""
    files = LocalNotebooks()
    path = str(written(folder, notebooks))
    snapshot = Inspector(files, NoKernels(), file_bytes=1 << 30).snapshot(path)
    return inspect(snapshot, files=files.files(path))
