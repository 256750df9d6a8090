"""The inspection: everything that a notebook tells about itself before it is packaged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_modelpack.notebook.calls import read_calls
from jupyter_modelpack.notebook.crossing import cross
from jupyter_modelpack.notebook.dataflow import read_flow
from jupyter_modelpack.notebook.files import Files, NoFiles
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.graph import Graph, read_graph
from jupyter_modelpack.notebook.parameters import Parameter, read_parameters
from jupyter_modelpack.notebook.rules.code import find_computed_parameters, find_unreadable
from jupyter_modelpack.notebook.rules.commands import find_commands
from jupyter_modelpack.notebook.rules.context import Context, KernelFacts
from jupyter_modelpack.notebook.rules.data import DataFile, read_data, sorted_files
from jupyter_modelpack.notebook.rules.gather import gather
from jupyter_modelpack.notebook.rules.imports import (
    Import,
    find_missing_modules,
    local_modules,
    read_imports,
)
from jupyter_modelpack.notebook.rules.kernel import find_language, other_language
from jupyter_modelpack.notebook.rules.network import find_network
from jupyter_modelpack.notebook.rules.order import find_order
from jupyter_modelpack.notebook.rules.people import find_waiting
from jupyter_modelpack.notebook.rules.settings import find_settings, read_settings
from jupyter_modelpack.notebook.rules.uncrossable import find_uncrossable
from jupyter_modelpack.notebook.rules.undefined import find_undefined
from jupyter_modelpack.notebook.secrets.scan import find_secrets, scan_text
from jupyter_modelpack.notebook.snapshot import Snapshot
from jupyter_modelpack.notebook.source import read_code
from jupyter_modelpack.notebook.tags import has_tag

__all__ = ["DataFile", "Import", "Inspection", "KernelFacts", "inspect"]

FILE_LIMIT = 512 * 1024 * 1024


@dataclass(frozen=True)
class Inspection:
    """What was found in a snapshot; ``findings`` are sorted, what stops the package first.

    ``data`` are files to package, ``external`` those that every run is given, ``local`` the
    modules beside the notebook (paths of a .py file or a folder), ``checks``, ``metrics`` and
    ``skipped`` cell numbers. ``graph`` has steps where tags make the notebook a pipeline.
    """

    snapshot: Snapshot
    findings: tuple[Finding, ...] = ()
    imports: tuple[Import, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    settings: tuple[str, ...] = ()
    data: tuple[DataFile, ...] = ()
    external: tuple[DataFile, ...] = ()
    local: tuple[str, ...] = ()
    checks: tuple[int, ...] = ()
    metrics: tuple[int, ...] = ()
    skipped: tuple[int, ...] = ()
    graph: Graph = field(default_factory=Graph)

    @property
    def blocked(self) -> bool:
        """Whether a finding stops the package."""
        return any(finding.severity == "blocking" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of the command line and the REST interface."""
        return {
            "path": self.snapshot.path,
            "name": self.snapshot.name,
            "digest": self.snapshot.digest,
            "kernel": {
                "name": self.snapshot.kernel_name,
                "display_name": self.snapshot.kernel_display_name,
            },
            "findings": [finding.to_json() for finding in self.findings],
            "parameters": [parameter.to_json() for parameter in self.parameters],
            "settings": list(self.settings),
            "data": [file.to_json() for file in self.data],
            "external": [file.to_json() for file in self.external],
            "imports": [item.to_json() for item in self.imports],
            "checks": list(self.checks),
            "metrics": list(self.metrics),
            "cells": len(self.snapshot.cells),
            "steps": [step.to_json() for step in self.graph.steps],
        }


def inspect(
    snapshot: Snapshot,
    *,
    kernel: KernelFacts | None = None,
    files: Files | None = None,
    environment_names: Iterable[str] = (),
    file_limit: int = FILE_LIMIT,
) -> Inspection:
    """Inspect a snapshot; never raises for anything that a notebook can hold.

    ``environment_names`` are settings that the run will be given, so that they are not asked for.
    """
    live = tuple(cell for cell in snapshot.cells if cell.is_code and not has_tag(cell, "skip"))
    codes = tuple(read_code(cell) for cell in live)
    parameters, computed = read_parameters(codes)
    context = Context(
        snapshot=snapshot,
        live=live,
        codes=codes,
        flows={code.cell.number: read_flow(code.tree) for code in codes if code.tree is not None},
        reading=read_calls(codes),
        files=files or NoFiles(),
        kernel=kernel,
        parameters=parameters,
        computed=computed,
        given=frozenset(environment_names),
        file_limit=file_limit,
    )
    if other_language(context) is not None:
        return Inspection(snapshot, _sorted([*find_language(context), *find_secrets(snapshot)]))
    imports = read_imports(context)
    local = local_modules(context, imports)
    files_read = read_data(context)
    graph, wrong = read_graph(snapshot.cells, snapshot.notebook["metadata"])
    graph, unreached = cross(graph, codes, context.flows)
    by_number = {code.cell.number: code for code in codes}
    findings = [
        *find_language(context),
        *find_secrets(snapshot),
        *find_unreadable(context),
        *find_computed_parameters(context),
        *find_order(context),
        *find_undefined(context),
        *find_missing_modules(context, imports, local),
        *files_read.findings.values(),
        *find_network(context),
        *find_commands(context),
        *find_settings(context),
        *find_waiting(context),
        *wrong,
        *unreached,
        *find_uncrossable(graph, by_number, kernel),
    ]
    return Inspection(
        snapshot=snapshot,
        findings=_sorted(gather(findings)),
        imports=imports,
        parameters=tuple(_shown(parameter, findings) for parameter in parameters),
        settings=read_settings(context),
        data=sorted_files(files_read.data.values()),
        external=sorted_files(files_read.external.values()),
        local=local,
        checks=tuple(cell.number for cell in live if has_tag(cell, "check")),
        metrics=tuple(cell.number for cell in live if has_tag(cell, "metrics")),
        skipped=tuple(cell.number for cell in snapshot.cells if has_tag(cell, "skip")),
        graph=graph,
    )


def _shown(parameter: Parameter, findings: Iterable[Finding]) -> Parameter:
    """Return a parameter without the secret that stops the package: it must not get into logs."""
    blocked = any(f.code == "secret" and f.cell == parameter.cell for f in findings)
    if not blocked:
        return parameter
    texts = ((str(parameter.default), parameter.name), (parameter.comment, ""))
    hidden = any(True for text, name in texts for _ in scan_text(text, name))
    return replace(parameter, default=None, comment="") if hidden else parameter


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=Finding.sort_key))
