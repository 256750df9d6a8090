"""Standard output and error of a cell: to the log as they come, and into its outputs."""

from __future__ import annotations

import io
import os
import re
import threading
from typing import Any, Iterable, Optional, TextIO

from .outputs import Outputs

_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def plain(text: str) -> str:
    """Return ``text`` without colours, for the log."""
    return _ESCAPE.sub("", text)


class Tee(io.TextIOBase):
    """A text stream that writes to the real one and keeps a copy for the executed notebook."""

    def __init__(self, name: str, real: TextIO, outputs: Outputs) -> None:
        self.name = name
        self._real = real
        self._outputs = outputs
        self._process = os.getpid()
        self._lock = threading.RLock()

    encoding = "utf-8"
    errors = "backslashreplace"
    buffer: Any = None

    def write(self, text: str) -> int:
        """Write text, also text that is not valid Unicode."""
        if not isinstance(text, str):
            raise TypeError("write() argument must be str, not " + type(text).__name__)
        safe = text.encode("utf-8", "backslashreplace").decode("utf-8")
        with self._lock:
            if os.getpid() == self._process:
                self._outputs.stream(self.name, safe)
            try:
                self._real.write(safe)
                self._real.flush()
            except OSError:
                pass  # nobody reads the log any more; the run itself goes on
        return len(text)

    def writelines(self, lines: Iterable[Any]) -> None:
        """Write each of the lines."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing is held back."""

    def fileno(self) -> int:
        """Return the real descriptor, for subprocesses that are given this stream."""
        return self._real.fileno()

    def isatty(self) -> bool:
        """Return False: nobody sits there."""
        return False

    def writable(self) -> bool:
        """Return True."""
        return True


class BinaryTee(io.RawIOBase):
    """The ``buffer`` of a Tee: bytes become text, undecodable ones replaced."""

    def __init__(self, text: Tee) -> None:
        self._text = text

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Any) -> Optional[int]:
        """Write bytes."""
        content = bytes(data)
        self._text.write(content.decode("utf-8", "replace"))
        return len(content)


def tee(name: str, real: TextIO, outputs: Outputs) -> Tee:
    """Return a Tee with its binary side attached."""
    stream = Tee(name, real, outputs)
    stream.buffer = BinaryTee(stream)
    return stream
