"""What people see in a terminal: sizes, findings, steps while they go on, and JSON for programs."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.services.packaging_types import STEPS, StepReport

SIGNS = {
    "blocking": ("✕", "bold red"),
    "warning": ("▲", "yellow"),
    "note": ("○", "dim"),
}
PHASES = {
    "Pending": ("·", "dim"),
    "Running": ("◌", "yellow"),
    "Succeeded": ("✓", "green"),
    "Failed": ("✕", "red"),
    "Errored": ("✕", "red"),
    "Aborted": ("✕", "yellow"),
    "Skipped": ("–", "dim"),
}

_KEPT_LOG = 16_000
_SHOWN_LINES = 25
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def say(words: str, *values: object, end: str = "\n") -> None:
    """Print one line: ``words`` may have markup, and the values in its ``{}`` are shown as is."""
    console.print(words.format(*(escape(str(v)) for v in values)), end=end, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print one JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def size(count: float) -> str:
    """Return bytes as people read them, in decimal units: ``347 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            digits = 1 if unit == "GB" or (unit == "MB" and count < 10) else 0
            return f"{count:.{digits}f} {unit}"
        count /= 1000
    raise AssertionError


def seconds(value: float) -> str:
    """Return a duration with one decimal, and minutes from 60 s."""
    return f"{value:.1f} s" if value < 60 else f"{int(value // 60)} min {value % 60:.0f} s"


def print_findings(findings: Sequence[Finding | Mapping[str, Any]], to: Console = console) -> None:
    """Print findings as the panel shows them: sign, sentence, cell, and what to do."""
    for finding in findings:
        data = finding.to_json() if isinstance(finding, Finding) else finding
        sign, style = SIGNS[str(data["severity"])]
        place = f"  cell {data['cell']}" if data["cell"] else ""
        if data["cell"] and data["line"]:
            place += f", line {data['line']}"
        line = Text.assemble((f"{sign} ", style), str(data["message"]), (place, "cyan"))
        to.print(line, soft_wrap=True)
        if data["advice"]:
            to.print(Text(f"  {data['advice']}", "dim"), soft_wrap=True)


def print_table(rows: Iterable[Sequence[str]], headers: Sequence[str]) -> None:
    """Print rows under headers, without lines around them."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for header in headers:
        table.add_column(header, overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    console.print(table)


class StepDisplay:
    """The steps of a build: redrawn in place on a terminal, one line a step elsewhere."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._reports: dict[str, StepReport] = {}
        self._started: dict[str, float] = {}
        self._live: Live | None = None
        self._log = ""
        self.found: tuple[Finding, ...] = ()

    def __enter__(self) -> StepDisplay:
        if errors.is_terminal and not self._quiet:
            self._live = Live(get_renderable=self._table, console=errors, refresh_per_second=8)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def step(self, report: StepReport) -> None:
        """Show how a step stands."""
        self._started.setdefault(report.name, time.monotonic())
        self._reports[report.name] = report
        if self._live is None and not self._quiet and report.phase not in ("Pending", "Running"):
            sign, _ = PHASES[report.phase]
            tail = f" ({seconds(report.seconds)})" if report.seconds is not None else ""
            detail = f": {report.detail}" if report.detail else ""
            errors.print(f"{sign} {STEPS[report.name]}{detail}{tail}", markup=False, soft_wrap=True)

    def findings(self, findings: tuple[Finding, ...]) -> None:
        """Keep the findings; they are printed at the end."""
        self.found = findings

    def log(self, text: str) -> None:
        """Keep the end of the log, which is shown when the run fails."""
        self._log = (self._log + text)[-_KEPT_LOG:]

    def print_log(self) -> None:
        """Print the last lines of what the notebook said, if it said anything."""
        for line in self._log.rstrip().splitlines()[-_SHOWN_LINES:]:
            errors.print(Text(f"  {_ESCAPES.sub('', line)}", "dim"), soft_wrap=True)

    def _table(self) -> Table:
        table = Table(box=None, padding=(0, 1, 0, 0), show_header=False)
        table.add_column(width=1)
        table.add_column(ratio=1)
        table.add_column(justify="right", width=8)
        for name, title in STEPS.items():
            report = self._reports.get(name)
            sign, style = PHASES[report.phase if report else "Pending"]
            took = report.seconds if report else None
            if report and report.phase == "Running":
                took = time.monotonic() - self._started[name]
            words = Text(title)
            if report and report.detail:
                words.append(f"  {report.detail}", "dim")
            table.add_row(Text(sign, style), words, seconds(took) if took is not None else "")
        return table
