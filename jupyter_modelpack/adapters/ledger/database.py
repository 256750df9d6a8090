"""The ledger's database: transactions that never wait forever, and errors in plain words."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from jupyter_modelpack.adapters.ledger import schema
from jupyter_modelpack.errors import StoreError

BUSY_SECONDS = 30.0
_BEFORE_ALEMBIC = {1: "packages", 2: "promotions"}
# File systems whose locks and shared memory are one machine's: the others get no WAL (sqlite.org,
# wal.html, section 1: "WAL does not work over a network filesystem").
_LOCAL = frozenset(
    ("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "tmpfs", "overlay", "jfs", "bcachefs")
)


class Database:
    """One SQLite file, opened anew for each transaction, so that threads and forks may share it."""

    def __init__(self, path: Path, *, mounts: Path = Path("/proc/self/mountinfo")) -> None:
        self.path = path
        self._wal = _is_local(path, mounts)
        self._engine = _engine(path)
        with _plain_words(path):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._set_journal()
        self._open()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection that sees one state of the ledger."""
        with _plain_words(self.path), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Yield a connection whose changes all become true at the end, or none of them.

        The write lock is taken at once: a transaction that reads first and wants to write later
        can meet another one doing the same, and neither could go on.
        """
        with (
            _plain_words(self.path),
            self._engine.connect().execution_options(modelpack_writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    @property
    def journal(self) -> str:
        """The journal mode that is in force, such as ``wal``."""
        with self._engine.connect() as connection:
            return str(connection.exec_driver_sql("PRAGMA journal_mode").scalar())

    def _set_journal(self) -> None:
        wanted = "wal" if self._wal else "delete"
        until = time.monotonic() + BUSY_SECONDS
        with closing(sqlite3.connect(self.path, timeout=1.0, isolation_level=None)) as connection:
            while connection.execute("PRAGMA journal_mode").fetchone()[0] != wanted:
                with suppress(sqlite3.OperationalError):  # which the busy timeout does not cover
                    connection.execute(f"PRAGMA journal_mode={wanted}").fetchone()
                    return
                if time.monotonic() > until:
                    raise sqlite3.OperationalError("another process keeps it locked")
                time.sleep(0.02)

    def _open(self) -> None:
        """Make the tables, or bring them up to date; a ledger that is current costs one query."""
        if self._is_current():
            return
        with self._migrating() as connection:
            revision, stamped = self._revision(connection)
            if revision is None:
                schema.metadata.create_all(connection)
                connection.execute(schema.versions.insert().values(version=schema.GUARD))
                connection.execute(schema.revisions.insert().values(version_num=schema.HEAD))
            elif revision != schema.HEAD:
                self._upgrade(connection, revision, stamped=stamped)

    def _is_current(self) -> bool:
        with suppress(StoreError), self.reading() as connection:  # there may be no such table yet
            found = connection.execute(sa.select(schema.revisions.c.version_num)).scalar()
            return bool(found == schema.HEAD)
        return False

    def _revision(self, connection: sa.Connection) -> tuple[str | None, bool]:
        """Return what the ledger is at, and whether it says so itself; None: it is empty."""
        tables = set(sa.inspect(connection).get_table_names())
        if schema.revisions.name in tables:
            found = connection.execute(sa.select(schema.revisions.c.version_num)).scalar()
            if found is not None:
                return str(found), True
        if schema.versions.name not in tables:
            return None, False
        version = connection.execute(sa.select(schema.versions.c.version)).scalar()
        return _BEFORE_ALEMBIC.get(version or 0, "?"), False

    def _upgrade(self, connection: sa.Connection, revision: str, *, stamped: bool) -> None:
        from jupyter_modelpack.adapters.ledger.upgrade import known_revisions, upgrade

        if revision not in known_revisions():
            raise StoreError(
                f"The ledger {self.path} was written by a newer version of this program.",
                advice="Upgrade jupyter-modelpack, or choose another data directory.",
            )
        try:
            upgrade(connection, "" if stamped else revision)
        except Exception as error:
            said = str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__
            raise StoreError(
                f"The ledger {self.path} could not be upgraded and is as it was: {said}.",
                advice="Use the version of jupyter-modelpack from before, and report this.",
            ) from error

    @contextmanager
    def _migrating(self) -> Iterator[sa.Connection]:
        """Yield a connection that may change tables, for one process at a time."""
        options = {"modelpack_writes": True, "modelpack_migrates": True}
        with (
            _plain_words(self.path),
            self._engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if broken is not None:
                raise sqlite3.IntegrityError(f"rows of {broken[0]} lost what they belong to")

    def close(self) -> None:
        """Give back what the database holds open."""
        self._engine.dispose()


def _engine(path: Path) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        poolclass=sa.pool.NullPool,
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS},
    )
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # or sqlite3 begins transactions by itself, deferred
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=FULL")


def _on_begin(connection: sa.Connection) -> None:
    options: Mapping[str, Any] = connection.get_execution_options()
    if options.get("modelpack_migrates"):
        # sqlite.org, lang_altertable.html, section 7: or a table that is made anew under its old
        # name takes the rows that refer to it away.
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("modelpack_writes") else "BEGIN")


@contextmanager
def _plain_words(path: Path) -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise _unusable(path, str(error.orig)) from error
    except (sqlite3.Error, OSError) as error:
        raise _unusable(path, str(error)) from error


def _unusable(path: Path, why: str) -> StoreError:
    return StoreError(
        f"The ledger {path} cannot be used: {why}.",
        advice="Check that the disk has room and that the folder may be written to.",
    )


def _is_local(path: Path, mounts: Path) -> bool:
    """Tell whether a file's mount is known to be on this machine; in doubt it is not."""
    place = os.path.realpath(path.parent)
    best, kind = "", ""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return False
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, tail = before.split(), after.split()
        if len(fields) < 5 or not tail:
            continue
        point = fields[4].replace("\\040", " ").rstrip("/")
        inside = place == point or place.startswith(point + "/")
        if inside and len(point) >= len(best):
            best, kind = point, tail[0]
    return kind in _LOCAL
