"""Ending a run from outside: the time limit and SIGTERM, both so that results are still written."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any, Callable, Optional

GRACE = 5.0
_AGAIN = 1.5
_OURS = (signal.SIGTERM, signal.SIGINT)
_held = threading.local()


class Interrupted(BaseException):
    """Raised inside the running cell; ``except Exception`` does not catch it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Stopper:
    """Interrupts the cell that runs; if that does not help, ``give_up(reason)`` is called."""

    def __init__(self, seconds: Optional[float], give_up: Callable[[str], None]) -> None:
        self.reason: Optional[str] = None
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._give_up = give_up
        self._armed = False
        self._asked = threading.Event()
        self._done = threading.Event()
        self._process = os.getpid()

    def start(self) -> None:
        """Take over SIGTERM and SIGINT and watch the clock."""
        signal.signal(signal.SIGTERM, self._signal)
        signal.signal(signal.SIGINT, self._signal)
        os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_as_usual)
        threading.Thread(target=self._watch, name="modelpack-stop", daemon=True).start()

    def __enter__(self) -> None:
        self._armed = True
        if self.reason:
            raise Interrupted(self.reason)

    def __exit__(self, *_: Any) -> None:
        self._armed = False

    def finish(self) -> None:
        """Let the run end in peace."""
        self._armed = False
        self._done.set()
        self._asked.set()

    def _signal(self, *_: Any) -> None:
        if self.reason is None:
            self.reason = "abort"
            self._asked.set()
        if self._armed:
            raise Interrupted(self.reason)

    def _watch(self) -> None:
        left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        if not self._asked.wait(left):
            self.reason = "limit"
            os.kill(self._process, signal.SIGTERM)
        until = time.monotonic() + GRACE
        while time.monotonic() < until:
            if self._done.wait(_AGAIN):
                return
            if self._armed:  # the notebook caught the first one
                os.kill(self._process, signal.SIGTERM)
        if not self._done.is_set():
            self._give_up(self.reason or "abort")


# A child inherits our handlers, and Python forgets signals that came before its first step: held
# back until then, they end it as they would without us (Pool.terminate would wait for ever).
def _hold() -> None:
    _held.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _OURS)


def _let_go() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _held.mask)


def _as_usual() -> None:
    for number in _OURS:
        signal.signal(number, signal.SIG_DFL)
    _let_go()
