from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.product import ROOT, Product, document


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Product:
    home = tmp_path_factory.mktemp("product")
    shutil.copytree(
        ROOT / "examples",
        home / "examples",
        ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"),
    )
    return Product(home / "data", home / "examples")


@pytest.fixture
def notebook(tmp_path: Path) -> Callable[..., Path]:
    """Write a notebook of code cells; a cell may be (tags, source)."""

    def write(*cells: Any, name: str = "notebook.ipynb", kernel: str | None = "python3") -> Path:
        path = tmp_path / name
        path.write_text(json.dumps(document(*cells, kernel=kernel)))
        return path

    return write
