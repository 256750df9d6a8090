"""One notebook as all rules see it: read once, with its own cells numbered from 1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from jupyter_modelpack.notebook.calls import read_calls
from jupyter_modelpack.notebook.composition import PartGraph, compose
from jupyter_modelpack.notebook.crossing import cross, with_reported
from jupyter_modelpack.notebook.dataflow import Flow, read_flow
from jupyter_modelpack.notebook.files import Files
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.graph import Graph, read_graph
from jupyter_modelpack.notebook.graph_findings import find_volumes_of_part
from jupyter_modelpack.notebook.parameters import read_parameters
from jupyter_modelpack.notebook.places import in_part, placed
from jupyter_modelpack.notebook.references import find_references, is_python
from jupyter_modelpack.notebook.rules.code import find_computed_parameters, find_unreadable
from jupyter_modelpack.notebook.rules.commands import find_commands
from jupyter_modelpack.notebook.rules.context import Context, KernelFacts
from jupyter_modelpack.notebook.rules.data import DataFile, read_data
from jupyter_modelpack.notebook.rules.gather import gather
from jupyter_modelpack.notebook.rules.imports import (
    Import,
    find_missing_modules,
    local_modules,
    read_imports,
)
from jupyter_modelpack.notebook.rules.kernel import find_language
from jupyter_modelpack.notebook.rules.network import find_network
from jupyter_modelpack.notebook.rules.order import find_order
from jupyter_modelpack.notebook.rules.people import find_waiting
from jupyter_modelpack.notebook.rules.settings import find_settings
from jupyter_modelpack.notebook.rules.undefined import find_undefined
from jupyter_modelpack.notebook.secrets.scan import find_secrets
from jupyter_modelpack.notebook.snapshot import Part, Snapshot
from jupyter_modelpack.notebook.source import CellCode, read_code
from jupyter_modelpack.notebook.tags import has_tag


@dataclass(frozen=True)
class Examined:
    """What rules need of one notebook; ``part`` says where it stands when another one names it.

    Numbers of cells are the notebook's own in ``context`` and findings of rules, and those of the
    image in everything that is asked of it.
    """

    context: Context
    graph: Graph
    wrong: tuple[Finding, ...]
    used: tuple[Import, ...]
    local: tuple[str, ...]
    found_files: tuple[Finding, ...]
    packaged: Mapping[str, DataFile]
    given: Mapping[str, DataFile]
    part: Part | None = None

    @property
    def first(self) -> int:
        """What the numbers in the image have added."""
        return self.part.first if self.part else 0

    @property
    def imports(self) -> tuple[Import, ...]:
        """The modules that its cells import."""
        return tuple(replace(item, cell=item.cell + self.first) for item in self.used)

    @property
    def data(self) -> tuple[DataFile, ...]:
        """The files to package."""
        return tuple(replace(f, cell=f.cell + self.first) for f in self.packaged.values())

    @property
    def external(self) -> tuple[DataFile, ...]:
        """The files that every run is given."""
        return tuple(replace(f, cell=f.cell + self.first) for f in self.given.values())

    @property
    def codes(self) -> dict[int, CellCode]:
        """The code of its cells."""
        return {code.cell.number + self.first: code for code in self.context.codes}

    @property
    def flows(self) -> dict[int, Flow]:
        """What its cells define and use."""
        return {number + self.first: flow for number, flow in self.context.flows.items()}

    @property
    def defines(self) -> frozenset[str]:
        """All names that any of its cells defines."""
        return frozenset(name for flow in self.context.flows.values() for name in flow.defines)

    def findings(self, others: Iterable[Examined]) -> list[Finding]:
        """Return what its own rules find; names that ``others`` define are not missed."""
        handed = frozenset(name for other in others for name in other.defines)
        context = replace(self.context, handed=handed)
        found = [
            *(find_language(context) if self.part is None else ()),
            *find_secrets(context.snapshot),
            *find_unreadable(context),
            *(find_computed_parameters(context) if self.part is None else ()),
            *find_order(context),
            *find_undefined(context),
            *find_missing_modules(context, self.used, self.local),
            *self.found_files,
            *find_network(context),
            *find_commands(context),
            *find_settings(context),
            *find_waiting(context),
            *(self.wrong if self.part else ()),
        ]
        return found if self.part is None else [in_part(f, self.part) for f in gather(found)]

    def part_graph(self, part: Part) -> PartGraph:
        """Return what it brings to the graph of the notebook that names it."""
        graph, first = self.graph, part.first
        if graph:
            own = {code.cell.number: code for code in self.context.codes}
            graph = with_reported(graph, own, self.context.flows)
        steps = tuple(
            replace(step, cells=tuple(number + first for number in step.cells))
            for step in graph.steps
        )
        parameters = tuple(
            cell.number + first for cell in self.context.live if has_tag(cell, "parameters")
        )
        common = tuple(number + first for number in graph.common)
        cells = tuple(cell.number + first for cell in self.context.live)
        reported = tuple(number + first for number in graph.reported)
        shifted = Graph(steps, common, graph.settings, reported)
        return PartGraph(part, shifted, cells, parameters)


def examine(
    snapshot: Snapshot,
    kernel: KernelFacts | None,
    files: Files,
    given: frozenset[str],
    file_limit: int,
    part: Part | None = None,
) -> Examined:
    """Read a notebook; the code of a part in another language is not read."""
    live = tuple(cell for cell in snapshot.cells if cell.is_code and not has_tag(cell, "skip"))
    if part is not None and not is_python(snapshot):
        live = ()
    codes = tuple(read_code(cell) for cell in live)
    parameters, computed = read_parameters(codes)
    context = Context(
        snapshot=snapshot,
        live=live,
        codes=codes,
        flows={code.cell.number: read_flow(code.tree) for code in codes if code.tree is not None},
        reading=read_calls(codes),
        files=files,
        kernel=kernel,
        parameters=parameters,
        computed=computed,
        given=given,
        file_limit=file_limit,
    )
    imports = read_imports(context)
    read = read_data(context)
    graph, wrong = read_graph(snapshot.cells, snapshot.notebook["metadata"])
    return Examined(
        context=context,
        graph=graph,
        wrong=wrong,
        used=imports,
        local=local_modules(context, imports),
        found_files=tuple(read.findings.values()),
        packaged=read.data,
        given=read.external,
        part=part,
    )


def graph_of(main: Examined, parts: Sequence[Examined]) -> tuple[Graph, tuple[Finding, ...]]:
    """Return the graph of a notebook with its parts, and what is wrong with its tags and values."""
    snapshot = main.context.snapshot
    codes = code_of((main, *parts))
    flows = {number: flow for each in (main, *parts) for number, flow in each.flows.items()}
    graph, wrong = main.graph, [*main.wrong, *find_references(snapshot)]
    brought = [each.part_graph(each.part) for each in parts if each.part is not None]
    if brought:
        own = [cell.number for cell in main.context.live if has_tag(cell, "parameters")]
        for each in brought:
            wrong += find_volumes_of_part(each.part.path, each.graph.settings, graph.settings)
        graph, found = compose(graph, brought, codes, flows, own)
        wrong += found
    graph, unreached = cross(graph, codes, flows)
    return graph, tuple(placed(finding, snapshot) for finding in (*wrong, *unreached))


def code_of(every: Iterable[Examined]) -> dict[int, CellCode]:
    """Return the code of all cells by their numbers in the image."""
    return {number: code for each in every for number, code in each.codes.items()}
