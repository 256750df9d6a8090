"""How a Kubeflow run stands, folded from one answer after the other; pure.

A run is over only when Kubeflow says so and since when. An answer that is missing, late or makes
no sense leaves everything as it was, and says since when nobody knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Phase = Literal["Pending", "Running", "Succeeded", "Failed", "Errored", "Aborted"]
_PHASES: dict[str, Phase] = {
    "PENDING": "Pending",
    "RUNNING": "Running",
    "CANCELING": "Running",
    "PAUSED": "Running",
    "SUCCEEDED": "Succeeded",
    "SKIPPED": "Succeeded",
    "FAILED": "Failed",
    "CANCELED": "Aborted",
}
_OVER: frozenset[Phase] = frozenset({"Succeeded", "Failed", "Errored", "Aborted"})
_DRIVERS = ("-driver", "executor", "root")
MISSED = 3  # answers in a row that say that there is no such run
# Seconds between questions, by how many in a row had no answer. Where each third one is an error,
# ten tries within a minute all fail for one run in 170,000; a server that is away is spared later.
QUICK, SLOWER, SLOW = 5.0, 10.0, 20.0
_QUICK_TRIES, _SLOWER_TRIES = 8, 12


@dataclass(frozen=True)
class StepProgress:
    """One step of a run: its phase, and artifact ids by output."""

    name: str
    phase: Phase
    artifacts: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class RunProgress:
    """What is known of a run; ``unknown_since`` (seconds since 1970) says that it may be old."""

    phase: Phase = "Pending"
    steps: tuple[StepProgress, ...] = ()
    unknown_since: float | None = None
    message: str = ""
    missed: int = 0
    unanswered: int = 0

    @property
    def over(self) -> bool:
        """Whether it will not move again."""
        return self.phase in _OVER

    @property
    def wait(self) -> float:
        """Seconds until it is worth asking again; at most 20, so that recovery is soon seen."""
        if self.unanswered < _QUICK_TRIES:
            return QUICK
        return SLOWER if self.unanswered < _SLOWER_TRIES else SLOW

    def unknown(self, now: float) -> RunProgress:
        """Return the progress after no answer."""
        if self.over:
            return self
        since = now if self.unknown_since is None else self.unknown_since
        return replace(self, unknown_since=since, unanswered=self.unanswered + 1)

    def missing(self, now: float) -> RunProgress:
        """Return the progress after Kubeflow said that it has no such run, which it must thrice."""
        if self.over:
            return self
        if self.missed + 1 < MISSED:
            return replace(self.unknown(now), missed=self.missed + 1)
        gone = "Kubeflow no longer has this run; somebody removed it there."
        return replace(self, phase="Errored", message=gone, unknown_since=None)

    def told(self, run: Mapping[str, Any], now: float) -> RunProgress:
        """Return the progress after an answer of ``GET runs/ID``."""
        if self.over:
            return self
        phase = _PHASES.get(str(run.get("state") or ""))
        if phase is None or (phase in _OVER and not _moment(run.get("finished_at"))):
            return replace(self.unknown(now), missed=0)
        error = run.get("error")
        message = str(error.get("message") or "")[:500] if isinstance(error, dict) else ""
        return RunProgress(phase, _steps(run) or self.steps, None, message)


def _steps(run: Mapping[str, Any]) -> tuple[StepProgress, ...]:
    details = (run.get("run_details") or {}).get("task_details") or ()
    found: dict[str, StepProgress] = {}
    for task in details:
        name = str(task.get("display_name") or "")
        if not name or name == run.get("display_name") or name.endswith(_DRIVERS):
            continue
        phase = _PHASES.get(str(task.get("state") or ""), "Pending")
        outputs = task.get("outputs") or {}
        artifacts = {key: tuple(v.get("artifact_ids") or ()) for key, v in outputs.items()}
        found[name] = StepProgress(name, phase, artifacts)
    return tuple(found.values())


def _moment(text: Any) -> bool:
    """Tell whether a time was given; Kubeflow writes 1970 for none."""
    return isinstance(text, str) and text[:4].isdigit() and text[:4] > "1970"
