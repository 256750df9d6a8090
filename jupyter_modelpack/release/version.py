"""The version of a release: MAJOR.MINOR.PATCH, by rule, from what really changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from jupyter_modelpack.errors import InvalidInput

_SHAPE = re.compile(r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\Z")


@dataclass(frozen=True, order=True)
class Version:
    """Three numbers, ordered as Semantic Versioning 2.0.0 orders them (section 11)."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read ``1.4.0``; anything else, ``latest`` and ``v7`` among it, raises InvalidInput."""
        match = _SHAPE.match(text)
        if match is None:
            raise InvalidInput(
                f"{text!r:.60} is not a version.", field="version", advice="Write it as 1.4.0."
            )
        return cls(*(int(part) for part in match.groups()))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


@dataclass(frozen=True)
class Content:
    """What the version rule looks at: parameter types by name, and digests of the rest.

    ``cells`` holds one digest for each code cell that runs, in order; ``packages`` maps a
    distribution to its version.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    cells: tuple[str, ...] = ()
    code: str = ""
    data: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    python: str = ""


FIRST = Version(1, 0, 0)


def next_version(parent: tuple[Version, Content] | None, content: Content) -> tuple[Version, str]:
    """Return the version that follows ``parent`` and one sentence that says why.

    *Major* when a parameter was removed, renamed or got another type; *minor* when cells, local
    code or data changed; *patch* when only the environment did.
    """
    if parent is None:
        return FIRST, "First release."
    version, before = parent
    broken = _broken_parameters(before.parameters, content.parameters)
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
