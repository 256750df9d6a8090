"""The difference between two releases, for those who decide without opening the notebook."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """One thing that differs; a side where it is not there is None."""

    what: str | int
    before: Any
    after: Any

    def to_json(self, key: str) -> dict[str, Any]:
        """Return the JSON object, with the thing under ``key``."""
        return {key: self.what, "before": self.before, "after": self.after}


def changed_cells(before: Sequence[str], after: Sequence[str]) -> tuple[Change, ...]:
    """Return the cells that differ, numbered as they are after, or before when they are gone."""
    changes: list[Change] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, first, last, begin, end in matcher.get_opcodes():
        if kind == "equal":
            continue
        paired = min(last - first, end - begin)
        changes += [
            Change(begin + n + 1, before[first + n], after[begin + n]) for n in range(paired)
        ]
        changes += [Change(n + 1, before[n], None) for n in range(first + paired, last)]
        changes += [Change(n + 1, None, after[n]) for n in range(begin + paired, end)]
    return tuple(changes)


def changed_values(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return the names whose values differ, in order."""
    names = sorted({*before, *after}, key=str.casefold)
    pairs = ((name, before.get(name), after.get(name)) for name in names)
    return tuple(Change(name, old, new) for name, old, new in pairs if old != new)


def packages_of(record: Record) -> dict[str, str]:
    """Return the version of each distribution, and of Python."""
    found = {normal(each["name"]): str(each["version"]) for each in record["distributions"]}
    return {**found, "python": str(record["content"]["python"])}


def normal(name: str) -> str:
    """Return a distribution's name in its one spelling (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def difference(
    before: Record | None, after: Record, cells: tuple[Sequence[str], Sequence[str]]
) -> dict[str, Any]:
    """Return what differs as JSON; ``before`` is None when the target holds nothing.

    ``cells`` are the sources of the cells of both.
    """
    old: Record = before or {"parameters": [], "metrics": {}, "findings": [], "size": None}
    changed = changed_cells(*cells)
    packages = changed_values(packages_of(before) if before else {}, packages_of(after))
    parameters = changed_values(_parameters(old), _parameters(after))
    known = {_finding(each) for each in old["findings"]}
    return {
        "from": {"version": before["version"], "digest": before["digest"]} if before else None,
        "cells": [each.to_json("cell") for each in changed],
        "packages": [each.to_json("name") for each in packages],
        "parameters": [each.to_json("name") for each in parameters],
        "metrics": [
            {"name": name, "before": old["metrics"].get(name), "after": after["metrics"].get(name)}
            for name in sorted({*old["metrics"], *after["metrics"]})
        ],
        "size": {"before": old["size"], "after": after["size"]},
        "findings": [each for each in after["findings"] if _finding(each) not in known],
        "sentence": _sentence(before, len(changed), len(packages), len(parameters)),
    }


def counted(*counts: tuple[int, str]) -> str:
    """Return counts for a sentence: ``3 cells and 1 package``, or nothing."""
    parts = [f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count]
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def _sentence(before: Record | None, cells: int, packages: int, parameters: int) -> str:
    words = counted((cells, "cell"), (packages, "package"), (parameters, "parameter"))
    if before is None:
        return f"The first release there: {words}."
    if not words:
        return f"Cells, packages and parameters are those of {before['version']}."
    verb = "differs" if cells + packages + parameters == 1 else "differ"
    return f"{words} {verb} from {before['version']}."


def _parameters(record: Record) -> dict[str, str]:
    return {each["name"]: f"{each['type']} = {each['default']!r}" for each in record["parameters"]}


def _finding(finding: Mapping[str, Any]) -> tuple[Any, ...]:
    return finding["code"], finding["message"]
