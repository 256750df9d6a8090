"""The inspection: everything that a notebook tells about itself before it is packaged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_modelpack.notebook.examined import code_of, examine, graph_of
from jupyter_modelpack.notebook.files import Files, NoFiles
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.graph import Graph
from jupyter_modelpack.notebook.parameters import Parameter
from jupyter_modelpack.notebook.places import placed
from jupyter_modelpack.notebook.rules.context import KernelFacts
from jupyter_modelpack.notebook.rules.data import DataFile, sorted_files
from jupyter_modelpack.notebook.rules.gather import gather
from jupyter_modelpack.notebook.rules.imports import Import
from jupyter_modelpack.notebook.rules.kernel import find_language, other_language
from jupyter_modelpack.notebook.rules.settings import read_settings
from jupyter_modelpack.notebook.rules.uncrossable import find_uncrossable
from jupyter_modelpack.notebook.secrets.scan import find_secrets, scan_text
from jupyter_modelpack.notebook.snapshot import Snapshot
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
    """Inspect a snapshot with its parts; never raises for anything that a notebook can hold.

    ``environment_names`` are settings that the run will be given, so that they are not asked for.
    """
    given = frozenset(environment_names)
    files = files or NoFiles()
    main = examine(snapshot, kernel, files, given, file_limit)
    if other_language(main.context) is not None:
        findings = [*find_language(main.context), *find_secrets(snapshot)]
        return Inspection(snapshot, _sorted(findings))
    parts = [
        examine(part.snapshot, kernel, files, given, file_limit, part) for part in snapshot.parts
    ]
    every = [main, *parts]
    graph, wrong = graph_of(main, parts)
    uncrossable = find_uncrossable(graph, code_of(every), kernel)
    own = [*main.findings(parts), *wrong, *(placed(found, snapshot) for found in uncrossable)]
    inside = [finding for part in parts for finding in part.findings(every)]
    return Inspection(
        snapshot=snapshot,
        findings=_sorted([*gather(own), *inside]),
        imports=_once(item for each in every for item in each.imports),
        parameters=tuple(_shown(parameter, own) for parameter in main.context.parameters),
        settings=tuple(dict.fromkeys(n for each in every for n in read_settings(each.context))),
        data=_by_path(file for each in every for file in each.data),
        external=_by_path(file for each in every for file in each.external),
        local=tuple(dict.fromkeys(path for each in every for path in each.local)),
        checks=_tagged(snapshot, "check"),
        metrics=_tagged(snapshot, "metrics"),
        skipped=tuple(cell.number for cell in snapshot.all_cells if has_tag(cell, "skip")),
        graph=graph,
    )


def _tagged(snapshot: Snapshot, word: str) -> tuple[int, ...]:
    return tuple(
        cell.number
        for cell in snapshot.all_cells
        if cell.is_code and has_tag(cell, word) and not has_tag(cell, "skip")
    )


def _once(imports: Iterable[Import]) -> tuple[Import, ...]:
    found: dict[str, Import] = {}
    for item in imports:
        known = found.get(item.module)
        if known is None or (known.optional and not item.optional):
            found[item.module] = item
    return tuple(found.values())


def _by_path(files: Iterable[DataFile]) -> tuple[DataFile, ...]:
    found: dict[str, DataFile] = {}
    for file in files:
        found.setdefault(file.path, file)
    return sorted_files(found.values())


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
