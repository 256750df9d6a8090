"""The files of images on disk: each layer unpacked once, layers joined by hard links.

What lies here is only ever made from verified blobs, and only used until the machine restarts: a
restart may leave files half written, and making them again takes seconds.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from jupyter_modelpack.adapters.sandbox.container import Root
from jupyter_modelpack.adapters.sandbox.joining import add_points, link_tree, remove
from jupyter_modelpack.errors import Aborted
from jupyter_modelpack.oci.blob import damaged
from jupyter_modelpack.oci.disk import store_errors
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import Layer
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.unpack import unpack_layer

KEPT_SECONDS = 7 * 24 * 3600.0
# what a change of the notebook changes: kept apart from the rest, which stays as it is
OVER = ("app", "opt/modelpack")
_CHUNK = 1 << 20
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class RootfsCache:
    """A directory of unpacked layers and joined roots, safe for several processes."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._home = path / _boot()

    @contextmanager
    def root(
        self, layout: Layout, image: Image, cancelled: Callable[[], bool], *, whole: bool = False
    ) -> Iterator[Root]:
        """Check every blob of the image and give its files, for as long as they are used.

        With ``whole`` they are in one directory. Raises StoreError for a damaged blob.
        """
        with store_errors(self._path):
            for name in ("layers", "roots", "making"):
                (self._home / name).mkdir(parents=True, exist_ok=True)
        with self._in_use():
            yield self._joined(layout, image, cancelled, whole)

    def scratch(self) -> Path:
        """Return a new directory for the temporary files of one run."""
        self._home.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="tmp-", dir=self._home))

    def collect(self, older_than_seconds: float = KEPT_SECONDS) -> int:
        """Remove what no run has used for long, unless one runs now; return how many things."""
        removed = 0
        with self._lock("use.lock", fcntl.LOCK_EX | fcntl.LOCK_NB) as alone:
            if not alone:
                return 0
            oldest = self._clock() - older_than_seconds
            homes = [home for home in self._path.iterdir() if home.is_dir()]
            found = [home for home in homes if home != self._home]
            for folder in ("layers", "roots", "making"):
                found += [
                    entry
                    for entry in _entries(self._home / folder)
                    if folder == "making" or entry.stat().st_mtime < oldest
                ]
            found += [entry for entry in _entries(self._home) if entry.name.startswith("tmp-")]
            for entry in found:
                remove(entry)
                removed += 1
        return removed

    def _joined(
        self, layout: Layout, image: Image, cancelled: Callable[[], bool], whole: bool
    ) -> Root:
        layers = image.layers
        with ThreadPoolExecutor(2, "modelpack-layer") as pool:
            if any(_foreign(layer) for layer in layers):
                return Root(self._stacked(layout, layers, cancelled))
            list(pool.map(lambda layer: self._unpacked(layout, layer, cancelled), layers))
        cut = len(layers)
        while cut and layers[cut - 1].kind in ("data", "code"):
            cut -= 1
        if whole or not self._apart(layers[:cut], layers[cut:]):
            return Root(self._linked(layers))
        top = self._linked(layers[cut:], points=False)
        over = {place: top / place for place in OVER if (top / place).is_dir()}
        return Root(self._linked(layers[:cut]), over)

    def _apart(self, below: Sequence[Layer], above: Sequence[Layer]) -> bool:
        """Return whether the upper layers have only what can be laid over the lower ones."""
        for layer in below:
            if any((self._layer(layer) / place).exists() for place in OVER):
                return False
        for layer in above:
            folder = self._layer(layer)
            if any(_entries(folder / name) for name in ("tmp", "work")):
                return False
            listed = {entry.name for entry in _entries(folder)} - {"app", "opt", "tmp", "work"}
            if listed or {entry.name for entry in _entries(folder / "opt")} - {"modelpack"}:
                return False
        return bool(below)

    def _unpacked(self, layout: Layout, layer: Layer, cancelled: Callable[[], bool]) -> None:
        final = self._layer(layer)
        if final.is_dir():
            _check_blob(layout, layer, cancelled)
        else:
            self._make(final, lambda folder: _unpack(layout, layer, folder, cancelled))
        os.utime(final)

    def _stacked(
        self, layout: Layout, layers: Sequence[Layer], cancelled: Callable[[], bool]
    ) -> Path:
        """Unpack layers that others made over each other: their whiteouts need what is below."""

        def fill(folder: Path) -> None:
            for layer in layers:
                _unpack(layout, layer, folder, cancelled)
            add_points(folder)

        final = self._home / "roots" / ("stacked-" + _chain(layers))
        if final.is_dir():
            for layer in layers:
                _check_blob(layout, layer, cancelled)
        else:
            self._make(final, fill)
        os.utime(final)
        return final

    def _linked(self, layers: Sequence[Layer], *, points: bool = True) -> Path:
        def fill(folder: Path) -> None:
            for layer in layers:
                link_tree(str(self._layer(layer)), str(folder))
            if points:
                add_points(folder)

        final = self._home / "roots" / _chain(layers)
        if not final.is_dir():
            self._make(final, fill)
        os.utime(final)
        return final

    def _layer(self, layer: Layer) -> Path:
        return self._home / "layers" / layer.diff_id.hex

    def _make(self, final: Path, fill: Callable[[Path], None]) -> None:
        """Let ``final`` be what ``fill`` puts into a directory, all of it or nothing."""
        with store_errors(self._path), self._lock(f"{final.parent.name}/{final.name}.lock"):
            if final.is_dir():
                return  # another process has just made it
            folder = Path(tempfile.mkdtemp(dir=self._home / "making"))
            try:
                folder.chmod(0o755)
                fill(folder)
                folder.rename(final)
            except BaseException:
                remove(folder)
                raise

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        with self._lock("use.lock", fcntl.LOCK_SH):
            yield

    @contextmanager
    def _lock(self, name: str, how: int = fcntl.LOCK_EX) -> Iterator[bool]:
        place = self._path if name == "use.lock" else self._home
        place.mkdir(parents=True, exist_ok=True)
        fd = os.open(place / name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(fd, how)
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(fd)


def _unpack(layout: Layout, layer: Layer, into: Path, cancelled: Callable[[], bool]) -> None:
    with layout.open(layer.descriptor.digest, layer.descriptor.size) as stream:
        done = unpack_layer(stream, layer.descriptor.media_type, into, cancelled=cancelled)
        while stream.read(_CHUNK):
            pass  # to its end, where the digest of the whole blob is checked
    if done.diff_id != layer.diff_id:
        raise damaged(layer.descriptor.digest, "its content is not what the image promises")


def _check_blob(layout: Layout, layer: Layer, cancelled: Callable[[], bool]) -> None:
    with layout.open(layer.descriptor.digest, layer.descriptor.size) as stream:
        while stream.read(_CHUNK):
            if cancelled():
                raise Aborted("The run was stopped.")


def _chain(layers: Sequence[Layer]) -> str:
    text = "\n".join(str(layer.diff_id) for layer in layers)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _foreign(layer: Layer) -> bool:
    return layer.what == layer.descriptor.digest.short


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _boot() -> str:
    try:
        return "boot-" + _BOOT.read_text(encoding="ascii").strip()[:13]
    except OSError:
        return "boot-unknown"
