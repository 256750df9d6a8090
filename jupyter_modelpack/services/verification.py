"""What a sealed run of the image says about it: findings, checks and one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.reproduction import Reproduction
from jupyter_modelpack.services.packaging_types import Phase

FAILED = "run-failed"
# findings that say why the line they name will fail
_FORESEES = frozenset(
    {"import-missing", "needs-setting", "waits-for-person", "shell-command", "network"}
    | {"file-missing", "file-outside", "file-denied", "file-large"}
    | {"name-deleted", "name-defined-later", "name-undefined"}
)


class IsolationFacts(Protocol):
    """How a run was kept from the rest of the machine."""

    @property
    def name(self) -> str:
        """Such as ``bubblewrap``."""

    @property
    def sealed(self) -> bool:
        """Whether there was no network and a read-only root."""

    @property
    def sentence(self) -> str:
        """The same, for people."""


class RunFacts(Protocol):
    """What the runner reports of one run of an image."""

    @property
    def phase(self) -> Phase:
        """Succeeded, Failed, Errored or Aborted."""

    @property
    def cell(self) -> int | None:
        """The cell it was in, at a time limit the last one that finished."""

    @property
    def cells(self) -> int | None:
        """How many cells there are."""

    @property
    def reached_limit(self) -> bool:
        """Whether the time limit ended it."""

    @property
    def metrics(self) -> Mapping[str, Any]:
        """Values by name."""

    @property
    def checks(self) -> Sequence[Mapping[str, Any]]:
        """``{"cell", "passed", "message"}`` each."""

    @property
    def error(self) -> Mapping[str, Any] | None:
        """What ended it: ``ename``, ``evalue``, ``cell``, ``line``."""

    @property
    def writes_outside(self) -> Sequence[Mapping[str, Any]]:
        """``{"cell", "path"}`` each."""

    @property
    def network(self) -> Sequence[Mapping[str, Any]]:
        """``{"cell", "host"}`` each."""

    @property
    def isolation(self) -> IsolationFacts:
        """How it was kept apart."""

    @property
    def seconds(self) -> float:
        """How long it took."""

    @property
    def missing_modules(self) -> Sequence[str]:
        """What it imported in vain."""

    @property
    def executed_notebook(self) -> Path | None:
        """The notebook as it ran."""

    @property
    def outputs(self) -> Sequence[str]:
        """The files that it wrote, below its work directory."""

    @property
    def inputs(self) -> Sequence[Mapping[str, Any]]:
        """``{"path", "size", "digest", "note"}`` of what it read and the image lacks."""


@dataclass(frozen=True)
class Verification:
    """The verdict on an image, from running it."""

    phase: Phase
    sealed: bool
    text: str
    findings: tuple[Finding, ...] = ()
    checks: tuple[Mapping[str, Any], ...] = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)
    isolation: Mapping[str, Any] | None = None
    reproduction: Mapping[str, Any] | None = None
    brief: str = ""
    inputs: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what the record keeps under ``verified``."""
        return {
            "phase": self.phase,
            "sealed": self.sealed,
            "text": self.text,
            "reproduction": self.reproduction,
        }


SKIPPED = Verification("Skipped", False, "It was not run, because you asked for that.")


def judge(result: RunFacts, *, network_allowed: bool, reproduction: Reproduction) -> Verification:
    """Turn one run of the image into a verdict; a run cut by its time limit is not a failure."""
    sealed = result.isolation.sealed and not network_allowed
    findings = [*_outside(result.writes_outside), *_network(result, network_allowed)]
    phase: Phase = result.phase
    passed = all(check.get("passed") for check in result.checks)
    if result.reached_limit and not passed:
        phase = "Failed"
    if result.reached_limit and passed:
        phase = "Succeeded"
        text = f"Verified to cell {result.cell} of {result.cells}: the time limit was reached."
        findings.append(
            Finding(
                "verified-in-part",
                "warning",
                text,
                cell=result.cell or None,
                advice="Raise the limit in the settings to verify the whole notebook.",
            )
        )
    elif phase == "Succeeded":
        text = _success(result, sealed, network_allowed, reproduction)
    elif phase == "Aborted":
        text = f"It was stopped in cell {result.cell}." if result.cell else "It was stopped."
    else:
        text, failure = _failure(result, sealed, network_allowed)
        findings.append(failure)
    return Verification(
        phase,
        sealed,
        text,
        tuple(sorted(findings, key=Finding.sort_key)),
        tuple(result.checks),
        dict(result.metrics),
        {
            "name": result.isolation.name,
            "sealed": sealed,
            "sentence": result.isolation.sentence,
        },
        reproduction.to_json(),
        _brief(result, phase, sealed) or text,
        tuple(result.inputs),
    )


