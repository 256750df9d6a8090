"""Assembly: from an inspected notebook to the image with everything it needs inside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from jupyter_modelpack.environment.base import base_tree
from jupyter_modelpack.environment.capture import Captured, distribution_trees, interpreter_tree
from jupyter_modelpack.environment.closure import Selection
from jupyter_modelpack.environment.facts import Facts
from jupyter_modelpack.environment.host import Host
from jupyter_modelpack.environment.loader import Loader, Machine
from jupyter_modelpack.environment.native import NativeClosure, elf_files, native_closure
from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.oci.cache import LayerCache
from jupyter_modelpack.oci.config import ImageConfig
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import LOCK, NOTEBOOK, write_image
from jupyter_modelpack.oci.layer import Layer, write_layers
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import Entry, File, Tree
from jupyter_modelpack.services.contents import Contents
from jupyter_modelpack.services.inspecting import Inspected
from jupyter_modelpack.services.packaging_types import PackageRequest
from jupyter_modelpack.services.record import image_part

PREFIX = "opt/python"


class Bytecode(Protocol):
    """Makes bytecode with the kernel's own Python."""

    def __call__(self, tree: Tree, facts: Facts, cancelled: Callable[[], bool]) -> Tree:
        """Return the tree with bytecode beside its modules."""


@dataclass(frozen=True)
class Collected:
    """The contents of a package, laid out layer by layer; nothing is written yet."""

    contents: Contents
    trees: tuple[Tree, ...]
    libraries: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def sentence(self) -> str:
        """Such as ``Python 3.11.7, 37 packages, 48 libraries``."""
        python, packages = self.contents.lock.python, len(self.contents.captured)
        return f"Python {python}, {packages} packages, {len(self.libraries)} libraries"


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
    """Lays out what a notebook needs and writes it, the layers that change least first."""

    def __init__(
        self,
        host: Host,
        machine: Callable[[], Machine],
        bytecode: Bytecode,
        layout: Layout,
        cache: LayerCache,
    ) -> None:
        self._host = host
        self._machine = machine
        self._bytecode = bytecode
        self._layout = layout
        self._cache = cache

    def collect(self, contents: Contents, cancelled: Callable[[], bool]) -> Collected:
        """Lay out the contents with the interpreter, native libraries and bytecode."""
        facts, selection = contents.inspected.facts, contents.selection
        interpreter = interpreter_tree(facts, self._host, keep=selection.standard)
        packages = distribution_trees(contents.captured)
        machine = self._machine()
        below, above = self._native(contents.inspected, interpreter, packages, machine)
        base = base_tree(machine, certifi=_certifi(contents.captured))
        first = replace(interpreter, entries=_merged(base.entries, interpreter, below.files))
        trees = [first, *packages]
        if above.files:
            trees.append(Tree("native libraries", "distributions", above.files))
        compiled = tuple(self._bytecode(tree, facts, cancelled) for tree in trees)
        native = (*below.files, *above.files)
        libraries = tuple(sorted(entry.path for entry in native if isinstance(entry, File)))
        findings = (*contents.findings, *_missing(selection), *_left_out(selection))
        return Collected(contents, (*compiled, *contents.own), libraries, findings)

    def _native(
        self, inspected: Inspected, interpreter: Tree, packages: Sequence[Tree], machine: Machine
    ) -> tuple[NativeClosure, NativeClosure]:
        facts = inspected.facts
        loader = Loader.of(machine, facts.program, inspected.kernel.library_path)
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
        collected: Collected,
        request: PackageRequest,
        tell: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> Assembled:
        """Write the layers and the image; raises what ``write_layers`` raises."""
        contents = collected.contents
        layers = write_layers(
            collected.trees,
            self._layout,
            compression=request.compression,
            cache=self._cache,
            cancelled=cancelled,
            progress=_Written(tell),
        )
        annotations = {
            "org.opencontainers.image.title": contents.name,
            # so that evidence can be compared with the image itself, not only with its record
            NOTEBOOK: str(contents.described["content"]["notebook"]),
            LOCK: str(contents.lock.digest),
        }
        config = _config(contents.inspected.facts)
        image = write_image(layers, config, self._layout, annotations)
        libraries = {"libraries": list(collected.libraries)}
        record = {**contents.described, **libraries, **image_part(image, layers)}
        return Assembled(contents.name, image.manifest, layers, contents.inspected, record)

    def discard(self, digest: str) -> None:
        """Remove a damaged blob, so that it is made anew."""
        self._layout.discard(Digest.parse(digest))


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
