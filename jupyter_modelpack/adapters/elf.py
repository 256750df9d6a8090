"""The machine's files as the native closure asks for them: ELF headers, real paths, bytes."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from jupyter_modelpack.environment.loader import Elf

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_NEEDED, _STRTAB, _STRSZ, _SONAME, _RPATH, _RUNPATH = 1, 5, 10, 14, 15, 29
_MOST_STRINGS = 64 << 20
_MOST_DYNAMIC = 1 << 20
_MOST_READ = 64 << 20


def read_elf(path: str) -> Elf | None:
    """Return what the dynamic section of an ELF file says (gABI chapters 4 and 5), else None.

    Reads the headers, the dynamic section and its strings, and nothing else of the file.
    """
    try:
        with Path(path).open("rb", buffering=0) as stream:
            return _parse(stream)
    except (OSError, OverflowError, struct.error, ValueError):
        return None


def _parse(stream: FileIO) -> Elf | None:
    head = stream.read(64)
    if len(head) < 52 or head[:4] != b"\x7fELF" or head[4] not in (1, 2) or head[5] not in (1, 2):
        return None
    order = "<" if head[5] == 1 else ">"
    wide = head[4] == 2
    (machine,) = struct.unpack_from(order + "H", head, 18)
    (table,) = struct.unpack_from(order + ("Q" if wide else "I"), head, 32 if wide else 28)
    size, count = struct.unpack_from(order + "HH", head, 54 if wide else 42)
    if size * count > _MOST_DYNAMIC:
        return None
    headers = _bytes_at(stream, table, size * count)
    loads: list[tuple[int, int, int]] = []
    dynamic, interpreter = b"", ""
    for start in range(0, size * count, size or 1):
        kind, offset, address, length = _segment(headers, start, order, wide)
        if kind == _PT_LOAD:
            loads.append((address, offset, length))
        elif kind == _PT_DYNAMIC:
            dynamic = _bytes_at(stream, offset, min(length, _MOST_DYNAMIC))
        elif kind == _PT_INTERP:
            interpreter = _name(_bytes_at(stream, offset, min(length, 4096)), 0)
    identity = (head[4], head[5], machine)
    entry = struct.Struct(order + ("qQ" if wide else "iI"))
    tags = list(entry.iter_unpack(dynamic[: len(dynamic) // entry.size * entry.size]))
    strings = _strings(stream, dict(tags), loads)

    def names(tag: int) -> tuple[str, ...]:
        return tuple(_name(strings, value) for found, value in tags if found == tag)

    return Elf(
        identity,
        next(iter(names(_SONAME)), ""),
        names(_NEEDED),
        _directories(names(_RPATH)),
        _directories(names(_RUNPATH)),
        interpreter,
        b"\0iconv_open\0" in strings,
    )


def _segment(headers: bytes, start: int, order: str, wide: bool) -> tuple[int, int, int, int]:
    if wide:
        kind, _, offset, address, _, length = struct.unpack_from(order + "IIQQQQ", headers, start)
    else:
        kind, offset, address, _, length = struct.unpack_from(order + "IIIII", headers, start)
    return kind, offset, address, length


def _strings(stream: FileIO, tags: dict[int, int], loads: list[tuple[int, int, int]]) -> bytes:
    address, size = tags.get(_STRTAB), tags.get(_STRSZ)
    if address is None or size is None:
        return b""
    for start, offset, length in loads:
        if start <= address < start + length:
            return _bytes_at(stream, offset + address - start, min(size, _MOST_STRINGS))
    return b""


def _bytes_at(stream: FileIO, offset: int, length: int) -> bytes:
    stream.seek(offset)
    return stream.read(length)


def _name(strings: bytes, offset: int) -> str:
    end = strings.find(b"\0", offset)
    return strings[offset : end if end >= 0 else len(strings)].decode("utf-8", "surrogateescape")


def _directories(entries: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part for entry in entries for part in entry.split(":") if part)


class LinuxMachine:
    """This machine; what was looked at once is remembered for as long as the object lives."""

    def __init__(self) -> None:
        self._elf: dict[str, Elf | None] = {}
        self._real: dict[str, str | None] = {}

    def elf(self, path: str) -> Elf | None:
        """Return what an ELF file says, or None when ``path`` is not a readable ELF file."""
        if path not in self._elf:
            self._elf[path] = read_elf(path)
        return self._elf[path]

    def real(self, path: str) -> str | None:
        """Return the path of an existing regular file with every link resolved, else None."""
        if path not in self._real:
            try:
                regular = stat.S_ISREG(os.stat(path).st_mode)
            except (OSError, ValueError):
                regular = False
            self._real[path] = os.path.realpath(path) if regular else None
        return self._real[path]

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file of at most 64 MiB, or None when it cannot be read."""
        try:
            with Path(path).open("rb") as stream:
                data = stream.read(_MOST_READ + 1)
        except (OSError, ValueError):
            return None
        return data if len(data) <= _MOST_READ else None

    def walk(self, directory: str) -> Iterator[tuple[str, str | None]]:
        """Yield (relative path, link target or None) for each file and link below, sorted."""
        yield from self._walk(directory, "")

    def _walk(self, directory: str, prefix: str) -> Iterator[tuple[str, str | None]]:
        try:
            entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
        except OSError:
            return
        for entry in entries:
            name = prefix + entry.name
            if entry.is_symlink():
                yield name, os.readlink(entry.path)
            elif entry.is_dir():
                yield from self._walk(entry.path, name + "/")
            elif entry.is_file():
                yield name, None
