"""This machine's files, read for the environment part."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from jupyter_modelpack.environment.host import HostEntry, HostFile


class HostFiles:
    """Reads the real file system; unreadable things count as absent."""

    def list(self, directory: str) -> Sequence[HostEntry]:
        """Return the names in a directory, sorted; nothing when it is not a readable directory."""
        try:
            with os.scandir(directory) as entries:
                return sorted(
                    HostEntry(entry.name, _is_directory(entry), entry.is_symlink())
                    for entry in entries
                )
        except OSError:
            return ()

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None when it cannot be read."""
        try:
            return Path(path).read_bytes()
        except OSError:
            return None

    def file(self, path: str) -> HostFile | None:
        """Describe a regular file, following links; None when it is none."""
        try:
            info = os.lstat(path)
            if stat.S_ISLNK(info.st_mode):
                path = os.path.realpath(path)
                info = os.lstat(path)
        except OSError:
            return None
        if not stat.S_ISREG(info.st_mode):
            return None
        return HostFile(info.st_size, bool(info.st_mode & stat.S_IXUSR), path)

    def real(self, path: str) -> str:
        """Return the path behind all links, whether or not it is there."""
        return os.path.realpath(path)

    def sha256(self, path: str) -> str:
        """Return the hexadecimal SHA-256 of a file's bytes; of none when it cannot be read."""
        digest = hashlib.sha256()
        with contextlib.suppress(OSError), Path(path).open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
