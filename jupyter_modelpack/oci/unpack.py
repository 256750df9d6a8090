"""Unpacking a layer into a directory without ever following a link.

Every directory on the way is opened relative to the one above it with ``O_NOFOLLOW``, and files are
only ever created anew, so neither the layer nor what was unpacked before can lead outside
(image-spec 1.1, layer.md, "Applying Changesets"; the resolver stands in for ``tarfile``, whose
filters were escaped more than once).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from jupyter_modelpack.errors import Aborted
from jupyter_modelpack.oci import tarstream
from jupyter_modelpack.oci.compression import decompressed
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.disk import store_errors
from jupyter_modelpack.oci.place import Place, shown
from jupyter_modelpack.oci.tarstream import TarEntry, TarStream, malformed

_CHUNK = 1 << 20
_WHITEOUT = b".wh."
_OPAQUE = b".wh..wh..opq"
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LATEST = 1 << 33  # a time that every file system can hold


@dataclass(frozen=True)
class UnpackLimits:
    """How much a layer may unpack to, before it is taken for an attack."""

    max_bytes: int = 8 << 30
    max_entries: int = 500_000
    max_depth: int = 100
    max_ratio: int = 1100  # just above the most that gzip can reach
    ratio_from: int = 64 << 20


@dataclass(frozen=True)
class Unpacked:
    """What was unpacked: how many entries, how many bytes of tar, and the digest of these bytes."""

    entries: int
    bytes: int
    diff_id: Digest


def _never() -> bool:
    return False


def unpack_layer(
    stream: BinaryIO,
    media_type: str,
    into: Path,
    limits: UnpackLimits | None = None,
    *,
    cancelled: Callable[[], bool] = _never,
) -> Unpacked:
    """Unpack the layer in ``stream`` on top of what is in the directory ``into``.

    Owners, extended attributes and set-id bits are left out. Whiteouts remove what earlier layers
    brought. Raises StoreError for what is malformed, leads outside or passes a limit; what was
    unpacked before the error stays in ``into``, and nothing outside was touched.
    """
    limits = limits or UnpackLimits()
    source = _Source(stream, media_type, limits, cancelled)
    with store_errors(into):
        into.mkdir(parents=True, exist_ok=True)
        with Place(into) as place:
            entries = _Unpacking(place, TarStream(source.read), limits).run()
    while source.read(_CHUNK):
        pass
    return Unpacked(entries, source.count, source.digest)


class _Source:
    """Counts and hashes the tar's bytes in large pieces, and gives them in small ones."""

    def __init__(
        self,
        stream: BinaryIO,
        media_type: str,
        limits: UnpackLimits,
        cancelled: Callable[[], bool],
    ) -> None:
        self._compressed = 0
        self._limits = limits
        self._cancelled = cancelled
        self._hash = hashlib.sha256()
        self._piece = b""
        self._position = 0
        self.count = 0
        self._next = decompressed(_Counted(stream, self._saw), media_type)

    def _saw(self, count: int) -> None:
        self._compressed += count

    def read(self, size: int) -> bytes:
        if self._position == len(self._piece):
            self._piece, self._position = self._fetch(), 0
        begin = self._position
        data = self._piece[begin : begin + size]
        self._position = begin + len(data)
        return data

    def _fetch(self) -> bytes:
        if self._cancelled():
            raise Aborted("Unpacking was stopped.")
        data = self._next(_CHUNK)
        self._hash.update(data)
        self.count += len(data)
        limits = self._limits
        if self.count > limits.max_bytes:
            raise malformed(f"it unpacks to more than {limits.max_bytes / 1e6:.0f} MB")
        if self.count > limits.ratio_from and self.count > self._compressed * limits.max_ratio:
            raise malformed(f"it unpacks to more than {limits.max_ratio} times its size")
        return data

    @property
    def digest(self) -> Digest:
        return Digest("sha256:" + self._hash.hexdigest())


class _Unpacking:
    def __init__(self, place: Place, tar: TarStream, limits: UnpackLimits) -> None:
        self._place = place
        self._tar = tar
        self._limits = limits
        self._own: set[bytes] = set()

    def run(self) -> int:
        count = 0
        for entry in self._tar:
            count += 1
            if count > self._limits.max_entries:
                raise malformed(f"it has more than {self._limits.max_entries} entries")
            self._apply(entry)
        return count

    def _apply(self, entry: TarEntry) -> None:
        parts = self._parts(entry.path)
        if not parts:
            if entry.kind != tarstream.DIRECTORY:
                raise malformed("an entry in it has no name")
            return
        *above, name = parts
        if name.startswith(_WHITEOUT):
            self._white_out(above, name)
            return
        place = self._place
        parent = place.directory(above)
        self._own.add(b"/" + b"/".join(parts))
        if entry.kind == tarstream.DIRECTORY or (
            entry.kind == tarstream.FILE and entry.path.endswith(b"/")  # as before ustar
        ):
            place.make_directory(parent, name, entry.mode & 0o1777 | 0o700)
        elif entry.kind == tarstream.FILE:
            self._file(parent, name, entry)
        elif entry.kind == tarstream.LINK:
            if not entry.target:
                raise malformed(f"the link {shown(entry.path)} leads nowhere")
            place.remove(parent, name)
            os.symlink(entry.target, name, dir_fd=parent)
        elif entry.kind == tarstream.HARD_LINK:
            place.hard_link(self._parts(entry.target), parent, name)
        else:
            raise malformed(f"{shown(entry.path)} is a device or a pipe")

    def _file(self, parent: int, name: bytes, entry: TarEntry) -> None:
        try:
            fd = os.open(name, _NEW_FILE, 0o600, dir_fd=parent)
        except FileExistsError:
            self._place.remove(parent, name)
            fd = os.open(name, _NEW_FILE, 0o600, dir_fd=parent)
        try:
            while data := self._tar.content(_CHUNK):
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(fd, rest) :]
            os.fchmod(fd, entry.mode & 0o777)
            modified = min(max(entry.modified, 0), _LATEST)
            os.utime(fd, (modified, modified))
        finally:
            os.close(fd)

    def _white_out(self, above: list[bytes], name: bytes) -> None:
        """Remove what earlier layers brought, never what this one did."""
        parent = self._place.directory(above)
        prefix = b"".join(b"/" + part for part in above)
        if name == _OPAQUE:
            gone = [os.fsencode(child) for child in os.listdir(parent)]
        elif name.startswith(_WHITEOUT * 2):
            return  # AUFS's own notes
        else:
            gone = self._parts(name[len(_WHITEOUT) :], most=1)
        for child in gone:
            self._place.remove_except(parent, child, self._own.__contains__, prefix + b"/" + child)

    def _parts(self, path: bytes, most: int | None = None) -> list[bytes]:
        """Return the names in a path; raises StoreError for one that could lead outside."""
        parts = [part for part in path.split(b"/") if part not in (b"", b".")]
        if path.startswith(b"/") or b".." in parts or b"\0" in path:
            raise malformed(f"{shown(path)} leads outside the image")
        if len(parts) > (most or self._limits.max_depth):
            raise malformed(f"{shown(path)} is too deep")
        if any(len(part) > 255 for part in parts):
            raise malformed(f"{shown(path)} is too long")
        return parts


class _Counted:
    """A stream that says how much was read from it."""

    def __init__(self, stream: BinaryIO, saw: Callable[[int], None]) -> None:
        self._stream = stream
        self._saw = saw

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._saw(len(data))
        return data
