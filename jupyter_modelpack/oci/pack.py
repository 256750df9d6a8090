"""The packer: entries in, tar out in large pieces, with one buffer that files are read into."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import NamedTuple

from jupyter_modelpack.errors import Conflict, InvalidInput
from jupyter_modelpack.oci import tarheader
from jupyter_modelpack.oci.tree import Directory, File, Link

_SIZE = 1 << 20
_ZEROS = bytes(tarheader.BLOCK)
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # a named pipe must not make us wait


class Facts(NamedTuple):
    """What tells that a file is still the one that was looked at."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, found: os.stat_result) -> Facts:
        """Return the facts in a stat result."""
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class Packer:
    """Writes entries to ``sink``, at most 1 MiB at a time; the sink must not keep what it gets."""

    def __init__(self, sink: Callable[[memoryview], object]) -> None:
        self._sink = sink
        self._view = memoryview(bytearray(_SIZE))
        self._position = 0

    def directory(self, entry: Directory) -> None:
        """Write a directory."""
        self._put(tarheader.header(_encoded(entry.path), tarheader.DIRECTORY, entry.mode & 0o1777))

    def link(self, entry: Link) -> None:
        """Write a symbolic link."""
        path, target = _encoded(entry.path), _encoded(entry.target)
        self._put(tarheader.header(path, tarheader.LINK, 0o777, target=target))

    def content(self, entry: File, data: bytes) -> None:
        """Write a regular file made of ``data``."""
        self._put(_file_header(entry, len(data)))
        self._put(data)
        self._put(_ZEROS[: -len(data) % tarheader.BLOCK])

    def file(self, entry: File) -> Facts:
        """Write a regular file from its source, read once, and return what it was.

        Raises Conflict when it changes meanwhile, and InvalidInput when it cannot be read.
        """
        try:
            fd = os.open(entry.source, _OPEN)
        except FileNotFoundError as error:
            raise _changed(entry) from error
        except OSError as error:
            raise _unreadable(entry, error.strerror or str(error)) from error
        try:
            before = os.fstat(fd)
            if not stat.S_ISREG(before.st_mode):
                raise _unreadable(entry, "it is not a regular file")
            size = before.st_size
            self._put(_file_header(entry, size))
            try:
                missing = self._take(fd, size)
            except OSError as error:
                raise _unreadable(entry, error.strerror or str(error)) from error
            facts = Facts.of(os.fstat(fd))
            if missing or facts.size != size or facts.modified != before.st_mtime_ns:
                raise _changed(entry)
        finally:
            os.close(fd)
        self._put(_ZEROS[: -size % tarheader.BLOCK])
        return facts

    def end(self) -> None:
        """Write the end of the archive and hand over what is left."""
        self._put(tarheader.END)
        self._flush()

    def _put(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            if self._position == _SIZE:
                self._flush()
            begin = self._position
            piece = rest[: _SIZE - begin]
            self._position = begin + len(piece)
            self._view[begin : self._position] = piece
            rest = rest[len(piece) :]

    def _take(self, fd: int, size: int) -> int:
        while size:
            if self._position == _SIZE:
                self._flush()
            begin = self._position
            count = os.readv(fd, [self._view[begin : begin + size]])
            if not count:
                break
            self._position = begin + count
            size -= count
        return size

    def _flush(self) -> None:
        self._sink(self._view[: self._position])
        self._position = 0


def _file_header(entry: File, size: int) -> bytes:
    mode = 0o755 if entry.executable else 0o644
    return tarheader.header(_encoded(entry.path), tarheader.FILE, mode, size)


def _encoded(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")  # not os.fsencode, which asks the locale


def _changed(entry: File) -> Conflict:
    return Conflict(
        f"{entry.path} changed while it was being packaged.",
        advice="Wait until nothing writes to it, then package again.",
        path=entry.path,
        source=entry.source,
    )


def _unreadable(entry: File, reason: str) -> InvalidInput:
    return InvalidInput(
        f"{entry.path} cannot be read: {reason}.",
        field="path",
        advice="Give yourself read access to the file, or remove it from the notebook's folder.",
        path=entry.path,
        source=entry.source,
    )
