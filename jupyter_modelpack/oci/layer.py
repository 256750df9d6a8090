"""Layers: trees written into a layout as tar, each source file read once and hashed on the way."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

from jupyter_modelpack.errors import Aborted
from jupyter_modelpack.oci.cache import Fingerprint, LayerCache, Packed
from jupyter_modelpack.oci.compression import (
    MEDIA_TYPES,
    Compression,
    compressor,
    compressor_name,
)
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.pack import Packer
from jupyter_modelpack.oci.plan import in_order
from jupyter_modelpack.oci.tree import Directory, Entry, File, Kind, Tree

_THREADS = 2


@dataclass(frozen=True)
class Layer:
    """One layer of an image, the digest of its plain tar, and in plain words what it holds."""

    descriptor: Descriptor
    diff_id: Digest
    what: str
    kind: Kind
    reused: bool = False


def _never() -> bool:
    return False


def _ignore(count: int) -> None:
    pass


def write_layer(
    tree: Tree,
    layout: Layout,
    *,
    compression: Compression = "none",
    cache: LayerCache | None = None,
    cancelled: Callable[[], bool] = _never,
    progress: Callable[[int], None] = _ignore,
) -> Layer:
    """Write the tree into the layout as one layer; the same content always gives the same bytes.

    ``progress`` is told how many bytes of tar were added since the last call. Raises Conflict when
    a file changes while it is read, InvalidInput for one that cannot be read and for entries that
    clash, StoreError when the store cannot be written, and Aborted soon after ``cancelled()``.
    """
    entries = in_order(tree)
    known = Fingerprint(None)
    if cache is not None:
        known = cache.fingerprint(entries, compressor_name(compression))
        packed = cache.find(known.key) if known.key else None
        if packed is not None and layout.claim(packed.descriptor):
            return Layer(packed.descriptor, packed.diff_id, tree.what, tree.kind, reused=True)

    def tick(count: int) -> None:
        if cancelled():
            raise Aborted("Packaging was stopped.")
        progress(count)

    packed, same, existed = _pack(entries, layout, compression, known, tick)
    if cache is not None and known.key and same:
        cache.keep(known.key, packed)
    return Layer(packed.descriptor, packed.diff_id, tree.what, tree.kind, reused=existed)


def write_layers(
    trees: Sequence[Tree],
    layout: Layout,
    *,
    compression: Compression = "none",
    cache: LayerCache | None = None,
    cancelled: Callable[[], bool] = _never,
    progress: Callable[[int], None] = _ignore,
) -> tuple[Layer, ...]:
    """Write several trees at once, each as one layer, and return the layers in the given order.

    ``progress`` may be called from several threads. The first error stops the others.
    """
    stopped = threading.Event()

    def write(tree: Tree) -> Layer:
        try:
            return write_layer(
                tree,
                layout,
                compression=compression,
                cache=cache,
                cancelled=lambda: stopped.is_set() or cancelled(),
                progress=progress,
            )
        except BaseException:
            stopped.set()
            raise

    # The trees with the most files first, so that no thread is left alone with one at the end.
    order = sorted(range(len(trees)), key=lambda number: -len(trees[number].entries))
    with ThreadPoolExecutor(_THREADS, "layer") as pool:
        futures = {number: pool.submit(write, trees[number]) for number in order}
        try:
            wait(futures.values())
        except BaseException:  # Ctrl-C: do not wait for layers that nobody wants
            stopped.set()
            raise
    errors = [e for e in (future.exception() for future in futures.values()) if e is not None]
    for error in sorted(errors, key=lambda e: isinstance(e, Aborted)):
        raise error  # what went wrong, rather than what was stopped because of it
    return tuple(futures[number].result() for number in range(len(trees)))


def _pack(
    entries: Sequence[Entry],
    layout: Layout,
    compression: Compression,
    known: Fingerprint,
    tick: Callable[[int], None],
) -> tuple[Packed, bool, bool]:
    """Write the entries; say whether every file was the one ``known`` saw, and the blob not new."""
    same = True
    with layout.writer() as writer:
        if compression == "none":
            uncompressed = None
            sink: Callable[[memoryview], object] = writer.write
        else:
            press = compressor(compression)
            uncompressed = hashlib.sha256()

            def sink(data: memoryview) -> object:
                uncompressed.update(data)
                return writer.write(press.compress(data))

        def watched(data: memoryview) -> None:
            tick(len(data))
            sink(data)

        packer = Packer(watched)
        for entry in entries:
            if isinstance(entry, File):
                content = known.contents.get(entry.path, entry.content)
                if content is not None:
                    packer.content(entry, content)
                elif packer.file(entry) != known.facts.get(entry.path) and not entry.stamp:
                    same = False
            elif isinstance(entry, Directory):
                packer.directory(entry)
            else:
                packer.link(entry)
        packer.end()
        if uncompressed is not None:
            writer.write(press.flush())
        descriptor = writer.commit(MEDIA_TYPES[compression])
    diff_id = (
        descriptor.digest if uncompressed is None else Digest("sha256:" + uncompressed.hexdigest())
    )
    return Packed(descriptor, diff_id), same, writer.existed
