"""Assembly: from an inspected notebook to the image with everything it needs inside."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from jupyter_modelpack.environment.base import base_tree
from jupyter_modelpack.environment.capture import (
    Captured,
    capture_distributions,
    distribution_trees,
    interpreter_tree,
    local_tree,
)
from jupyter_modelpack.environment.closure import Selection, select
from jupyter_modelpack.environment.facts import Facts
from jupyter_modelpack.environment.host import Host
from jupyter_modelpack.environment.loader import Loader, Machine
from jupyter_modelpack.environment.local import Wanted
from jupyter_modelpack.environment.lock import Lock
from jupyter_modelpack.environment.native import NativeClosure, elf_files, native_closure
from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.sealed import cell_digests, sealed_notebook
from jupyter_modelpack.oci.cache import LayerCache
from jupyter_modelpack.oci.config import ImageConfig
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import LOCK, NOTEBOOK, write_image
from jupyter_modelpack.oci.layer import Layer, write_layers
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import Directory, Entry, File, Tree
from jupyter_modelpack.release.name import checked_name, name_from
from jupyter_modelpack.services.inspecting import Inspected
from jupyter_modelpack.services.packaging_types import PackageRequest
from jupyter_modelpack.services.record import RECORD_VERSION, files_digest, image_part

PREFIX = "opt/python"
FILES = "app/files"


class Bytecode(Protocol):
    """Makes bytecode with the kernel's own Python."""

    def __call__(self, tree: Tree, facts: Facts, cancelled: Callable[[], bool]) -> Tree:
        """Return the tree with bytecode beside its modules."""


class Digests(Protocol):
    """Knows the digests of files."""

    def __call__(self, path: str) -> str:
        """Return the digest of a file's content."""


@dataclass(frozen=True)
class Collected:
    """What goes into an image, layer by layer, before anything is written."""

    selection: Selection
    captured: tuple[Captured, ...]
    lock: Lock
    trees: tuple[Tree, ...]
    libraries: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def sentence(self) -> str:
        """Such as ``Python 3.11.7, 37 packages, 48 libraries``."""
        libraries = len(self.libraries)
        return f"Python {self.lock.python}, {len(self.captured)} packages, {libraries} libraries"


@dataclass(frozen=True)
class Assembled:
    """An image in the store, and the part of its record that is known before it has run."""

    name: str
    image: Descriptor
    layers: tuple[Layer, ...]
    inspected: Inspected
    record: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """The manifest's digest, as text."""
        return str(self.image.digest)


