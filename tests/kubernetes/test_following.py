"""Rows E1 to E4 and E7: crashes, lost replies, doubles, late owners and orphans."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import delete

from jupyter_modelpack.adapters.ledger.schema import work
from jupyter_modelpack.errors import BackendUnavailable
from tests.kubernetes.fake_place import FakePlace, Killed, World

POINTS = (
    "before submit",
    "after submit",
    "observe",
    "log",
    "before collect",
    "after collect",
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def kill_at(cluster: FakePlace, point: str) -> None:
    def at(here: str) -> None:
        if here == point:
            cluster.at = lambda _point: None
            raise Killed(point)

    cluster.at = at


@pytest.mark.parametrize("point", POINTS)
def test_e1_a_follower_that_is_killed_at_any_point_is_succeeded(world: World, point: str) -> None:
    run = world.enter(1)
    kill_at(world.cluster, point)
    first = world.follower()
    with suppress(Killed):
        for _ in range(3):
            first.round()
            world.time += 2
        world.cluster.jobs[run.id] = "Succeeded"
        first.round()
        pytest.fail("it was not killed")
    world.time += 61
    second = world.follower()
    second.round()
    second.round()
    world.cluster.jobs[run.id] = "Succeeded"
    second.round()
    found = world.get(run.id)
    assert (found.phase, found.state["metrics"]) == ("Succeeded", {"auc": 0.5})
    assert world.cluster.created == {run.id: 1}
    assert world.ends == [(run.id, "Succeeded")]
    assert (world.place / "runs" / run.id / "work" / "scores.csv").read_text() == run.id
    assert [each.name for each in (world.place / "runs" / run.id).iterdir()] == ["work"]


def test_e1_what_a_killed_follower_was_laying_out_is_removed(world: World) -> None:
    run = world.enter(1)
    left = world.place / "runs" / run.id / "work.another"
    left.mkdir(parents=True)
    (left / "half").write_text("x")
    follower = world.follower()
    follower.round()
    world.cluster.jobs[run.id] = "Succeeded"
    follower.round()
    assert [each.name for each in left.parent.iterdir()] == ["work"]


def test_e2_a_lost_reply_a_hundred_times_is_one_job_each(world: World) -> None:
    runs = [world.enter(number) for number in range(100)]
    lost = 0

    def lose(point: str) -> None:
        nonlocal lost
        if point == "after submit" and lost < 100:
            lost += 1
            raise BackendUnavailable("the reply was lost")

    world.cluster.at = lose
    follower = world.follower()
    for _ in range(103):
        follower.round()
        world.time += 1
    print(f"{lost} replies lost, {len(world.cluster.created)} runs with a job each")
    assert lost == 100
    assert world.cluster.created == {run.id: 1 for run in runs}
    assert all(world.get(run.id).state["place"]["job"] == f"job-{run.id}" for run in runs)


def test_e3_runs_that_are_followed_twice_commit_once(world: World) -> None:
    runs = [world.enter(number) for number in range(50)]
    first = world.follower()
    first.round()
    world.time += 61  # its heart beats late, but it lives
    second = world.follower()
    second.round()
    for run in runs:
        world.cluster.jobs[run.id] = "Succeeded"
    first._renewed = world.time  # it does not ask, and believes that everything is its own
    first.round()
    assert world.ends == []
    second.round()
    again = [ident for ident, _ in world.ends]
    print(f"{len(runs)} runs followed twice: {len(again)} results, {len(set(again))} runs")
    assert sorted(again) == sorted(run.id for run in runs)
    assert all(world.get(run.id).phase == "Succeeded" for run in runs)
    assert set(world.cluster.created.values()) == {1}


def test_e4_a_late_heart_beat_is_succeeded_and_kills_nothing(world: World) -> None:
    run = world.enter(1)
    first = world.follower(lease=60)
    first.round()
    world.time += 120  # twice its lease
    assert world.ledger.work.expire(world.time) == ()
    second = world.follower()
    second.round()
    first.round()
    found = world.get(run.id)
    assert (found.phase, found.owner) == ("Running", second.owner)
    assert world.cluster.jobs == {run.id: "Running"} and world.cluster.stopped == []
    assert not first.busy


def test_e4_a_process_that_was_stopped_past_its_lease_writes_nothing(world: World) -> None:
    runs = [world.enter(number) for number in range(50)]
    command = [sys.executable, "-m", "tests.kubernetes.stale_writer"]
    with subprocess.Popen(
        [*command, str(world.place / "ledger.sqlite")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    ) as paused:  # fmt: skip
        assert paused.stdin is not None and paused.stdout is not None
        try:
            assert int(paused.stdout.readline()) == 50
            os.kill(paused.pid, signal.SIGSTOP)
            time.sleep(1.1)
            world.time = time.time()
            other = world.follower()
            other.round()
            os.kill(paused.pid, signal.SIGCONT)
            print("go on", file=paused.stdin, flush=True)
            saved, ended, held = map(int, paused.stdout.readline().split())
        finally:
            paused.kill()
    print(f"50 claims lost: {saved} stale states and {ended} stale ends were taken")
    assert (saved, ended, held) == (0, 0, 0)
    owners = {world.get(run.id).owner for run in runs}
    assert owners == {other.owner}
    assert all("by" not in world.get(run.id).state for run in runs)


def remove_row(world: World, ident: str) -> None:
    with world.ledger.database.writing() as connection:
        connection.execute(delete(work).where(work.c.id == ident))


def remove_job(world: World, ident: str) -> None:
    world.cluster.jobs.pop(ident, None)


ORDERS = tuple(
    order
    for length in (1, 2, 3)
    for order in itertools.permutations(("row", "job", "process"), length)
)


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_e7_no_orphan_is_left_in_any_order(world: World, order: tuple[str, ...]) -> None:
    run = world.enter(1)
    follower = world.follower()
    follower.round()
    steps: dict[str, Callable[[], None]] = {
        "row": lambda: remove_row(world, run.id),
        "job": lambda: remove_job(world, run.id),
    }
    for what in order:
        if what == "process":
            world.time += 61
            follower = world.follower()
        else:
            steps[what]()
        world.time += 20
        with suppress(Killed):
            follower.round()
    for _ in range(2):
        world.time += 20
        follower.round()
        follower.sweep()
    if "row" in order:
        assert world.cluster.jobs == {} and not follower.busy
    elif "job" in order:
        assert world.get(run.id).state["error"]["code"] == "JOB_GONE"
        assert not follower.busy
    else:
        assert world.cluster.jobs == {run.id: "Running"} and follower.busy
    assert world.cluster.others == {"someone-elses": "Running"}
    assert world.cluster.created == {run.id: 1}


def test_while_the_api_is_away_runs_are_unknown_and_never_failed(world: World) -> None:
    run = world.enter(1)
    follower = world.follower()
    follower.round()

    def away(point: str) -> None:
        raise BackendUnavailable(point)

    world.cluster.at = away
    begun = world.time = world.time + 5
    for _ in range(60):
        follower.round()
        world.time += 10
    found = world.get(run.id)
    assert (found.phase, found.state["unknown_since"]) == ("Running", begun)
    world.cluster.at = lambda _point: None
    follower.round()
    assert world.get(run.id).state["unknown_since"] is None
    world.cluster.jobs[run.id] = "Succeeded"
    follower.round()
    assert world.get(run.id).phase == "Succeeded"


def test_a_stop_waits_until_nothing_is_left(world: World) -> None:
    run = world.enter(1)
    follower = world.follower()
    follower.round()
    world.ledger.work.ask_stop("run", run.id, world.time)
    follower.round()
    follower.round()
    assert world.get(run.id).phase == "Aborted"
    assert world.cluster.jobs == {} and world.cluster.stopped == [run.id]


def test_a_stop_before_the_submission_removes_what_a_lost_reply_may_have_made(world: World) -> None:
    run = world.enter(1)
    world.ledger.work.ask_stop("run", run.id, world.time)
    follower = world.follower()
    follower.round()
    follower.round()
    assert world.get(run.id).phase == "Aborted"
    assert world.cluster.created == {} and world.cluster.stopped == [run.id]
