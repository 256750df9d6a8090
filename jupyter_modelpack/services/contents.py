"""The contents of a package: what it is made of, known before any byte of an image is written."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from jupyter_modelpack.environment.capture import Captured, capture_distributions, local_tree
from jupyter_modelpack.environment.closure import Selection, select
from jupyter_modelpack.environment.host import Host
from jupyter_modelpack.environment.local import Wanted
from jupyter_modelpack.environment.lock import Lock
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.kale_metadata import PipelineSettings
from jupyter_modelpack.notebook.owner import asked_schedule, owner_card
from jupyter_modelpack.notebook.parts import served_signature, team_parts
from jupyter_modelpack.notebook.sealed import cell_digests, sealed_notebook
from jupyter_modelpack.notebook.secrets.packaged import LARGEST, secrets_in_file
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.tree import Directory, Entry, File, Tree
from jupyter_modelpack.release.name import checked_name, name_from
from jupyter_modelpack.services.inspecting import Inspected
from jupyter_modelpack.services.packaging_types import PackageRequest
from jupyter_modelpack.services.record import RECORD_VERSION, canonical, digest_of, files_digest

FILES = "app/files"
# The parts of a record that say what is inside; when all are equal, so is the image.
_INSIDE = ("name", "content", "lock_digest", "parameters", "settings", "external", "extra")
_INSIDE_PIPELINES = ("common", "steps", "pipeline_settings")


@dataclass(frozen=True)
class Contents:
    """What a notebook needs of its kernel and its folder; ``described`` is its part of a record."""

    inspected: Inspected
    name: str
    selection: Selection
    captured: tuple[Captured, ...]
    lock: Lock
    own: tuple[Tree, ...]
    described: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()

    def inside(self, record: Mapping[str, Any]) -> bool:
        """Say whether a package with this record has the very same contents."""
        alike = all(self.described.get(key) == record.get(key) for key in _INSIDE_PIPELINES)
        return alike and all(self.described[key] == record.get(key) for key in _INSIDE)


class Contained:
    """Finds out what a package is made of."""

    def __init__(
        self,
        host: Host,
        digest_of_file: Callable[[str], str],
        runtime: Callable[[], Sequence[Entry]],
    ) -> None:
        self._host = host
        self._digest_of_file = digest_of_file
        self._runtime = runtime

    def of(
        self, inspected: Inspected, request: PackageRequest, extra: Sequence[str] = ()
    ) -> Contents:
        """Return the contents; ``extra`` are modules that a run of the image found missing.

        Raises InvalidInput for a name that cannot be one, and for a kernel that has no IPython.
        """
        name = checked_name(request.name) if request.name else name_from(inspected.snapshot.name)
        selection = select(
            [*inspected.inspection.imports, *(Wanted(m) for m in (*extra, *_carriers(inspected)))],
            inspected.facts,
            self._host,
            folder=inspected.folder,
            sources=[cell.source for cell in inspected.snapshot.all_cells if cell.is_code],
            live=request.live_modules,
        )
        captured = capture_distributions(selection, inspected.facts, self._host)
        lock = Lock.of(inspected.facts, captured)
        runtime = tuple(self._runtime())
        files = self._files(inspected, selection)
        described = {
            "schema": RECORD_VERSION,
            "name": name,
            "notebook": posixpath.basename(inspected.snapshot.path),
            "notebook_digest": str(inspected.snapshot.digest),
            "kernel": {
                "name": inspected.kernel.name,
                "display_name": inspected.kernel.display_name,
            },
            **_interface(inspected),
            **_pipeline(inspected),
            "extra": {"modules": list(extra), "live": list(request.live_modules)},
            "distributions": [
                {"name": item.name, "version": item.version, "size": item.size} for item in captured
            ],
            "owner": owner_card(inspected.snapshot),
            "schedule": asked_schedule(inspected.snapshot),
            "parts": team_parts(inspected.snapshot),
            "serves": served_signature(inspected.snapshot),
            "files": files,
            "lock_digest": str(lock.digest),
            "lock": lock.to_json(),
            "content": {
                "cells": list(cell_digests(inspected.snapshot)),
                "notebook": str(Digest.of(sealed_notebook(inspected.snapshot))),
                "code": files_digest(f for f in files if f["kind"] == "code"),
                "data": files_digest(f for f in files if f["kind"] == "data"),
                "python": inspected.facts.python_version,
                "runtime": _digest_of_entries(runtime),
            },
        }
        own = _own(name, inspected, selection, runtime, files)
        findings = tuple(self._secrets(inspected, selection))
        return Contents(inspected, name, selection, captured, lock, own, described, findings)

    def _files(self, inspected: Inspected, selection: Selection) -> list[dict[str, Any]]:
        return [
            {"path": path, "size": size, "kind": kind, "digest": self._digest_of_file(source)}
            for path, size, kind, source in _sources(inspected, selection)
        ]

    def _secrets(self, inspected: Inspected, selection: Selection) -> Iterator[Finding]:
        for path, size, _, source in _sources(inspected, selection):
            if size <= LARGEST:
                yield from secrets_in_file(path, self._host.read(source) or b"")


def _sources(
    inspected: Inspected, selection: Selection
) -> Iterator[tuple[str, int, Literal["data", "code"], str]]:
    """Yield path, size, kind and place of each file that is packaged beside the notebook."""
    local = {file.path for file in selection.local}
    for item in inspected.inspection.data:
        if item.path not in local:
            yield item.path, item.size, "data", f"{inspected.folder}/{item.path}"
    for file in selection.local:
        yield file.path, file.size, "code", file.source


def _own(
    name: str,
    inspected: Inspected,
    selection: Selection,
    runtime: Sequence[Entry],
    files: Sequence[Mapping[str, Any]],
) -> tuple[Tree, ...]:
    """Return the layers that are the author's own: the data, if there is any, and the code."""
    notebook = posixpath.basename(inspected.snapshot.path)
    entries: list[Entry] = [
        File(f"{FILES}/{notebook}", content=sealed_notebook(inspected.snapshot)),
        File("app/modelpack.json", content=canonical(_manifest(name, notebook, inspected))),
        Directory("work", 0o1777),
        Directory("tmp", 0o1777),
        *runtime,
    ]
    code = replace(local_tree(selection, others=entries), what="your notebook and code")
    data = tuple(
        File(f"{FILES}/{file['path']}", source=f"{inspected.folder}/{file['path']}")
        for file in files
        if file["kind"] == "data"
    )
    return (Tree("your data", "data", data), code) if data else (code,)


