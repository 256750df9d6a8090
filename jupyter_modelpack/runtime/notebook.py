"""The notebook that a run executes: its cells by number, and the cell that sets parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional

from .manifest import Manifest
from .refusal import Breakage
from .values import injected_source

INJECTED = "injected-parameters"


@dataclass(frozen=True)
class Step:
    """One code cell to run; ``number`` is None for the cell that we put in.

    ``may_fail`` is Jupyter's own tag ``raises-exception``: the run goes on after its error.
    """

    cell: Dict[str, Any]
    number: Optional[int]
    check: bool = False
    metrics: bool = False
    may_fail: bool = False

    @property
    def source(self) -> str:
        """The code."""
        source = self.cell.get("source", "")
        return "".join(source) if isinstance(source, list) else str(source)


@dataclass(frozen=True)
class Plan:
    """The notebook as it will be written, its number of cells, and the cells to run in order."""

    notebook: Dict[str, Any]
    cells: int
    steps: List[Step]


def make_plan(notebook: Dict[str, Any], manifest: Manifest, values: Mapping[str, Any]) -> Plan:
    """Return what to run; ``values`` go into a new cell after the one that has the defaults.

    The cells keep the numbers they have in the notebook, whatever is put in between or left out.
    """
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise Breakage("The notebook in the image has no cells.")
    kept, steps = [], []
    for number, cell in enumerate(cells, 1):
        if values and INJECTED in tags(cell):
            continue  # an earlier run's values: ours take their place
        kept.append(cell)
        if cell.get("cell_type") != "code":
            continue
        cell.update(outputs=[], execution_count=None)
        if "skip" in tags(cell):
            continue
        check = "check" in tags(cell) or number in manifest.checks
        metrics = "metrics" in tags(cell) or number in manifest.metrics
        may_fail = "raises-exception" in tags(cell) and not check
        steps.append(Step(cell, number, check, metrics, may_fail))
    if values:
        last = max((p.cell for p in manifest.parameters if p.cell <= len(cells)), default=0)
        _inject(kept, steps, values, cells[last - 1] if last else None)
    return Plan({**notebook, "cells": kept}, len(cells), steps)


def tags(cell: Mapping[str, Any]) -> List[str]:
    """Return the tags of a cell."""
    metadata = cell.get("metadata")
    found = metadata.get("tags") if isinstance(metadata, dict) else None
    return [str(tag) for tag in found] if isinstance(found, list) else []


def _inject(
    cells: List[Dict[str, Any]],
    steps: List[Step],
    values: Mapping[str, Any],
    defaults: Optional[Dict[str, Any]],
) -> None:
    injected: Dict[str, Any] = {
        "cell_type": "code",
        "id": INJECTED,
        "metadata": {"tags": [INJECTED]},
        "source": injected_source(values),
        "outputs": [],
        "execution_count": None,
    }
    place = next(
        (i for i, cell in enumerate(cells) if cell is defaults or "parameters" in tags(cell)), -1
    )
    before = cells[: place + 1]
    cells.insert(place + 1, injected)
    first = sum(any(step.cell is cell for cell in before) for step in steps)
    steps.insert(first, Step(injected, None))
