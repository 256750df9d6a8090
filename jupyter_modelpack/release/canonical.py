"""Canonical JSON: one spelling for a value, so that its digest means the value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.digest import Digest

_DEEPEST = 32
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


def canonical(value: Any) -> bytes:
    """Return sorted, unspaced UTF-8 JSON; raises InvalidInput for what has no single spelling.

    Floats are among that: databases and languages write them differently, so they go in as text.
    """
    text = json.dumps(_plain(value, 0), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidInput("A text holds half of a character.", field="value") from None


def digest_of(value: Any) -> Digest:
    """Return the digest of the canonical JSON of ``value``."""
    return Digest.of(canonical(value))


def instant(moment: datetime) -> str:
    """Return a time in UTC with microseconds, always of the same length."""
    if moment.tzinfo is None:
        raise InvalidInput("A time needs its time zone.", field="time")
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parsed_instant(text: str) -> datetime:
    """Read what ``instant`` wrote; raises InvalidInput for anything else."""
    try:
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(text[:-1]).replace(tzinfo=timezone.utc)
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    except (TypeError, ValueError):
        raise InvalidInput(f"{text!r:.60} is not a time in UTC.", field="time") from None


def spoken_instant(moment: datetime) -> str:
    """Return a time for people: ``16 November 2026 09:12 UTC``."""
    utc = moment.astimezone(timezone.utc)
    return f"{utc.day} {utc:%B %Y %H:%M} UTC"


def spoken_span(span: timedelta) -> str:
    """Return a span for people, in its largest whole unit: ``a day``, ``36 hours``."""
    seconds = int(span.total_seconds())
    for unit, size in (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            article = "an" if unit == "hour" else "a"
            return f"{article} {unit}" if count == 1 else f"{count} {unit}s"
    return "a second" if seconds == 1 else f"{seconds} seconds"


def spoken_list(words: Sequence[str], last: str = "and") -> str:
    """Return words for a sentence: ``Rita, Omar and Kim``."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


def _plain(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, (str, int)):
        return value
    if depth > _DEEPEST:
        raise InvalidInput("A value is nested too deeply.", field="value")
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise InvalidInput("The names in a JSON object are text.", field="value")
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_plain(item, depth + 1) for item in value]
    kind = type(value).__name__
    raise InvalidInput(f"A {kind} has no single spelling; write it as text.", field="value")
