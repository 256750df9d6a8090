"""The pool: takes work from the queue and gives each piece to a process of its own."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.services.work import KILLED, SERVER_STOPPED, Work

LEASE_SECONDS = 20.0
_LOOK_SECONDS = 5.0
_GRACE_SECONDS = 10.0

Event = Mapping[str, str]


class Claims(Protocol):
    """The queue, as who does the work sees it."""

    def claim(self, owner: str, now: float, lease: float) -> Work | None:
        """Give the oldest work that waits to ``owner``."""

    def expire(self, now: float, held: Collection[str] = ()) -> Sequence[Work]:
        """Take back claims whose lease is over."""

    def worker_ended(
        self, ident: str, owner: str, error: Mapping[str, Any], now: float
    ) -> Work | None:
        """End work whose worker is gone without having ended it."""

    def give_back(
        self, ident: str, owner: str, error: Mapping[str, Any], now: float
    ) -> Work | None:
        """Let work wait for another worker, or end it."""


@dataclass(frozen=True)
class WorkerSpec:
    """How a worker process is started; what it needs to know goes through its standard input."""

    data_dir: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    workshop: str = "jupyter_modelpack.workshop:open_workshop"
    command: Sequence[str] = (sys.executable, "-m", "jupyter_modelpack.worker")
    lease_seconds: float = LEASE_SECONDS

    def start(self) -> subprocess.Popen[bytes]:
        """Start a process in a session of its own; raises OSError.

        Its folder is the data directory: Python looks for modules in the folder that it is started
        in, and the server's is full of other people's files.
        """
        Path(self.data_dir).mkdir(parents=True, exist_ok=True, mode=0o700)
        return subprocess.Popen(
            list(self.command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self.data_dir,
            start_new_session=True,
        )

    def order(self, **more: Any) -> bytes:
        """Return the first line that a worker reads."""
        order = {
            "data_dir": self.data_dir,
            "settings": dict(self.settings),
            "workshop": self.workshop,
            "lease_seconds": self.lease_seconds,
        }
        return json.dumps({**order, **more}).encode() + b"\n"


@dataclass
class _Working:
    work: Work
    owner: str
    process: subprocess.Popen[bytes]
    asked_at: float | None = None


class WorkerPool:
    """Runs at most ``most`` workers; ``tell`` hears of every change, from any thread."""

    def __init__(
        self,
        claims: Callable[[], Claims],
        spec: WorkerSpec,
        tell: Callable[[Event], None],
        *,
        most: int = 1,
        look_seconds: float = _LOOK_SECONDS,
        grace_seconds: float = _GRACE_SECONDS,
        log: logging.Logger | logging.LoggerAdapter[Any] | None = None,
    ) -> None:
        self._claims = claims
        self._spec = spec
        self._tell = tell
        self._most = most
        self._look_seconds = look_seconds
        self._grace_seconds = grace_seconds
        self._log = log or logging.getLogger(__name__)
        self._working: dict[str, _Working] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None

    def kick(self) -> None:
        """Look for waiting work now; the first kick starts the pool's thread."""
        with self._lock:
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(target=self._run, name="modelpack", daemon=True)
                self._thread.start()
        self._wake.set()

    def stop(self, ident: str) -> None:
        """Stop the process that does this work, if it is one of ours."""
        with self._lock:
            working = self._working.get(ident)
            if working is None:
                return
            if working.asked_at is None:
                working.asked_at = time.monotonic()
        _signal(working.process, signal.SIGTERM, group=False)
        self._wake.set()

    def close(self) -> None:
        """End all workers; builds wait for the next server, runs are over."""
        with self._lock:
            self._closing = True
            working = list(self._working.values())
        for each in working:
            self._quietly(self._give_back, each)
            _signal(each.process, signal.SIGTERM, group=False)
        self._wake.set()
        until = time.monotonic() + min(self._grace_seconds, 3.0)
        for each in working:
            with contextlib.suppress(subprocess.TimeoutExpired):
                each.process.wait(max(0.0, until - time.monotonic()))
            _signal(each.process, signal.SIGKILL, group=True)
        if self._thread is not None:
            self._thread.join(10.0)

    def _give_back(self, each: _Working) -> None:
        self._claims().give_back(each.work.id, each.owner, SERVER_STOPPED, time.time())

    def _run(self) -> None:
        while not self._closing:
            self._wake.clear()
            self._quietly(self._look)
            self._wake.wait(0.5 if self._impatient() else self._look_seconds)

    def _impatient(self) -> bool:
        with self._lock:
            return any(each.asked_at is not None for each in self._working.values())

    def _quietly(self, step: Callable[..., None], *arguments: Any) -> None:
        try:
            step(*arguments)
        except ModelPackError as error:
            self._log.warning("modelpack: %s", error)

    def _look(self) -> None:
        with self._lock:
            held = list(self._working)
            late = [each for each in self._working.values() if self._too_long(each)]
        for each in late:
            _signal(each.process, signal.SIGKILL, group=True)
        for moved in self._claims().expire(time.time(), held):
            self._announce(moved)
        while not self._closing and len(self._working) < self._most:
            owner = secrets.token_hex(16)
            claimed = self._claims().claim(owner, time.time(), self._spec.lease_seconds)
            if claimed is None:
                return
            self._start(claimed, owner)

    def _too_long(self, each: _Working) -> bool:
        return each.asked_at is not None and time.monotonic() - each.asked_at > self._grace_seconds

    def _start(self, claimed: Work, owner: str) -> None:
        try:
            process = self._spec.start()
        except OSError as error:
            self._log.warning("modelpack: a worker could not be started: %s", error.strerror)
            self._claims().worker_ended(claimed.id, owner, KILLED, time.time())
            return
        working = _Working(claimed, owner, process)
        with self._lock:
            self._working[claimed.id] = working
        threading.Thread(target=self._follow, args=(working,), daemon=True).start()
        if claimed.stop_asked:
            self.stop(claimed.id)

    def _follow(self, working: _Working) -> None:
        """Give a worker its order, pass on what it tells, and clean up after its end."""
        process, work = working.process, working.work
        assert process.stdin is not None and process.stdout is not None
        order = self._spec.order(kind=work.kind, id=work.id, owner=working.owner)
        with contextlib.suppress(OSError):
            process.stdin.write(order)
            process.stdin.flush()
        self._announce(work)
        with contextlib.suppress(OSError):
            self._listen(process.stdout, work)
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.stdout.close()
        # Whatever the worker started and left behind goes with it, while its id is still taken.
        with contextlib.suppress(ChildProcessError, AttributeError):  # macOS may not have it
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        try:
            if not self._closing:
                self._quietly(self._settle, working, code)
        finally:
            with self._lock:
                self._working.pop(work.id, None)
            self._wake.set()

    def _listen(self, stream: IO[bytes], work: Work) -> None:
        for line in stream:
            with contextlib.suppress(ValueError, TypeError, KeyError):
                said = json.loads(line)
                self._tell(_event(work, str(said["phase"]), str(said.get("step", ""))))

    def _settle(self, working: _Working, code: int) -> None:
        error = dict(KILLED)
        if code < 0:
            error["details"] = {"signal": -code}
        else:
            error["details"] = {"exit_code": code}
        ended = self._claims().worker_ended(working.work.id, working.owner, error, time.time())
        if ended is not None:
            self._log.warning("modelpack: a worker ended with %s before its work did", code)
            self._announce(ended)

    def _announce(self, work: Work) -> None:
        self._tell(_event(work, work.phase, ""))


def _event(work: Work, phase: str, step: str) -> Event:
    return {"kind": work.kind, "id": work.id, "phase": phase, "step": step}


def _signal(process: subprocess.Popen[bytes], number: int, *, group: bool) -> None:
    """Send a signal to a worker that still runs, or to it and everything that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if process.returncode is None:
            (os.killpg if group else os.kill)(process.pid, number)
