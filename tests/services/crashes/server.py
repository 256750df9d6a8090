"""A server that takes up what the one before it left, and then packages, runs and promotes.

It says each thing that it was told is kept. It may be killed at any moment and another one started:
what is done already is not done again.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from promoting import ADA, RITA

from jupyter_modelpack import elsewhere
from jupyter_modelpack.adapters.log_files import LogFiles
from jupyter_modelpack.adapters.worker_pool import WorkerPool, WorkerSpec
from jupyter_modelpack.errors import Conflict
from jupyter_modelpack.services.backend import RunPlace
from jupyter_modelpack.services.builds import BuildOrder
from jupyter_modelpack.services.following import Follower, Outside
from jupyter_modelpack.services.promotions import Vote, Wish
from jupyter_modelpack.services.runs import RunRequest
from jupyter_modelpack.services.work import Work
from jupyter_modelpack.wiring import Wanted, Wiring
from tests.services.crashes import states
from tests.services.crashes.workshop import DiskPlace

SECONDS = 60.0
LOOK = 0.02
WORKSHOP = "tests.services.crashes.workshop:open_workshop"
LOG = logging.getLogger("crashes")
LISTENERS: list[Connection] = []


@dataclass(frozen=True)
class Pace:
    """How long claims last and how often is looked, in seconds; none: as the product has it."""

    worker_lease: float | None = None
    pool_look: float | None = None
    follower_lease: float | None = None


PACES = {"quick": Pace(2.5, 0.2, 1.5), "usual": Pace()}


class Cluster(elsewhere.Elsewhere):
    """Runs elsewhere, on a cluster that is a folder."""

    lease: float | None = None

    @cached_property
    def backends(self) -> Mapping[str, RunPlace]:
        return {"kubernetes": DiskPlace(self._data_dir / "cluster")}

    @cached_property
    def follower(self) -> Follower:
        table = self._ledger().followed
        more = {} if self.lease is None else {"lease_seconds": self.lease}
        folder = self._data_dir
        outside = Outside(
            LogFiles(folder / "logs"), folder / "runs", self._tell, time.time, self._bug, **more
        )
        return Follower(table, table, self.backends, outside)


def wire(data_dir: Path, pace: Pace) -> Wiring:
    """Return a server's wiring with another workshop and another cluster."""
    settings = {"kubernetes_image": "registry.example.org/test"}
    wanted = Wanted(data_dir, settings, WORKSHOP)
    wiring = Wiring(wanted, _unheard, LOG)
    if pace.worker_lease is not None and pace.pool_look is not None:
        spec = WorkerSpec(str(data_dir), settings, WORKSHOP, lease_seconds=pace.worker_lease)
        wiring.pool = WorkerPool(
            lambda: wiring.ledger.work, spec, _unheard, look_seconds=pace.pool_look, log=LOG
        )
        elsewhere.ROUND_SECONDS = elsewhere.IDLE_SECONDS = pace.pool_look / 4
    cluster = Cluster(lambda: wiring.ledger, data_dir, settings, _unheard, LOG)
    cluster.lease = pace.follower_lease
    wiring.elsewhere = cluster
    return wiring


