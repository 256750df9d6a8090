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
        self._create()

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

    def _create(self) -> None:
        with self.reading() as connection:
            found = self._version(connection)
        if found is None:
            with self.writing() as connection:
                schema.metadata.create_all(connection)
                found = self._version(connection)
                if found is None:
                    connection.execute(schema.versions.insert().values(version=schema.VERSION))
                    found = schema.VERSION
        if found < schema.VERSION:
            found = self._upgrade()
        if found > schema.VERSION:
            raise StoreError(
                f"The ledger {self.path} was written by a newer version of this program.",
                advice="Upgrade jupyter-modelpack, or choose another data directory.",
            )

    def _upgrade(self) -> int:
        """Add the tables that an older version did not have; what is there stays as it is."""
        with self.writing() as connection:
            found = self._version(connection) or 0
            if found < schema.VERSION:
                schema.metadata.create_all(connection)
                connection.execute(schema.versions.update().values(version=schema.VERSION))
            return max(found, schema.VERSION)

    def _version(self, connection: sa.Connection) -> int | None:
        if not sa.inspect(connection).has_table(schema.versions.name):
            return None
        found = connection.execute(sa.select(schema.versions.c.version)).scalar()
        return None if found is None else int(found)

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
