"""The inspection: everything that a notebook tells about itself before it is packaged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from jupyter_modelpack.notebook.files import Files, NoFiles
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.parameters import Parameter, read_parameters
from jupyter_modelpack.notebook.snapshot import Snapshot
from jupyter_modelpack.notebook.source import read_code
from jupyter_modelpack.notebook.tags import has_tag

FILE_LIMIT = 512 * 1024 * 1024


class KernelFacts(Protocol):
    """What an inspection asks about the notebook's kernel."""

    @property
    def language(self) -> str:
        """The kernel's language, such as ``python``."""

    def missing(self, module: str) -> bool:
        """Tell whether a top-level module cannot be imported there."""


@dataclass(frozen=True)
class Limits:
    """How large a file may be (bytes) to be packaged rather than named as an input."""

    file_bytes: int = FILE_LIMIT


@dataclass(frozen=True)
class Import:
    """A module that a cell imports: ``name`` is its top level, ``module`` the whole dotted name."""

    name: str
    module: str
    cell: int
    line: int
    optional: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of the REST interface."""
        return {
            "name": self.name,
            "module": self.module,
            "cell": self.cell,
            "line": self.line,
            "optional": self.optional,
        }


@dataclass(frozen=True)
class DataFile:
    """A file that a cell reads, by its path relative to the notebook's folder, in bytes."""

    path: str
    size: int
    cell: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of the REST interface."""
        return {"path": self.path, "size": self.size, "cell": self.cell}


@dataclass(frozen=True)
class Inspection:
    """What was found in a snapshot; ``findings`` are sorted, what stops the package first.

    ``data`` are files to package, ``external`` those that every run is given, ``local`` the
    modules beside the notebook (paths of a .py file or a folder), ``checks``, ``metrics`` and
    ``skipped`` cell numbers.
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
        }


def inspect(
    snapshot: Snapshot,
    *,
    kernel: KernelFacts | None = None,
    files: Files | None = None,
    environment_names: Iterable[str] = (),
    limits: Limits | None = None,
) -> Inspection:
    """Inspect a snapshot; never raises for anything that a notebook can hold.

    ``environment_names`` are settings that the run will be given, so that they are not asked for.
    """
    _ = files or NoFiles(), environment_names, limits, kernel
    live = [cell for cell in snapshot.cells if cell.is_code and not has_tag(cell, "skip")]
    codes = [read_code(cell) for cell in live]
    parameters, _computed = read_parameters(codes)
    return Inspection(
        snapshot=snapshot,
        parameters=parameters,
        checks=tuple(cell.number for cell in live if has_tag(cell, "check")),
        metrics=tuple(cell.number for cell in live if has_tag(cell, "metrics")),
        skipped=tuple(cell.number for cell in snapshot.cells if has_tag(cell, "skip")),
    )
