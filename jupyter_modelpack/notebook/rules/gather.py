"""Gathering: one finding for the same thing in several cells, so that a person reads it once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.rules.context import cells_in_words

_SAME = frozenset(
    {"network", "installs-packages", "shell-command", "syntax-error", "widgets", "never-ends"}
)


def gather(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings with those of one kind joined at their first cell; all are in ``details``."""
    kept: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        key: tuple[object, ...] = (id(finding),)
        if finding.code in _SAME:
            key = (finding.code, finding.severity, finding.details.get("group"))
        kept.setdefault(key, []).append(finding)
    return [_joined(group) for group in kept.values()]


def _joined(group: list[Finding]) -> Finding:
    first = min(group, key=Finding.sort_key)
    details = {name: value for name, value in first.details.items() if name != "group"}
    cells = sorted({finding.cell for finding in group if finding.cell is not None})
    others = [cell for cell in cells if cell != first.cell]
    if not others:
        return replace(first, details=details)
    also = cells_in_words(others).lower()
    return replace(
        first, message=f"{first.message} Also in {also}.", details={**details, "cells": cells}
    )
