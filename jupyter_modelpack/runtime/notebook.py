"""The notebook that a run executes: its cells by number, and the cell that sets parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from .manifest import Manifest, named_step
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
    """The notebook as it will be written, its number of cells, and the cells to run in order.

    The first ``common`` of them come before values of other pipeline steps; ``metrics`` are
    variables that are recorded at the end.
    """

    notebook: Dict[str, Any]
    cells: int
    steps: List[Step]
    common: int = 0
    metrics: Tuple[str, ...] = ()


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
        if {"skip", "block:skip", "step:skip"}.intersection(tags(cell)):
            continue
        check = "check" in tags(cell) or number in manifest.checks
        metrics = "metrics" in tags(cell) or number in manifest.metrics
        may_fail = "raises-exception" in tags(cell) and not check
        steps.append(Step(cell, number, check, metrics, may_fail))
    if values:
        last = max((p.cell for p in manifest.parameters if p.cell <= len(cells)), default=0)
        _inject(kept, steps, values, cells[last - 1] if last else None)
    return Plan({**notebook, "cells": kept}, len(cells), steps)


def whole(plan: Plan, manifest: Manifest) -> Plan:
    """Return the plan of all cells in the order that the image names, else the notebook's."""
    if not manifest.order:
        return plan
    return replace(plan, steps=_in_order(manifest.order, plan.steps, manifest))


def only_step(plan: Plan, manifest: Manifest, name: str) -> Plan:
    """Return the plan of one pipeline step: the common cells, then its own, and no others."""
    wanted = named_step(manifest, name)
    parameters = {p.cell for p in manifest.parameters}
    if wanted.common is not None:
        common = _in_order(wanted.common, plan.steps, manifest)
    else:
        first = parameters.union(manifest.common)
        common = [step for step in plan.steps if step.number is None or step.number in first]
    own = [step for step in plan.steps if step.number in wanted.cells and step not in common]
    steps = common + own
    notebook = {**plan.notebook, "cells": [step.cell for step in steps]}
    return Plan(notebook, plan.cells, steps, len(common), wanted.metrics)


def _in_order(numbers: Iterable[int], steps: Iterable[Step], manifest: Manifest) -> List[Step]:
    """Return the cells of these numbers, the one with a run's values behind its defaults."""
    numbered = {step.number: step for step in steps}
    last = max((p.cell for p in manifest.parameters), default=0)
    ordered: List[Step] = []
    for number in numbers:
        if number in numbered:
            ordered.append(numbered[number])
        if number == last and None in numbered:
            ordered.append(numbered[None])
    return ordered


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
