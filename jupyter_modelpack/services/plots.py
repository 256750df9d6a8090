"""The plots of a notebook as it ran: its PNG and JPEG pictures, checked and within limits."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_KINDS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_MOST = 12
_LARGEST = 2 << 20  # bytes, of one picture
_LARGEST_ALL = 6 << 20
_WIDEST = 10_000  # pixels, so that a small file cannot ask for a huge picture


@dataclass(frozen=True)
class Plot:
    """One picture: the cell that drew it, its media type and its bytes in base64."""

    cell: int
    kind: str
    data: str

    @property
    def address(self) -> str:
        """The picture as an address that loads nothing."""
        return f"data:{self.kind};base64,{self.data}"


@dataclass(frozen=True)
class Plots:
    """The pictures that are shown, and how many are not."""

    shown: tuple[Plot, ...] = ()
    left_out: int = 0


def plots_of(notebook: bytes) -> Plots:
    """Return the pictures of a notebook; one that is no picture or too large is left out."""
    shown: list[Plot] = []
    left_out = total = 0
    for cell, kind, text in _pictures(notebook):
        content = _decoded(text)
        total += len(content)
        fits = len(content) <= _LARGEST and total <= _LARGEST_ALL and len(shown) < _MOST
        if fits and content.startswith(_KINDS[kind]) and _small(kind, content):
            shown.append(Plot(cell, kind, base64.b64encode(content).decode("ascii")))
        else:
            left_out += 1
    return Plots(tuple(shown), left_out)


def _pictures(notebook: bytes) -> Iterator[tuple[int, str, str]]:
    try:
        loaded = json.loads(notebook)
    except (ValueError, RecursionError):
        return
    for number, cell in enumerate(_list(_get(loaded, "cells")), 1):
        for output in _list(_get(cell, "outputs")):
            data = _get(output, "data")
            for kind in _KINDS:
                text = _get(data, kind)
                if isinstance(text, list):
                    text = "".join(part for part in text if isinstance(part, str))
                if isinstance(text, str):
                    yield number, kind, text
                    break


def _decoded(text: str) -> bytes:
    if len(text) > 2 * _LARGEST:
        return bytes(_LARGEST + 1)
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _small(kind: str, content: bytes) -> bool:
    if kind != "image/png":
        return True
    width, height = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    return content[12:16] == b"IHDR" and 0 < width <= _WIDEST and 0 < height <= _WIDEST


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
