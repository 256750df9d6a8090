"""The graph of a notebook's pipeline: which cells are which step, and what comes after what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_modelpack.notebook.cell import Cell
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.graph_findings import (
    CODE,
    find_held,
    find_limits,
    find_order,
    find_tags,
    find_volumes,
)
from jupyter_modelpack.notebook.kale import KaleTags, StepOptions, read_tags
from jupyter_modelpack.notebook.kale_metadata import PipelineSettings, read_settings
from jupyter_modelpack.notebook.tags import has_tag


@dataclass(frozen=True)
class Crossing:
    """A value that a step is handed: the variable, and the step that it comes from."""

    variable: str
    source: str


@dataclass(frozen=True)
class PipelineStep:
    """One step: its own ``cells`` by number, and the steps that it comes ``after``.

    ``inputs`` are handed to it, ``outputs`` are variables that later steps take from it, and
    ``metrics`` those that are recorded when it has run. ``notebook`` is the path of the part that
    it is in, whose ``common`` cells run first in it; empty for steps of the notebook itself.
    """

    name: str
    cells: tuple[int, ...]
    after: tuple[str, ...] = ()
    options: StepOptions = field(default_factory=StepOptions)
    inputs: tuple[Crossing, ...] = ()
    outputs: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    notebook: str = ""
    common: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of manifests, records and the REST interface."""
        part = {"notebook": self.notebook, "common": list(self.common)} if self.notebook else {}
        return {
            "name": self.name,
            "cells": list(self.cells),
            "after": list(self.after),
            "inputs": [{"name": item.variable, "from": item.source} for item in self.inputs],
            "outputs": list(self.outputs),
            "metrics": list(self.metrics),
            "options": self.options.to_json(),
            **part,
        }


@dataclass(frozen=True)
class Graph:
    """The steps in notebook order, and the ``common`` cells that run first in each of them.

    A notebook without step tags has no steps here: all of it is one. ``reported`` are the cells
    that only name variables to record. ``order`` is that of the cells in a run of the whole, where
    parts make it another than the notebook's.
    """

    steps: tuple[PipelineStep, ...] = ()
    common: tuple[int, ...] = ()
    settings: PipelineSettings = field(default_factory=PipelineSettings)
    reported: tuple[int, ...] = ()
    order: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.steps)

    def common_of(self, step: PipelineStep) -> tuple[int, ...]:
        """Return the cells that run first in a step."""
        return step.common if step.notebook else self.common

    def ancestors(self, name: str) -> frozenset[str]:
        """Return the names of all steps that have run before a step begins."""
        after = {step.name: step.after for step in self.steps}
        found: set[str] = set()
        waiting = [name]
        while waiting:
            for before in after.get(waiting.pop(), ()):
                if before not in found:
                    found.add(before)
                    waiting.append(before)
        return frozenset(found)


def read_graph(
    cells: Iterable[Cell], metadata: Mapping[str, Any]
) -> tuple[Graph, tuple[Finding, ...]]:
    """Return the graph that tags give, and what is wrong with them; no steps without step tags.

    A cell that names a notebook is a step here, of the notebook's name and with no cells but that.
    Source: ``NotebookProcessor.parse_notebook`` of Kale 2.3.0, whose steps and edges these are.
    """
    tagged = [(cell, _read(cell)) for cell in cells if cell.kind == "code"]
    settings = read_settings(metadata)
    if not any(tags.names or tags.notebooks for _, tags in tagged):
        return Graph(settings=settings), tuple(find_volumes(settings))
    reader = _Reader()
    for cell, tags in tagged:
        reader.read(cell, tags)
    names = {step.name for step in reader.steps}
    steps = tuple(
        replace(
            step,
            after=tuple(name for name in step.after if name in names and name != step.name),
            options=step.options.over(settings.defaults),
        )
        for step in reader.steps
    )
    graph = Graph(steps, tuple(reader.common), settings, tuple(reader.metrics))
    findings = (
        *find_tags(tagged),
        *reader.findings,
        *find_held(reader.held),
        *find_order([(s.name, s.cells[0], s.after) for s in reader.steps]),
        *(found for step in steps for found in find_limits(step.cells[0], step.options)),
        *find_volumes(settings),
    )
    return graph, findings


def _read(cell: Cell) -> KaleTags:
    tags = read_tags(cell.tags)
    if has_tag(cell, "injected-parameters"):
        return KaleTags("skip")
    if tags.role is None and not tags.placed and has_tag(cell, "parameters"):
        return KaleTags("pipeline-parameters")
    return tags


class _Reader:
    """Follows the cells from the top; an untagged one joins the tagged one before it."""

    def __init__(self) -> None:
        self.steps: list[PipelineStep] = []
        self.common: list[int] = []
        self.metrics: list[int] = []
        self.findings: list[Finding] = []
        self.held: list[int] = []
        self._before: str | list[int] | None = None

    def read(self, cell: Cell, tags: KaleTags) -> None:
        if tags.role == "skip":
            return
        if tags.role is not None:
            self._before = self.metrics if tags.role == "pipeline-metrics" else self.common
            self._before.append(cell.number)
        elif tags.notebooks:
            self._refer(cell, tags.notebooks[0])
        elif tags.names:
            self._add(cell, tags)
        elif isinstance(self._before, list):
            if cell.is_code or self._before is not self.held:
                self._before.append(cell.number)
        elif self._before is not None:
            self._join(self._before, cell.number)
        elif cell.is_code:
            self.findings += _unplaced(cell)

    def _refer(self, cell: Cell, name: str) -> None:
        """Add a notebook; untagged cells behind it wait for the step that follows, as in Kale."""
        self.findings += find_held(self.held)
        self.held.clear()
        self._before = self.held
        self.steps.append(PipelineStep(name, (cell.number,)))

    def _add(self, cell: Cell, tags: KaleTags) -> None:
        name = tags.names[0]
        self._before = name
        cells = (*self.held, cell.number)
        self.held.clear()
        if any(step.name == name for step in self.steps):
            self._join(name, *cells)
            if tags.prev:
                self.findings += _again(cell, name)
        else:
            self.steps.append(PipelineStep(name, cells, tags.prev, tags.options))

    def _join(self, name: str, *cells: int) -> None:
        self.steps = [
            replace(step, cells=(*step.cells, *cells)) if step.name == name else step
            for step in self.steps
        ]


def _unplaced(cell: Cell) -> Iterator[Finding]:
    yield Finding(
        CODE,
        "warning",
        f"Cell {cell.number} belongs to no step, because it comes before the first tagged cell.",
        cell.number,
        advice="Tag it with imports, functions or step:NAME, or the pipeline leaves it out.",
    )


def _again(cell: Cell, name: str) -> Iterator[Finding]:
    yield Finding(
        CODE,
        "warning",
        f"Cell {cell.number} goes on with the step {name}; its prev: tags do not count.",
        cell.number,
        advice=f"Put prev: tags on the first cell of {name}.",
    )
