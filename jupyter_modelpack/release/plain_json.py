"""JSON documents that are evidence: written in one way only, and read without any leniency."""

from __future__ import annotations

import json
from typing import Any

from jupyter_modelpack.errors import InvalidInput

LARGEST = 16 << 20


def render(value: Any) -> bytes:
    """Return the one text for a value: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def parse(data: bytes) -> dict[str, Any]:
    """Return the JSON object in ``data``.

    Raises InvalidInput for anything else, and for what two readers may read differently: a key that
    is there twice, NaN, text that is not UTF-8, more than ``LARGEST`` bytes.
    """
    if len(data) > LARGEST:
        raise InvalidInput(f"It has {len(data)} bytes, which is too many.", field="document")
    try:
        found = json.loads(
            data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise InvalidInput("It is not plain JSON.", field="document") from error
    if not isinstance(found, dict):
        raise InvalidInput("It is not a JSON object.", field="document")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")
