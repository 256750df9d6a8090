from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.reproduction import Reproduction
from jupyter_modelpack.services.verification import Verification, judge, with_foreseen


@dataclass(frozen=True)
class Isolation:
    name: str = "bubblewrap"
    sealed: bool = True
    sentence: str = "Kept apart by bubblewrap."


@dataclass(frozen=True)
class Run:
    """One run as the sandbox reports it."""

    phase: Any = "Succeeded"
    cell: int | None = 3
    cells: int | None = 3
    reached_limit: bool = False
    metrics: Mapping[str, Any] = field(default_factory=dict)
    checks: Sequence[Mapping[str, Any]] = ()
    error: Mapping[str, Any] | None = None
    writes_outside: Sequence[Mapping[str, Any]] = ()
    network: Sequence[Mapping[str, Any]] = ()
    isolation: Isolation = field(default_factory=Isolation)
    seconds: float = 1.0
    missing_modules: Sequence[str] = ()
    inputs: Sequence[Mapping[str, Any]] = ()
    executed_notebook: Path | None = None
    outputs: Sequence[str] = ()


def verdict(run: Run, *, network: bool = False) -> Verification:
    return judge(run, network_allowed=network, reproduction=Reproduction((1, 2)))


def test_a_sealed_run_says_so_and_what_it_reproduced() -> None:
    said = verdict(Run())
    assert said.sealed
    assert said.text == (
        "Ran sealed: no network, nothing written outside."
        " Same output as in the notebook in 2 cells."
    )
    assert said.findings == ()


def test_a_time_limit_is_not_a_failure() -> None:
    said = verdict(Run("Aborted", cell=7, cells=12, reached_limit=True))
    assert said.phase == "Succeeded"
    assert said.text == "Verified to cell 7 of 12: the time limit was reached."
    assert [(f.code, f.severity, f.cell) for f in said.findings] == [
        ("verified-in-part", "warning", 7)
    ]


def test_a_run_with_network_is_not_sealed_and_names_the_cells() -> None:
    used = ({"cell": 2, "host": "example.org"}, {"cell": 4, "host": "example.org"})
    said = verdict(Run(network=used), network=True)
    assert not said.sealed
    assert said.isolation is not None and said.isolation["sealed"] is False
    assert said.text.startswith("Ran, not sealed: the network was allowed, cells 2 and 4 used it.")
    assert [f.cell for f in said.findings] == [2, 4]


def test_a_run_that_needs_the_network_is_refused_with_its_cell() -> None:
    error = {"cell": 2, "ename": "URLError", "evalue": "no host"}
    said = verdict(Run("Failed", error=error, network=({"cell": 2, "host": "example.org"},)))
    assert said.phase == "Failed"
    assert said.text == "Cell 2 needs the network, and a sealed run has none: URLError: no host"
    assert [(f.code, f.severity, f.cell) for f in said.findings] == [
        ("needs-network", "blocking", 2)
    ]


def test_a_write_outside_is_a_finding_with_its_cell_and_said_once() -> None:
    write = {"cell": 5, "path": "/etc/motd"}
    said = verdict(Run(writes_outside=(write, write)))
    assert [(f.code, f.cell) for f in said.findings] == [("writes-outside", 5)]
    assert "what it wrote outside its folder was refused" in said.text


@pytest.mark.parametrize(
    ("run", "code", "text"),
    [
        (
            Run("Failed", checks=({"cell": 8, "passed": False, "message": "too weak"},)),
            "check-failed",
            "The check in cell 8 failed: too weak",
        ),
        (
            Run("Failed", error={"cell": 2, "ename": "KeyError", "evalue": "'a'", "line": 3}),
            "run-failed",
            "Cell 2 failed in the sealed run: KeyError: 'a'",
        ),
        (
            Run("Failed", cell=2, error={"cell": 2, "ename": "MemoryError", "evalue": ""}),
            "out-of-memory",
            "Cell 2 needed more memory than the run may have.",
        ),
        (Run("Failed", cell=None), "run-failed", "The run failed in the sealed run."),
    ],
)
def test_a_failure_is_one_sentence_with_its_cell(run: Run, code: str, text: str) -> None:
    said = verdict(run)
    assert (said.phase, said.text) == ("Failed", text)
    assert [(f.code, f.severity) for f in said.findings] == [(code, "blocking")]
    assert said.findings[0].advice


def test_a_failure_that_was_foreseen_says_what_to_do() -> None:
    error = {"cell": 2, "ename": "KeyError", "evalue": "'API_URL'", "line": 3}
    said = verdict(Run("Failed", error=error))
    for foreseen, advice in (
        (Finding("needs-setting", "note", "Needs it.", 2, 3, "Give it."), "Give it."),
        (Finding("needs-setting", "note", "Needs it.", 2, 1, "Give it."), said.findings[0].advice),
        (Finding("widgets", "note", "Shows.", 2, 3, "No."), said.findings[0].advice),
    ):
        assert [f.advice for f in with_foreseen(said, [foreseen]).findings] == [advice]


def test_our_own_words_are_not_said_twice() -> None:
    words = "Cell 2 asks for something to be typed, and nobody is there. Use a parameter instead."
    error = {"cell": 2, "ename": "InputNotPossible", "evalue": words, "line": 1}
    said = verdict(Run("Failed", error=error))
    assert said.text == "Cell 2 asks for something to be typed, and nobody is there."
    assert said.findings[0].advice == "Use a parameter instead."


def test_a_plain_process_is_not_called_sealed() -> None:
    said = verdict(Run(isolation=Isolation("process", False, "Only a plain process.")))
    assert not said.sealed
    assert said.text.startswith("Ran, not sealed: Only a plain process.")


def test_a_failed_check_stays_failed_when_a_later_cell_reaches_the_limit() -> None:
    checks = ({"cell": 2, "passed": False, "message": "no rows"},)
    said = verdict(Run("Aborted", cell=2, reached_limit=True, checks=checks))
    assert (said.phase, said.text) == ("Failed", "The check in cell 2 failed: no rows")


def test_the_network_is_blamed_only_where_it_was_needed_and_not_there() -> None:
    used = ({"cell": 2, "host": "example.org"},)
    error = {"cell": 3, "ename": "ValueError", "evalue": "no"}
    said = verdict(Run("Failed", error=error, network=used))
    assert said.text == "Cell 3 failed in the sealed run: ValueError: no"
    error = {"cell": 2, "ename": "URLError", "evalue": "refused"}
    said = verdict(Run("Failed", error=error, network=used), network=True)
    assert said.text == "Cell 2 failed in the run: URLError: refused"
    assert [(f.code, f.cell) for f in said.findings] == [("run-failed", 2), ("uses-network", 2)]


def test_a_stopped_run_has_not_failed() -> None:
    said = verdict(Run("Aborted", cell=2))
    assert (said.phase, said.text, said.findings) == ("Aborted", "It was stopped in cell 2.", ())
