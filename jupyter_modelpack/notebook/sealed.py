"""The notebook as it goes into an image: what runs, without outputs, counts or machine's traces."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from jupyter_modelpack.notebook.snapshot import MARK, Snapshot
from jupyter_modelpack.notebook.tags import has_tag

_NOT_RUN: dict[str, Any] = {"execution_count": None, "outputs": []}


def sealed_notebook(snapshot: Snapshot) -> bytes:
    """Return the notebook's JSON without outputs; cells tagged ``skip`` are left empty.

    Cells keep their places, so that their numbers stay those of the notebook on the screen; those
    of its parts follow, with a mark that says whose they are.
    """
    metadata: dict[str, Any] = {"language_info": {"name": "python"}}
    if snapshot.kernel_name:
        metadata["kernelspec"] = {
            "display_name": snapshot.kernel_display_name or snapshot.kernel_name,
            "language": "python",
            "name": snapshot.kernel_name,
        }
    cells = []
    for cell in snapshot.all_cells:
        mark = {MARK: cell.metadata[MARK]} if cell.number > len(snapshot.cells) else {}
        kept = {
            "cell_type": cell.kind,
            "id": cell.id,
            "metadata": {**({"tags": list(cell.tags)} if cell.tags else {}), **mark},
            "source": "" if has_tag(cell, "skip") else cell.source,
        }
        cells.append(kept | _NOT_RUN if cell.kind == "code" else kept)
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False)
    return (text + "\n").encode("utf-8", "replace")


def cell_digests(snapshot: Snapshot) -> tuple[str, ...]:
    """Return one digest for each code cell that runs, over its source and tags."""
    return tuple(
        hashlib.sha256("\0".join((*sorted(cell.tags), cell.source)).encode()).hexdigest()[:32]
        for cell in snapshot.all_cells
        if cell.is_code and not has_tag(cell, "skip")
    )
