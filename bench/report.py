"""Figures with their bars."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured value, and the most that it may be (or the least, for a factor)."""

    what: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def met(self) -> bool:
        return not (
            (self.most is not None and self.value > self.most)
            or (self.least is not None and self.value < self.least)
        )

    @property
    def bar(self) -> str:
        if self.most is not None:
            return f"at most {self.most:g} {self.unit}"
        return f"at least {self.least:g} {self.unit}" if self.least is not None else ""


def quickest(do: Callable[[], object], rounds: int = 5) -> float:
    """Return the shortest of some rounds, in seconds."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        do()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


class Report:
    """All figures of one run, and what could not be measured."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []
        self.left_out: list[str] = []

    def add(self, what: str, value: float, unit: str, **bars: float) -> None:
        self.figures.append(Figure(what, value, unit, **bars))
        print(f"  {what}: {value:.3g} {unit}", flush=True)

    def leave_out(self, what: str, why: str) -> None:
        self.left_out.append(f"{what}: {why}")
        print(f"  left out: {what}: {why}", flush=True)

    @property
    def met(self) -> bool:
        return all(figure.met for figure in self.figures)

    def print(self) -> None:
        table = Table(box=None, padding=(0, 2, 0, 0))
        for header in ("", "figure", "", "bar"):
            table.add_column(header, justify="right" if header == "figure" else "left")
        for figure in self.figures:
            sign = "" if not figure.bar else ("[green]✓[/]" if figure.met else "[red]✕[/]")
            value = f"{figure.value:.2f} {figure.unit}"
            table.add_row(figure.what, value, sign, figure.bar)
        console = Console(width=120)
        console.print(table)
        for line in self.left_out:
            console.print(f"left out: {line}", markup=False)

    def to_json(self) -> dict[str, Any]:
        return {
            "figures": [asdict(figure) | {"met": figure.met} for figure in self.figures],
            "left_out": self.left_out,
        }
