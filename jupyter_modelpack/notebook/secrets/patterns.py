"""Patterns: how each well-known kind of secret is recognised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from jupyter_modelpack.notebook.secrets.shapes import CLOUD, CODE, GENERAL, MODELS, SERVICES


@dataclass(frozen=True)
class Pattern:
    """One kind of secret: its name for people, texts one of which must be there, its shape."""

    name: str
    marks: tuple[str, ...]
    expression: str

    @cached_property
    def shape(self) -> re.Pattern[str]:
        """The expression, compiled when it is first needed: all together take 0.1 s."""
        return re.compile(self.expression)


# What stands before a secret may be an escaped line end or an encoded sign, as in `\\nAKIA...`.
_START = r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrt])|(?<=%[0-9A-F]{2}))"
_END = r"(?![A-Za-z0-9_])"


def _patterns(table: str) -> Iterator[Pattern]:
    entry: list[str] = []
    for row in [*table.strip().splitlines(), ""]:
        if row.startswith(" "):
            entry.append(row.strip())
            continue
        if entry:
            name, marks, *shape = entry
            text = "".join(shape)
            text = text[1:].lstrip() if text.startswith("~") else f"{_START}(?:{text}){_END}"
            yield Pattern(name, tuple(marks.split(", ")), text)
        entry = [row]


PATTERNS: tuple[Pattern, ...] = tuple(
    pattern for table in (CLOUD, CODE, MODELS, SERVICES, GENERAL) for pattern in _patterns(table)
)

MARKS: tuple[tuple[str, Pattern], ...] = tuple(
    (mark, pattern) for pattern in PATTERNS for mark in pattern.marks
)


_IN_FULL = frozenset(
    {"PRIVATE KEY", "PuTTY-User-Key-File", "earer", "asic", "key", "wandb", "ngrok", "://"}
)
_LONG = 20_000
_RUN = re.compile(r"[A-Za-z0-9_.~+/=%$:-]{20,}")


def possible(text: str) -> list[Pattern]:
    """Return the patterns one of whose marks a text holds, in the order of the tables."""
    # Most of a long log is short words: only its long runs can hold a token with a mark.
    runs = " ".join(_RUN.findall(text)) if len(text) > _LONG else text
    return list(
        dict.fromkeys(
            pattern
            for mark, pattern in MARKS
            if mark in runs or (mark in _IN_FULL and runs is not text and mark in text)
        )
    )