def _manifest(name: str, notebook: str, inspected: Inspected) -> dict[str, Any]:
    """Return what the runtime in the image reads."""
    interface = _interface(inspected)
    return {
        "schema": 1,
        "name": name,
        "notebook": notebook,
        "parameters": interface["parameters"],
        "settings": interface["settings"],
        "inputs": [{"path": item["path"]} for item in interface["external"]],
        "checks": list(inspected.inspection.checks),
        "metrics": list(inspected.inspection.metrics),
        **_pipeline(inspected),
    }


def _pipeline(inspected: Inspected) -> dict[str, Any]:
    """Return the steps of the notebook's pipeline; for a single step, only what was said of it."""
    graph = inspected.inspection.graph
    if not graph:
        said = graph.settings != PipelineSettings()
        return {"pipeline_settings": graph.settings.to_json()} if said else {}
    return {
        "common": list(graph.common),
        "steps": [step.to_json() for step in graph.steps],
        "pipeline_settings": graph.settings.to_json(),
        **({"order": list(graph.order)} if graph.order else {}),
    }


def _carriers(inspected: Inspected) -> list[str]:
    """Return the modules that values cross steps by, as far as the kernel has them."""
    graph = inspected.inspection.graph
    if not any(step.inputs for step in graph.steps):
        return []
    imported = {item.module.partition(".")[0] for item in inspected.inspection.imports}
    wanted = ["cloudpickle"]
    if imported & {"pandas", "polars"}:
        wanted.append("pyarrow")
    if "sklearn" in imported:
        wanted.append("joblib")
    return [module for module in wanted if not inspected.facts.missing(module)]


def _interface(inspected: Inspected) -> dict[str, Any]:
    inspection = inspected.inspection.to_json()
    return {key: inspection[key] for key in ("parameters", "settings", "external")}


def _digest_of_entries(entries: Sequence[Entry]) -> str:
    return digest_of(
        sorted((e.path, Digest.of(e.content or b"")) for e in entries if isinstance(e, File))
    )
