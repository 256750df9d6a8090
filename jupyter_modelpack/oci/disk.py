"""What the store asks of the disk: five calls, so that tests can record them and make them fail."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from jupyter_modelpack.errors import StoreError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}
_START_WRITING = 2  # SYNC_FILE_RANGE_WRITE, sync_file_range(2)


class Disk(Protocol):
    """The calls whose order makes the store safe against a crash."""

    def create(self, path: Path) -> int:
        """Create ``path``, which must not exist, and return its descriptor."""

    def write(self, fd: int, data: memoryview) -> None:
        """Append all of ``data``."""

    def sync(self, fd: int) -> None:
        """Return when what was written is on the disk."""

    def rename(self, old: Path, new: Path) -> None:
        """Give ``old`` the name ``new``, at once, in place of what had it."""

    def sync_directory(self, path: Path) -> None:
        """Return when the names in the directory are on the disk."""


class LocalDisk:
    """The disk of this machine."""

    def create(self, path: Path) -> int:
        """Create ``path``, which must not exist, and return its descriptor."""
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o644)

    def write(self, fd: int, data: memoryview) -> None:
        """Append all of ``data``."""
        while data:
            data = data[os.write(fd, data) :]

    def sync(self, fd: int) -> None:
        """Return when what was written is on the disk."""
        os.fsync(fd)

    def rename(self, old: Path, new: Path) -> None:
        """Give ``old`` the name ``new``, at once, in place of what had it."""
        os.rename(old, new)

    def sync_directory(self, path: Path) -> None:
        """Return when the names in the directory are on the disk."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _find_start_writing() -> Callable[[int, int, int], None]:
    try:
        call = ctypes.CDLL(None).sync_file_range
    except (OSError, AttributeError):
        return lambda fd, offset, length: None
    call.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]

    def start(fd: int, offset: int, length: int) -> None:
        call(fd, offset, length, _START_WRITING)

    return start


start_writing = _find_start_writing()
"""Ask the kernel to begin writing a range of a file, so that a later sync finds little to do."""


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn what the store's disk answers into a StoreError that says what to do."""
    try:
        yield
    except OSError as error:
        raise _sentence(path, error) from error


def _sentence(path: Path, error: OSError) -> StoreError:
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return StoreError(
            f"The disk that holds the image store is full: {free_text(path)} free in {path}.",
            advice="Free some space, or remove images that nothing uses with "
            "`jupyter modelpack store gc`, then package again.",
            reason=reason,
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreError(
            f"The image store in {path} cannot be used: {reason}.",
            advice="Give yourself access to it, or choose another place with --data-dir.",
            reason=reason,
        )
    if error.errno in _NO_LOCKS:
        return StoreError(
            f"The disk that holds the image store in {path} cannot lock files: {reason}.",
            advice="Choose a place on another disk with --data-dir.",
            reason=reason,
        )
    return StoreError(
        f"The disk that holds the image store in {path} answered with an error: {reason}.",
        advice="Check the disk, then run `jupyter modelpack store verify`.",
        reason=reason,
    )


def free_text(path: Path) -> str:
    """Return how much is free where ``path`` is, for people."""
    try:
        free = shutil.disk_usage(path).free
    except OSError:
        return "an unknown amount is"
    return f"{free / 1e9:.1f} GB" if free >= 1e9 else f"{free / 1e6:.0f} MB"
