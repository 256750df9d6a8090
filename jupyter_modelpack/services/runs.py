"""Runs of packages: asked for, watched, stopped, carried out and looked at afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, BinaryIO, Protocol

from jupyter_modelpack.errors import Conflict, InvalidInput, NotFound
from jupyter_modelpack.services.builds import Desk, Logs, Queue, Workers, read_log
from jupyter_modelpack.services.data_changes import known_digests
from jupyter_modelpack.services.own_settings import own_settings
from jupyter_modelpack.services.packaging_types import Phase
from jupyter_modelpack.services.running import RunOrder
from jupyter_modelpack.services.work import (
    LogChunk,
    Work,
    ended,
    error_json,
    new_run_state,
    phase_of,
)
from jupyter_modelpack.services.written import open_written

_KEPT = (
    "cell",
    "cells",
    "parameters",
    "metrics",
    "outputs",
    "checks",
    "isolation",
    "inputs",
    "data_changed",
    "executed_notebook",
)


class Records(Protocol):
    """Finds the record of a package."""

    def get(self, name: str, version: str) -> Mapping[str, Any]:
        """Return it, or raise NotFound."""


class Pages(Protocol):
    """Shows notebooks as pages without anything that runs."""

    def __call__(self, notebook: bytes) -> str:
        """Return HTML, or raise InvalidInput."""


@dataclass(frozen=True)
class RunRequest:
    """What a person asked to run; ``settings`` are names, with the values that they have here."""

    name: str
    version: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    network: bool = False
    requested_by: str = ""
    backend: str = "local"
    options: Mapping[str, Any] = field(default_factory=dict)
    pod_defaults: Sequence[str] = ()
    settings: Sequence[str] = ()


class Destination(Protocol):
    """Where runs can go on."""

    def ready(self) -> None:
        """Raise BackendUnavailable where nothing can be run."""

    def prepare(self, record: Mapping[str, Any], asked: RunRequest) -> Mapping[str, Any]:
        """Return what is kept of the request for it, or raise InvalidInput for what cannot be."""


class ThisMachine:
    """The backend ``local``: worker processes that take runs from the queue."""

    def ready(self) -> None:
        """Do nothing: it is always there."""

    def prepare(self, record: Mapping[str, Any], asked: RunRequest) -> Mapping[str, Any]:
        """Find the large files that the image lacks, and see that the settings are there."""
        if asked.options or asked.pod_defaults:
            raise InvalidInput(
                "Options of a cluster make no sense for a run on this machine.",
                field="options" if asked.options else "pod_defaults",
                advice="Leave them out, or choose another backend.",
            )
        given = sorted(own_settings(asked.settings))
        return {"inputs": _inputs(record), **({"settings": given} if given else {})}


class Runs:
    """What can be asked about runs."""

    def __init__(
        self,
        queue: Queue,
        logs: Logs,
        records: Records,
        workers: Workers,
        pages: Pages,
        root: Path,
        now: Callable[[], float],
        new_id: Callable[[], str],
        destinations: Mapping[str, Destination] | None = None,
    ) -> None:
        self._queue = queue
        self._logs = logs
        self._records = records
        self._workers = workers
        self._pages = pages
        self._root = root
        self._now = now
        self._new_id = new_id
        self._destinations = {"local": ThisMachine(), **(destinations or {})}

    def start(self, request: RunRequest) -> Work:
        """Queue a run; raises NotFound, and InvalidInput for what the package does not have."""
        record = self._records.get(request.name, request.version)
        known = [parameter["name"] for parameter in record["parameters"]]
        for name in request.parameters:
            if name not in known:
                has = f"It has {', '.join(known)}." if known else "It has none."
                raise InvalidInput(
                    f"{request.name} {request.version} has no parameter {name[:80]}.",
                    field="parameters",
                    advice=has,
                )
        for name in request.settings:
            if name not in record["settings"]:
                raise InvalidInput(
                    f"{request.name} {request.version} reads no setting {name[:80]}.",
                    field="settings",
                )
        if request.settings and request.backend != "local":
            raise InvalidInput(
                "Settings of this machine are given to runs on this machine only.",
                field="settings",
                advice="On a cluster, a Secret holds them: name it in the options.",
            )
        destination = self._destinations.get(request.backend)
        if destination is None:
            raise InvalidInput(
                f"Packages cannot be run by {request.backend[:40]} here.",
                field="backend",
                advice=f"There are {', '.join(sorted(self._destinations))}.",
            )
        prepared = destination.prepare(record, request)
        run = Work(
            id=self._new_id(),
            kind="run",
            created=self._now(),
            path=str(record["path"]),
            name=request.name,
            version=request.version,
            requested_by=request.requested_by,
            request={
                "parameters": dict(request.parameters),
                "network": request.network,
                "digests": known_digests(record),
                **prepared,
            },
            state=new_run_state(prepared.get("parameters", request.parameters)),
            backend=request.backend,
        )
        entered = self._queue.enter(run)
        self._workers.kick()
        return entered

    def retry(self, ident: str, requested_by: str) -> Work:
        """Queue another try of a run that did not succeed; raises NotFound and Conflict.

        At Kubeflow, the steps of a failed run that succeeded are not run again; elsewhere the
        next try is the same run from the start.
        """
        run = self._queue.get("run", ident)
        if not run.over or run.phase == "Succeeded":
            raise Conflict(
                "The run succeeded." if run.over else "The run has not ended yet.",
                advice="Run the package again instead." if run.over else "Wait, or stop it first.",
            )
        if run.backend in self._destinations:
            self._destinations[run.backend].ready()
        request = {key: value for key, value in run.request.items() if key != "retry"}
        there = (run.state.get("place") or {}).get("run")
        if run.backend == "kubeflow" and run.phase == "Failed" and there:
            for other in self._queue.list("run", name=run.name, version=run.version):
                if not other.over and other.request.get("retry") == there:
                    raise Conflict(
                        "This run is being tried again already.",
                        advice=f"See the run {other.id[:12]}.",
                    )
            request["retry"] = there
        again = Work(
            id=self._new_id(),
            kind="run",
            created=self._now(),
            path=run.path,
            name=run.name,
            version=run.version,
            requested_by=requested_by,
            request=request,
            state=new_run_state(request["parameters"]),
            backend=run.backend,
        )
        entered = self._queue.enter(again)
        self._workers.kick()
        return entered

    def get(self, ident: str) -> Work:
        """Return a run; raises NotFound."""
        return self._queue.get("run", ident)

    def list(self, name: str = "", version: str = "") -> Sequence[Work]:
        """Return the newest runs, of one package if it is named."""
        return self._queue.list("run", name=name, version=version)

    def stop(self, ident: str) -> Work:
        """Ask for a stop; raises NotFound, and Conflict when it has ended."""
        run = self._queue.ask_stop("run", ident, self._now())
        self._workers.stop(ident)
        return run

    def log(self, ident: str, offset: int) -> LogChunk:
        """Return the log from an offset on; raises NotFound."""
        return read_log(self._queue.get("run", ident), self._logs, offset)

    def page(self, ident: str) -> str:
        """Return the notebook as it ran, as HTML in which nothing runs; raises NotFound."""
        return self._pages(self.executed(ident))

    def executed(self, ident: str) -> bytes:
        """Return the notebook as it ran; raises NotFound."""
        run = self._queue.get("run", ident)
        place = run.state.get("executed_notebook")
        found = Path(os.path.realpath(place)) if place else None
        if found is None or Path(os.path.realpath(self._root)) not in found.parents:
            raise _no_page(run)
        try:
            return found.read_bytes()
        except OSError:
            raise _no_page(run) from None

    def file(self, ident: str, path: str) -> BinaryIO:
        """Open a file that the run wrote; raises NotFound."""
        run = self._queue.get("run", ident)
        return open_written(run, self._root / run.id / "work", path)


def _no_page(run: Work) -> NotFound:
    advice = "There is one when the run has ended." if not run.over else "See its log instead."
    return NotFound("executed notebook", f"of run {run.id[:8]}", advice=advice)


def _inputs(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the large files that the image lacks, where they lay when it was packaged."""
    folder = PurePath(str(record["path"])).parent
    inputs = {}
    for external in record["external"]:
        place = folder / external["path"]
        if not Path(place).is_file():
            raise InvalidInput(
                f"{external['path']}, which is too large to be inside the image, is not beside"
                " the notebook any more.",
                field="inputs",
                advice=f"Put it back into {folder.name or 'its folder'}, or run on the command"
                f" line: --input {external['path']}=FILE",
            )
        inputs[str(external["path"])] = str(place)
    return inputs