class Story:
    """One notebook after the other: packaged, run here and elsewhere, promoted twice."""

    def __init__(self, wiring: Wiring, data_dir: Path) -> None:
        self._wiring = wiring
        self._folder = data_dir / "notebooks"
        self._folder.mkdir(exist_ok=True)

    def tell(self, number: int) -> None:
        """Do what is not done yet of the story of one notebook; the first one has stops in it."""
        path = self._folder / f"churn{number}.ipynb"
        path.write_text(f'{{"number": {number}}}')
        ledger, runs = self._wiring.ledger, self._wiring.runs
        order = BuildOrder(str(path), path.name, requested_by="ada")
        name, version = path.stem, "1.0.0"
        self._well(
            lambda: ledger.work.list("build", path=str(path)),
            lambda: self._wiring.builds.start(order),
        )
        say("released", name, ledger.packages.get(name, version)["digest"])
        here = RunRequest(name, version)
        there = RunRequest(name, version, backend="kubernetes")
        endless = RunRequest(name, version, network=True)
        away = RunRequest(name, version, backend="kubernetes", options={"labels": {"end": "no"}})
        for request in (here, there):
            self._well(self._like(request), lambda asked=request: runs.start(asked))
        for request in (endless, away) if number == 0 else ():
            self._stopped(self._like(request), lambda asked=request: runs.start(asked))
        self._promote(name, version, "dev")
        self._promote(name, version, "production")

    def _like(self, request: RunRequest) -> Callable[[], list[Work]]:
        def of() -> list[Work]:
            listed = self._wiring.ledger.work.list("run", name=request.name)
            return [
                run
                for run in listed
                if run.backend == request.backend
                and bool(run.request.get("options")) == bool(request.options)
                and (run.backend != "local" or run.request["network"] == request.network)
            ]

        return of

    def _well(self, of: Callable[[], list[Work]], start: Callable[[], Work]) -> None:
        """Ask until one has ended well; what ended otherwise is asked for again."""
        while not any(work.phase == "Succeeded" for work in of()):
            if all(work.over for work in of()):
                asked = start()
                say("asked", asked.kind, asked.id)
            self._until(lambda: all(work.over for work in of()), of)

    def _stopped(self, of: Callable[[], list[Work]], start: Callable[[], Work]) -> None:
        """Ask for one that does not end, and stop it when it runs."""
        while not any(work.phase == "Aborted" for work in of()):
            if all(work.over for work in of()):
                asked = start()
                say("asked", asked.kind, asked.id)
            self._until(lambda: all(work.over or work.phase == "Running" for work in of()), of)
            for work in of():
                if not work.over and not work.stop_asked:
                    try:
                        self._wiring.runs.stop(work.id)
                    except Conflict:
                        continue
            self._until(lambda: all(work.over for work in of()), of)

    def _promote(self, name: str, version: str, place: str) -> None:
        promotions = self._wiring.releases.promotions
        while self._holds(name, place) is None:
            found = promotions.list(name, is_open=True)
            waiting = [each for each in found if each.phase == "Waiting"]
            if waiting:
                promotions.answer(waiting[0].id, RITA, Vote(True, "read it"))
            elif not found:
                asked = promotions.ask(Wish(name, version, place, "because"), ADA)
                say("asked", "promotion", asked.id)
            else:
                self._until(
                    lambda: (
                        not any(
                            each.phase in ("Checking", "Deploying")
                            for each in promotions.list(name, is_open=True)
                        )
                    ),
                    lambda: promotions.list(name, is_open=True),
                )
        say("holds", place, name, self._holds(name, place))

    def _holds(self, name: str, place: str) -> object:
        return self._wiring.ledger.promotions.lane(name, place).slot.digest

    def _until(self, true: Callable[[], bool], of: Callable[[], Any]) -> None:
        until = time.monotonic() + SECONDS
        while not true():
            if time.monotonic() > until:
                say("stuck", of())
                sys.exit(3)
            time.sleep(LOOK)


def settle(wiring: Wiring) -> None:
    """Take up what is left, and say how long it took until all of it was over or went on."""
    left = {(each.kind, each.id): each.attempts for each in _unfinished(wiring)}
    began = time.monotonic()
    wiring.resume()
    while True:
        now = {(each.kind, each.id): each.attempts for each in _unfinished(wiring)}
        still = [key for key, attempts in left.items() if now.get(key) == attempts]
        opened = wiring.releases.promotions.list(is_open=True)
        moving = [each.id for each in opened if each.phase in ("Checking", "Deploying")]
        seconds = time.monotonic() - began
        if not still and not moving:
            say("settled", len(left), f"{seconds:.2f}")
            return
        if seconds > SECONDS:
            say("stuck", still, moving)
            sys.exit(3)
        time.sleep(LOOK)


def _unfinished(wiring: Wiring) -> list[Work]:
    table = wiring.ledger.work
    found = [*table.list("build", limit=10_000), *table.list("run", limit=10_000)]
    return [each for each in found if not each.over]


def say(*words: object) -> None:
    """Tell whoever started this server."""
    LISTENERS[0].send([str(word) for word in words])


def _unheard(_event: Mapping[str, str]) -> None:
    return None


def serve(data_dir: Path, stories: int, pace: str, at: str, listener: Connection) -> None:
    """Serve and tell so many stories, and be killed ``at`` a state unless it is empty."""
    LISTENERS[:] = [listener]
    os.environ |= {states.AT: at, states.SERVER: str(os.getpid())}
    LOG.setLevel(logging.ERROR)
    try:
        _serve(data_dir, stories, PACES[pace])
    except Exception:
        say("broken", traceback.format_exc())


def _serve(data_dir: Path, stories: int, pace: Pace) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    wiring = wire(data_dir, pace)
    assert wiring.ledger and wiring.releases
    states.watch(data_dir / "ledger.sqlite")
    settle(wiring)
    story = Story(wiring, data_dir)
    for number in range(stories):
        say("begin", number)
        story.tell(number)
    wiring.close()
    say("end")
