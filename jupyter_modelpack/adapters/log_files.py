"""Logs of builds and runs: one file each, appended to by a worker and read from any offset."""

from __future__ import annotations

import os
import re
from pathlib import Path

from jupyter_modelpack.errors import InvalidInput, NotFound
from jupyter_modelpack.services.work import LogChunk

MOST_BYTES = 16 << 20
_CHUNK = 256 << 10
_CUT = "\n[The log is longer than 16 MB; the rest of it is not kept.]\n"
_ID = re.compile(r"[0-9a-f]{32}\Z")


class LogFiles:
    """The logs in one directory; offsets count bytes of UTF-8."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, ident: str, offset: int) -> LogChunk:
        """Return what was logged from ``offset`` on, at most 256 KiB of it at once."""
        if offset < 0:
            raise InvalidInput("An offset cannot be negative.", field="offset")
        try:
            with self._path(ident).open("rb") as stream:
                size = os.fstat(stream.fileno()).st_size
                offset = min(offset, size)
                stream.seek(offset)
                data = stream.read(_CHUNK)
        except FileNotFoundError:
            return LogChunk(0, "", 0, complete=True)
        whole = _whole_characters(data)
        end = offset + len(whole)
        return LogChunk(offset, whole.decode("utf-8", "replace"), end, complete=end >= size)

    def writer(self, ident: str) -> LogWriter:
        """Return a writer that appends to a log."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return LogWriter(self._path(ident))

    def write_at(self, ident: str, offset: int, text: str) -> int:
        """Write text where it belongs, and return where the next belongs.

        Writing the same text twice, or by two processes, gives the same log.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        data = text.encode("utf-8", "replace")
        if offset >= MOST_BYTES:
            return offset
        if offset + len(data) > MOST_BYTES:
            data = _whole_characters(data[: MOST_BYTES - offset]) + _CUT.encode()
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        fd = os.open(self._path(ident), flags, 0o600)
        try:
            end = offset + len(data)
            while data:
                written = os.pwrite(fd, data, offset)
                data, offset = data[written:], offset + written
        finally:
            os.close(fd)
        return end

    def _path(self, ident: str) -> Path:
        if not _ID.match(ident):
            raise NotFound("log", ident[:40])
        return self._folder / f"{ident}.log"


class LogWriter:
    """Appends to one log, up to a limit."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._fd).st_size

    def write(self, text: str) -> None:
        """Append text as it came; what is beyond the limit is not kept, and the log says so."""
        if self._size >= MOST_BYTES:
            return
        data = text.encode("utf-8", "replace")
        if self._size + len(data) > MOST_BYTES:
            data = _whole_characters(data[: MOST_BYTES - self._size]) + _CUT.encode()
            self._size = MOST_BYTES
        else:
            self._size += len(data)
        while data:
            data = data[os.write(self._fd, data) :]

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def _whole_characters(data: bytes) -> bytes:
    """Return the bytes without the beginning of a character whose rest is not there yet."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return data[:-back] if length > back else data
        if byte < 0x80:
            break
    return data