class Runner(Protocol):
    """Runs packages."""

    def run(
        self,
        order: RunOrder,
        on_event: Callable[[Mapping[str, Any]], None],
        on_log: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> Mapping[str, Any]:
        """Run one to its end and return what it shows, or raise."""


def carry_out_run(
    run: Work, runner: Runner, root: Path, desk: Desk, cancelled: Callable[[], bool]
) -> tuple[Phase, dict[str, Any]]:
    """Do a run in its own folder below ``root`` and return the phase and state it ended in."""
    progress = _RunProgress(run.state, desk)
    try:
        order = RunOrder(
            name=run.name,
            version=run.version,
            parameters=run.request["parameters"],
            network=run.request["network"],
            work_dir=root / run.id / "work",
            run_id=run.id,
            settings=own_settings(run.request.get("settings", ())),
            inputs=run.request["inputs"],
        )
        result = runner.run(order, progress, desk.log, cancelled)
    except Exception as error:
        desk.bug(error)
        phase = phase_of(error)
        return phase, ended(progress.state, phase, error_json(error))
    phase = result["phase"]
    state = {**progress.state, **{key: result[key] for key in _KEPT if key in result}}
    return phase, {**state, "error": failure_of(phase, result)}


class _RunProgress:
    """Turns the events of a run into states."""

    def __init__(self, state: Mapping[str, Any], desk: Desk) -> None:
        self.state = dict(state)
        self._desk = desk

    def __call__(self, event: Mapping[str, Any]) -> None:
        kind = event.get("event")
        if kind == "cell-started":
            self.state |= {"cell": event.get("cell"), "cells": event.get("cells")}
        elif kind == "metric" and isinstance(event.get("name"), str):
            metrics = {**self.state["metrics"], event["name"]: event.get("value")}
            self.state["metrics"] = metrics
        else:
            return
        self._desk.save(self.state, f"cell {self.state['cell']}", now=False)


def failure_of(phase: Phase, result: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return why a run did not succeed, as the error object of the REST interface."""
    if phase == "Succeeded":
        return None
    error = result.get("error") or {}
    failed = [check for check in result.get("checks", ()) if not check.get("passed")]
    cell = error.get("cell") or result.get("cell")
    said = f"{error.get('ename', '')}: {error.get('evalue', '')}".strip(": ")
    place = f"Cell {cell} failed" if cell else "The run failed"
    if phase == "Aborted":
        code, message, advice = "ABORTED", "The run was stopped.", "Run it again."
    elif failed:
        said = str(failed[0].get("message") or said)
        code, message = "CHECK_FAILED", f"The check in cell {failed[0].get('cell')} failed: {said}"
        advice = "The notebook as it ran shows the values that it looked at."
    else:
        code, message = "RUN_FAILED", f"{place}: {said}" if said else f"{place}."
        advice = "The log shows the whole error."
    return {"code": code, "message": message, "advice": advice, "details": {"cell": cell}}
