"""The port through which this part looks at the files of the kernel's machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class HostEntry(NamedTuple):
    """One name in a directory; a link to a directory counts as a directory."""

    name: str
    is_directory: bool
    is_link: bool = False


class HostFile(NamedTuple):
    """A regular file: its size in bytes, its owner's execute bit, its path behind links."""

    size: int
    executable: bool
    path: str


class Host(Protocol):
    """Reads directories and files by absolute path; what is not there is empty or None."""

    def list(self, directory: str) -> Sequence[HostEntry]:
        """Return the names in a directory, sorted; nothing when it is not a readable directory."""

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None when it cannot be read."""

    def file(self, path: str) -> HostFile | None:
        """Describe a regular file, following links; None when it is none."""

    def real(self, path: str) -> str:
        """Return the path behind all links, whether or not it is there."""

    def sha256(self, path: str) -> str:
        """Return the hexadecimal SHA-256 of a file's bytes; of none when it cannot be read."""


def stays_below(path: str, directory: str, host: Host) -> bool:
    """Say whether ``path`` is below ``directory`` when all links are followed."""
    return host.real(path).startswith(host.real(directory).rstrip("/") + "/")
