"""Promotions in the ledger: kills, many processes, and a ledger of the version before."""

from __future__ import annotations

import multiprocessing
import os
import signal
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from databases import KINDS
from promoting import YOU, open_world

from jupyter_modelpack.adapters.ledger import Ledger
from jupyter_modelpack.errors import Conflict, ModelPackError
from jupyter_modelpack.services.promotions import Wish

ROOT = Path(__file__).parents[2]
PROCESSES = 16
FORKS = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
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


def _die_at(world, point: int, version: str) -> None:
    """Ask for a promotion in a process that kills itself after so many statements and commits."""
    seen = 0

    def count(connection, cursor, statement, *_):
        nonlocal seen
        if statement.split()[0] in ("INSERT", "UPDATE", "DELETE", "COMMIT"):
            seen += 1
            if seen == point:
                os.kill(os.getpid(), signal.SIGKILL)

    engine = world.ledger.database.server.engine
    sa.event.listen(engine, "after_cursor_execute", count)
    sa.event.listen(engine, "commit", lambda connection: count(connection, None, "COMMIT x"))
    world.promotions.ask(Wish("churn", version, "dev", "because"), YOU)


def _new_world(home, kind: str, request):
    folder = home / uuid.uuid4().hex
    place = folder / "ledger.sqlite"
    if kind == "postgresql":
        place = request.getfixturevalue("postgresql").new()
    world = open_world(folder, ledger=Ledger(place))
    world.package("1.0.0")
    world.promotions.ask(Wish("churn", "1.0.0", "dev", "because"), YOU)
    return world


@FORKS
@pytest.mark.parametrize("kind", KINDS)
def test_d12_kill_points(memory_path, request, kind):
    """Kill promotions after each statement and before each commit: state and log stay one."""
    wanted = 400 if os.environ.get("MODELPACK_TEST_FULL") else 1
    killed, points = 0, set()
    while killed < wanted:
        world = _new_world(memory_path, kind, request)
        point, ended = 0, False
        while not ended:
            point += 1
            version = f"1.{point}.0"
            world.package(version)
            process = multiprocessing.get_context("fork").Process(
                target=_die_at, args=(world, point, version)
            )
            process.start()
            process.join(120)
            consistent(world)
            world.promotions.recover()
            consistent(world)
            assert not world.promotions.list("churn", is_open=True)
            ended = process.exitcode == 0  # there are no more points
            if not ended:
                assert process.exitcode == -signal.SIGKILL
                killed, points = killed + 1, {*points, point}
        world.ledger.close()
    assert len(points) > 30
    print(
        f"D12: {kind}: {killed} kills at {len(points)} points,"
        " 0 changes without an entry, 0 the other way"
    )


def _promote(folder: str, place: str | Path, number: int, results: multiprocessing.Queue) -> None:
    world = open_world(Path(folder), ledger=Ledger(place))
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


@FORKS
def test_e8_many_processes_change_one_ledger(memory_path, database, ledger):
    world = open_world(memory_path, ledger=ledger)
    for number in range(10):
        world.package(f"1.{number}.0")
    world.releases.policies.current()
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    workers = [
        context.Process(target=_promote, args=(str(memory_path), database, number, results))
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
def test_d12_an_edited_table_is_found(tmp_path, statement, ledger):
    world = open_world(tmp_path, ledger=ledger)
    world.package()
    world.promotions.ask(Wish("churn", "1.0.0", "dev", "because"), YOU)
    kept = world.ledger.audit.head()
    assert world.releases.audit([kept]).whole
    with ledger.database.writing() as connection:
        connection.exec_driver_sql(statement)
    assert not world.releases.audit([kept]).whole
    world.package("1.1.0")
    with pytest.raises(ModelPackError):
        world.promotions.ask(Wish("churn", "1.1.0", "dev", "because"), YOU)
