"""Workers come and go, and no work is stuck, lost or done twice: the processes are real."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_modelpack.adapters.ledger import open_ledger
from jupyter_modelpack.adapters.worker_pool import WorkerPool, WorkerSpec
from jupyter_modelpack.services.work import Work, new_build_state, new_run_state

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "tests")]))


class Place:
    """One data directory, and pools on it as servers would have them."""

    def __init__(self, tmp_path):
        self.tmp_path = tmp_path
        self.data_dir = tmp_path / "data"
        self.table = open_ledger(self.data_dir).work
        self.heard = []
        self.pools = []

    def pool(self, most=1, grace=2.0, lease=20.0):
        spec = WorkerSpec(
            str(self.data_dir), workshop="fake_workshop:open_workshop", lease_seconds=lease
        )
        pool = WorkerPool(
            lambda: self.table,
            spec,
            self.heard.append,
            most=most,
            look_seconds=0.2,
            grace_seconds=grace,
        )
        self.pools.append(pool)
        return pool

    def build(self, number=1, **fake):
        path = self.tmp_path / f"n{number}.ipynb"
        path.write_text(json.dumps({"cells": [], "metadata": {"fake": fake}}))
        request = {
            "shown_path": path.name, "name": None, "verify": True, "network": False,
            "compression": "none", "live_modules": [],
        }  # fmt: skip
        work = Work(
            f"{number:032x}", "build", time.time(), path=str(path), name=f"n{number}",
            fingerprint=f"print-{number}", request=request, state=new_build_state(),
        )  # fmt: skip
        return self.table.enter(work)

    def run(self, number=100):
        request = {"parameters": {}, "network": False, "inputs": {}}
        work = Work(
            f"{number:032x}", "run", time.time(), name="n1", version="1.0.0", request=request,
            state=new_run_state({}),
        )  # fmt: skip
        return self.table.enter(work)

    def wait(self, work, *phases, seconds=20.0):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.table.get(work.kind, work.id)
            if found.phase in phases:
                return found
            time.sleep(0.03)
        raise AssertionError(f"{work.kind} is {found.phase} and not one of {phases}")

    def worker_of(self, work, count=1):
        """The process that the workshop was called in for this work."""
        for _ in range(400):
            with contextlib.suppress(FileNotFoundError):
                lines = (self.data_dir / "calls.txt").read_text().splitlines()
                mine = [line.split() for line in lines if work.path in line]
                if len(mine) >= count:
                    return int(mine[count - 1][2])
            time.sleep(0.03)
        raise AssertionError("the workshop was not called")

    def freeze(self, pid):
        """Stop a worker, not while it writes: whoever is stopped there holds everybody up."""
        for _ in range(400):
            os.kill(pid, signal.SIGSTOP)
            ledger = sqlite3.connect(self.data_dir / "ledger.sqlite", timeout=0.2)
            with contextlib.closing(ledger), contextlib.suppress(sqlite3.OperationalError):
                ledger.execute("BEGIN IMMEDIATE")
                return
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.05)
        raise AssertionError("the worker writes all the time")

    def calls(self):
        return (self.data_dir / "calls.txt").read_text().splitlines()


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    for pool in made.pools:
        pool.close()


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"


def test_work_is_done_and_heard_of(place):
    work = place.build()
    place.pool().kick()
    done = place.wait(work, "Succeeded")
    assert done.state["package"] == {"name": "n1", "version": "1.0.0"}
    assert done.attempts == 1
    time.sleep(0.2)
    assert {each["phase"] for each in place.heard} == {"Running", "Succeeded"}
    assert all(set(each) == {"kind", "id", "phase", "step"} for each in place.heard)


def test_killed_workers_end_in_one_sentence(place):
    pool = place.pool()
    for number, how in enumerate((signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT), 1):
        work = place.build(number, seconds=60)
        pool.kick()
        os.kill(place.worker_of(work), how)
        done = place.wait(work, "Errored", "Succeeded", "Failed")
        assert done.phase == "Errored"
        assert done.state["error"]["message"].count(".") == 1
        assert done.state["error"]["details"] == {"signal": int(how)}
        assert not [step for step in done.state["steps"] if step["phase"] == "Running"]
    print("3 kills: 3 builds Errored, 0 stuck")


def test_a_worker_that_does_not_hear_a_stop_is_killed(place):
    work = place.build(end="hang", seconds=60)
    pool = place.pool(grace=0.5)
    pool.kick()
    pid = place.worker_of(work)
    place.table.ask_stop("build", work.id, time.time())
    pool.stop(work.id)
    assert place.wait(work, "Aborted", seconds=8).state["error"]["code"] == "ABORTED"
    assert not alive(pid)


def test_a_stop_reaches_another_servers_worker(place):
    work = place.build(seconds=60)
    place.pool().kick()
    place.worker_of(work)
    place.table.ask_stop("build", work.id, time.time())
    assert place.wait(work, "Aborted", seconds=8).phase == "Aborted"


def test_two_servers_do_nothing_twice(place):
    works = [place.build(number, seconds=0.1) for number in range(1, 9)]
    pools = [place.pool(most=2), place.pool(most=2)]
    for pool in pools:
        pool.kick()
    for work in works:
        place.wait(work, "Succeeded", seconds=40)
    called = [line.split()[1] for line in place.calls()]
    assert sorted(called) == sorted({work.path for work in works})
    print(f"{len(works)} builds on 2 servers, {len(called)} done")


def test_a_server_that_stops_leaves_builds_to_the_next(place):
    build = place.build(seconds=60)
    first = place.pool()
    first.kick()
    pid = place.worker_of(build)
    first.close()
    assert not alive(pid)
    found = place.wait(build, "Pending")
    assert found.started is None
    Path(build.path).write_text(json.dumps({"cells": [], "metadata": {}}))
    place.pool().kick()
    assert place.wait(build, "Succeeded").attempts == 2


SERVER = """
import sys, time
from jupyter_modelpack.adapters.ledger import open_ledger
from jupyter_modelpack.adapters.worker_pool import WorkerPool, WorkerSpec
spec = WorkerSpec(sys.argv[1], workshop="fake_workshop:open_workshop", lease_seconds=3.0)
pool = WorkerPool(lambda: open_ledger(sys.argv[1]).work, spec, lambda event: None)
pool.kick()
time.sleep(600)
"""


def server(place):
    return subprocess.Popen([sys.executable, "-c", SERVER, str(place.data_dir)])


def test_a_build_outlives_a_killed_server(place):
    work = place.build(seconds=1.5)
    with server(place) as process:
        place.worker_of(work)
        process.kill()
    place.pool().kick()
    done = place.wait(work, "Succeeded")
    assert (done.attempts, len(place.calls())) == (1, 1)


def test_when_server_and_worker_are_killed_a_build_begins_again_and_a_run_ends(place):
    build = place.build(seconds=60)
    with server(place) as process:
        pid = place.worker_of(build)
        process.kill()
        os.kill(pid, signal.SIGKILL)
    Path(build.path).write_text(json.dumps({"cells": [], "metadata": {}}))
    run = place.run()
    assert place.table.claim("gone", time.time(), 0.1).id == run.id
    place.pool().kick()
    assert place.wait(run, "Errored").state["error"]["code"] == "WORKER_ENDED"
    assert place.wait(build, "Succeeded").attempts == 2
    print("server and worker killed: 1 build resumed, 1 run Errored, 0 stuck")


def test_a_worker_that_lost_its_claim_stops(place):
    work = place.build(seconds=60)
    place.pool(lease=2.0).kick()
    pid = place.worker_of(work)
    place.freeze(pid)
    until = time.time() + 10
    while not place.table.expire(time.time()) and time.time() < until:
        time.sleep(0.1)
    heir = place.table.claim("heir", time.time(), 60.0)
    assert heir is None or heir.id == work.id
    os.kill(pid, signal.SIGCONT)
    for _ in range(200):
        if not alive(pid):
            break
        time.sleep(0.05)
    assert not alive(pid)
    found = place.table.get("build", work.id)
    assert found.phase in ("Running", "Pending")
    assert not any(step["phase"] == "Aborted" for step in found.state["steps"])


def test_a_workshop_that_cannot_be_opened_is_said(place):
    work = place.build()
    spec = WorkerSpec(str(place.data_dir), workshop="no_such_module:open_workshop")
    pool = WorkerPool(lambda: place.table, spec, place.heard.append)
    place.pools.append(pool)
    pool.kick()
    done = place.wait(work, "Errored")
    assert done.state["error"]["code"] == "BUG"
    assert "ModuleNotFoundError" in done.state["error"]["message"]


def test_modules_beside_the_server_are_not_imported(place, monkeypatch):
    folder = place.tmp_path / "notebooks"
    folder.mkdir()
    (folder / "json.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(folder)
    work = place.build()
    place.pool().kick()
    assert place.wait(work, "Succeeded", "Errored").phase == "Succeeded"
