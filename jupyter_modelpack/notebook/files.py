"""The port through which an inspection asks about files near the notebook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class FileFact:
    """What is known of a file or a folder without reading it; ``size`` is in bytes."""

    size: int
    is_dir: bool = False


class Files(Protocol):
    """Files, by paths relative to the notebook's folder with ``/`` between the parts."""

    def stat(self, path: str) -> FileFact | None:
        """Return what is at a path inside the notebook's folder, links followed, or None."""

    def list(self, folder: str) -> Iterable[str]:
        """Return the names in a folder (``""`` is the notebook's own), or nothing."""


class NoFiles:
    """A folder in which nothing is known to be."""

    def stat(self, path: str) -> FileFact | None:
        """Return None."""
        return None

    def list(self, folder: str) -> Iterable[str]:
        """Return nothing."""
        return ()
