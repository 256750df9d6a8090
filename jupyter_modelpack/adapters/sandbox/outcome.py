"""From how a run ended and what it left behind to one result."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from jupyter_modelpack.adapters.sandbox import results
from jupyter_modelpack.adapters.sandbox.request import Isolation, Phase, RunResult
from jupyter_modelpack.adapters.sandbox.supervisor import MOST_PROCESSES, Ended

# the runtime's phases and the exit codes that go with them
_CODES: Mapping[str, tuple[int, ...]] = {
    "Succeeded": (0,),
    "Failed": (1, 4),
    "Errored": (2, 3),
    "Aborted": (143,),
}
_MOST_INPUTS = 500
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_KILLED = 128 + signal.SIGKILL


@dataclass
class _Trail:
    """What the events say, which is all there is when a run was cut short."""

    started: int | None = None
    finished: int = 0
    cells: int | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    checks: list[Mapping[str, Any]] = field(default_factory=list)


def result_of(
    work: Path,
    ended: Ended,
    isolation: Isolation,
    outputs: tuple[str, ...],
    memory_limit: int | None = None,
) -> RunResult:
    """Return the result of a run; what it says of itself counts only when it fits its end."""
    said = results.read_result(work)
    if not _believed(said, ended):
        said = _cut_short(work, ended, memory_limit)
    peak = max(ended.peak_memory, _number(said.get("peak_memory")) or 0)
    error = said.get("error")
    return RunResult(
        cast(Phase, said["phase"]),
        ended.exit_code,
        isolation,
        round(ended.seconds, 4),
        _number(said.get("cell")),
        _number(said.get("cells")),
        bool(said.get("reached_limit")),
        said["metrics"] if isinstance(said.get("metrics"), dict) else {},
        _mappings(said.get("checks")),
        outputs,
        results.executed_notebook(work),
        error if isinstance(error, dict) else None,
        tuple(name for name in _list(said.get("missing_modules")) if isinstance(name, str)),
        _mappings(said.get("writes_outside")),
        _mappings(said.get("network")),
        peak or None,
        _inputs(said.get("inputs")),
    )


def _believed(said: Mapping[str, Any], ended: Ended) -> bool:
    if ended.cause in ("memory", "processes"):
        return False  # an engine may ask a run to end before it kills it; that was no person
    phase = str(said.get("phase"))
    if ended.exit_code == 0 and phase in _CODES:
        return True  # an engine may lose the code of a failure; a success has no other code
    return ended.exit_code in _CODES.get(phase, ())


def _cut_short(work: Path, ended: Ended, memory_limit: int | None) -> dict[str, Any]:
    trail = _trail(work)
    phase, ename, evalue = _reason(ended, trail, memory_limit)
    limit = ename == "TimeLimit"
    return {
        "phase": phase,
        "cell": trail.finished if limit else trail.started,
        "cells": trail.cells,
        "reached_limit": limit,
        "error": {"cell": trail.started, "ename": ename, "evalue": evalue, "line": None},
        "metrics": trail.metrics,
        "checks": trail.checks,
    }


def _reason(ended: Ended, trail: _Trail, memory_limit: int | None) -> tuple[Phase, str, str]:
    code = ended.exit_code
    if ended.cause == "cancelled":
        return "Aborted", "Aborted", "the run was stopped"
    if ended.cause == "limit":
        return "Failed", "TimeLimit", "the time limit was reached"
    if ended.cause == "processes":
        return "Failed", "TooManyProcesses", f"more than {MOST_PROCESSES} processes were started"
    if ended.cause == "memory" or _out_of_memory(ended, memory_limit):
        size = (memory_limit or 0) >> 20
        return "Failed", "OutOfMemory", f"it needed more than {size} MiB of memory"
    phase: Phase = "Failed" if trail.started else "Errored"
    if code > 128:
        return phase, "Crashed", f"Python was ended by {_signal_name(code - 128)}"
    if trail.started:
        return phase, "Ended", f"Python was ended, with exit code {code}"
    return phase, "NotStarted", f"Python ended with exit code {code}"


def _out_of_memory(ended: Ended, memory_limit: int | None) -> bool:
    """Say whether it was the limit that ended Python: killed, or aborted as it found no memory."""
    if memory_limit is None:
        return False
    aborted = ended.exit_code - 128 in (signal.SIGABRT, signal.SIGSEGV)
    return ended.exit_code == _KILLED or (aborted and ended.peak_memory > memory_limit * 0.75)


def _trail(work: Path) -> _Trail:
    trail = _Trail()
    with suppress(OSError), results.open_result(work, "events.jsonl") as stream:
        for line in stream.read(results.MOST_BYTES).splitlines():
            with suppress(ValueError, RecursionError):
                _follow(trail, json.loads(line))
    return trail


def _follow(trail: _Trail, event: Any) -> None:
    if not isinstance(event, dict):
        return
    kind, cell = event.get("event"), _number(event.get("cell"))
    if kind == "started":
        trail.cells = _number(event.get("cells"))
    elif kind == "cell-started":
        trail.started = cell
    elif kind == "cell-finished" and event.get("passed"):
        trail.finished = cell or trail.finished
    elif kind == "metric":
        trail.metrics[str(event.get("name"))] = event.get("value")
    elif kind == "check":
        trail.checks.append({key: event.get(key) for key in ("cell", "passed", "message")})


def _inputs(said: Any) -> tuple[Mapping[str, Any], ...]:
    """Return what is said of files that were read, each field in its shape or left empty."""
    found = []
    for each in _mappings(said)[:_MOST_INPUTS]:
        path, digest, note = each.get("path"), each.get("digest"), each.get("note")
        shaped = isinstance(digest, str) and _DIGEST.fullmatch(digest)
        found.append(
            {
                "path": path[:1000] if isinstance(path, str) else "",
                "size": max(0, _number(each.get("size")) or 0),
                "digest": digest if shaped else None,
                "note": note[:500] if isinstance(note, str) else "",
            }
        )
    return tuple(found)


def _signal_name(number: int) -> str:
    names = {signal.SIGSEGV: "a segmentation fault", signal.SIGKILL: "the system (killed)"}
    with suppress(ValueError):
        found = signal.Signals(number)
        return names.get(found, f"signal {found.name}")
    return f"signal {number}"


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mappings(value: Any) -> tuple[Mapping[str, Any], ...]:
    return tuple(item for item in _list(value) if isinstance(item, dict))
