"""How pages write numbers, sizes, times and names."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from jupyter_modelpack.services.line_diff import plainly

_UNITS = ("B", "kB", "MB", "GB", "TB")
_SPANS = ((86400, "day"), (3600, "hour"), (60, "minute"))
_PHASES = {
    "Checking": ("running", "being checked"),
    "Waiting": ("waiting", "waiting for approval"),
    "Deploying": ("running", "on its way"),
    "Active": ("ok", "active"),
    "Rejected": ("bad", "rejected"),
    "Failed": ("bad", "refused"),
    "Errored": ("bad", "something broke"),
    "Withdrawn": ("ended", "withdrawn"),
    "Superseded": ("ended", "replaced"),
}
_OUTCOMES = {
    "passed": ("ok", "✓", "passed"),
    "failed": ("bad", "✕", "not passed"),
    "waiting": ("waiting", "◌", "waited for"),
    "unknown": ("warn", "?", "could not be checked"),
}


def phase_word(phase: str) -> str:
    """Return a phase in the reader's words."""
    return _PHASES.get(phase, ("ended", phase))[1]


def phase_tone(phase: str) -> str:
    """Return the tone in which a phase is shown."""
    return _PHASES.get(phase, ("ended", phase))[0]


def outcome(word: str) -> tuple[str, str, str]:
    """Return the tone, the sign and the words for the outcome of a check."""
    return _OUTCOMES.get(word, _OUTCOMES["unknown"])


def size(count: Any) -> str:
    """Return bytes in decimal units: ``347 MB``, ``4.9 kB``."""
    if not isinstance(count, (int, float)):
        return "unknown"
    value, unit = float(count), 0
    while abs(value) >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    digits = 1 if unit and abs(value) < 9.95 else 0
    return f"{number(round(value, digits))} {_UNITS[unit]}"


def number(value: Any) -> str:
    """Return a number with at most three decimals, or any other value in one line."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "" if value is None else plainly(str(value))
    if value != value or abs(value) == float("inf"):
        return str(value)
    if value and abs(value) < 0.001:
        return f"{value:.3g}"
    text = f"{value:,.3f}" if abs(value) < 1e15 else f"{value:.3g}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def moment(text: str | None) -> str:
    """Return a time for people: ``23 November 2026 10:02 UTC``."""
    when = _parsed(text)
    return f"{when.day} {when:%B %Y %H:%M} UTC" if when else str(text or "")


def ago(text: str | None) -> str:
    """Return how long ago a time is: ``12 minutes ago``; after a month, the day."""
    when = _parsed(text)
    if when is None:
        return str(text or "")
    seconds = (datetime.now(timezone.utc) - when).total_seconds()
    if seconds >= 30 * 86400:
        return f"on {when.day} {when:%B %Y}"
    for length, word in _SPANS:
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {word}{'' if count == 1 else 's'} ago"
    return "just now" if seconds > -60 else f"{moment(text)}, by another clock"


def lasting(text: str | None) -> str:
    """Return for how long something is so: ``for 12 minutes``; after a month, since which day."""
    words = ago(text)
    if words.endswith(" ago"):
        return f"for {words.removesuffix(' ago')}"
    return "since just now" if words == "just now" else words.replace("on ", "since ", 1)


def short(digest: Any) -> str:
    """Return a digest that fits a line: ``sha256:9f2c7d…41ab``."""
    algorithm, _, value = str(digest or "").rpartition(":")
    if len(value) <= 16:
        return str(digest or "")
    return f"{algorithm}{':' if algorithm else ''}{value[:6]}…{value[-4:]}"


def middle(name: Any, most: int = 36) -> str:
    """Return a name, cut in the middle where it is long."""
    text = plainly(str(name))
    if len(text) <= most:
        return text
    keep = (most - 1) // 2
    return f"{text[:keep]}…{text[-keep:]}"


def capital(text: Any) -> str:
    """Return a text that begins with a capital, and leave the rest."""
    return str(text)[:1].upper() + str(text)[1:]


def face(name: Any) -> str:
    """Return the letter that stands for a person."""
    return next((char.upper() for char in str(name) if char.isalnum()), "?")


def value(thing: Any) -> str:
    """Return a value of any kind in one line, with nothing hidden."""
    if thing is None:
        return "–"
    if isinstance(thing, str):
        return plainly(thing)
    return number(thing) if isinstance(thing, (int, float)) else plainly(json.dumps(thing))


def _parsed(text: str | None) -> datetime | None:
    try:
        when = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=timezone.utc)


FILTERS = {
    each.__name__: each
    for each in (
        *(
            phase_word,
            phase_tone,
            outcome,
            size,
            number,
            moment,
            ago,
            lasting,
            short,
            middle,
            capital,
        ),
        *(face, value, plainly),
    )
}
