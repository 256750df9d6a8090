"""Promotions in the ledger: kills, many processes, and a ledger of the version before."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from promoting import YOU, open_world

from jupyter_modelpack.errors import Conflict, ModelPackError
from jupyter_modelpack.services.promotions import Wish

ROOT = Path(__file__).parents[2]
PROCESSES = 16
EACH = 100 if os.environ.get("MODELPACK_TEST_FULL") else 6


def consistent(world, places=("dev",)):
    """Say that every state has its audit entries and every entry its state."""
    assert world.releases.audit().whole
    rows = list(world.ledger.audit.rows())
    by_promotion: dict[str, list[str]] = {}
    for row in rows:
        if row["promotion"]:
            by_promotion.setdefault(row["promotion"], []).append(row["kind"])
    known = world.ledger.promotions.list(limit=100_000)
    assert {p.id for p in known} == set(by_promotion)
    for promotion in known:
        kinds = by_promotion[promotion.id]
        assert kinds[0] == "promotion.asked"
        if not promotion.is_open:
            assert kinds[-1] == f"promotion.{promotion.phase.lower()}", (promotion, kinds)
    for place in places:
        moves = [r for r in rows if r["kind"] == "promotion.active" and r["environment"] == place]
        slot = world.ledger.promotions.lane("churn", place).slot
        assert slot.generation == len(moves)
        if moves:
            assert moves[-1]["data"]["digest"] == slot.digest
            assert moves[-1]["promotion"] == slot.pointer.promotion


KILLED = """
import os, signal, sys
from pathlib import Path
import sqlalchemy as sa
from promoting import YOU, open_world
from jupyter_modelpack.services.promotions import Wish

world = open_world(Path(sys.argv[1]))
world.policies = world.releases.policies.current()
point, seen = int(sys.argv[2]), 0

def count(connection, cursor, statement, *_):
    global seen
    if statement.split()[0] in ("INSERT", "UPDATE", "DELETE", "COMMIT"):
        seen += 1
        if seen == point:
            os.kill(os.getpid(), signal.SIGKILL)

engine = world.ledger.database._engine
sa.event.listen(engine, "after_cursor_execute", count)
sa.event.listen(engine, "commit", lambda connection: count(connection, None, "COMMIT x"))
world.promotions.ask(Wish("churn", sys.argv[3], "dev", "because"), YOU)
"""


def test_d12_kill_points(tmp_path):
    """Kill a promotion after each statement and each commit: state and log stay one."""
    every = 1 if os.environ.get("MODELPACK_TEST_FULL") else 3
    killed = 0
    for point in range(1, 60, every):
        world = open_world(tmp_path / str(point))
        world.package("1.0.0")
        world.package("1.1.0")
        world.promotions.ask(Wish("churn", "1.0.0", "dev", "because"), YOU)
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(world.data_dir), str(point), "1.1.0"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))},
            check=False,
        )
        consistent(world)
        world.promotions.recover()
        consistent(world)
        assert not world.promotions.list("churn", is_open=True)
        if done.returncode == 0:
            break
        killed += 1
        assert done.returncode == -9
    assert done.returncode == 0, "there are more points than were tried"
    print(f"D12: killed at {killed} points, 0 changes without an entry and 0 the other way round")


def _promote(folder: str, number: int, results: multiprocessing.Queue) -> None:
    world = open_world(Path(folder))
    counts = {"done": 0, "refused": 0, "errors": []}
    for turn in range(EACH):
        _ask(world, f"1.{(number + turn) % 10}.0", counts)
    results.put(counts)


def _ask(world, version: str, counts: dict) -> None:
    try:
        world.promotions.ask(Wish("churn", version, "dev", "because"), YOU)
        counts["done"] += 1
    except Conflict:
        counts["refused"] += 1
    except ModelPackError as error:
        counts["errors"].append(str(error))


def test_e8_many_processes_change_one_ledger(tmp_path):
    world = open_world(tmp_path)
    for number in range(10):
        world.package(f"1.{number}.0")
    world.releases.policies.current()
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    workers = [
        context.Process(target=_promote, args=(str(tmp_path), number, results))
        for number in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    counts = [results.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    assert [error for each in counts for error in each["errors"]] == []
    consistent(world)
    done, refused = (sum(each[key] for each in counts) for key in ("done", "refused"))
    entries = len(list(world.ledger.audit.rows()))
    assert done >= 1
    assert done + refused == PROCESSES * EACH
    print(f"E8: {PROCESSES} processes, {done} done, {refused} 409, {entries} entries, 0 locked")


@pytest.mark.parametrize("statement", ["UPDATE audit SET entry = '{}' WHERE sequence = 3",
                                       "DELETE FROM audit WHERE sequence = 2",
                                       "DELETE FROM audit WHERE sequence > 3"])  # fmt: skip
def test_d12_an_edited_table_is_found(tmp_path, statement):
    world = open_world(tmp_path)
    world.package()
    world.promotions.ask(Wish("churn", "1.0.0", "dev", "because"), YOU)
    kept = world.ledger.audit.head()
    assert world.releases.audit([kept]).whole
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as connection:
        connection.execute(statement)
        connection.commit()
    assert not world.releases.audit([kept]).whole
    world.package("1.1.0")
    with pytest.raises(ModelPackError):
        world.promotions.ask(Wish("churn", "1.1.0", "dev", "because"), YOU)
