"""The place that a layer is unpacked into: looked up a directory at a time, no link followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from jupyter_modelpack.oci.tarstream import malformed

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Place:
    """A directory, with the descriptors of the directories down to where we last were."""

    def __init__(self, root: Path) -> None:
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._way: list[tuple[bytes, int]] = []

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *_: object) -> None:
        self._go_back(0)
        os.close(self._root)

    def directory(self, parts: Sequence[bytes], *, make: bool = True) -> int:
        """Return the descriptor of a directory, valid until the next call; make what is missing.

        Raises StoreError when something on the way is a link or a file.
        """
        same = 0
        for (name, _), part in zip(self._way, parts, strict=False):
            if name != part:
                break
            same += 1
        self._go_back(same)
        for part in parts[same:]:
            above = self._way[-1][1] if self._way else self._root
            self._way.append((part, _enter(above, part, make)))
        return self._way[-1][1] if self._way else self._root

    def make_directory(self, parent: int, name: bytes, mode: int) -> None:
        """Let ``name`` be a directory with these permissions; what is in it already stays."""
        found = kind_of(parent, name)
        if found is not None and not stat.S_ISDIR(found):
            self.remove(parent, name)
            found = None
        if found is None:
            os.mkdir(name, 0o700, dir_fd=parent)
        fd = os.open(name, _OPEN, dir_fd=parent)
        try:
            os.fchmod(fd, mode)
        finally:
            os.close(fd)

    def remove(self, parent: int, name: bytes) -> None:
        """Remove what has this name, with all that is in it."""
        self.remove_except(parent, name, lambda path: False)

    def remove_except(
        self, parent: int, name: bytes, spared: Callable[[bytes], bool], path: bytes = b""
    ) -> None:
        """Remove what has this name, but not what is ``spared`` (by path) and its directories."""
        found = kind_of(parent, name)
        if found is None:
            return
        if not stat.S_ISDIR(found):
            if not spared(path):
                os.unlink(name, dir_fd=parent)
            return
        fd = os.open(name, _OPEN, dir_fd=parent)
        try:
            for child in os.listdir(fd):
                below = os.fsencode(child)
                self.remove_except(fd, below, spared, path + b"/" + below)
            empty = not os.listdir(fd)
        finally:
            os.close(fd)
        if empty and not spared(path):
            os.rmdir(name, dir_fd=parent)

    def hard_link(self, target: Sequence[bytes], parent: int, name: bytes) -> None:
        """Give the regular file at ``target`` another name."""
        if not target:
            raise malformed("a hard link in it has no target")
        fd = self._root
        opened: list[int] = []
        try:
            for part in target[:-1]:
                fd = _enter(fd, part, make=False)
                opened.append(fd)
            found = kind_of(fd, target[-1])
            if found is None or not stat.S_ISREG(found):
                raise malformed(f"a hard link in it leads to no file, {shown(b'/'.join(target))}")
            self.remove(parent, name)
            os.link(target[-1], name, src_dir_fd=fd, dst_dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            raise malformed("a hard link in it leads to itself") from None
        finally:
            for each in opened:
                os.close(each)

    def _go_back(self, depth: int) -> None:
        while len(self._way) > depth:
            os.close(self._way.pop()[1])


def kind_of(parent: int, name: bytes) -> int | None:
    """Return the mode of what has this name, itself and not what it links to, or None."""
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None


def shown(path: bytes) -> str:
    """Return a path as text for a message, whatever it holds."""
    return repr(os.fsdecode(path)[:200])


def _enter(above: int, part: bytes, make: bool) -> int:
    try:
        return os.open(part, _OPEN, dir_fd=above)
    except FileNotFoundError:
        if not make:
            raise malformed(f"a link in it leads to {shown(part)}, which is not there") from None
    except NotADirectoryError:
        raise malformed(f"a path in it goes through {shown(part)}, a link or a file") from None
    os.mkdir(part, 0o700, dir_fd=above)
    fd = os.open(part, _OPEN, dir_fd=above)
    os.fchmod(fd, 0o755)
    return fd
