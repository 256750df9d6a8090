"""The database of the ledger: one SQLite file, opened so that several processes may write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from jupyter_modelpack.adapters.ledger import schema
from jupyter_modelpack.errors import StoreError

_BUSY_SECONDS = 30.0
# A write-ahead log needs shared memory, which network file systems do not have (sqlite.org/wal).
_NETWORK = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "fuse.sshfs",
    "9p",
    "afs",
    "lustre",
    "glusterfs",
}


class Database:
    """A SQLite file; each transaction begins as a writer, so none is refused half way."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._engine = sa.create_engine(
                f"sqlite:///{path}",
                connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
                poolclass=sa.pool.NullPool,
            )
            sa.event.listen(self._engine, "connect", self._connected)
            sa.event.listen(self._engine, "begin", _begin_immediately)
            self._prepare()

    def _connected(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions are begun by _begin_immediately
        journal = "DELETE" if _filesystem(self.path) in _NETWORK else "WAL"
        for pragma in (f"journal_mode={journal}", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    def _prepare(self) -> None:
        with self._engine.begin() as connection:
            schema.metadata.create_all(connection)
            found = connection.execute(sa.select(schema.versions.c.version)).scalar()
            if found is None:
                connection.execute(schema.versions.insert().values(version=schema.VERSION))
            elif found != schema.VERSION:
                raise StoreError(
                    f"The ledger {self.path} was written by another version of this program.",
                    advice="Upgrade jupyter-modelpack, or choose another data directory.",
                )

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Give a connection whose changes are kept together, or not at all."""
        with self._errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, OSError) as error:
            cause = getattr(error, "orig", None) or error
            raise StoreError(
                f"The ledger {self.path} cannot be used: {cause}.",
                advice="Check that the disk has room and that the folder may be written to.",
            ) from error

    def close(self) -> None:
        """Give back what the database holds open."""
        self._engine.dispose()


def _begin_immediately(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _filesystem(path: Path) -> str:
    """Return the type of the file system that holds ``path``, as the kernel names it."""
    best, kind = "", ""
    try:
        mounts = Path("/proc/self/mounts").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    target = str(path.parent.resolve())
    for line in mounts:
        parts = line.split(" ")
        if len(parts) < 3:
            continue
        place = parts[1].replace("\\040", " ")
        inside = target == place or target.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= len(best):
            best, kind = place, parts[2]
    return kind
