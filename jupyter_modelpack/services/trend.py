"""Metrics as numbers, how they moved, and a small line over the last releases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, HEIGHT, EDGE = 150, 26, 4


def metric_rows(
    changes: Sequence[Mapping[str, Any]], earlier: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return each metric with its change and its line.

    ``changes`` are those of a difference, ``earlier`` the metrics of the last releases, oldest
    first and the one in question last.
    """
    rows = []
    for change in changes:
        name, before, after = change["name"], change["before"], change["after"]
        values = [float(each[name]) for each in earlier if _is_number(each.get(name))]
        rows.append(
            {
                "name": name,
                "before": before,
                "after": after,
                "change": after - before if _is_number(before) and _is_number(after) else None,
                "points": points(values),
                "series": values,
            }
        )
    return rows


def points(values: Sequence[float]) -> list[tuple[float, float]]:
    """Return where a line through the values goes in a drawing; nothing for fewer than two."""
    if len(values) < 2:
        return []
    low = min(values)
    span = (max(values) - low) or 1.0
    step = (WIDTH - 2 * EDGE) / (len(values) - 1)
    return [
        (
            round(EDGE + number * step, 1),
            round(HEIGHT - EDGE - (value - low) / span * (HEIGHT - 2 * EDGE), 1),
        )
        for number, value in enumerate(values)
    ]


def _is_number(value: Any) -> bool:
    ordinary = isinstance(value, (int, float)) and not isinstance(value, bool)
    return ordinary and abs(value) < 1e300  # neither infinite nor NaN, and safe to draw
