"""Telling a cluster what came of a run: in the pod's log, and in short as its termination message.

Where nothing but the log leaves the pod, events and files travel in it as frames. A frame is
``RS modelpack TOKEN KIND PAYLOAD RS LF`` (RS is U+001E) of at most 4,096 bytes, which a pipe takes
in one piece (POSIX, PIPE_BUF), so that no other process writes into it. Kinds: ``event`` (JSON),
``file`` (JSON: path, size, packed, sha256), ``part`` (base64 of zlib data, of the file named last),
``done`` (JSON: what was too large), and where results are also left in a registry, ``deposit``
(JSON: artifact, or problem). The results come last.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

if TYPE_CHECKING:
    from .deposit import Deposit

TOKEN = "MODELPACK_REPORT"
LIMIT = "MODELPACK_REPORT_BYTES"
RESULTS = "MODELPACK_RESULTS"
RESULTS_LOGIN = "MODELPACK_RESULTS_LOGIN"
MOST_BYTES = 4 << 20
_MESSAGE_BYTES = 4000
_PART = 2880  # 3,840 letters of base64
_RESULTS = ("result.json", "executed.ipynb")
_KEPT_BY_LIBRARIES = frozenset({".modelpack", ".cache", ".config", ".ipython", ".local", ".keras"})
_MOST_FILES = 10_000


class File(NamedTuple):
    """What a run leaves: its path in the run's folder, its size in bytes, and where it is."""

    path: str
    size: int
    place: Path


class Report:
    """Writes frames on the standard output that the process was started with."""

    def __init__(self, token: str, work: Path, limit: int, message: Path) -> None:
        self._token = token.encode("ascii", "replace")
        self._work = work
        self._limit = limit
        self._message = message
        self._out = os.dup(1)
        self._deposit = _deposit(token)
        self._before = _snapshot(work)

    @classmethod
    def wanted(cls, work: Path) -> Optional[Report]:
        """Return a report when the environment asks for one."""
        token = os.environ.get(TOKEN)
        if not token:
            return None
        limit = os.environ.get(LIMIT, "")
        most = int(limit) if limit.isdigit() else MOST_BYTES
        return cls(token, work, most, Path("/dev/termination-log"))

    def event(self, line: str) -> None:
        """Pass an event on; one that does not fit into a frame is left out."""
        self._frame(b"event", line.strip().encode("ascii", "backslashreplace"))

    def finish(self, output: Path, result: Mapping[str, Any]) -> None:
        """Pass on the result, the executed notebook and what the run wrote, as far as it fits.

        All of it goes to the registry too, where there is one for it; a run that is aborted has
        no time for that.
        """
        self._say(result)
        files = list(self._files(output))
        self._carry(files)
        if self._deposit is not None and result.get("phase") != "Aborted":
            found = self._deposit.told(files)
            self._frame(b"deposit", json.dumps(found).encode("ascii"))
            self._say({**result, **found})

    def _say(self, result: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):
            if self._message.exists():
                self._message.write_bytes(_short(result))

    def _carry(self, files: List[File]) -> None:
        left, sent = [], 0
        for path, size, place in files:
            packed = b""
            if size <= 32 * self._limit:
                with contextlib.suppress(OSError):
                    packed = self._packed(place)
            if not packed or sent + len(packed) > self._limit:
                left.append({"path": path, "size": size})
                continue
            sent += len(packed)
            self._file(path, size, packed)
        while len(json.dumps(left)) > 3500:
            left.pop()
        self._frame(b"done", json.dumps({"left": left}).encode("ascii"))

    def _packed(self, place: Path) -> bytes:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with os.fdopen(os.open(str(place), flags), "rb") as stream:
            return zlib.compress(stream.read(), 6)

    def _file(self, path: str, size: int, packed: bytes) -> None:
        digest = hashlib.sha256(packed).hexdigest()
        head = {"path": path, "size": size, "packed": len(packed), "sha256": digest}
        self._frame(b"file", json.dumps(head).encode("ascii"))
        for start in range(0, len(packed), _PART):
            self._frame(b"part", base64.b64encode(packed[start : start + _PART]))

    def _files(self, output: Path) -> Iterator[File]:
        """Yield the results first, and then what the run wrote, the smallest first."""
        for name in _RESULTS:
            place = output / name
            with contextlib.suppress(OSError):
                yield File(".modelpack/" + name, place.stat().st_size, place)
        made: List[Tuple[int, str]] = []
        for path, facts in _snapshot(self._work).items():
            if self._before.get(path) != facts:
                made.append((facts[0], path))
        for size, path in sorted(made):
            yield File(path, size, self._work / path)

    def _frame(self, kind: bytes, payload: bytes) -> None:
        frame = b"\x1emodelpack " + self._token + b" " + kind + b" " + payload + b"\x1e\n"
        if len(frame) > 4096:
            return
        with contextlib.suppress(OSError):
            while frame:
                frame = frame[os.write(self._out, frame) :]


def _deposit(token: str) -> Optional[Deposit]:
    """Return the registry that results are left in, if any; few runs need a client for one."""
    if not os.environ.get(RESULTS):
        return None
    from .deposit import Deposit

    login = os.environ.get(RESULTS_LOGIN)
    return Deposit(os.environ[RESULTS], Path(login) if login else None, token)


def _snapshot(work: Path) -> Dict[str, Tuple[int, int]]:
    """Return path -> size and time of every regular file in the work directory."""
    found: Dict[str, Tuple[int, int]] = {}
    for folder, names, leaves in os.walk(str(work)):
        here = Path(folder)
        names[:] = sorted(set(names) - _KEPT_BY_LIBRARIES) if here == work else sorted(names)
        for leaf in sorted(leaves):
            place = here / leaf
            with contextlib.suppress(OSError):
                facts = place.lstat()
                if place.is_file() and not place.is_symlink():
                    found[place.relative_to(work).as_posix()] = (facts.st_size, facts.st_mtime_ns)
        if len(found) > _MOST_FILES:
            break
    return found


def _short(result: Mapping[str, Any]) -> bytes:
    """Return the result in the 4,096 bytes that a termination message may have."""
    known = ("phase", "cell", "cells", "reached_limit", "seconds")
    kept = {key: result.get(key) for key in known}
    kept.update((key, result[key]) for key in ("artifact", "problem") if key in result)
    error = result.get("error")
    if isinstance(error, dict):
        error = {**error, "evalue": str(error.get("evalue"))[:500]}
    failed = [check for check in result.get("checks") or () if not check.get("passed")][:1]
    checks = [{**check, "message": str(check.get("message"))[:500]} for check in failed]
    whole = {**kept, "error": error, "checks": checks, "metrics": result.get("metrics") or {}}
    for candidate in (whole, {**whole, "metrics": {}}, {**kept, "error": None}):
        text = json.dumps(candidate, default=str).encode("ascii")
        if len(text) <= _MESSAGE_BYTES:
            return text
    return b""
