"""What goes into one layer, before any byte is read: entries and the layer they form.

Paths are those inside the image, without a leading slash, with ``/`` between parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Union

from jupyter_modelpack.errors import InvalidInput

Kind = Literal["interpreter", "distribution", "distributions", "data", "code"]


def _checked(path: str) -> str:
    parts = path.split("/")
    if not path or path.startswith("/") or "\0" in path or any(p in ("", ".", "..") for p in parts):
        raise InvalidInput(f"{path!r} is not a path inside an image.", field="path")
    return _encodable(path)


def _encodable(text: str) -> str:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise InvalidInput(f"{text!r} is not a name that a file can have.", field="path") from None
    return text


@dataclass(frozen=True)
class File:
    """A regular file: copied from ``source`` on this machine, or made of ``content``.

    A ``stamp`` promises that a source with this stamp always has the same content.
    """

    path: str
    source: str = ""
    content: bytes | None = None
    executable: bool = False
    stamp: str = ""

    def __post_init__(self) -> None:
        _checked(self.path)
        if (self.content is None) == (not self.source):
            raise InvalidInput(f"{self.path} needs a source or a content.", field="source")


@dataclass(frozen=True)
class Link:
    """A symbolic link to ``target``, which may be relative or absolute inside the image."""

    path: str
    target: str

    def __post_init__(self) -> None:
        _checked(self.path)
        if not self.target or "\0" in self.target:
            raise InvalidInput(f"{self.path} needs a target.", field="target")
        _encodable(self.target)


@dataclass(frozen=True)
class Directory:
    """A directory that must exist even if empty; ``mode`` is its permission bits."""

    path: str
    mode: int = 0o755

    def __post_init__(self) -> None:
        _checked(self.path)


Entry = Union[File, Link, Directory]


@dataclass(frozen=True)
class Tree:
    """The entries of one layer, and in plain words ``what`` it holds (``"pandas 3.1.1"``)."""

    what: str
    kind: Kind
    entries: tuple[Entry, ...]
