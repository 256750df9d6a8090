"""Work: one build, run or intake as the queue keeps it, and how it moves from phase to phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from jupyter_modelpack import errors
from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.services.packaging_types import STEPS, Phase, StepReport

Kind = Literal["build", "run", "intake"]
# What may be begun anew when its worker is gone: it has no effect before it is done.
REPEATABLE: tuple[Kind, ...] = ("build", "intake")
UNFINISHED: tuple[Phase, ...] = ("Pending", "Running")
MOST_ATTEMPTS = 2


@dataclass(frozen=True)
class Work:
    """A build or a run; times are seconds since 1970, ``path`` is a notebook's absolute path.

    ``request`` is what was asked for and never changes, ``state`` what has come of it. Two works
    with the same ``fingerprint`` are never unfinished at once. ``owner`` is the claim of the
    worker that may write it.
    """

    id: str
    kind: Kind
    created: float
    phase: Phase = "Pending"
    path: str = ""
    name: str = ""
    version: str = ""
    requested_by: str = ""
    fingerprint: str | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    started: float | None = None
    finished: float | None = None
    attempts: int = 0
    owner: str | None = None
    stop_asked: bool = False
    backend: str = "local"

    @property
    def over(self) -> bool:
        """Whether it will not move again."""
        return self.phase not in UNFINISHED


@dataclass(frozen=True)
class LogChunk:
    """A part of a log; offsets count bytes, and ``complete`` means that no more will come."""

    offset: int
    text: str
    next_offset: int
    complete: bool = False


def new_build_state() -> dict[str, Any]:
    """Return the state of a build that has not begun: every step pending."""
    return {
        "steps": [step_json(StepReport(name, "Pending")) for name in STEPS],
        "findings": [],
        "error": None,
        "package": None,
    }


def new_intake_state() -> dict[str, Any]:
    """Return the state of an intake that has not begun."""
    return {"step": "", "error": None, "package": None}


def new_run_state(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of a run that has not begun."""
    return {
        "cell": None,
        "cells": None,
        "parameters": dict(parameters),
        "metrics": {},
        "outputs": [],
        "checks": [],
        "isolation": None,
        "inputs": [],
        "data_changed": None,
        "error": None,
        "executed_notebook": None,
    }


def step_json(report: StepReport) -> dict[str, Any]:
    """Return a step as the JSON object of the REST interface."""
    out = {
        "name": report.name,
        "title": STEPS[report.name],
        "phase": report.phase,
        "seconds": report.seconds,
        "detail": report.detail,
        "progress": report.progress,
    }
    return out if report.transfer is None else {**out, "transfer": report.transfer.to_json()}


def with_step(steps: Sequence[Mapping[str, Any]], report: StepReport) -> list[Mapping[str, Any]]:
    """Return the steps with one of them replaced by its newest report."""
    return [step_json(report) if step["name"] == report.name else step for step in steps]


def ended(
    state: Mapping[str, Any], phase: Phase, error: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the state of work that ended otherwise than well; no step stays running."""
    out = {**state, "error": error}
    if "steps" in state:
        out["steps"] = [
            {**step, "phase": phase, "progress": None} if step["phase"] == "Running" else step
            for step in state["steps"]
        ]
    return out


def begun_again(work: Work) -> dict[str, Any]:
    """Return the state of work whose worker is gone and that begins again."""
    if work.kind == "build":
        return new_build_state()
    if work.kind == "intake":
        return new_intake_state()
    return new_run_state(work.state.get("parameters", {}))


def phase_of(error: BaseException) -> Phase:
    """Return the phase that an error ends work in: *Failed* when the answer is no."""
    if isinstance(error, errors.Aborted):
        return "Aborted"
    no = (errors.GateNotSatisfied, errors.InvalidInput, errors.NotFound, errors.NotPermitted)
    return "Failed" if isinstance(error, no) else "Errored"


def error_json(error: BaseException) -> dict[str, Any]:
    """Return an error as the JSON object of the REST interface; a bug shows only its kind."""
    if isinstance(error, ModelPackError):
        return {
            "code": error.code,
            "message": error.message,
            "advice": error.advice,
            "details": dict(error.details),
        }
    return {
        "code": "BUG",
        "message": f"Something broke inside jupyter_modelpack ({type(error).__name__}).",
        "advice": "The server's log says where; please report it.",
        "details": {},
    }


KILLED = {
    "code": "WORKER_ENDED",
    "message": "The process that did the work was ended from outside.",
    "advice": "Try again; when it happens again, the machine may be short of memory.",
    "details": {},
}
STOPPED = {
    "code": "ABORTED",
    "message": "It was stopped before it was done.",
    "advice": "Nothing that existed before was changed.",
    "details": {},
}
SERVER_STOPPED = {
    "code": "ABORTED",
    "message": "Jupyter was stopped while this was running.",
    "advice": "Run it again.",
    "details": {},
}