def with_foreseen(verification: Verification, known: Iterable[Finding]) -> Verification:
    """Return the verdict with the advice that was given for the same line before it was run."""
    foreseen = {(f.cell, f.line): f.advice for f in known if f.code in _FORESEES}
    findings = tuple(
        replace(f, advice=foreseen.get((f.cell, f.line), f.advice))
        if f.code == FAILED and f.cell
        else f
        for f in verification.findings
    )
    return replace(verification, findings=findings)


def _brief(result: RunFacts, phase: Phase, sealed: bool) -> str:
    """Return a few words for the list of steps, or nothing for a failure."""
    if phase != "Succeeded":
        return ""
    how = "no network, read-only" if sealed else "not sealed"
    done = f"to cell {result.cell} of {result.cells}" if result.reached_limit else "all cells"
    return f"{done}, {how}"


def _success(
    result: RunFacts, sealed: bool, network_allowed: bool, reproduction: Reproduction
) -> str:
    if sealed and not result.writes_outside:
        text = "Ran sealed: no network, nothing written outside."
    elif sealed:
        text = "Ran sealed: no network; what it wrote outside its folder was refused."
    elif network_allowed:
        cells = sorted({int(entry["cell"]) for entry in result.network if entry.get("cell")})
        used = f"{_cells(cells)} used it" if cells else "no cell used it"
        text = f"Ran, not sealed: the network was allowed, {used}."
    else:
        text = f"Ran, not sealed: {result.isolation.sentence}"
    return f"{text} {reproduction.sentence}".strip()


def _failure(result: RunFacts, sealed: bool, network_allowed: bool) -> tuple[str, Finding]:
    error = result.error or {}
    cell = error.get("cell") or result.cell
    what = f"{error.get('ename', '')}: {error.get('evalue', '')}".strip(": ")
    failed = [check for check in result.checks if not check.get("passed")]
    if failed:
        cell = failed[0].get("cell")
        said = failed[0].get("message") or what
        text = f"The check in cell {cell} failed: {said}"
        advice = "Mend the notebook, or change the check if it asks too much."
        return text, Finding("check-failed", "blocking", text, cell=cell, advice=advice)
    # another cell may have tried the network in vain and gone on without it
    if cell in {entry.get("cell") for entry in result.network} and not network_allowed:
        text = f"Cell {cell} needs the network, and a sealed run has none: {what}"
        advice = "Put the data beside the notebook, or allow the network; it is then not sealed."
        return text, Finding("needs-network", "blocking", text, cell=cell, advice=advice)
    if error.get("ename") == "NotStarted":
        text = f"The run did not begin: {error.get('evalue')}."
        return text, Finding(FAILED, "blocking", text, advice="The log says more.")
    if error.get("ename") == "MemoryError" or error.get("ename") == "OutOfMemory":
        text = f"Cell {cell} needed more memory than the run may have."
        advice = "Use less data, or raise the memory limit in the settings."
        return text, Finding("out-of-memory", "blocking", text, cell=cell, advice=advice)
    run = "the sealed run" if sealed else "the run"
    place = f"Cell {cell} failed" if cell else "The run failed"
    text = f"{place} in {run}: {what}" if what else f"{place} in {run}."
    said, _, then = str(error.get("evalue", "")).partition(". ")
    if said.startswith(f"Cell {cell} "):  # our own words, which name the cell
        text = said.rstrip(".") + "."
    advice = then or "The log shows the whole error. If it is meant, tag the cell raises-exception."
    return text, Finding(FAILED, "blocking", text, cell=cell, line=error.get("line"), advice=advice)


def _outside(writes: Iterable[Mapping[str, Any]]) -> list[Finding]:
    seen: dict[tuple[Any, Any], Finding] = {}
    for write in writes:
        cell, path = write.get("cell"), str(write.get("path"))
        seen.setdefault(
            (cell, path),
            Finding(
                "writes-outside",
                "warning",
                f"Writes to {path}, outside its own folder.",
                cell=cell,
                advice="Write beside the notebook, with a relative path; elsewhere it is refused.",
                details={"path": path},
            ),
        )
    return list(seen.values())


def _network(result: RunFacts, allowed: bool) -> list[Finding]:
    if result.phase != "Succeeded" and not allowed:
        return []
    cells: dict[int, set[str]] = {}
    for entry in result.network:
        if entry.get("cell"):
            cells.setdefault(int(entry["cell"]), set()).add(str(entry.get("host") or ""))
    return [
        Finding(
            "uses-network",
            "warning",
            f"Uses the network ({', '.join(sorted(filter(None, hosts))) or 'unknown host'}).",
            cell=cell,
            advice="The image is not sealed: what it fetches may change or be gone.",
        )
        for cell, hosts in sorted(cells.items())
    ]


def _cells(numbers: Sequence[int]) -> str:
    if not numbers:
        return "a cell"
    if len(numbers) == 1:
        return f"cell {numbers[0]}"
    return f"cells {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
