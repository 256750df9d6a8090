"""The lines that differ between two texts, with nothing in them hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

# Above this many pairs of lines, the old text is shown whole before the new one.
_PAIRS = 1_000_000
_AROUND = 2
# Characters that are not seen, or that change how others are shown: a reviewer must see them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)


@dataclass(frozen=True)
class Line:
    """One line of a difference; a gap stands for ``count`` unchanged lines."""

    kind: Literal["same", "added", "removed", "gap"]
    text: str
    count: int = 1


def plainly(text: str) -> str:
    """Return a text in which nothing is hidden: unseen characters are named."""
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def diff_lines(before: str | None, after: str | None) -> tuple[Line, ...]:
    """Return what was removed and added, with a few lines around each change."""
    old, new = _lines(before), _lines(after)
    if not old or not new or len(old) * len(new) > _PAIRS:
        return (*_all("removed", old), *_all("added", new))
    found: list[Line] = []
    for kind, first, last, begin, end in SequenceMatcher(None, old, new, False).get_opcodes():
        if kind == "equal":
            found += _all("same", old[first:last])
        else:
            found += (*_all("removed", old[first:last]), *_all("added", new[begin:end]))
    return tuple(_folded(found))


def _lines(text: str | None) -> list[str]:
    return [plainly(line) for line in re.split("\r?\n", text)] if text else []


def _all(kind: Literal["same", "added", "removed"], texts: Sequence[str]) -> list[Line]:
    return [Line(kind, text) for text in texts]


def _folded(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield the lines, with runs that are far from any change as one gap each."""
    changed = [index for index, line in enumerate(lines) if line.kind != "same"]
    near = {n for index in changed for n in range(index - _AROUND, index + _AROUND + 1)}
    skipped = 0
    for index, line in enumerate(lines):
        if index not in near:
            skipped += 1
            continue
        if skipped:
            yield Line("gap", "", skipped)
            skipped = 0
        yield line
    if skipped:
        yield Line("gap", "", skipped)
