"""Which values cross from step to step: from what the cells define, change and use."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from jupyter_modelpack.notebook.changes import (
    changed_names,
    changing_functions,
    named_metrics,
)
from jupyter_modelpack.notebook.dataflow import Flow
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.graph import Crossing, Graph, PipelineStep
from jupyter_modelpack.notebook.source import CellCode

CODE = "pipeline-value"
_GIVEN = frozenset(dir(builtins)) | {"display", "get_ipython", "In", "Out", "_", "__", "___"}


@dataclass
class Names:
    """The names of one step: what it makes, changes, and needs from before (name -> line)."""

    makes: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    needs: dict[str, tuple[int, int, bool]] = field(default_factory=dict)
    functions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    changing: dict[str, tuple[tuple[str, bool], ...]] = field(default_factory=dict)


def cross(
    graph: Graph, codes: Mapping[int, CellCode], flows: Mapping[int, Flow]
) -> tuple[Graph, tuple[Finding, ...]]:
    """Return the graph with what each step takes and gives, and what does not reach a step.

    A value comes from the last step before, in notebook order, that makes or changes it.
    """
    if not graph:
        return graph, ()
    graph = with_reported(graph, codes, flows)
    names = {
        step.name: names_of(step.cells, graph.common_of(step), codes, flows) for step in graph.steps
    }
    inputs: dict[str, tuple[Crossing, ...]] = {}
    findings: list[Finding] = []
    for step in graph.steps:
        inputs[step.name], found = _inputs(graph, step, names)
        findings += found
    steps = tuple(
        replace(step, inputs=inputs[step.name], outputs=_taken(step.name, inputs))
        for step in graph.steps
    )
    return replace(graph, steps=steps), tuple(findings)


def names_of(
    cells: Iterable[int],
    common: Iterable[int],
    codes: Mapping[int, CellCode],
    flows: Mapping[int, Flow],
) -> Names:
    """Return the names of cells that run after the ``common`` ones."""
    before = Names()
    for number in common:
        _follow(before, number, codes, flows, _GIVEN)
    names = Names(functions=dict(before.functions), changing=dict(before.changing))
    for number in cells:
        _follow(names, number, codes, flows, _GIVEN | before.makes)
    return names


def _follow(
    names: Names,
    number: int,
    trees: Mapping[int, CellCode],
    flows: Mapping[int, Flow],
    known: frozenset[str] | set[str],
) -> None:
    """Note what running a cell makes and needs, calls of functions followed into their bodies."""
    flow, code = flows.get(number), trees.get(number)
    if flow is None or code is None or code.tree is None:
        return
    for event in flow.events:
        if event.action == "define":
            names.makes.add(event.name)
            names.functions.pop(event.name, None)
            if event.name in flow.functions:
                names.functions[event.name] = flow.functions[event.name]
        elif event.action == "delete":
            names.makes.discard(event.name)
        wanted = [event.name] if event.action in ("use", "delete") else []
        if event.action == "call":
            wanted = list(_through(event.name, names.functions))
        for name in wanted:
            if name not in known and name not in names.makes:
                names.needs.setdefault(name, (number, event.line, event.guarded))
    names.changing.update(changing_functions(code.tree))
    names.changes |= changed_names(code.tree, names.changing) - names.makes


def _through(function: str, functions: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    waiting, seen = [function], {function}
    while waiting:
        for name in functions.get(waiting.pop(), ()):
            yield name
            if name not in seen:
                seen.add(name)
                waiting.append(name)


def _inputs(
    graph: Graph, step: PipelineStep, names: Mapping[str, Names]
) -> tuple[tuple[Crossing, ...], list[Finding]]:
    before = graph.ancestors(step.name)
    order = [other.name for other in graph.steps]
    found: list[Crossing] = []
    findings: list[Finding] = []
    for name, (cell, line, guarded) in names[step.name].needs.items():
        makers = [n for n in order if n in before and name in names[n].makes | names[n].changes]
        # a step can only hand on what it has: made there, or handed to it
        makers = [
            n
            for n in makers
            if name in names[n].makes
            or any(m in graph.ancestors(n) and name in names[m].makes for m in makers)
        ]
        if makers:
            last = makers[-1]
            found.append(Crossing(name, last))
            rivals = [n for n in makers if n != last and n not in graph.ancestors(last)]
            if rivals:
                findings.append(_rivals(name, step.name, last, rivals[-1], cell, line))
            continue
        above = order[: order.index(step.name)]
        elsewhere = [n for n in above if name in names[n].makes]
        if elsewhere and not guarded:
            findings.append(_unreached(name, step.name, elsewhere[-1], cell, line))
    return tuple(found), findings


def _taken(name: str, inputs: Mapping[str, tuple[Crossing, ...]]) -> tuple[str, ...]:
    listed = (item.variable for items in inputs.values() for item in items if item.source == name)
    return tuple(dict.fromkeys(listed))


def with_reported(graph: Graph, trees: Mapping[int, CellCode], flows: Mapping[int, Flow]) -> Graph:
    """Give the cells at the end that name metrics to steps.

    Names alone are recorded by the last step that makes them, as Kale does; a cell that computes
    runs at the end of the last step.
    """
    names: list[str] = []
    computed: list[int] = []
    for number in graph.reported:
        code = trees.get(number)
        listed = named_metrics(code.tree) if code is not None and code.tree is not None else None
        if listed is None or (code is not None and "check" in code.cell.tags):
            computed.append(number)
        else:
            names += listed
    steps = list(graph.steps)
    own = [at for at, step in enumerate(steps) if not step.notebook] or list(range(len(steps)))
    last = max(own, key=lambda at: _is_leaf(graph, steps[at].name) * (at + 1))
    steps[last] = replace(steps[last], cells=(*steps[last].cells, *computed))
    for name in dict.fromkeys(names):
        for at in reversed(range(len(steps))):
            made = (flows[n].defines for n in steps[at].cells if n in flows)
            if any(name in defined for defined in made):
                steps[at] = replace(steps[at], metrics=(*steps[at].metrics, name))
                break
    return replace(graph, steps=tuple(steps))


def _is_leaf(graph: Graph, name: str) -> bool:
    return not any(name in step.after for step in graph.steps)


def _unreached(name: str, step: str, maker: str, cell: int, line: int) -> Finding:
    return Finding(
        CODE,
        "blocking",
        f"The step {step} uses `{name}` of the step {maker}, but does not come after it.",
        cell,
        line,
        f"Tag the first cell of {step} with prev:{maker}.",
        {"name": name, "step": step},
    )


def _rivals(name: str, step: str, last: str, other: str, cell: int, line: int) -> Finding:
    return Finding(
        CODE,
        "warning",
        f"The steps {other} and {last} both change `{name}`; {step} gets the one of {last}.",
        cell,
        line,
        f"Let {last} come after {other}, or use two names.",
        {"name": name, "step": step},
    )
