"""E11: ledgers of every released schema are brought up to date whole, or stay as they were.

``old_ledgers/`` holds what the programs of that time really wrote, as ``sqlite3`` dumps it: builds
that wait, that run and that are done, a run that was not begun, and promotions that wait for an
answer, that were killed while they were checked, and that were killed while they were deployed.
"""

from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from promoting import ADA, RITA, Clock, open_world, signed

from jupyter_modelpack.adapters.ledger import Ledger, open_ledger, schema
from jupyter_modelpack.adapters.ledger import upgrade as upgrading
from jupyter_modelpack.errors import StoreError
from jupyter_modelpack.services.promotions import Vote, Wish

OLD = Path(__file__).parent / "old_ledgers"
RELEASED = ("packages", "promotions")
POLICY = (OLD / "policy.yaml").read_text()


def old_ledger(place: Path, revision: str) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    path = place / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((OLD / f"{revision}.sql").read_text())
    (place / "policy.yaml").write_text(POLICY)
    return path


def dump(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join(connection.iterdump())


def rows(path: Path) -> dict[str, list[dict]]:
    """Return everything that a ledger says, by table and named column."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')]
            for (name,) in names
            if name not in ("schema_version", "alembic_version")
        }


def finish_the_work(ledger: Ledger) -> int:
    """Do what the old program's server did not get to; return how many there were."""
    done = 0
    ledger.work.expire(5000.0)
    while (claimed := ledger.work.claim("heir", 5001.0, 60.0)) is not None:
        assert ledger.work.finish(claimed.id, "heir", "Succeeded", claimed.state, 5002.0)
        done += 1
    for kind in ("build", "run"):
        assert all(each.over for each in ledger.work.list(kind))
    return done


@pytest.mark.parametrize("revision", RELEASED)
def test_e11_everything_is_kept(tmp_path, revision):
    path = old_ledger(tmp_path, revision)
    before = rows(path)
    open_ledger(tmp_path)
    after = rows(path)
    kept = 0
    for table, old in before.items():
        columns = set(old[0]) if old else set()
        assert [{k: row[k] for k in columns} for row in after[table]] == old, table
        kept += len(old)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM alembic_version").fetchall() == [(schema.HEAD,)]
        assert connection.execute("SELECT * FROM schema_version").fetchall() == [(schema.GUARD,)]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    print(f"E11: {revision}: {kept} of {kept} rows kept")


@pytest.mark.parametrize("revision", RELEASED)
def test_e11_what_was_in_flight_is_finished(tmp_path, revision):
    old_ledger(tmp_path, revision)
    later = Clock()
    later.now += timedelta(days=1)
    world = open_world(tmp_path, now=later)
    world.finder.change = signed
    assert [each["version"] for each in world.ledger.packages.list(name="churn")][-1] == "1.0.0"
    assert world.ledger.packages.file("churn", "1.1.0", "kubernetes")
    built = finish_the_work(world.ledger)
    promoted = finish_the_promotions(world) if revision == "promotions" else 0
    assert world.promotions.ask(Wish("churn", "1.0.0", "dev", "new"), ADA).phase == "Active"
    assert world.releases.audit().whole
    print(f"E11: {revision}: {built} builds and runs and {promoted} promotions finished, 0 left")


def finish_the_promotions(world) -> int:
    before = {p.candidate.package: p for p in world.promotions.list(is_open=True)}
    assert {name: (p.phase, p.target) for name, p in before.items()} == {
        "churn": ("Waiting", "production"),
        "fraud": ("Deploying", "dev"),
        "price": ("Checking", "production"),
    }
    size = world.ledger.audit.head().size
    assert size > 15 and len(list(world.ledger.audit.rows())) == size
    assert world.promotions.recover() == 2
    assert world.promotions.get(before["fraud"].id).phase == "Active"
    for name in ("churn", "price"):
        assert world.promotions.get(before[name].id).phase == "Waiting"
        assert world.promotions.answer(before[name].id, RITA, Vote(True)).phase == "Active"
    assert not world.promotions.list(is_open=True)
    [second, first] = world.releases.history("churn", "production")
    assert (first["version"], second["version"]) == ("1.0.0", "1.1.0")
    assert (first["by"], first["approved_by"]) == ("ada", ["rita"])
    return len(before)


def test_e11_a_failed_step_leaves_the_old_schema(tmp_path, monkeypatch):
    """Each step is made to fail at its end, when its changes are made already."""
    tried = 0
    for revision in RELEASED:
        for step in sorted(upgrading.known_revisions() - {"packages"}):
            if (revision, step) == ("promotions", "promotions"):
                continue
            place = tmp_path / f"{revision}-{step}"
            path = old_ledger(place, revision)
            before = dump(path)
            folder = tmp_path / f"steps-{revision}-{step}"
            shutil.copytree(upgrading.MIGRATIONS, folder)
            script = folder / "versions" / f"{step}.py"
            script.write_text(script.read_text() + "    raise RuntimeError('no')\n")
            with monkeypatch.context() as patch:
                patch.setattr(upgrading, "MIGRATIONS", folder)
                with pytest.raises(StoreError, match="could not be upgraded and is as it was"):
                    open_ledger(place)
            assert dump(path) == before
            open_ledger(place)
            tried += 1
    print(f"E11: {tried} failed steps, {tried} ledgers as they were, {tried} upgraded afterwards")


def _open(folder: str, gate, results) -> None:
    gate.wait(60)
    ledger = open_ledger(folder)
    results.put(len(ledger.promotions.list(is_open=True)))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_e11_sixteen_processes_at_once_upgrade_once(tmp_path):
    path = old_ledger(tmp_path, "promotions")
    context = multiprocessing.get_context("fork")
    gate, results = context.Barrier(16), context.Queue()
    processes = [
        context.Process(target=_open, args=(str(tmp_path), gate, results)) for _ in range(16)
    ]
    for process in processes:
        process.start()
    found = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 16
    assert found == [3] * 16
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM alembic_version").fetchall() == [(schema.HEAD,)]
    print("E11: 16 processes opened an old ledger at once, 1 upgrade, 0 errors")


def test_a_made_ledger_is_like_an_upgraded_one(tmp_path):
    """The tables in ``schema`` and the steps that lead there say the same, on the same engine."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    old_ledger(tmp_path, "packages")
    made, upgraded = open_ledger(tmp_path / "new"), open_ledger(tmp_path)
    stepped = open_ledger(tmp_path / "stepped")
    with stepped.database.writing() as connection:
        schema.metadata.drop_all(connection)
        upgrading.upgrade(connection)
    for ledger in (made, upgraded, stepped):
        with ledger.database.reading() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, schema.metadata) == []
    from alembic.script import ScriptDirectory

    assert ScriptDirectory(str(upgrading.MIGRATIONS)).get_heads() == [schema.HEAD]


def test_steps_of_a_newer_program_are_refused(tmp_path):
    ledger = open_ledger(tmp_path)
    with ledger.database.writing() as connection:
        connection.execute(schema.revisions.update().values(version_num="from-the-future"))
    before = dump(tmp_path / "ledger.sqlite")
    with pytest.raises(StoreError, match="written by a newer version") as caught:
        open_ledger(tmp_path)
    assert caught.value.message.count(". ") == 0
    assert dump(tmp_path / "ledger.sqlite") == before


def test_programs_from_before_refuse_an_upgraded_ledger(tmp_path):
    """They compare the number in ``schema_version`` with their own, 1 or 2."""
    path = old_ledger(tmp_path, "packages")
    open_ledger(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        [(version,)] = connection.execute("SELECT version FROM schema_version").fetchall()
    assert version > 2


def test_a_current_ledger_opens_with_one_query_and_without_alembic(tmp_path):
    open_ledger(tmp_path)
    program = (
        "import sys, sqlalchemy as sa\n"
        "from jupyter_modelpack.adapters.ledger import open_ledger\n"
        "said = []\n"
        "sa.event.listen(sa.Engine, 'before_cursor_execute', lambda *a: said.append(a[2]))\n"
        "open_ledger(sys.argv[1])\n"
        "print('alembic' in sys.modules, [s for s in said if not s.startswith('BEGIN')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("False")
    assert done.stdout.count("SELECT") == 1, done.stdout


def test_the_steps_are_inside_the_package():
    import jupyter_modelpack

    assert upgrading.MIGRATIONS.is_relative_to(Path(jupyter_modelpack.__file__).parent)
    assert (upgrading.MIGRATIONS / "env.py").is_file()