class Assembly:
    """Collects what a notebook needs and writes it as layers, those that change least first."""

    def __init__(
        self,
        host: Host,
        machine: Callable[[], Machine],
        bytecode: Bytecode,
        digests: Digests,
        layout: Layout,
        cache: LayerCache,
        runtime: Callable[[], Sequence[Entry]],
    ) -> None:
        self._host = host
        self._machine = machine
        self._bytecode = bytecode
        self._digests = digests
        self._layout = layout
        self._cache = cache
        self._runtime = runtime

    def collect(
        self,
        inspected: Inspected,
        request: PackageRequest,
        extra: Sequence[str],
        cancelled: Callable[[], bool],
    ) -> Collected:
        """Return everything but the notebook; ``extra`` are modules that a run found missing."""
        facts = inspected.facts
        selection = select(
            [*inspected.inspection.imports, *(Wanted(module) for module in extra)],
            facts,
            self._host,
            folder=inspected.folder,
            sources=[cell.source for cell in inspected.snapshot.cells if cell.is_code],
            live=request.live_modules,
        )
        captured = capture_distributions(selection, facts, self._host)
        interpreter = interpreter_tree(facts, self._host, keep=selection.standard)
        packages = distribution_trees(captured)
        machine = self._machine()
        certifi = _certifi(captured)
        below, above = self._native(facts, interpreter, packages, machine)
        base = base_tree(machine, certifi=certifi)
        first = replace(interpreter, entries=_merged(base.entries, interpreter, below.files))
        trees = [first, *packages]
        if above.files:
            trees.append(Tree("native libraries", "distributions", above.files))
        compiled = tuple(self._bytecode(tree, facts, cancelled) for tree in trees)
        native = (*below.files, *above.files)
        libraries = tuple(entry.path for entry in native if isinstance(entry, File))
        findings = (*_missing(selection), *_left_out(selection))
        lock = Lock.of(facts, captured)
        return Collected(selection, captured, lock, compiled, libraries, findings)

    def _native(
        self, facts: Facts, interpreter: Tree, packages: Sequence[Tree], machine: Machine
    ) -> tuple[NativeClosure, NativeClosure]:
        loader = Loader.of(machine, facts.program)
        if loader is None:
            raise InvalidInput(
                f"The kernel's Python, {facts.executable}, is not a Linux program.",
                field="kernel",
                advice="Choose a kernel whose Python runs on this machine itself.",
            )
        prefixes = {facts.base_prefix: PREFIX, facts.prefix: PREFIX}
        below = native_closure(
            elf_files([interpreter]), loader, program=facts.program, prefixes=prefixes
        )
        above = native_closure(
            elf_files(packages), loader, program=facts.program, prefixes=prefixes, already=below
        )
        return below, above

    def write(
        self,
        inspected: Inspected,
        collected: Collected,
        request: PackageRequest,
        tell: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> Assembled:
        """Write the layers and the image; raises what ``write_layers`` raises."""
        name = checked_name(request.name) if request.name else name_from(inspected.snapshot.name)
        data, code, files = self._own(name, inspected, collected)
        written = _Written(tell)
        layers = write_layers(
            [*collected.trees, *data, code],
            self._layout,
            compression=request.compression,
            cache=self._cache,
            cancelled=cancelled,
            progress=written,
        )
        config = _config(inspected.facts)
        said = {
            "org.opencontainers.image.title": name,
            NOTEBOOK: Digest.of(sealed_notebook(inspected.snapshot)),
            LOCK: collected.lock.digest,
        }
        image = write_image(layers, config, self._layout, said)
        record = {
            "schema": RECORD_VERSION,
            "name": name,
            "notebook": posixpath.basename(inspected.snapshot.path),
            "notebook_digest": str(inspected.snapshot.digest),
            "kernel": {
                "name": inspected.kernel.name,
                "display_name": inspected.kernel.display_name,
            },
            **_interface(inspected),
            **image_part(image, layers),
            "distributions": [
                {"name": item.name, "version": item.version, "size": item.size}
                for item in collected.captured
            ],
            "libraries": sorted(collected.libraries),
            "files": files,
            "lock_digest": str(collected.lock.digest),
            "lock": collected.lock.to_json(),
            "content": {
                "cells": list(cell_digests(inspected.snapshot)),
                "code": files_digest(f for f in files if f["kind"] == "code"),
                "data": files_digest(f for f in files if f["kind"] == "data"),
                "python": inspected.facts.python_version,
            },
        }
        return Assembled(name, image.manifest, layers, inspected, record)

    def discard(self, digest: str) -> None:
        """Remove a damaged blob, so that it is made anew."""
        self._layout.discard(Digest.parse(digest))

    def _own(
        self, name: str, inspected: Inspected, collected: Collected
    ) -> tuple[list[Tree], Tree, list[dict[str, Any]]]:
        """Return the data layer, if there is data, the code layer, and their files."""
        notebook = posixpath.basename(inspected.snapshot.path)
        local = {file.path for file in collected.selection.local}
        chosen = [d for d in inspected.inspection.data if d.path not in local]
        data = [
            File(f"{FILES}/{item.path}", source=f"{inspected.folder}/{item.path}")
            for item in chosen
        ]
        sealed = sealed_notebook(inspected.snapshot)
        interface = _interface(inspected)
        manifest = {
            "schema": 1,
            "name": name,
            "notebook": notebook,
            "parameters": interface["parameters"],
            "settings": interface["settings"],
            "inputs": [{"path": item["path"]} for item in interface["external"]],
            "checks": list(inspected.inspection.checks),
            "metrics": list(inspected.inspection.metrics),
        }
        own: list[Entry] = [
            File(f"{FILES}/{notebook}", content=sealed),
            File("app/modelpack.json", content=_json(manifest)),
            Directory("work", 0o1777),
            Directory("tmp", 0o1777),
            *self._runtime(),
        ]
        code = local_tree(collected.selection, others=own)
        code = replace(code, what="your notebook and code", entries=_merged(code.entries))
        files = [
            {"path": item.path, "size": item.size, "kind": "data",
             "digest": self._digests(f"{inspected.folder}/{item.path}")}
            for item in chosen
        ]  # fmt: skip
        files += [
            {"path": item.path, "size": item.size, "kind": "code",
             "digest": self._digests(item.source)}
            for item in collected.selection.local
        ]  # fmt: skip
        trees = [Tree("your data", "data", tuple(data))] if data else []
        return trees, code, files


class _Written:
    """Tells how much of the image was written, about four times a second's worth of bytes."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._bytes = 0
        self._told = 0

    def __call__(self, count: int) -> None:
        self._bytes += count
        if self._bytes - self._told > 32_000_000:
            self._told = self._bytes
            self._tell(f"{self._bytes / 1e6:.0f} MB written")


def _interface(inspected: Inspected) -> dict[str, Any]:
    inspection = inspected.inspection.to_json()
    return {
        "parameters": inspection["parameters"],
        "settings": inspection["settings"],
        "external": inspection["external"],
    }


def _config(facts: Facts) -> ImageConfig:
    return ImageConfig(
        entrypoint=(f"/{facts.image_python}", "/opt/modelpack"),
        cmd=("run",),
        env={
            "PATH": f"/{PREFIX}/bin",
            "LD_LIBRARY_PATH": f"/{PREFIX}/lib:/opt/native/lib",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "HOME": "/work",
            "LANG": "C.UTF-8",
            "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt",
            "MPLCONFIGDIR": "/tmp/matplotlib",
        },
    )


def _merged(*parts: Any) -> tuple[Entry, ...]:
    """Join entries; of several for one path the first stays."""
    kept: dict[str, Entry] = {}
    for part in parts:
        for entry in part.entries if isinstance(part, Tree) else part:
            kept.setdefault(entry.path, entry)
    return tuple(kept[path] for path in sorted(kept))


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _certifi(captured: Sequence[Captured]) -> str:
    for item in captured:
        if item.name.lower() == "certifi":
            for entry in item.entries:
                if entry.path.endswith("certifi/cacert.pem"):
                    return entry.source
    return ""


def _missing(selection: Selection) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            "import-missing-locally",
            "warning",
            f"{wanted.needed_by or 'Your code'} imports {wanted.module}, which the kernel lacks.",
            advice=f"Install {wanted.module.partition('.')[0]} in the kernel's environment.",
            details={"module": wanted.module},
        )
        for wanted in selection.missing
        if wanted.needed_by
    )


def _left_out(selection: Selection) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            "file-left-out",
            "note",
            f"{left.path} stays out of the image: {left.reason}.",
            details={"path": left.path},
        )
        for left in selection.left_out
    )
