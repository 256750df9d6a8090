"""The version of a release: MAJOR.MINOR.PATCH, by rule, from what really changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import total_ordering
from typing import Any

from jupyter_modelpack.errors import InvalidInput

_LINE = r"[a-z](?:[a-z0-9-]*[a-z0-9])?"
_SHAPE = re.compile(
    r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})"
    rf"(?:-({_LINE})\.([1-9]\d{{0,5}}))?\Z",
    re.ASCII,
)
LONGEST = 32
LONGEST_LINE = 18


@total_ordering
@dataclass(frozen=True)
class Version:
    """Three numbers, and on a named line its name and a fourth: ``1.5.0-try-xgboost.1``.

    Ordered as Semantic Versioning 2.0.0 orders them (section 11): a line comes before the release
    that it may become.
    """

    major: int
    minor: int
    patch: int
    line: str = ""
    number: int = 0

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read ``1.4.0``; anything else, ``latest`` and ``v7`` among it, raises InvalidInput."""
        match = _SHAPE.match(text) if len(text) <= LONGEST else None
        if match is None:
            raise InvalidInput(
                f"{text!r:.60} is not a version.", field="version", advice="Write it as 1.4.0."
            )
        major, minor, patch, line, number = match.groups()
        return cls(int(major), int(minor), int(patch), line or "", int(number or 0))

    def __str__(self) -> str:
        tail = f"-{self.line}.{self.number}" if self.line else ""
        return f"{self.major}.{self.minor}.{self.patch}{tail}"

    def __lt__(self, other: Version) -> bool:
        return self._key < other._key

    @property
    def _key(self) -> tuple[int, int, int, bool, str, int]:
        numbers = (self.major, self.minor, self.patch)
        return (*numbers, not self.line, self.line, self.number)

    def on(self, line: str, number: int) -> Version:
        """Return the version on a named line that leads to this one."""
        return Version(self.major, self.minor, self.patch, line, number)


def highest(texts: Iterable[str], line: str | None = None) -> str | None:
    """Return the highest of many versions on a line, or on none (``""``); None: there is none.

    Without a line it is the highest that is on none, or, where all are on lines, of those.
    """
    best: dict[bool, tuple[tuple[Any, ...], str]] = {}
    for text in texts:  # thousands, so that no Version is made of each
        match = _SHAPE.match(text)
        if match is None or (line is not None and (match[4] or "") != line):
            continue
        numbers = (int(match[1]), int(match[2]), int(match[3]))
        key = (*numbers, not match[4], match[4] or "", int(match[5] or 0))
        on_line = bool(match[4])
        if on_line not in best or best[on_line][0] < key:
            best[on_line] = (key, text)
    found = best.get(False) or best.get(True)
    return found[1] if found else None


def checked_line(text: str) -> str:
    """Return the name of a line, or raise InvalidInput: lower case letters, digits and dashes."""
    if len(text) > LONGEST_LINE or re.fullmatch(_LINE, text, re.ASCII) is None:
        raise InvalidInput(
            f"{text!r:.60} cannot be the name of a line.",
            field="line",
            advice="Use up to 18 small letters, digits and dashes, such as try-xgboost.",
        )
    return text


@dataclass(frozen=True)
class Content:
    """What the version rule looks at: parameter types by name, and digests of the rest.

    ``cells`` holds one digest for each code cell that runs, in order; ``packages`` maps a
    distribution to its version. ``serves`` is the signature that the served image answers with.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    cells: tuple[str, ...] = ()
    code: str = ""
    data: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    serves: str = ""


FIRST = Version(1, 0, 0)


def next_version(parent: tuple[Version, Content] | None, content: Content) -> tuple[Version, str]:
    """Return the version that follows ``parent`` and one sentence that says why.

    *Major* when a parameter was removed, renamed or got another type, or a served signature
    changed; *minor* when cells, local code or data changed; *patch* when only the environment did.
    """
    if parent is None:
        return FIRST, "First release."
    version, before = parent
    broken = _broken_interface(before, content)
    if broken:
        return Version(version.major + 1, 0, 0), f"Major: {broken}."
    changed = _changed_content(before, content)
    if changed:
        added = sorted(set(content.parameters) - set(before.parameters))
        new = f"new {_word(len(added), 'parameter')} {', '.join(added)}"
        tail = new if added else "same parameters"
        return Version(version.major, version.minor + 1, 0), f"Minor: {changed}, {tail}."
    return (
        Version(version.major, version.minor, version.patch + 1),
        f"Patch: {_changed_environment(before, content)}, same code and data.",
    )


def next_on_line(
    line: str,
    trunk: tuple[Version, Content] | None,
    newest: tuple[Version, Content] | None,
    content: Content,
) -> tuple[Version, str]:
    """Return the version that follows on a named line, and one sentence that says why.

    ``trunk`` is the newest release without a line, whose successor the line leads to; ``newest``
    is the newest one on the line itself.
    """
    aim, why = next_version(trunk, content)
    if newest is None:
        return aim.on(line, 1), f"First on the line {line}. {why}"
    before = newest[0]
    number = before.number + 1 if before.on(line, 1) == aim.on(line, 1) else 1
    return aim.on(line, number), f"On the line {line}. {next_version(newest, content)[1]}"


def _broken_interface(before: Content, after: Content) -> str:
    broken = _broken_parameters(before.parameters, after.parameters)
    if before.serves and before.serves != after.serves:
        now = f"is now {after.serves}" if after.serves else "is gone"
        served = f"the served {before.serves} {now}"
        return f"{broken}; {served}" if broken else served
    return broken


def _broken_parameters(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    gone = sorted(set(before) - set(after))
    retyped = sorted(name for name in before if name in after and before[name] != after[name])
    parts = []
    if gone:
        parts.append(f"{_word(len(gone), 'parameter')} {', '.join(gone)} removed")
    parts += [f"parameter {name} is now {after[name]}, was {before[name]}" for name in retyped]
    return "; ".join(parts)


def _changed_content(before: Content, after: Content) -> str:
    parts = []
    cells = len(set(after.cells) - set(before.cells)) or len(set(before.cells) - set(after.cells))
    if before.cells != after.cells:
        parts.append(f"{_count(cells, 'cell')} changed" if cells else "cells in another order")
    elif before.code != after.code:
        parts.append("local code changed")
    if before.data != after.data:
        parts.append("data changed")
    return " and ".join(parts)


def _changed_environment(before: Content, after: Content) -> str:
    if before.python != after.python:
        return f"Python {after.python} instead of {before.python}"
    names = sorted(
        name
        for name in {*before.packages, *after.packages}
        if before.packages.get(name) != after.packages.get(name)
    )
    if len(names) == 1:
        return f"package {names[0]} changed"
    return f"{_count(len(names), 'package')} changed" if names else "the environment changed"


def _word(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"


def _count(count: int, noun: str) -> str:
    return f"{count} {_word(count, noun)}"
