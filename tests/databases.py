"""Databases for tests: an SQLite file, and a real PostgreSQL that is started for the session.

``postgresql`` skips where there is none; ``database`` is each of the two in turn.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from jupyter_modelpack.adapters.ledger import Ledger
from jupyter_modelpack.adapters.ledger.address import FILE

KINDS = ("sqlite", "postgresql")
MEMORY = Path("/dev/shm")
ROOM = 48 << 20
_OPTIONS = (
    "-c fsync=off -c full_page_writes=off -c max_connections=200"
    " -c listen_addresses='' -c shared_buffers=32MB"
)


class Cluster:
    """A PostgreSQL server of our own: one socket in a folder, no port of the machine."""

    def __init__(self, folder: Path, bin_dir: Path, password_file: Path | None = None) -> None:
        self._bin = bin_dir
        self._data = folder / "data"
        self._socket = folder
        self._run("initdb", "-D", self._data, "-U", "modelpack", "-E", "UTF8", "--locale=C",
                  "--no-sync", *(("-A", "scram-sha-256", f"--pwfile={password_file}")
                                 if password_file else ("-A", "trust")))  # fmt: skip

    def start(self) -> None:
        where = f"{_OPTIONS} -k {self._socket}"
        self._run("pg_ctl", "-D", self._data, "-o", where, "-w", "-t", "120",
                  "-l", self._socket / "log", "start")  # fmt: skip

    def stop(self) -> None:
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._bin / program), *map(str, arguments)]
        if os.geteuid() == 0:  # PostgreSQL refuses root
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(
            command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False, timeout=180,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout

    def url(self, options: str = "", user: str = "modelpack") -> str:
        return f"postgresql+psycopg://{user}@/postgres?host={self._socket}{options}"

    @contextlib.contextmanager
    def admin(self) -> Iterator[sa.Connection]:
        """Yield a connection of the superuser, in no transaction."""
        engine = sa.create_engine(self.url(), poolclass=sa.pool.NullPool)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection
        engine.dispose()

    def new(self) -> str:
        """Return the address of an empty place of its own: a schema."""
        name = f"t_{uuid.uuid4().hex[:12]}"
        with self.admin() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
        return self.url(f"&options=-csearch_path%3D{name}")

    def terminate(self, keep: int = -1) -> int:
        """End all other connections, or one of those that work now; return how many."""
        query = (
            "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            f" {'' if keep < 0 else f'LIMIT {keep}'}) AS others"
        )
        with self.admin() as connection:
            return int(connection.exec_driver_sql(query).scalar() or 0)


def _bin_dir() -> Path | None:
    """Return where PostgreSQL's programs are; Debian does not put them on the path."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return places[-1].parent if places else None


@contextlib.contextmanager
def running(password: str = "") -> Iterator[Cluster]:
    """Start a PostgreSQL and stop it at the end, or skip and say why."""
    bin_dir = _bin_dir()
    if bin_dir is None:
        pytest.skip("there is no PostgreSQL: install Debian's postgresql, or put initdb in PATH")
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        pytest.skip("PostgreSQL refuses root, and there is no runuser to be another user with")
    # Not below pytest's folder: a socket's path has at most 107 characters, and root's folders
    # are closed to the user that the server runs as.
    folder = Path(tempfile.mkdtemp(prefix="modelpack-pg-", dir="/tmp"))
    try:
        if password:
            (folder / "password").write_text(password)
        if os.geteuid() == 0:
            for each in (folder, *folder.iterdir()):
                shutil.chown(each, "postgres")
        cluster = Cluster(folder, bin_dir, folder / "password" if password else None)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """Start PostgreSQL once for all tests, or skip."""
    with running() as cluster:
        yield cluster


@pytest.fixture
def memory_path(tmp_path: Path) -> Iterator[Path]:
    """Return a folder in memory where there is room, else on disk.

    A process that is killed leaves there what it would leave on a disk, and nothing waits for one.
    """
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="modelpack-", dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, memory_path: Path) -> str | Path:
    """Return where a new ledger may be, once in a file and once in PostgreSQL."""
    if request.param == "sqlite":
        return memory_path / "data" / FILE
    cluster: Cluster = request.getfixturevalue("postgresql")
    return cluster.new()


@pytest.fixture
def ledgers(database: str | Path) -> Iterator[Callable[[], Ledger]]:
    """Return a function that opens the ledger of this test once more, as another process would."""
    opened: list[Ledger] = []

    def another() -> Ledger:
        opened.append(Ledger(database))
        return opened[-1]

    yield another
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(ledgers: Callable[[], Ledger]) -> Ledger:
    """Return a new ledger, once in a file and once in PostgreSQL."""
    return ledgers()
