"""The ledger: durable, the same for several processes, and never two owners for one work."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from databases import KINDS
from sqlalchemy.exc import StatementError

from jupyter_modelpack.adapters.ledger import Ledger, open_ledger, postgresql
from jupyter_modelpack.adapters.ledger.sqlite_file import SqliteFile
from jupyter_modelpack.errors import BackendUnavailable, Conflict, NotFound, StoreError
from jupyter_modelpack.services.work import KILLED, Work, new_build_state, new_run_state

ROOT = Path(__file__).parents[2]


def build(number: int = 1, **more) -> Work:
    values = {"fingerprint": f"print-{number}", "state": new_build_state(), "path": "/n.ipynb"}
    return Work(f"{number:032x}", "build", float(number), **{**values, **more})


def record(name="churn", version="1.0.0", digest="sha256:a", **more):
    return {
        "name": name, "version": version, "digest": digest, "path": "/n.ipynb", "created": "now",
        "size": 1, "verified": {}, "metrics": {}, "why": "", "notebook_digest": "sha256:n", **more,
    }  # fmt: skip


def test_packages_are_kept_once(ledger):
    packages = ledger.packages
    packages.put(record(), {"kubernetes": b"job"})
    packages.put(record(version="1.10.0", digest="sha256:b"), {})
    packages.put(record(version="1.9.0", digest="sha256:c"), {})
    assert packages.newest("churn")["version"] == "1.10.0"
    assert [each["version"] for each in packages.list()] == ["1.9.0", "1.10.0", "1.0.0"]
    assert packages.by_digest("churn", "sha256:b")["version"] == "1.10.0"
    assert packages.by_digest(None, "sha256:b")["version"] == "1.10.0"
    assert packages.by_digest("other", "sha256:b") is None
    assert packages.file("churn", "1.0.0", "kubernetes") == b"job"
    assert packages.file("churn", "1.0.0", "kubeflow") is None
    packages.put(record(size=2), {"kubeflow": b"yaml"})
    assert packages.get("churn", "1.0.0")["size"] == 2
    assert packages.file("churn", "1.0.0", "kubernetes") is None
    with pytest.raises(Conflict):
        packages.put(record(digest="sha256:d"), {})
    with pytest.raises(Conflict):
        packages.put(record(version="2.0.0"), {})
    assert len(packages.list()) == 3
    with pytest.raises(NotFound, match=r"There is no package churn 7\.0\.0") as caught:
        packages.get("churn", "7.0.0")
    assert caught.value.code == "PACKAGE_UNKNOWN"


def test_a_put_is_all_or_nothing(ledger):
    ledger.packages.put(record(), {"kubernetes": b"old"})
    with pytest.raises((StatementError, TypeError)):
        ledger.packages.put(record(size=2), {"kubernetes": b"new", "zz": object()})
    assert ledger.packages.get("churn", "1.0.0")["size"] == 1
    assert ledger.packages.file("churn", "1.0.0", "kubernetes") == b"old"


def test_what_is_read_at_one_moment_does_not_change_meanwhile(ledger):
    packages = ledger.packages
    packages.put(record(), {})

    def put(number):
        packages.put(record(version=f"1.{number}.0", digest=f"sha256:{number}"), {})

    def look():
        before = len(packages.list())
        other = threading.Thread(target=put, args=(1,))
        other.start()
        other.join()
        return before, len(packages.list())

    assert ledger.at_one_moment(look) == (1, 1)
    assert len(packages.list()) == 2
    with pytest.raises(AssertionError, match="who looks does not write"):
        ledger.at_one_moment(lambda: put(2))
    put(2)
    assert packages.newest("churn")["version"] == "1.2.0"


def test_equal_work_is_unfinished_once(ledger):
    first = ledger.work.enter(build(1))
    assert ledger.work.enter(build(2, fingerprint="print-1")) == first
    assert ledger.work.claim("me", 10.0, 5.0).id == first.id
    assert ledger.work.enter(build(3, fingerprint="print-1")).id == first.id
    assert ledger.work.finish(first.id, "me", "Succeeded", {"x": 1}, 11.0)
    # what was asked before it ended is answered by it, what is asked later is not
    assert ledger.work.enter(build(10, fingerprint="print-1")).id == first.id
    assert ledger.work.enter(build(14, fingerprint="print-1")).id == build(14).id
    for number in (15, 16):  # runs have no fingerprint, and are never each other's answer
        alike = build(number, fingerprint=None)
        assert ledger.work.enter(alike).id == alike.id
    assert ledger.work.latest("print-1").id == first.id


def test_a_claim_is_one_owners(ledger):
    ledger.work.enter(build(1))
    ledger.work.enter(build(2))
    assert ledger.work.claim("a", 10.0, 5.0).id == build(1).id
    assert ledger.work.claim("b", 10.0, 5.0).id == build(2).id
    assert ledger.work.claim("c", 10.0, 5.0) is None
    for call in (
        ledger.work.save(build(1).id, "b", {}),
        ledger.work.finish(build(1).id, "b", "Succeeded", {}, 1.0),
        ledger.work.renew(build(1).id, "b", 99.0)[0],
        ledger.work.worker_ended(build(1).id, "b", KILLED, 1.0),
    ):
        assert not call
    assert ledger.work.renew(build(1).id, "a", 99.0) == (True, False)


def test_e4_a_paused_worker_writes_nothing_after_its_lease(ledger):
    refused = 0
    for number in range(1, 51):
        ledger.work.enter(build(number))
        ledger.work.claim("paused", 10.0, 5.0)
        assert [each.phase for each in ledger.work.expire(16.0)] == ["Pending"]
        ledger.work.claim("heir", 16.0, 5.0)
        assert not ledger.work.save(build(number).id, "paused", {"stale": True})
        assert not ledger.work.finish(build(number).id, "paused", "Failed", {"stale": 1}, 17.0)
        assert ledger.work.finish(build(number).id, "heir", "Succeeded", {"own": 1}, 18.0)
        found = ledger.work.get("build", build(number).id)
        assert (found.phase, found.state, found.attempts) == ("Succeeded", {"own": 1}, 2)
        refused += 2
    print(f"E4: {refused} stale writes, 0 accepted")


def test_what_lost_its_worker_ends_or_begins_again(ledger):
    ledger.work.enter(build(1))
    run = Work("f" * 32, "run", 2.0, state=new_run_state({"p": 1}))
    ledger.work.enter(run)
    for _ in range(2):
        ledger.work.claim("a", 10.0, 5.0)
    assert ledger.work.expire(12.0) == ()
    assert ledger.work.expire(16.0, held=[build(1).id, run.id]) == ()
    moved = {each.kind: each for each in ledger.work.expire(16.0)}
    assert (moved["build"].phase, moved["run"].phase) == ("Pending", "Errored")
    assert moved["run"].state["error"]["code"] == "WORKER_ENDED"
    assert moved["run"].finished == 16.0
    ledger.work.claim("b", 20.0, 5.0)
    assert [each.phase for each in ledger.work.expire(30.0)] == ["Errored"]
    assert ledger.work.claim("c", 40.0, 5.0) is None


def test_stops(ledger):
    ledger.work.enter(build(1))
    assert ledger.work.ask_stop("build", build(1).id, 5.0).phase == "Aborted"
    with pytest.raises(Conflict):
        ledger.work.ask_stop("build", build(1).id, 6.0)
    with pytest.raises(NotFound):
        ledger.work.ask_stop("run", build(1).id, 6.0)
    ledger.work.enter(build(2))
    ledger.work.claim("a", 10.0, 5.0)
    assert ledger.work.ask_stop("build", build(2).id, 11.0).phase == "Running"
    assert ledger.work.renew(build(2).id, "a", 20.0) == (True, True)
    assert ledger.work.worker_ended(build(2).id, "a", KILLED, 12.0).phase == "Aborted"


def _transitions(place: str | Path, worker: int, count: int) -> None:
    ledger = Ledger(place)
    for number in range(count):
        ident = worker * 10_000 + number
        ledger.work.enter(build(ident, fingerprint=f"same-{number % 7}"))
        claimed = ledger.work.claim(f"w{worker}", time.time(), 600.0)
        if claimed is not None:
            assert ledger.work.save(claimed.id, f"w{worker}", {"by": worker})
            assert ledger.work.finish(claimed.id, f"w{worker}", "Succeeded", {"by": worker}, 1.0)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_e8_sixteen_processes_share_one_ledger(database):
    """16 processes x 125 turns of four transitions each: enter, claim, save, finish."""
    processes, count = 16, 125
    if not isinstance(database, Path) and not os.environ.get("MODELPACK_TEST_FULL"):
        count = 25
    Ledger(database).close()
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(target=_transitions, args=(database, number, count))
        for number in range(processes)
    ]
    began = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(300)
    seconds = time.monotonic() - began
    assert [worker.exitcode for worker in workers] == [0] * processes
    ledger = Ledger(database)
    while (left := ledger.work.claim("end", 1.0, 1.0)) is not None:
        ledger.work.finish(left.id, "end", "Succeeded", {"by": -1}, 2.0)
    rows = ledger.work.list("build", limit=100_000)
    ledger.close()
    assert {(row.phase, row.attempts) for row in rows} == {("Succeeded", 1)}
    if isinstance(database, Path):
        with closing(sqlite3.connect(database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    print(
        f"E8: {processes} processes x {count * 4} transitions in {seconds:.0f} s,"
        f" {len(rows)} works, 0 locked, 0 lost"
    )


def test_writers_take_the_lock_at_once(database, ledger, monkeypatch):
    if isinstance(database, Path):
        with (
            closing(sqlite3.connect(database, timeout=0)) as other,
            ledger.database.writing(),
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("BEGIN IMMEDIATE")
        return
    monkeypatch.setattr(postgresql, "BUSY_SECONDS", 0.2)
    with ledger.database.writing(), pytest.raises(BackendUnavailable, match="held by another"):
        ledger.database.write(lambda connection: None)


MOUNTS = (
    "36 1 0:1 / / rw - {root} /dev/x rw\n40 36 0:2 / {place} rw,relatime shared:1 - {kind} x rw\n"
)


@pytest.mark.parametrize(
    ("kind", "journal"),
    [("ext4", "wal"), ("xfs", "wal"), ("tmpfs", "wal"), ("overlay", "wal"), ("nfs4", "delete"),
     ("nfs", "delete"), ("cifs", "delete"), ("fuse.sshfs", "delete"), ("9p", "delete"),
     ("lustre", "delete"), ("fuse.something", "delete"), ("ceph", "delete")],
)  # fmt: skip
def test_e9_wal_only_where_it_is_safe(tmp_path, kind, journal):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS.format(root="ext4", place=tmp_path / "home", kind=kind))
    path = tmp_path / "home" / "data" / "ledger.sqlite"
    for _ in range(2):
        file = SqliteFile(path, mounts)
        file.prepare()
        assert file.journal == journal


def test_e9_in_doubt_there_is_no_wal(tmp_path):
    path = tmp_path / "ledger.sqlite"
    file = SqliteFile(path, tmp_path / "gone")
    file.prepare()
    assert file.journal == "delete"


@pytest.mark.parametrize("what", ["not a database", "a folder", "no folder"])
def test_a_ledger_that_cannot_be_used_says_so(tmp_path, what):
    place = tmp_path / "data"
    if what == "not a database":
        place.mkdir()
        (place / "ledger.sqlite").write_bytes(b"x" * 4096)
    elif what == "a folder":
        (place / "ledger.sqlite").mkdir(parents=True)
    else:
        place.write_text("a file")
    with pytest.raises(StoreError) as caught:
        open_ledger(place)
    assert "cannot be used" in caught.value.message
    assert caught.value.advice


KILL = """
import json, sys
from pathlib import Path
from jupyter_modelpack.adapters.ledger import Ledger
ledger = Ledger(sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1]))
record = json.loads(sys.argv[2])
for number in range(10_000):
    version = f"1.{number}.0"
    ledger.packages.put({**record, "version": version, "digest": version}, {"kubernetes": b"x" * 9})
    print(version, flush=True)
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_writer_loses_nothing_that_it_was_told_is_kept(tmp_path, kind, request):
    kills = 20 if os.environ.get("MODELPACK_TEST_FULL") else 4
    for number in range(kills):
        place = tmp_path / f"{number}.sqlite"
        if kind == "postgresql":
            place = request.getfixturevalue("postgresql").new()
        with subprocess.Popen(
            [sys.executable, "-c", KILL, str(place), json.dumps(record())],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
        ) as process:
            assert process.stdout is not None
            told = [process.stdout.readline().strip() for _ in range(3 + number)]
            process.send_signal(signal.SIGKILL)
        ledger = Ledger(place)
        packages = ledger.packages
        kept = {each["version"] for each in packages.list()}
        assert set(told) <= kept
        for version in kept:
            assert packages.file("churn", version, "kubernetes") == b"x" * 9
        ledger.close()
    print(f"{kills} kills, 0 records lost, 0 records without their files")
