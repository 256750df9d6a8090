"""Following runs elsewhere: rounds of claiming, looking, deciding and doing, for all at once.

A round never waits for a run. What it does can be done twice: submitting finds the job that is
there, log lines have their place in the log, and results are committed by the one that holds the
claim.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from jupyter_modelpack.errors import (
    BackendUnavailable,
    Conflict,
    ModelPackError,
    NotFound,
    StoreError,
)
from jupyter_modelpack.services import watcher
from jupyter_modelpack.services.backend import RunPlace, Seen, StillComing, Sweeper
from jupyter_modelpack.services.data_changes import data_state
from jupyter_modelpack.services.packaging_types import Phase
from jupyter_modelpack.services.runs import failure_of
from jupyter_modelpack.services.work import Work, ended, error_json

# With the time until it is looked for, what a killed process followed goes on within a minute.
LEASE_SECONDS = 45.0
SWEEP_SECONDS = 600.0
LOG_PAUSE = 1.0
LOGS_A_ROUND = 4
KEEP_SECONDS = 86_400.0
_RESULT = ("cell", "cells", "metrics", "checks", "outputs", "isolation", "left_at")


class Claims(Protocol):
    """The ledger, as a follower sees it."""

    def adopt(
        self, owner: str, backends: Collection[str], now: float, lease: float
    ) -> Collection[Work]:
        """Claim the runs that nobody follows."""

    def renew(self, owner: str, until: float) -> set[str]:
        """Keep all claims, and return those that still hold."""

    def stops(self, owner: str) -> set[str]:
        """Return the runs that somebody asks to stop."""

    def save(self, ident: str, owner: str, state: Mapping[str, Any]) -> bool:
        """Write the state if the claim still holds, and return whether it did."""

    def finish(
        self, ident: str, owner: str, phase: Phase, state: Mapping[str, Any], now: float
    ) -> bool:
        """End a run if the claim still holds, and return whether it did."""


class Known(Protocol):
    """What the ledger knows of runs, and who gives claims back."""

    def known(self, idents: Collection[str]) -> Mapping[str, tuple[Phase, float | None]]:
        """Return phase and end of those that the ledger has."""

    def release(self, owner: str) -> None:
        """Give all claims back at once."""


class LogPlaces(Protocol):
    """Logs in which each piece of text has its place."""

    def write_at(self, ident: str, offset: int, text: str) -> int:
        """Write text where it belongs, and return where the next belongs."""


@dataclass
class _Held:
    run: Work
    seen: Seen | None = None
    dirty: bool = True
    log_at: float = 0.0


@dataclass(frozen=True)
class Outside:
    """What a follower is given besides its claims and backends; times are seconds since 1970."""

    logs: LogPlaces
    root: Path
    tell: Callable[[Mapping[str, str]], None]
    now: Callable[[], float]
    bug: Callable[[BaseException], None] = field(default=lambda _error: None)
    start_seconds: float = watcher.START_SECONDS
    lease_seconds: float = LEASE_SECONDS


class Follower:
    """Follows the runs of some backends; one thread calls ``round`` again and again."""

    def __init__(
        self, claims: Claims, known: Known, backends: Mapping[str, RunPlace], outside: Outside
    ) -> None:
        self.owner = secrets.token_hex(16)
        self._claims = claims
        self._known = known
        self._backends = backends
        self._out = outside
        self._held: dict[str, _Held] = {}
        self._renewed = 0.0
        self._swept = outside.now()

    @property
    def busy(self) -> bool:
        """Whether there is anything to follow."""
        return bool(self._held)

    @property
    def size(self) -> int:
        """How many runs it follows."""
        return len(self._held)

    def round(self) -> None:
        """Look once at everything, and do what is to be done now."""
        now = self._out.now()
        self._claim(now)
        away: set[str] = set()
        for name, backend in self._backends.items():
            self._observe(name, backend, now, away)
        for held in list(self._held.values()):
            if held.run.backend not in away:
                self._quietly(held, away, lambda h=held: self._step(h))  # type: ignore[misc]
        self._read_logs(now, away)
        if now - self._swept > SWEEP_SECONDS:
            self._swept = now
            self.sweep()

    def close(self) -> None:
        """Let go of everything; it goes on, and whoever comes next follows it."""
        with suppress(ModelPackError):
            self._known.release(self.owner)
        self._held.clear()

    def sweep(self) -> None:
        """Remove what is kept elsewhere for runs that the ledger does not have, or had long ago."""
        now = self._out.now()
        for backend in self._backends.values():
            if not isinstance(backend, Sweeper):
                continue
            with suppress(ModelPackError):
                there = set(backend.leftovers())
                known = self._known.known(there)
                for ident in sorted(there):
                    phase, finished = known.get(ident, (None, None))
                    over = finished is not None and now - finished > KEEP_SECONDS
                    if phase is None or over or phase == "Aborted":
                        backend.remove(ident)

    # inside

    def _claim(self, now: float) -> None:
        for run in self._claims.adopt(
            self.owner, list(self._backends), now, self._out.lease_seconds
        ):
            self._held[run.id] = _Held(run)
            self._tell(run, "Running", "")
        if not self._held:
            return
        if now - self._renewed > self._out.lease_seconds / 6:
            self._renewed = now
            still = self._claims.renew(self.owner, now + self._out.lease_seconds)
            for ident in set(self._held) - still:
                self._drop(ident)
        for ident in self._claims.stops(self.owner):
            held = self._held.get(ident)
            if held is not None and not held.run.stop_asked:
                held.run = replace(held.run, stop_asked=True)
                held.dirty = True

    def _observe(self, name: str, backend: RunPlace, now: float, away: set[str]) -> None:
        mine = [held.run for held in self._held.values() if held.run.backend == name]
        if not mine:
            return
        try:
            found = backend.observe(mine)
        except ModelPackError as error:
            away.add(name)
            unknown = Seen("Unknown", since=now)
            found = {run.id: unknown for run in mine if run.state.get("place")}
            if not isinstance(error, BackendUnavailable):
                self._out.bug(error)
                for run in mine:
                    if not run.state.get("place") and not run.stop_asked:
                        state = ended(run.state, "Errored", error_json(error))
                        self._finish(self._held[run.id], "Errored", state)
            for ident in found:
                self._keep(self._held[ident], watcher.fold(self._held[ident].run.state, unknown))
            return
        for ident, seen in found.items():
            held = self._held[ident]
            if seen is not held.seen:
                held.seen, held.dirty = seen, True

    def _step(self, held: _Held) -> None:
        waits = held.run.stop_asked or not held.run.state.get("place") or _slow(held)
        if not held.dirty and not waits:
            return
        held.dirty = False
        decision = watcher.decide(held.run, held.seen, self._out.now(), self._out.start_seconds)
        backend = self._backends[held.run.backend]
        if decision.what == "submit":
            place = backend.submit(held.run)
            self._keep(held, {**decision.state, "place": dict(place), "stage": "Queued"})
        elif decision.what == "stop":
            backend.stop(held.run)
            self._keep(held, decision.state)
        elif decision.what == "collect":
            self._keep(held, decision.state)
            self._collect(held, backend)
        elif decision.what == "finish":
            assert decision.phase is not None
            self._finish(held, decision.phase, decision.state)
        else:
            self._keep(held, decision.state)

    def _quietly(self, held: _Held, away: set[str], do: Callable[[], None]) -> None:
        """Do a step; what another system does not answer waits, what it refuses ends the run."""
        try:
            do()
        except StillComing:
            held.dirty = True
        except (BackendUnavailable, Conflict, StoreError):
            away.add(held.run.backend)
            held.dirty = True
        except Exception as error:
            self._out.bug(error)
            if held.run.stop_asked or held.run.state.get("place"):
                held.dirty = True  # it goes on there; what is refused now may be granted later
                return
            self._finish(held, "Errored", ended(held.run.state, "Errored", error_json(error)))

    def _keep(self, held: _Held, state: Mapping[str, Any]) -> None:
        if state == held.run.state:
            return
        held.run = replace(held.run, state=state)
        if self._claims.save(held.run.id, self.owner, state):
            self._tell(held.run, "Running", str(state.get("stage") or ""))
        else:
            self._drop(held.run.id)

    def _collect(self, held: _Held, backend: RunPlace) -> None:
        """Get the results, lay them where they belong, and end the run, each of it once."""
        run, seen = held.run, held.seen
        assert seen is not None
        with suppress(NotFound):
            self._read_log(held)
        folder = self._out.root / run.id / f"work.{self.owner}"
        for begun in folder.parent.glob("work.*"):  # by us, or by one that was killed meanwhile
            shutil.rmtree(begun, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            result = dict(backend.collect(run, seen, folder))
            work = folder.with_name("work")
            with suppress(OSError):  # another follower was first; what it laid there is the same
                os.rename(folder, work)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        phase: Phase = result["phase"]
        executed = result.get("executed_notebook")
        state = {**held.run.state, **{key: result[key] for key in _RESULT if key in result}}
        known = run.request.get("digests") or {}
        state |= data_state(result.get("inputs") or (), known, f"{run.name} {run.version}")
        state["executed_notebook"] = str(work / executed) if executed else None
        why = result.get("why")
        state["error"] = watcher.error_of(why) if why and phase != "Succeeded" else None
        if state["error"] is None:
            state["error"] = failure_of(phase, result)
        elif result.get("cell"):
            state["error"]["details"] = {"cell": result["cell"]}
            state["error"]["message"] = f"In cell {result['cell']}: {state['error']['message']}"
        self._finish(held, phase, state)

    def _finish(self, held: _Held, phase: Phase, state: Mapping[str, Any]) -> None:
        run = held.run
        if self._claims.finish(run.id, self.owner, phase, state, self._out.now()):
            self._tell(run, phase, "")
        self._drop(run.id)

    def _read_logs(self, now: float, away: set[str]) -> None:
        running = {
            ident: held.log_at
            for ident, held in self._held.items()
            if held.seen is not None and held.seen.stage == "Running"
        }
        for ident in watcher.log_order(running, now, most=LOGS_A_ROUND, pause=LOG_PAUSE):
            held = self._held.get(ident)
            if held is not None and held.run.backend not in away:
                held.log_at = now
                with suppress(ModelPackError):
                    self._read_log(held)

    def _read_log(self, held: _Held) -> None:
        run = held.run
        log = run.state.get("log") or {"mark": "", "size": 0}
        part = self._backends[run.backend].log(run, str(log["mark"]))
        if part.mark == log["mark"]:
            return
        size = self._out.logs.write_at(run.id, int(log["size"]), part.text)
        state = {**run.state, "log": {"mark": part.mark, "size": size}}
        for event in part.events:
            if event.get("event") == "cell-started":
                state |= {"cell": event.get("cell"), "cells": event.get("cells")}
            elif event.get("event") == "metric" and isinstance(event.get("name"), str):
                state["metrics"] = {**state["metrics"], event["name"]: event.get("value")}
        self._keep(held, state)

    def _drop(self, ident: str) -> None:
        held = self._held.pop(ident, None)
        if held is not None:
            forget = getattr(self._backends[held.run.backend], "forget", None)
            if forget is not None:
                forget(ident)

    def _tell(self, run: Work, phase: str, step: str) -> None:
        self._out.tell({"kind": "run", "id": run.id, "phase": phase, "step": step})


def _slow(held: _Held) -> bool:
    """Tell whether time alone may change the decision: something keeps the run from starting."""
    return bool(held.run.state.get("events")) and held.run.state.get("stage") != "Running"
