"""The team's own parts of a notebook: check cells, model card, sample input, and what it serves."""

from __future__ import annotations

import ast
import hashlib
from contextlib import suppress
from typing import Any

from jupyter_modelpack.notebook.cell import Cell
from jupyter_modelpack.notebook.snapshot import Snapshot
from jupyter_modelpack.notebook.tags import has_tag

KINDS = ("check", "model-card", "sample-input")


def team_parts(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return kind, cell number and digest of each cell that the team added for its own sake."""
    return [
        {"kind": kind, "cell": cell.number, "digest": _digest(cell)}
        for cell in snapshot.all_cells
        for kind in KINDS
        if cell.source.strip() and has_tag(cell, kind)
    ]


def served_signature(snapshot: Snapshot) -> str:
    """Return the signature of ``predict`` in the cell tagged ``serve``, such as ``predict(rows)``.

    It is empty when there is none, or when the cell is not plain Python.
    """
    found = ""
    for cell in snapshot.cells:
        if cell.is_code and has_tag(cell, "serve"):
            with suppress(SyntaxError, ValueError, RecursionError):
                for node in ast.parse(cell.source).body:
                    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                        found = _signature(node) if node.name == "predict" else found
    return found


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returns}"


def _digest(cell: Cell) -> str:
    return "sha256:" + hashlib.sha256(cell.source.encode("utf-8", "replace")).hexdigest()
