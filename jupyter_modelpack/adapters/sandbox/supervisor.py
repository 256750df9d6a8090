"""Watches one container to its end: log and events as they come, limits, and stopping it."""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import selectors
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from jupyter_modelpack.adapters.sandbox import processes
from jupyter_modelpack.adapters.sandbox.container import Container, Launcher, Running
from jupyter_modelpack.adapters.sandbox.results import open_result

TICK = 0.05
LOOK_AT_MEMORY = 0.2
GRACE = 10.0
DRAIN = 1.0
MOST_PROCESSES = 4096
_READ = 1 << 16
_LONGEST_LINE = 1 << 20
_CLOSED, _NOTHING_YET = 0, -1

Cause = Literal["cancelled", "limit", "memory", "processes"]


@dataclass(frozen=True)
class Ended:
    """How a container ended: its exit code, what made us end it, and its greatest memory."""

    exit_code: int
    cause: Cause | None
    peak_memory: int
    seconds: float


@dataclass
class _Watched:
    running: Running
    begun: float = field(default_factory=time.monotonic)
    cause: Cause | None = None
    kill_at: float | None = None
    peak: int = 0
    next_look: float = 0.0


class Supervisor:
    """Runs containers; ``on_event`` and ``on_log`` are called while they run, in this thread."""

    def __init__(
        self,
        on_event: Callable[[Mapping[str, Any]], None],
        on_log: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self._on_event = on_event
        self._on_log = on_log
        self._cancelled = cancelled

    def run(self, launcher: Launcher, container: Container, time_limit: float | None) -> Ended:
        """Start the container and return when it and all that it started have ended."""
        read, write = os.pipe()
        os.set_blocking(read, False)
        events = _Events(container.work, self._on_event)
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        try:
            watched = _Watched(launcher.start(container, write))
        except BaseException:
            os.close(read)
            raise
        finally:
            os.close(write)
        process = watched.running.process
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(read, selectors.EVENT_READ)
                while process.poll() is None:
                    if selector.select(TICK) and self._pass_on(read, decode) == _CLOSED:
                        selector.unregister(read)
                        with contextlib.suppress(subprocess.TimeoutExpired):
                            process.wait(TICK)  # nearly always it has just ended
                    events.pass_on()
                    self._look(watched, container, time_limit)
            watched.running.kill()
            until = time.monotonic() + DRAIN
            while self._pass_on(read, decode) > _CLOSED and time.monotonic() < until:
                pass
            events.pass_on()
        finally:
            watched.running.kill()
            process.wait()
            os.close(read)
        seconds = time.monotonic() - watched.begun
        return Ended(process.returncode, watched.cause, watched.peak, seconds)

    def _pass_on(self, read: int, decode: Callable[[bytes], str]) -> int:
        """Hand on what there is of the log; return its bytes, or that there is none, or no more."""
        try:
            data = os.read(read, _READ)
        except BlockingIOError:
            return _NOTHING_YET
        text = decode(data)
        if text:
            self._on_log(text)
        return len(data)

    def _look(self, watched: _Watched, container: Container, time_limit: float | None) -> None:
        now = time.monotonic()
        if watched.kill_at is not None:
            if now > watched.kill_at:
                watched.running.kill()
            return
        if self._cancelled():
            self._end(watched, "cancelled", GRACE)
        elif time_limit is not None and now > watched.begun + time_limit + GRACE:
            self._end(watched, "limit", 0.0)  # the image's own clock did not end it
        elif now >= watched.next_look:
            watched.next_look = now + LOOK_AT_MEMORY
            members = watched.running.members()
            memory = processes.resident(members)
            limit = container.memory_limit
            if limit is not None and memory > limit:
                memory = processes.proportional(members)
            watched.peak = max(watched.peak, memory)
            if limit is not None and memory > limit:
                self._end(watched, "memory", 0.0)
            elif len(members) > MOST_PROCESSES:
                self._end(watched, "processes", 0.0)

    @staticmethod
    def _end(watched: _Watched, cause: Cause, grace: float) -> None:
        watched.cause = cause
        watched.kill_at = time.monotonic() + grace
        if grace:
            watched.running.stop()
        else:
            watched.running.kill()


class _Events:
    """Follows ``events.jsonl`` as the run appends to it."""

    def __init__(self, work: Path, on_event: Callable[[Mapping[str, Any]], None]) -> None:
        self._work = work
        self._on_event = on_event
        self._position = 0
        self._rest = b""

    def pass_on(self) -> None:
        data = b""
        with contextlib.suppress(OSError), open_result(self._work, "events.jsonl") as stream:
            stream.seek(self._position)
            data = stream.read(_LONGEST_LINE)
        self._position += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            self._rest = b""
        for line in lines:
            with contextlib.suppress(ValueError, RecursionError):
                event = json.loads(line)
                if isinstance(event, dict) and isinstance(event.get("event"), str):
                    self._on_event(event)
