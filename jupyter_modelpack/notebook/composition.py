"""One graph of a notebook and of those that it names: their steps, and what comes after what.

Source: ``link_composition_units`` and ``propagate_pipeline_parameters`` of Kale 2.3.0. A notebook
that is named becomes its own steps here, where Kale nests a pipeline; the order is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from jupyter_modelpack.notebook.crossing import Names, names_of
from jupyter_modelpack.notebook.dataflow import Flow
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.graph import Graph, PipelineStep
from jupyter_modelpack.notebook.graph_findings import CODE, find_same_names
from jupyter_modelpack.notebook.snapshot import Part
from jupyter_modelpack.notebook.source import CellCode


@dataclass(frozen=True)
class PartGraph:
    """What a part brings: its graph, all its cells that run, and those with its parameters.

    Numbers are those in the image. A part without step tags is one step.
    """

    part: Part
    graph: Graph
    cells: tuple[int, ...]
    parameters: tuple[int, ...]


@dataclass
class _Unit:
    """A step of the notebook itself or a whole part, with the units that it comes after."""

    steps: tuple[PipelineStep, ...]
    cell: int
    named: bool
    makes: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)
    reported: tuple[int, ...] = ()
    after: set[str] = field(default_factory=set)


def compose(
    main: Graph,
    parts: Sequence[PartGraph],
    codes: Mapping[int, CellCode],
    flows: Mapping[int, Flow],
    parameters: Sequence[int],
) -> tuple[Graph, tuple[Finding, ...]]:
    """Return one graph, its steps in an order in which they can run, and what keeps it from that.

    ``parameters`` are the cells of the notebook's own, which count in its parts as well.
    """
    by_name = {each.part.name: each for each in parts}
    units: dict[str, _Unit] = {}
    for step in main.steps:
        part = by_name.get(step.name)
        steps = (step,) if part is None else _steps(part, main, parameters)
        reported = part.graph.reported if part else ()
        units[step.name] = _Unit(
            steps, step.cells[0], part is not None, reported=reported, after=set(step.after)
        )
        _read_names(units[step.name], main, codes, flows)
    findings = _link_values(units)
    _link_reading(units)
    ordered = _ordered(units)
    if ordered is None:
        return main, (*findings, *(() if findings else (_circle(units),)))
    steps = _flat(units, ordered)
    cells = {step.name: unit.cell for unit in units.values() for step in unit.steps}
    findings += find_same_names([(step.name, cells[step.name]) for step in steps])
    graph = replace(main, steps=steps)
    closing = {unit.steps[-1].name: unit.reported for unit in units.values()}
    order = (*_order(graph, closing), *main.reported)
    return replace(graph, order=tuple(n for n in order if n in codes)), tuple(findings)


def _steps(each: PartGraph, main: Graph, parameters: Sequence[int]) -> tuple[PipelineStep, ...]:
    name, path = each.part.name, each.part.path
    graph = each.graph
    if not graph:
        before = each.parameters
        own = tuple(number for number in each.cells if number not in before)
        graph = Graph((PipelineStep("", own or each.cells),), before)
    last = max((graph.common.index(n) for n in each.parameters if n in graph.common), default=-1)
    # the parameters of the notebook itself come behind the part's own, so that their values win
    common = (*graph.common[: last + 1], *parameters, *graph.common[last + 1 :])
    return tuple(
        replace(
            step,
            name=_named(name, step.name),
            after=tuple(_named(name, other) for other in step.after),
            options=step.options.over(main.settings.defaults),
            notebook=path,
            common=common,
        )
        for step in graph.steps
    )


def _named(part: str, step: str) -> str:
    return f"{part}_{step}" if step else part


def _read_names(
    unit: _Unit, main: Graph, codes: Mapping[int, CellCode], flows: Mapping[int, Flow]
) -> None:
    for step in unit.steps:
        names: Names = names_of(step.cells, main.common_of(step), codes, flows)
        unit.needs |= set(names.needs) - unit.makes
        unit.makes |= names.makes


def _link_values(units: Mapping[str, _Unit]) -> list[Finding]:
    """Let each unit come after the one that makes what it needs; a choice of two is a finding."""
    findings: list[Finding] = []
    order = list(units)
    for name, unit in units.items():
        for variable in sorted(unit.needs):
            makers = [
                other
                for other in order
                if other != name and variable in units[other].makes - units[other].needs
            ]
            if len(makers) > 1 and (unit.named or any(units[m].named for m in makers)):
                findings.append(_several(variable, name, makers, unit.cell))
            elif makers:
                above = [m for m in makers if order.index(m) < order.index(name)]
                maker = (above or makers)[-1]
                unit.after.add(maker)
                if not above and not (unit.named and units[maker].named):
                    findings.append(_below(variable, name, maker, unit.cell))
    return findings


def _link_reading(units: Mapping[str, _Unit]) -> None:
    """Let steps run as the notebook reads; two notebooks with nothing between them run at once."""
    listed = list(units.items())
    for at, (name, unit) in enumerate(listed):
        for _, later in listed[at + 1 :]:
            if not (unit.named and later.named):
                later.after.add(name)


def _ordered(units: Mapping[str, _Unit]) -> list[str] | None:
    """Return the units so that each comes after those it needs, as near as can be as they read."""
    left, done = list(units), list[str]()
    while left:
        ready = next((n for n in left if units[n].after.issubset(done)), None)
        if ready is None:
            return None
        left.remove(ready)
        done.append(ready)
    return done


def _flat(units: Mapping[str, _Unit], ordered: Sequence[str]) -> tuple[PipelineStep, ...]:
    """Return the steps of all units; the first ones of a unit come after the last of others."""
    before: dict[str, set[str]] = {}
    flat: list[PipelineStep] = []
    for name in ordered:
        unit = units[name]
        before[name] = {far for near in unit.after for far in (near, *before[near])}
        implied = {far for near in unit.after for far in before[near]}
        ends = [n for n in ordered if n in unit.after and n not in implied]
        waits = tuple(end for n in ends for end in _ends(units[n].steps))
        inside = {step.name for step in unit.steps}
        for step in unit.steps:
            own = tuple(other for other in step.after if other in inside)
            flat.append(replace(step, after=own or waits))
    return tuple(flat)


def _ends(steps: Sequence[PipelineStep]) -> list[str]:
    return [s.name for s in steps if not any(s.name in other.after for other in steps)]


def _order(graph: Graph, closing: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
    """Return all cells in the order of a run of the whole; ``closing`` ones follow a step.

    Where the notebook changes, the common cells of the other one run again, so that its own names
    count in its steps.
    """
    order: list[int] = []
    now: str | None = None
    for step in graph.steps:
        if step.notebook != now:
            order += graph.common_of(step)
            now = step.notebook
        order += [*step.cells, *(n for n in closing.get(step.name, ()) if n not in step.cells)]
    return tuple(order)


def _several(variable: str, name: str, makers: Sequence[str], cell: int) -> Finding:
    return Finding(
        CODE,
        "blocking",
        f"{name} uses `{variable}`, which {' and '.join(makers)} all make.",
        cell,
        advice="Give it another name in all but one of them.",
        details={"name": variable, "step": name},
    )


def _below(variable: str, name: str, maker: str, cell: int) -> Finding:
    return Finding(
        CODE,
        "blocking",
        f"{name} uses `{variable}` of {maker}, which is further down.",
        cell,
        advice=f"Move the cells of {maker} above this one.",
        details={"name": variable, "step": name},
    )


def _circle(units: Mapping[str, _Unit]) -> Finding:
    named = [name for name, unit in units.items() if unit.named]
    return Finding(
        CODE,
        "blocking",
        f"The notebooks {' and '.join(named)} wait for each other's values.",
        next(unit.cell for unit in units.values() if unit.named),
        advice="Let one of them make all that the other one uses.",
    )
