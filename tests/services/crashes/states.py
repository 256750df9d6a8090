"""The named states of builds, runs and promotions, and a kill at the moment one is written.

A state is what the ledger says in words: ``build Running verify``, ``promotion dev Deploying``.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
from collections.abc import Collection
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from jupyter_modelpack.services.packaging_types import STEPS

AT, SERVER = "MODELPACK_TEST_CRASH_AT", "MODELPACK_TEST_CRASH_SERVER"
BUILD = (
    "build Pending",
    "build Running",
    *(f"build Running {step}" for step in STEPS),
    "build Succeeded",
)
RUN = (
    "run local Pending",
    "run local Running",
    "run local Running cell 1",
    "run local Succeeded",
    "run local Running stopping",
    "run local Aborted",
)
ELSEWHERE = (
    "run kubernetes Pending",
    "run kubernetes Running",
    "run kubernetes Running Queued",
    "run kubernetes Running Starting",
    "run kubernetes Running Running",
    "run kubernetes Running Succeeded",
    "run kubernetes Succeeded",
    "run kubernetes Running stopping",
    "run kubernetes Aborted",
)
PROMOTION = (
    "promotion dev Checking",
    "promotion dev Deploying",
    "promotion dev Active",
    "promotion production Checking",
    "promotion production Waiting",
    "promotion production Deploying",
    "promotion production Active",
)


def states(ledger: Path) -> set[tuple[str, str]]:
    """Return each thing of a ledger in each of the states that it is in, as (id, state)."""
    place = f"file:{ledger}?mode=ro"
    with closing(sqlite3.connect(place, uri=True, timeout=30.0)) as connection:
        work = connection.execute(
            "SELECT id, kind, backend, phase, state, stop_asked FROM work"
        ).fetchall()
        promotions = connection.execute("SELECT id, environment, phase FROM promotions").fetchall()
    found = {(ident, f"promotion {place} {phase}") for ident, place, phase in promotions}
    for ident, kind, backend, phase, state, stop in work:
        name = f"{kind} {backend} {phase}" if kind == "run" else f"{kind} {phase}"
        found |= {(ident, name)}
        if phase == "Running":
            more = _inside(backend, json.loads(state), stop=bool(stop))
            found |= {(ident, f"{name} {each}") for each in more}
    return found


def _inside(backend: str, state: dict[str, Any], *, stop: bool) -> list[str]:
    found = [step["name"] for step in state.get("steps", ()) if step["phase"] == "Running"]
    if state.get("cell") and backend == "local":
        found.append(f"cell {state['cell']}")
    if state.get("stage"):
        found.append(state["stage"])
    return [*found, "stopping"] if stop else found


def watch(ledger: Path) -> None:
    """Kill this server and its workers when the state that the environment names is written."""
    wanted = os.environ.get(AT)
    if not wanted:
        return
    before = states(ledger) if ledger.exists() else set()
    written = threading.local()

    def on_commit(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("modelpack_writes"):
            written.now = True

    def on_checkin(_connection: Any, _record: Any) -> None:
        if not getattr(written, "now", False):
            return
        written.now = False
        if any(state == wanted for _, state in states(ledger) - before):
            die()

    sa.event.listen(sa.Engine, "commit", on_commit)
    sa.event.listen(sa.pool.Pool, "checkin", on_checkin)


def die() -> None:
    """Kill the server, all that it started, and this process last, as a power cut does."""
    server, me = int(os.environ[SERVER]), os.getpid()
    kill([each for each in (server, *children(server)) if each != me])
    kill([me])


def children(process: int) -> list[int]:
    """Return the processes that a process has started and not yet waited for."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                found += map(int, (thread / "children").read_text().split())
    return found


def kill(processes: Collection[int]) -> None:
    """Send SIGKILL to each of them that is there."""
    for each in processes:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
