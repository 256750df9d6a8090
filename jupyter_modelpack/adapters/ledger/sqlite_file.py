"""The ledger in an SQLite file: locks taken at once, and a journal that the file system bears."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from jupyter_modelpack.errors import StoreError

T = TypeVar("T")

BUSY_SECONDS = 30.0
# File systems whose locks and shared memory are one machine's: the others get no WAL (sqlite.org,
# wal.html, section 1: "WAL does not work over a network filesystem").
_LOCAL = frozenset(
    ("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "tmpfs", "overlay", "jfs", "bcachefs")
)


class SqliteFile:
    """One SQLite file, opened anew for each transaction, so that threads and forks may share it."""

    def __init__(self, path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> None:
        self.path = path
        self._wal = _is_local(path, mounts)
        self.engine = _engine(path)

    def __str__(self) -> str:
        return str(self.path)

    def prepare(self) -> None:
        """Make the folder, and choose the journal."""
        with self.plain_words():
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._set_journal()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection that sees one state of the ledger."""
        with self.plain_words(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, *, migrates: bool = False) -> Iterator[sa.Connection]:
        """Yield a connection that holds the write lock from the beginning.

        A transaction that reads first and wants to write later can meet another one doing the
        same, and neither could go on.
        """
        options = {"modelpack_writes": True, "modelpack_migrates": migrates}
        with (
            self.plain_words(),
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection
            if migrates:
                _demand_whole(connection)

    def read(self, look: Callable[[sa.Connection], T]) -> T:
        """Return what ``look`` finds."""
        with self.reading() as connection:
            return look(connection)

    def write(self, change: Callable[[sa.Connection], T]) -> T:
        """Return what ``change`` says, when all that it did is kept."""
        with self.writing() as connection:
            return change(connection)

    @property
    def journal(self) -> str:
        """The journal mode that is in force, such as ``wal``."""
        with self.engine.connect() as connection:
            return str(connection.exec_driver_sql("PRAGMA journal_mode").scalar())

    @contextmanager
    def plain_words(self) -> Iterator[None]:
        """Turn what goes wrong in the block into StoreError."""
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise self._unusable(str(error.orig)) from error
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(str(error)) from error

    def _unusable(self, why: str) -> StoreError:
        return StoreError(
            f"The ledger {self.path} cannot be used: {why}.",
            advice="Check that the disk has room and that the folder may be written to.",
        )

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


def _demand_whole(connection: sa.Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise sqlite3.DatabaseError(f"rows of {broken[0]} lost what they belong to")


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
