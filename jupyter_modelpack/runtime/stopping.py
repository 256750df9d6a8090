"""Ending a run from outside: the time limit and SIGTERM, both so that results are still written."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from typing import Any, Callable, Optional

GRACE = 5.0
_AGAIN = 1.5
_SOON = 0.1
_OURS = (signal.SIGTERM, signal.SIGINT)
_held = threading.local()


class Interrupted(BaseException):
    """Raised inside the running cell; ``except Exception`` does not catch it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Stopper:
    """Interrupts the cell that runs; if that does not help, ``give_up(reason)`` is called.

    A signal that comes in the moment before a cell begins to wait for something does not wake it:
    Python calls no handler until the wait is over. So a thread hears of signals from the
    interpreter itself (``signal.set_wakeup_fd``) and sends the main thread one more.
    """

    def __init__(self, seconds: Optional[float], give_up: Callable[[str], None]) -> None:
        self.reason: Optional[str] = None
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._give_up = give_up
        self._armed = False
        self._done = threading.Event()
        self._main = 0
        self._heard, self._told = -1, -1

    def start(self) -> None:
        """Take over SIGTERM and SIGINT and watch the clock; the main thread calls this."""
        self._main = threading.get_ident()
        self._heard, self._told = os.pipe()
        os.set_blocking(self._told, False)
        signal.signal(signal.SIGTERM, self._signal)
        signal.signal(signal.SIGINT, self._signal)
        signal.set_wakeup_fd(self._told, warn_on_full_buffer=False)
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
        self._tell()

    def _signal(self, *_: Any) -> None:
        if self.reason is None:
            self.reason = "abort"
            self._tell()  # a notebook may have taken the interpreter's word away from us
        if self._armed:
            raise Interrupted(self.reason)

    def _tell(self) -> None:
        with contextlib.suppress(OSError):
            os.write(self._told, bytes([signal.SIGTERM]))

    def _called(self) -> bool:
        """Wait until somebody wants an end, or until there is no time left, which is False."""
        while True:
            left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
            if not select.select([self._heard], [], [], left)[0]:
                return False
            if any(number in _OURS for number in os.read(self._heard, 4096)):
                return True

    def _watch(self) -> None:
        if not self._called():
            self.reason = "limit"
            self._kick()
        until = time.monotonic() + GRACE
        while time.monotonic() < until:
            if self._done.wait(_SOON if self.reason is None else _AGAIN):
                return
            if self._armed or self.reason is None:  # caught by the notebook, or not heard yet
                self._kick()
        if not self._done.is_set():
            self._give_up(self.reason or "abort")

    def _kick(self) -> None:
        signal.pthread_kill(self._main, signal.SIGTERM)


# A child inherits our handlers, and Python forgets signals that came before its first step: held
# back until then, they end it as they would without us (Pool.terminate would wait for ever).
def _hold() -> None:
    _held.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _OURS)


def _let_go() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _held.mask)


def _as_usual() -> None:
    signal.set_wakeup_fd(-1)
    for number in _OURS:
        signal.signal(number, signal.SIG_DFL)
    _let_go()
