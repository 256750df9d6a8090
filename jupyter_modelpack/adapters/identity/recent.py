"""Answers that are good for a few seconds; only a yes is kept, never a no."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
_MOST = 1000


class Recent(Generic[T]):
    """Keeps positive answers about secrets, by their digest."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._kept: dict[bytes, tuple[float, T]] = {}

    def get(self, secret: str) -> T | None:
        """Return what was answered a moment ago, if anything."""
        until, answer = self._kept.get(_key(secret), (0.0, None))
        return answer if until > self._clock() else None

    def keep(self, secret: str, answer: T) -> T:
        """Keep an answer, and return it."""
        now = self._clock()
        if len(self._kept) >= _MOST:
            self._kept = {k: v for k, v in self._kept.items() if v[0] > now}
        if self._seconds > 0 and len(self._kept) < _MOST:
            self._kept[_key(secret)] = (now + self._seconds, answer)
        return answer


def _key(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
