"""What the workshop works with: kernels, bytecode, signatures, and the runtime's files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.adapters.bytecode import compile_tree
from jupyter_modelpack.adapters.kernel_probe import probe_kernel
from jupyter_modelpack.adapters.kernels import resolve_kernel
from jupyter_modelpack.environment.facts import Facts
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import Entry, File, Tree
from jupyter_modelpack.runtime.contents import image_files
from jupyter_modelpack.services.inspecting import KernelAnswer
from jupyter_modelpack.services.packaging_types import PackageRequest

if TYPE_CHECKING:
    from jupyter_modelpack.release.provenance import Options


class Kernels:
    """Kernels of this machine."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def answer(self, name: str | None, cancelled: Callable[[], bool]) -> KernelAnswer:
        """Ask a kernel's interpreter; raises NotFound where there is none."""
        kernel = resolve_kernel(name)
        facts = probe_kernel(kernel, cache_dir=self._cache, cancelled=cancelled)
        path = {**os.environ, **kernel.env}.get("LD_LIBRARY_PATH", "")
        return KernelAnswer(kernel.name, kernel.display_name, facts, kernel.assumed, path)


class Bytecode:
    """Bytecode by the kernel's own Python, kept below the cache directory."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def __call__(self, tree: Tree, facts: Facts, cancelled: Callable[[], bool]) -> Tree:
        """Return the tree with bytecode in it."""
        return compile_tree(tree, facts, self._cache, cancelled)


class Attestor:
    """Signs with the key in a file, or with one of this data directory's own."""

    def __init__(self, layout: Layout, keys: Path, file: str) -> None:
        self._layout = layout
        self._keys = keys
        self._file = file

    def attest(self, record: Mapping[str, Any], request: PackageRequest) -> Mapping[str, str]:
        """Sign what was packaged on a notebook's server."""
        from jupyter_modelpack.release.provenance import NOTEBOOK_SERVER, Options

        options = Options(
            request.compression, request.network, tuple(request.settings), request.live_modules
        )
        return self.sign(record, options, NOTEBOOK_SERVER)

    def sign(self, record: Mapping[str, Any], options: Options, builder: str) -> Mapping[str, str]:
        """Write the evidence beside an image, signed, and return its digests."""
        from jupyter_modelpack import __version__
        from jupyter_modelpack.adapters.signing import file_signer, own_signer
        from jupyter_modelpack.release.provenance import Builder
        from jupyter_modelpack.services.evidence import attest

        file = Path(self._file).expanduser() if self._file else None
        signer = file_signer(file) if file else own_signer(self._keys)
        return attest(record, options, self._layout, signer, Builder(builder, __version__))


def runtime_entries() -> Sequence[Entry]:
    """Return what goes into each image of ours."""
    return [File(path, content=content) for path, content in image_files().items()]
