"""From what a pod left behind to the result that ``run`` shows, by the rules of local runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.kubernetes.deposits import Artifact
from jupyter_modelpack.adapters.kubernetes.podlog import events, write_files
from jupyter_modelpack.adapters.sandbox.outcome import result_of
from jupyter_modelpack.adapters.sandbox.request import Isolation
from jupyter_modelpack.adapters.sandbox.results import RESULTS, snapshot
from jupyter_modelpack.adapters.sandbox.supervisor import Cause, Ended
from jupyter_modelpack.services.backend import Seen
from jupyter_modelpack.services.work import Work

_SENTENCE = (
    "Run as a Kubernetes job: no privileges, a read-only root; the network is the namespace's."
)


def result_from(
    run: Work,
    seen: Seen,
    frames: Sequence[tuple[str, str]],
    folder: Path,
    artifact: Artifact | None = None,
) -> dict[str, Any]:
    """Write what the frames carry into an empty folder and return the run's result.

    Where results were left in a registry, what the log could not carry comes from there. Where the
    log is gone or cut, the pod's termination message is the result, and it is said.
    """
    own = folder / ".modelpack"
    own.mkdir(parents=True, exist_ok=True)
    left = write_files(frames, folder)
    if artifact is not None:
        artifact.lay(folder)
        left = [each for each in left or () if str(each.get("path")) not in artifact.files]
    if not (own / "result.json").exists() and seen.short:
        (own / "result.json").write_text(json.dumps(dict(seen.short)), "utf-8")
    told = events(frames)
    (own / "events.jsonl").write_text("".join(json.dumps(each) + "\n" for each in told), "utf-8")
    code = seen.exit_code if seen.exit_code is not None else (0 if seen.stage == "Succeeded" else 1)
    cause: Cause | None = seen.cause if seen.cause in ("memory", "limit") else None
    if run.stop_asked and seen.stage == "Failed":
        cause = "cancelled"
    ended = Ended(code, cause, 0, 0.0)
    made = tuple(path for path in snapshot(folder) if path not in RESULTS)
    isolation = Isolation("process", False, _SENTENCE)
    result = result_of(folder, ended, isolation, made)
    executed = result.executed_notebook
    return {
        "phase": _phase(seen, result.phase),
        "cell": result.cell,
        "cells": result.cells,
        "metrics": dict(result.metrics),
        "checks": [dict(check) for check in result.checks],
        "outputs": _outputs(folder, made, left),
        "inputs": [dict(each) for each in result.inputs],
        "executed_notebook": executed.relative_to(folder).as_posix() if executed else None,
        "error": dict(result.error) if result.error else None,
        "why": seen.why.to_json() if seen.why else None,
        "incomplete": left is None,
        "isolation": {"name": "kubernetes", "sealed": False, "sentence": _SENTENCE},
    }


def _phase(seen: Seen, phase: str) -> str:
    """Return the phase; what the cluster did to a run is no verdict on the notebook."""
    if seen.stage == "Succeeded":
        return "Succeeded"
    if seen.cause == "evicted" and phase != "Aborted":
        return "Errored"
    return phase if phase != "Succeeded" else "Errored"


def _outputs(
    folder: Path, made: Sequence[str], left: Sequence[Mapping[str, Any]] | None
) -> list[dict[str, Any]]:
    """Return the files that came, and those that were too large to come, which say so."""
    found = [{"path": path, "size": (folder / path).lstat().st_size} for path in made]
    for each in left or ():
        size = each.get("size")
        if isinstance(each.get("path"), str) and isinstance(size, int):
            found.append({"path": each["path"], "size": size, "left_behind": True})
    return found
