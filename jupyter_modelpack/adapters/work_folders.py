"""Folders that one process works in for a while, and that a killed one does not leave for good."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_modelpack.adapters.sandbox.joining import remove
from jupyter_modelpack.oci.disk import store_errors

_PREFIX = "verify-"
_LOCK = ".lock"


class WorkFolders:
    """Makes folders below ``root``; beside each is a lock that its process holds while it lives."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def one(self) -> Iterator[Path]:
        """Give a new empty folder that is gone afterwards; those of killed processes go, too."""
        with store_errors(self._root):
            self._root.mkdir(parents=True, exist_ok=True)
            self.collect()
            folder, lock = self._made()
        try:
            yield folder
        finally:
            self._remove(folder, lock)

    def collect(self) -> int:
        """Remove the folders of processes that are gone, and return how many there were."""
        removed = 0
        for path in sorted(self._root.glob(f"{_PREFIX}*")):
            folder = path.with_suffix("")
            lock = _locked(_lock_of(folder))
            if lock is not None:
                removed += folder.is_dir()
                self._remove(folder, lock)
        return removed

    def _made(self) -> tuple[Path, int]:
        while True:
            folder = self._root / (_PREFIX + secrets.token_hex(6))
            lock = _locked(_lock_of(folder))
            if lock is not None:
                folder.mkdir()
                return folder, lock

    @staticmethod
    def _remove(folder: Path, lock: int) -> None:
        try:
            remove(folder)
            _lock_of(folder).unlink(missing_ok=True)
        finally:
            os.close(lock)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + _LOCK)


def _locked(path: Path) -> int | None:
    """Return a descriptor that holds the lock, or None while another process holds it."""
    fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # the lock may have been removed by its last holder since it was opened
        if os.path.exists(path) and os.path.samestat(os.stat(path), os.fstat(fd)):
            return fd
    except OSError:
        pass
    os.close(fd)
    return None
