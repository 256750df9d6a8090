"""The ledger's database: tables brought up to date, transactions that are all or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from jupyter_modelpack.adapters.ledger import schema
from jupyter_modelpack.adapters.ledger.address import Address
from jupyter_modelpack.errors import StoreError

T = TypeVar("T")
_BEFORE_ALEMBIC = {1: "packages", 2: "promotions"}


class Server(Protocol):
    """What keeps the rows: an SQLite file or a PostgreSQL database."""

    engine: sa.Engine

    def prepare(self) -> None:
        """Make what has to be there before the tables."""

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Yield a connection that sees one state of the ledger."""

    def writing(self, *, migrates: bool = False) -> AbstractContextManager[sa.Connection]:
        """Yield the one connection that may write now."""

    def read(self, look: Callable[[sa.Connection], T]) -> T:
        """Return what ``look`` finds."""

    def write(self, change: Callable[[sa.Connection], T]) -> T:
        """Return what ``change`` says, when all that it did is kept."""


class Database:
    """The tables in a file or at an address; threads and forked processes may share it."""

    def __init__(self, place: Path | Address) -> None:
        self._moment = threading.local()
        self.server = _server(place)
        try:
            self.server.prepare()
            self._open()
        except BaseException:
            self.close()
            raise

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Yield a connection that sees one state of the ledger."""
        return self.server.reading()

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """Yield a connection whose changes all become true at the end, or none of them."""
        return self.server.writing()

    def read(self, look: Callable[[sa.Connection], T]) -> T:
        """Return what ``look`` finds in one state of the ledger; it may be called again."""
        held: sa.Connection | None = getattr(self._moment, "connection", None)
        return look(held) if held is not None else self.server.read(look)

    def at_one_moment(self, look: Callable[[], T]) -> T:
        """Return what ``look`` finds when all that it reads in this thread is of one moment.

        It may be called again, and must not write.
        """

        def looked(connection: sa.Connection) -> T:
            self._moment.connection = connection
            try:
                return look()
            finally:
                self._moment.connection = None

        return self.server.read(looked)

    def write(self, change: Callable[[sa.Connection], T]) -> T:
        """Return what ``change`` says, when all that it did is kept; it may be called again.

        Nothing that it read is changed by others until then. Whatever it raises leaves everything
        as it was.
        """
        assert getattr(self._moment, "connection", None) is None, "who looks does not write"
        return self.server.write(change)

    def close(self) -> None:
        """Give back what the database holds open."""
        self.server.engine.dispose()

    def _open(self) -> None:
        """Make the tables, or bring them up to date; a ledger that is current costs one query."""
        if self._is_current():
            return
        with self.server.writing(migrates=True) as connection:
            revision, stamped = _revision(connection)
            if revision is None:
                schema.metadata.create_all(connection)
                connection.execute(schema.versions.insert().values(version=schema.GUARD))
                connection.execute(schema.revisions.insert().values(version_num=schema.HEAD))
            elif revision != schema.HEAD:
                self._upgrade(connection, revision, stamped=stamped)

    def _is_current(self) -> bool:
        query = sa.select(schema.revisions.c.version_num)
        with suppress(StoreError):  # there may be no such table yet
            return self.read(lambda connection: connection.execute(query).scalar()) == schema.HEAD
        return False

    def _upgrade(self, connection: sa.Connection, revision: str, *, stamped: bool) -> None:
        from jupyter_modelpack.adapters.ledger.upgrade import known_revisions, upgrade

        if revision not in known_revisions():
            raise StoreError(
                f"The ledger {self.server} was written by a newer version of this program.",
                advice="Upgrade jupyter-modelpack, or choose another ledger.",
            )
        try:
            upgrade(connection, "" if stamped else revision)
        except Exception as error:
            said = str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__
            raise StoreError(
                f"The ledger {self.server} could not be upgraded and is as it was: {said}.",
                advice="Use the version of jupyter-modelpack from before, and report this.",
            ) from error


def _server(place: Path | Address) -> Server:
    if isinstance(place, Address):
        from jupyter_modelpack.adapters.ledger.postgresql import PostgresServer

        return PostgresServer(place)
    from jupyter_modelpack.adapters.ledger.sqlite_file import SqliteFile

    return SqliteFile(place)


def _revision(connection: sa.Connection) -> tuple[str | None, bool]:
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
