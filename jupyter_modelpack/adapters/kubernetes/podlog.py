"""A pod's log, taken apart: what the notebook printed, its events, and the files it carries.

Lines come with times (``timestamps=true``), by which reading goes on after a break without losing
or repeating any: the API takes a start in whole seconds, and what was read already is left out.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

_MOST_BYTES = 256 << 20
_MOST_FILES = 10_000
_RESULTS = (".modelpack/result.json", ".modelpack/executed.ipynb", ".modelpack/events.jsonl")


@dataclass(frozen=True)
class Mark:
    """The last time that was read, and how many lines of that very time."""

    time: str = ""
    lines: int = 0

    @classmethod
    def parse(cls, text: str) -> Mark:
        """Read what ``str`` returned; anything else is the beginning."""
        time, _, lines = text.partition(" ")
        return cls(time, int(lines)) if time and lines.isdigit() else cls()

    def __str__(self) -> str:
        return f"{self.time} {self.lines}" if self.time else ""

    @property
    def since(self) -> str | None:
        """The ``sinceTime`` to ask for: the same second, as the API knows no finer one."""
        return f"{self.time[:19]}Z" if self.time else None


def new_lines(log: str, mark: Mark) -> tuple[list[str], Mark]:
    """Return the lines after a mark without their times, and the mark behind them.

    A last line without an end is left for the next time: it may still grow.
    """
    whole = log[: log.rfind("\n") + 1]
    lines: list[str] = []
    here = mark
    repeated = 0
    for line in whole.split("\n")[:-1]:
        time, space, text = line.partition(" ")
        if not space or not _is_time(time):
            lines.append(line)  # the rest of a line that the container runtime has cut
            continue
        at = _comparable(time)
        last = _comparable(mark.time) if mark.time else ""
        if at < last:
            continue
        if at == last:
            repeated += 1
            if repeated <= mark.lines:
                continue
        here = Mark(time, here.lines + 1) if time == here.time else Mark(time, 1)
        lines.append(text)
    return lines, here


def _is_time(text: str) -> bool:
    return len(text) >= 20 and text[4] == "-" and text[10] == "T" and text[:4].isdigit()


def _comparable(time: str) -> str:
    """Return a time that sorts as text: nine digits of a second, without the zone, which is UTC."""
    whole, _, rest = time.removesuffix("Z").partition(".")
    return f"{whole[:19]}.{rest[:9]:0<9}"


def separated(lines: Iterable[str], token: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the text of lines, and the frames in them as (kind, payload)."""
    begin = f"\x1emodelpack {token} "
    text: list[str] = []
    frames: list[tuple[str, str]] = []
    for line in lines:
        before, found, rest = line.partition(begin)
        text.append(before)
        if not found or not rest.endswith("\x1e"):
            text.append(f"{found}{rest}\n")
            continue
        kind, _, payload = rest[:-1].partition(" ")
        frames.append((kind, payload))
    return "".join(text), frames


def events(frames: Iterable[tuple[str, str]]) -> tuple[Mapping[str, Any], ...]:
    """Return the events among frames."""
    found = []
    for kind, payload in frames:
        with suppress(ValueError, RecursionError):
            event = json.loads(payload) if kind == "event" else None
            if isinstance(event, dict):
                found.append(event)
    return tuple(found)


def write_files(frames: Iterable[tuple[str, str]], folder: Path) -> list[Mapping[str, Any]] | None:
    """Write the files that frames carry into a new, empty folder; nothing is believed.

    Returns what was too large to be carried, or None when the files did not come to their end.
    """
    written = total = 0
    for kind, head, packed in _files(frames):
        if kind == "done":
            left = head.get("left")
            return (
                [each for each in left if isinstance(each, dict)] if isinstance(left, list) else []
            )
        path = PurePosixPath(str(head.get("path")))
        if hashlib.sha256(packed).hexdigest() != head.get("sha256") or not is_allowed(path):
            continue
        unpacked = zlib.decompressobj()
        with suppress(zlib.error, OSError):
            data = unpacked.decompress(packed, _MOST_BYTES - total)
            written, total = written + 1, total + len(data)
            if unpacked.unconsumed_tail or written > _MOST_FILES:
                return None
            _write(folder, path, data)
    return None


def _files(frames: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Mapping[str, Any], bytes]]:
    head: Mapping[str, Any] | None = None
    packed = bytearray()
    for kind, payload in frames:
        if kind == "part" and head is not None:
            with suppress(ValueError):
                packed += base64.b64decode(payload, validate=True)
        elif kind in ("file", "done"):
            if head is not None:
                yield "file", head, bytes(packed)
            head, packed = None, bytearray()
            with suppress(ValueError, RecursionError):
                found = json.loads(payload)
                head = found if isinstance(found, dict) else None
            if kind == "done":
                yield "done", head or {}, b""
                return


def deposit(frames: Iterable[tuple[str, str]]) -> Mapping[str, Any]:
    """Return what the frames say of results in a registry, if anything."""
    for kind, payload in frames:
        if kind == "deposit":
            with suppress(ValueError, RecursionError):
                found = json.loads(payload)
                return found if isinstance(found, dict) else {}
    return {}


def is_allowed(path: PurePosixPath) -> bool:
    """Tell whether a run may have left a file at this path below its folder."""
    parts = path.parts
    if not parts or path.is_absolute() or ".." in parts or "\0" in str(path):
        return False
    return str(path) in _RESULTS if parts[0] == ".modelpack" else True


def _write(folder: Path, path: PurePosixPath, data: bytes) -> None:
    """Write a file below a folder that nobody else writes to."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(target, flags, 0o644), "wb") as stream:
        stream.write(data)
