"""Pace: when something is tried again, and how long to wait until then."""

from __future__ import annotations

import email.utils
import random
import time
from typing import Protocol

AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))
_FIRST = 0.4
_LONGEST = 20.0


class Pace(Protocol):
    """Time and chance."""

    def monotonic(self) -> float:
        """Return seconds that only grow."""

    def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""

    def random(self) -> float:
        """Return a number from 0 to 1."""

    def now(self) -> float:
        """Return seconds since 1970."""


class RealPace:
    """The time of this machine."""

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)
    random = staticmethod(random.random)
    now = staticmethod(time.time)


def pause(attempt: int, chance: float, asked: float | None) -> float:
    """Return the seconds to wait before an attempt (1: the first repetition).

    That is between half and all of a delay that doubles, and never less than was asked for.
    """
    delay = min(_LONGEST, _FIRST * 2.0 ** (attempt - 1)) * (0.5 + chance / 2)
    return max(delay, asked or 0.0)


def retry_after(value: str | None, now: float) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks for (RFC 9110, 10.2.3), or None."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
