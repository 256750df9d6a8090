"""A day of a busy server, on a clock that runs ahead: releases, runs, promotions.

``main`` prints a line of JSON for each tenth of the day and one at the end. What is done is done by
the parts of the server: queue, log files, events, follower with its sweeps, promotion, deployment
into a folder, garbage collection. As with a real server, processes that end carry out what is
packaged and run here.
"""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import os
import tempfile
import threading
import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jupyter_events import EventLogger
from promoting import ADA, TEAM, open_world, signed

from jupyter_modelpack.adapters.deployers.folder import FolderDeployer
from jupyter_modelpack.adapters.events import ProgressEvents
from jupyter_modelpack.adapters.ledger import open_ledger
from jupyter_modelpack.adapters.log_files import LogFiles
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.services.following import Follower, Outside
from jupyter_modelpack.services.promotions import Wish
from jupyter_modelpack.services.work import Work, new_build_state, new_run_state
from tests.kubernetes.fake_place import FakePlace
from tests.services.soak_worker import carry_out

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([carry_out.__module__])
DAY = 86_400.0
NAMES = 50
SAMPLES = 10


class Day:
    """A server's parts around one ledger."""

    def __init__(self, data_dir: Path, count: int) -> None:
        self.data_dir = data_dir
        self.step = DAY / count
        self.begin = self.time = datetime.now(timezone.utc).timestamp()
        self.ledger = open_ledger(data_dir)
        self.logs = LogFiles(data_dir / "logs")
        self.cluster = FakePlace()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.events = ProgressEvents(EventLogger())
        self.events.attach(self.loop)
        outside = Outside(self.logs, data_dir / "runs", self.events, lambda: self.time)
        table = self.ledger.followed
        self.follower = Follower(table, table, {"kubernetes": self.cluster}, outside)
        (data_dir / "policy.yaml").write_text(TEAM, "utf-8")
        world = open_world(
            data_dir, ledger=self.ledger, now=self.now, tell=self.events,
            deployer=FolderDeployer(data_dir / "environments"),
        )  # fmt: skip
        world.finder.change = signed
        self.promotions = world.promotions

    def now(self) -> datetime:
        """Return the time that runs ahead."""
        return datetime.fromtimestamp(self.time, timezone.utc)

    def release(self, number: int) -> None:
        """Package, run here and on the cluster, promote, and let the time go on."""
        name = f"churn{number % NAMES}"
        path = self.data_dir / f"{name}.ipynb"
        path.write_text(json.dumps({"number": number}))
        request = {
            "shown_path": path.name, "name": None, "verify": True, "network": False,
            "compression": "none", "live_modules": [],
        }  # fmt: skip
        build = self._carried_out(
            Work(
                _id(), "build", self.time, path=str(path), name=name, requested_by="ada",
                request=request, state=new_build_state(), fingerprint=f"print-{number}",
            )
        )  # fmt: skip
        version = str(build.state["package"]["version"])
        asked = {"parameters": {}, "network": False, "inputs": {}}
        of = {"name": name, "version": version, "state": new_run_state({}), "request": asked}
        self._carried_out(Work(_id(), "run", self.time, **of))  # type: ignore[arg-type]
        away = Work(_id(), "run", self.time, backend="kubernetes", **of)  # type: ignore[arg-type]
        self.ledger.work.enter(away)
        self.follower.round()
        self.cluster.jobs[away.id] = "Succeeded"
        self.follower.round()
        assert self.ledger.work.get("run", away.id).phase == "Succeeded"
        del self.cluster.jobs[away.id], self.cluster.created[away.id]  # a cluster's TTL
        self.promotions.recover()
        held = self.promotions.ask(Wish(name, version, "dev", "because"), ADA)
        assert held.phase == "Active"
        self.ledger.work.expire(self.time)
        self.time += self.step

    def _carried_out(self, work: Work) -> Work:
        self.ledger.work.enter(work)
        worker = CONTEXT.Process(target=carry_out, args=(self.data_dir, work.id, self.time))
        worker.start()
        worker.join()
        assert worker.exitcode == 0
        worker.close()
        done = self.ledger.work.get(work.kind, work.id)
        assert done.phase == "Succeeded", done.state
        return done

    def collect(self) -> None:
        """Collect garbage, as an operator's timer does."""
        layout = Layout(self.data_dir / "store")
        layout.gc([Digest.parse(each) for each in self.ledger.packages.digests()], 3600)

    def measure(self, number: int) -> dict[str, Any]:
        """Return what this process holds now."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        runs = self.data_dir / "runs"
        # but for the folder through which our workers are started
        files = [each for each in os.listdir(tempfile.gettempdir()) if each[:5] != "pymp-"]
        dirs = [each for each in (self.data_dir / "environments").glob("*/.*") if each.is_dir()]
        return {
            "releases": number,
            "hours": round((self.time - self.begin) / 3600, 1),
            "rss": pages * os.sysconf("SC_PAGESIZE"),
            "fds": len(os.listdir("/proc/self/fd")),
            "threads": threading.active_count(),
            "temporary": len(files)
            + len(list((self.data_dir / "store" / "ingest").iterdir()))
            + len(list(runs.glob("*/work.*")))
            + max(0, len(dirs) - min(number, NAMES)),
        }


def _id() -> str:
    return uuid.uuid4().hex


def main(data_dir: Path, count: int) -> None:
    """Live a day, and say at each tenth of it what is held."""
    data_dir.mkdir(parents=True)
    day = Day(data_dir, count)
    for number in range(count):
        day.release(number)
        if (number + 1) % max(1, count // SAMPLES) == 0:
            day.collect()
            print(json.dumps(day.measure(number + 1)), flush=True)
