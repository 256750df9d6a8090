"""Notebooks on this machine: their bytes, the folder they are in, and the files beside them."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from jupyter_modelpack.errors import InvalidInput, NotFound
from jupyter_modelpack.notebook.files import FileFact
from jupyter_modelpack.notebook.paths import is_text
from jupyter_modelpack.notebook.snapshot import LIMIT

_READ = 1 << 20


class LocalNotebooks:
    """Notebooks by absolute path; what a link leads out of the notebook's folder to is not seen."""

    def read(self, path: str) -> bytes:
        """Return a notebook's bytes, or raise NotFound or InvalidInput."""
        try:
            with Path(path).open("rb") as stream:
                return stream.read(LIMIT + 1)  # what is over the limit is refused all the same
        except FileNotFoundError:
            raise NotFound("notebook", path, advice="Was it renamed or deleted?") from None
        except OSError as error:
            raise InvalidInput(
                f"{Path(path).name} cannot be read: {error.strerror}.",
                field="path",
                advice="Check the file's permissions.",
            ) from error

    def folder(self, path: str) -> str:
        """Return the absolute path of the folder that a notebook is in."""
        return str(Path(path).parent)

    def files(self, path: str) -> FolderFiles:
        """Return the files that a notebook can reach."""
        return FolderFiles(self.folder(path))


class FolderFiles:
    """The files in one folder, by relative path."""

    def __init__(self, folder: str) -> None:
        self._folder = os.path.realpath(folder)

    def stat(self, path: str) -> FileFact | None:
        """Return what is at a path inside the folder, links followed, or None."""
        found = self._inside(path)
        if found is None:
            return None
        try:
            info = os.stat(found)
        except OSError:
            return None
        if not (stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode)):
            return None
        return FileFact(info.st_size, stat.S_ISDIR(info.st_mode))

    def list(self, folder: str) -> Iterable[str]:
        """Return the names in a folder that are text, sorted."""
        found = self._inside(folder)
        try:
            return sorted(filter(is_text, os.listdir(found))) if found is not None else ()
        except OSError:
            return ()

    def _inside(self, path: str) -> str | None:
        if "\0" in path:
            return None
        found = os.path.realpath(os.path.join(self._folder, path))
        return found if found == self._folder or found.startswith(self._folder + "/") else None


def file_digest(path: str) -> str:
    """Return the digest of a file's content."""
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as stream:
            while block := stream.read(_READ):
                digest.update(block)
    except OSError as error:
        raise InvalidInput(
            f"{Path(path).name} cannot be read: {error.strerror}.",
            field="data",
            advice="Check that the file is still there and that you may read it.",
        ) from error
    return "sha256:" + digest.hexdigest()
