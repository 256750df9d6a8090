"""The ledger in PostgreSQL when things go wrong: lost connections, no server, and secrets."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys

import psycopg
import pytest
import sqlalchemy as sa
from databases import running
from promoting import YOU, open_world

from jupyter_modelpack.adapters.ledger import Address, Ledger, open_ledger, postgresql, schema
from jupyter_modelpack.adapters.ledger import upgrade as upgrading
from jupyter_modelpack.adapters.worker_pool import WorkerSpec
from jupyter_modelpack.errors import (
    BackendUnavailable,
    InvalidInput,
    ModelPackError,
    StoreError,
)
from jupyter_modelpack.services.promotions import Wish
from jupyter_modelpack.services.work import Work, new_build_state

FULL = bool(os.environ.get("MODELPACK_TEST_FULL"))
SECRET = "correct-horse-4711"
FORKS = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.fixture
def world(tmp_path, postgresql):
    made = open_world(tmp_path, ledger=Ledger(postgresql.new()))
    made.package("1.0.0")
    yield made
    made.ledger.close()


def consistent(world, asked: int) -> None:
    """Say that what was asked for happened once, and that the log says the same."""
    assert world.releases.audit().whole
    moves = [r for r in world.ledger.audit.rows() if r["kind"] == "promotion.active"]
    slot = world.ledger.promotions.lane("churn", "dev").slot
    assert slot.generation == len(moves) == asked
    assert [m["data"]["generation"] for m in moves] == list(range(1, asked + 1))
    assert not world.promotions.list(is_open=True)


def test_e10_connections_ended_at_random_points(world, postgresql):
    """The server ends all connections before a statement or a commit; nobody notices."""
    chance, kills = random.Random(10), 100 if FULL else 20
    state = {"left": 0, "killed": 0}

    def strike(*_: object) -> None:
        state["left"] -= 1
        if state["left"] == 0:
            state["killed"] += bool(postgresql.terminate())

    engine = world.ledger.database.server.engine
    sa.event.listen(engine, "before_cursor_execute", strike)
    sa.event.listen(engine, "commit", strike)
    asked, retried = 0, 0
    while state["killed"] < kills:
        asked += 1
        version = f"1.{asked}.0"
        world.package(version)
        before = state["killed"]
        state["left"] = chance.randrange(1, 70)
        promotion = world.promotions.ask(Wish("churn", version, "dev", "because"), YOU)
        assert promotion.phase == "Active"
        retried += state["killed"] - before
        state["left"] = 0
        if asked % 10 == 0:
            consistent(world, asked)
    consistent(world, asked)
    print(
        f"E10: {kills} terminated connections in {asked} promotions, {asked} active once, 0 errors"
    )


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "not-kept"])
def test_e10_a_lost_reply_to_a_commit_is_found_out(world, postgresql, monkeypatch, kept):
    """The connection breaks while a change is committed: it is neither lost nor done twice."""
    engine = world.ledger.database.server.engine
    real, lost = engine.dialect.do_commit, []

    def commit(connection) -> None:
        raw = connection.dbapi_connection
        if raw.read_only or len(lost) == 3:
            real(connection)
            return
        if kept:
            real(connection)
        lost.append(raw)
        raw.close()
        raise psycopg.OperationalError("the connection is lost")

    world.package("1.1.0")
    world.policies = world.releases.policies.current()
    monkeypatch.setattr(engine.dialect, "do_commit", commit)
    assert world.promotions.ask(Wish("churn", "1.1.0", "dev", "because"), YOU).phase == "Active"
    assert len(lost) == 3
    consistent(world, 1)


def test_e10_when_nobody_knows_it_says_so(world, monkeypatch):
    engine = world.ledger.database.server.engine

    def commit(connection) -> None:
        connection.dbapi_connection.close()
        raise psycopg.OperationalError("the connection is lost")

    def down(self):
        raise BackendUnavailable("The database does not answer.")

    monkeypatch.setattr(engine.dialect, "do_commit", commit)
    monkeypatch.setattr(type(world.ledger.database.server), "reading", down)
    calls = []
    with pytest.raises(BackendUnavailable, match="may have been kept") as caught:
        world.ledger.database.write(calls.append)
    assert len(calls) == 1, "it is not tried again"
    assert caught.value.advice


def test_e10_what_the_server_gave_up_is_tried_again(world):
    """Serialization failures and deadlocks are not for people; what goes on is told."""
    for state in ("40001", "40P01"):
        tries = []

        def change(connection, state=state, tries=tries):
            tries.append(1)
            if len(tries) < 4:
                connection.exec_driver_sql(
                    f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"
                )
            return len(tries)

        assert world.ledger.database.write(change) == 4
        tries.clear()
    endless = []

    def never(connection):
        endless.append(1)
        connection.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$")

    with pytest.raises(BackendUnavailable, match="does not answer"):
        world.ledger.database.write(never)
    assert len(endless) == len(postgresql.PAUSES)


def _in_a_fork(world, number: int) -> None:
    for turn in range(5):
        world.package(f"{number}.{turn}.0", "forked")
    os._exit(0)


@FORKS
def test_connections_are_not_shared_with_forks(world):
    with world.ledger.database.reading() as held:  # one is in use while the process is forked
        held.exec_driver_sql("SELECT 1")
        context = multiprocessing.get_context("fork")
        children = [context.Process(target=_in_a_fork, args=(world, n)) for n in range(1, 9)]
        for child in children:
            child.start()
        for child in children:
            child.join(120)
        assert held.exec_driver_sql("SELECT 2").scalar() == 2
    assert [child.exitcode for child in children] == [0] * 8
    assert len(world.ledger.packages.list(name="forked")) == 40


def test_a_database_that_is_down_and_secrets_by_reference(tmp_path, monkeypatch):
    """One server with a password: wrong, by three references, stopped, and started again."""
    for name in ("PGPASSWORD", "PGPASSFILE"):
        monkeypatch.delenv(name, raising=False)
    with running(SECRET) as cluster:
        url = cluster.url()
        with pytest.raises(BackendUnavailable, match="does not let this program in") as caught:
            open_ledger(tmp_path, {"database_url": url})
        assert caught.value.message.count(". ") == 0
        monkeypatch.setenv("PGPASSWORD", SECRET)
        open_ledger(tmp_path, {"database_url": url}).close()
        monkeypatch.delenv("PGPASSWORD")
        passfile = tmp_path / "pgpass"
        passfile.write_text(f"*:*:*:modelpack:{SECRET}\n")
        passfile.chmod(0o600)
        monkeypatch.setenv("PGPASSFILE", str(passfile))
        open_ledger(tmp_path, {"database_url": url}).close()
        monkeypatch.delenv("PGPASSFILE")
        file = tmp_path / "address"
        file.write_text(url.replace("modelpack@", f"modelpack:{SECRET}@") + "\n")
        ledger = open_ledger(tmp_path, {"database_url_file": str(file)})

        world = open_world(tmp_path, ledger=ledger)
        for version in ("1.0.0", "1.1.0"):
            world.package(version)
        world.promotions.ask(Wish("churn", "1.0.0", "dev", "because"), YOU)
        head = ledger.audit.head()
        cluster.stop()
        said = []
        for call in (
            lambda: world.promotions.ask(Wish("churn", "1.1.0", "dev", "because"), YOU),
            lambda: world.releases.show("churn", YOU),
            lambda: world.releases.history("churn"),
            lambda: ledger.packages.list(),
            lambda: ledger.work.claim("me", 1.0, 1.0),
            lambda: open_ledger(tmp_path, {"database_url_file": str(file)}),
        ):
            with pytest.raises(BackendUnavailable) as caught:
                call()
            said.append(str(caught.value))
            assert caught.value.message == f"The database {ledger.database.server} does not answer."
        assert not any(SECRET in text for text in said)
        cluster.start()
        assert ledger.audit.head() == head
        assert [p.phase for p in world.promotions.list()] == ["Active"]
        assert world.promotions.ask(Wish("churn", "1.1.0", "dev", "now"), YOU).phase == "Active"
        ledger.close()
    print(f"down: {len(said)} calls, {len(said)} clear sentences, nothing changed")


def test_a_password_is_nowhere(tmp_path):
    url = f"postgresql://ada:{SECRET}@db.example.org/modelpack"
    assert SECRET not in f"{Address.parse(url)} {Address.parse(url)!r}"
    for bad in (url, f"postgresql://ada@db/modelpack?password={SECRET}"):
        with pytest.raises(InvalidInput, match="holds a password") as caught:
            open_ledger(tmp_path, {"database_url": bad})
        assert SECRET not in str(caught.value)
    for bad in (f"mysql://a:{SECRET}@b/c", f"{SECRET}", f"postgresql://[{SECRET}", "sqlite:///x"):
        with pytest.raises(InvalidInput, match="none that the ledger can use") as caught:
            open_ledger(tmp_path, {"database_url": bad})
        assert SECRET not in str(caught.value)
    with pytest.raises(InvalidInput, match="both set"):
        open_ledger(tmp_path, {"database_url": url, "database_url_file": "x"})
    with pytest.raises(InvalidInput, match="cannot be read"):
        open_ledger(tmp_path, {"database_url_file": str(tmp_path / "gone")})
    file = tmp_path / "address"
    file.write_text(url)
    spec = WorkerSpec(str(tmp_path), {"database_url_file": str(file)})
    assert SECRET not in spec.order().decode()
    assert SECRET not in json.dumps(spec.command)
    assert not (tmp_path / "ledger.sqlite").exists()


def test_the_command_line_names_a_database(tmp_path, postgresql):
    url = postgresql.new()
    command = [sys.executable, "-m", "jupyter_modelpack", "list", "--json"]
    done = subprocess.run([*command, "--data-dir", str(tmp_path), "--database-url", url],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "ledger.sqlite").exists()
    with_password = url.replace("modelpack@", f"modelpack:{SECRET}@")
    done = subprocess.run([*command, "--data-dir", str(tmp_path), "--database-url", with_password],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 2
    assert SECRET not in done.stderr + done.stdout
    assert json.loads(done.stderr)["error"]["code"] == "INVALID_INPUT"


def test_work_is_done_where_it_was_entered(tmp_path, postgresql):
    """Two data directories share a database; each has its own files, so each does its own work."""
    url = postgresql.new()
    here, there = (open_ledger(tmp_path / name, {"database_url": url}) for name in ("a", "b"))
    again = open_ledger(tmp_path / "a", {"database_url": url})
    build = Work("1" * 32, "build", 1.0, state=new_build_state(), path="/n", fingerprint="same")
    here.work.enter(build)
    assert there.work.claim("b", 2.0, 5.0) is None
    other = Work("2" * 32, "build", 2.0, state=new_build_state(), path="/n", fingerprint="same")
    assert there.work.enter(other).id == other.id, "an equal path elsewhere is another file"
    assert [each.id for each in there.work.list("build", path="/n")] == [other.id]
    assert len(there.work.list("build", everywhere=True)) == 2
    assert again.work.claim("a", 3.0, 5.0).id == build.id
    assert there.work.expire(99.0) == ()
    assert [each.id for each in here.work.expire(99.0)] == [build.id]
    assert there.work.claim("b", 100.0, 5.0).id == other.id
    assert there.work.finish(other.id, "b", "Succeeded", {}, 101.0)
    assert here.work.latest("same") is None and there.work.latest("same").id == other.id
    for ledger in (here, there, again):
        ledger.close()


# Upgrades


def _old(url: str, revision: str) -> Ledger:
    """Return a ledger whose tables are those of an older revision, with rows in them."""
    ledger = Ledger(url)
    with ledger.database.writing() as connection:
        schema.metadata.drop_all(connection)
        upgrading.upgrade(connection, to=revision)
        connection.exec_driver_sql(
            "INSERT INTO work (id, kind, phase, path, name, version, requested_by, request, state,"
            " created, attempts, stop_asked)"
            " VALUES ('w', 'build', 'Pending', '/n', '', '', '', '{}', '{}', 1, 0, false)"
        )
    return ledger


def test_e11_steps_on_postgresql(postgresql, tmp_path, monkeypatch):
    for revision in ("packages", "promotions", "guard", "elsewhere"):
        url = postgresql.new()
        _old(url, revision).close()
        folder = tmp_path / revision
        shutil.copytree(upgrading.MIGRATIONS, folder)
        script = folder / "versions" / f"{schema.HEAD}.py"
        script.write_text(script.read_text() + "    raise RuntimeError('no')\n")
        with monkeypatch.context() as patch:
            patch.setattr(upgrading, "MIGRATIONS", folder)
            with pytest.raises(StoreError, match="could not be upgraded and is as it was"):
                Ledger(url)
        assert _revision(url) == revision
        ledger = Ledger(url)
        assert _revision(url) == schema.HEAD
        assert ledger.work.claim("me", 2.0, 5.0).id == "w"
        ledger.close()


def _revision(url: str) -> str:
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        return str(connection.execute(sa.select(schema.revisions.c.version_num)).scalar())


def test_a_made_ledger_is_like_an_upgraded_one(postgresql):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    made, stepped = Ledger(postgresql.new()), Ledger(postgresql.new())
    with stepped.database.writing() as connection:
        schema.metadata.drop_all(connection)
        upgrading.upgrade(connection)
    for ledger in (made, stepped):
        with ledger.database.reading() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, schema.metadata) == []
        ledger.close()


def _open(url: str, results) -> None:
    try:
        Ledger(url).close()
        results.put("opened")
    except ModelPackError as error:
        results.put(str(error))


@FORKS
def test_e11_sixteen_processes_make_one_ledger(postgresql):
    url, context = postgresql.new(), multiprocessing.get_context("fork")
    results = context.Queue()
    processes = [context.Process(target=_open, args=(url, results)) for _ in range(16)]
    for process in processes:
        process.start()
    assert [results.get(timeout=120) for _ in processes] == ["opened"] * 16
    for process in processes:
        process.join(60)
    assert _revision(url) == schema.HEAD
