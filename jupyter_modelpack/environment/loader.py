"""How the machine's dynamic loader finds a shared library: its cache, directories and rules.

The rules are those of ld.so(8): DT_RPATH (its own and, without DT_RUNPATH, that of whoever loaded
it), LD_LIBRARY_PATH, DT_RUNPATH, /etc/ld.so.cache, then the directories built into the loader.
"""

from __future__ import annotations

import posixpath
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

_OLD_MAGIC = b"ld.so-1.7.0\0"
_NEW_MAGIC = b"glibc-ld.so.cache1.1"
_NEW_HEADER = 48
_NEW_ENTRY = struct.Struct("=iIIIQ")
_OLD_ENTRY = struct.Struct("=iII")
_BUILT_IN = re.compile(rb"(?:/[\w./+-]+/\0){2,}")
_CACHE = "/etc/ld.so.cache"
_FALLBACK = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")


@dataclass(frozen=True)
class Elf:
    """What the dynamic section of one ELF file says; ``kind`` is (class, byte order, machine)."""

    kind: tuple[int, int, int]
    soname: str = ""
    needed: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    interpreter: str = ""
    converts_text: bool = False


class Machine(Protocol):
    """What is asked of the machine whose files are captured."""

    def elf(self, path: str) -> Elf | None:
        """Return what an ELF file says, or None when ``path`` is not a readable ELF file."""

    def real(self, path: str) -> str | None:
        """Return the path of an existing regular file with every link resolved, else None."""

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a small file, or None when it cannot be read."""

    def walk(self, directory: str) -> Iterator[tuple[str, str | None]]:
        """Yield (relative path, link target or None) for each file and link below, sorted."""


@dataclass(frozen=True)
class Place:
    """One directory to search: where it is on the host, and where in the image."""

    host: str
    image: str


def read_cache(data: bytes) -> dict[str, tuple[str, ...]]:
    """Return the paths for each name in an ld.so.cache of either format, plain ones first.

    Paths in hardware-specific directories come last: the image may run on another processor.
    A damaged cache gives what can still be read.
    """
    start = data.find(_NEW_MAGIC)
    if start < 0 and not data.startswith(_OLD_MAGIC):
        return {}
    rows = _new_rows(data[start:]) if start >= 0 else _old_rows(data)
    plain: dict[str, list[str]] = {}
    special: dict[str, list[str]] = {}
    for name, path, hardware in rows:
        paths = (special if hardware else plain).setdefault(name, [])
        if path not in paths:
            paths.append(path)
    return {
        name: tuple(plain.get(name, [])) + tuple(special.get(name, []))
        for name in plain.keys() | special.keys()
    }


def _new_rows(data: bytes) -> Iterator[tuple[str, str, bool]]:
    if len(data) < _NEW_HEADER:
        return
    (count,) = struct.unpack_from("=I", data, len(_NEW_MAGIC))
    for offset in range(_NEW_HEADER, _NEW_HEADER + count * _NEW_ENTRY.size, _NEW_ENTRY.size):
        if offset + _NEW_ENTRY.size > len(data):
            return
        _, key, value, _, hardware = _NEW_ENTRY.unpack_from(data, offset)
        yield _text(data, key), _text(data, value), bool(hardware)


def _old_rows(data: bytes) -> Iterator[tuple[str, str, bool]]:
    if len(data) < len(_OLD_MAGIC) + 4:
        return
    (count,) = struct.unpack_from("=I", data, len(_OLD_MAGIC))
    first = len(_OLD_MAGIC) + 4
    strings = first + count * _OLD_ENTRY.size
    for offset in range(first, min(strings, len(data) - _OLD_ENTRY.size + 1), _OLD_ENTRY.size):
        _, key, value = _OLD_ENTRY.unpack_from(data, offset)
        yield _text(data, strings + key), _text(data, strings + value), False


def _text(data: bytes, offset: int) -> str:
    end = data.find(b"\0", offset)
    return data[offset : end if end >= 0 else len(data)].decode("utf-8", "surrogateescape")


def built_in_directories(loader: bytes) -> tuple[str, ...]:
    """Return the directories that a loader searches by itself, read from the loader's own bytes."""
    for found in _BUILT_IN.findall(loader):
        names = [name.decode().rstrip("/") for name in found.split(b"\0") if name]
        if any(name.startswith("/usr/lib") for name in names):
            return tuple(dict.fromkeys(names))
    return _FALLBACK


@dataclass(frozen=True)
class Loader:
    """The loader of one interpreter on one host, with everything it searches."""

    machine: Machine
    kind: tuple[int, int, int]
    directories: tuple[str, ...]
    cache: Mapping[str, tuple[str, ...]]
    library_path: tuple[str, ...] = ()

    @classmethod
    def of(cls, machine: Machine, executable: str, library_path: str = "") -> Loader | None:
        """Return the loader that starts ``executable``, or None when that is no ELF program."""
        real = machine.real(executable)
        elf = machine.elf(real) if real else None
        if elf is None:
            return None
        program = machine.read(elf.interpreter) if elf.interpreter else None
        return cls(
            machine,
            elf.kind,
            built_in_directories(program) if program else _FALLBACK,
            read_cache(machine.read(_CACHE) or b""),
            tuple(entry for entry in library_path.split(":") if entry.startswith("/")),
        )

    def accepts(self, path: str) -> str | None:
        """Return the real path of a library of the right architecture at ``path``, else None."""
        real = self.machine.real(path)
        if real is None:
            return None
        elf = self.machine.elf(real)
        return real if elf is not None and elf.kind == self.kind else None

    def find(self, name: str, before: tuple[Place, ...], after: tuple[Place, ...]) -> str | None:
        """Return the real path of library ``name``.

        ``before`` and ``after`` are what RPATH and RUNPATH say: searched before and after
        LD_LIBRARY_PATH.
        """
        if "/" in name:
            return self.accepts(name) if name.startswith("/") else None
        searched = [place.host for place in before]
        searched += self.library_path
        searched += [place.host for place in after]
        for directory in searched:
            if found := self.accepts(f"{directory}/{name}"):
                return found
        return self._find_by_default(name)

    def _find_by_default(self, name: str) -> str | None:
        for path in (*self.cache.get(name, ()), *(f"{d}/{name}" for d in self.directories)):
            if found := self.accepts(path):
                return found
        return None


def expand(entries: tuple[str, ...], host: str, image: str) -> tuple[Place, ...]:
    """Return the directories that RPATH or RUNPATH entries of one file mean, on host and image."""
    out = []
    for entry in entries:
        places = []
        for path in (host, image):
            origin = posixpath.dirname(path)
            text = entry.replace("${ORIGIN}", origin).replace("$ORIGIN", origin)
            places.append(posixpath.normpath(text))
        if places[0].startswith("/") and "$" not in places[0]:
            out.append(Place(places[0], places[1]))
    return tuple(out)
