"""The ledger in PostgreSQL: one writer at a time, and what a lost connection did is found out.

A write transaction takes one advisory lock first, so that it means what it means on SQLite: what
was read stays true until the end, and no two transactions undo each other. It is tried again when
the server ended it. When the connection is lost while it commits, the server is asked what became
of it (PostgreSQL 15, section 9.26, ``pg_xact_status``), so that nothing happens twice.
"""

from __future__ import annotations

import os
import random
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from jupyter_modelpack.errors import BackendUnavailable, ModelPackError, StoreError

if TYPE_CHECKING:
    from jupyter_modelpack.adapters.ledger.address import Address

T = TypeVar("T")

BUSY_SECONDS = 30.0
CONNECT_SECONDS = 10
PAUSES = (0.0, 0.05, 0.2, 0.6, 1.5)  # seconds before each try
_AGAIN = ("40001", "40P01", "57P01", "57P02", "57P03", "57P05")  # Appendix A, and class 08
_LOCK = 0x6D6F6470  # "modp": no other program's key, it is hoped
_BEGIN = sa.text(
    "SELECT set_config('lock_timeout', :busy, true),"
    " set_config('idle_in_transaction_session_timeout', :idle, true),"
    f" pg_advisory_xact_lock({_LOCK}, hashtext(current_schema())),"
    " pg_current_xact_id()::text AS id"
)
_SERVERS: weakref.WeakSet[PostgresServer] = weakref.WeakSet()


class PostgresServer:
    """One database; connections are kept, and are another process's after a fork."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self.engine = _engine(address)
        _SERVERS.add(self)

    def __str__(self) -> str:
        return str(self._address)

    def prepare(self) -> None:
        """Nothing is to be made before the tables."""

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection that sees one state of the ledger."""
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with (
            self.plain_words(),
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def writing(self, *, migrates: bool = False) -> Iterator[sa.Connection]:
        """Yield a connection that holds the ledger's lock; nothing is tried again."""
        with self.plain_words(), self.engine.connect() as connection, connection.begin():
            _lock(connection)
            yield connection

    def read(self, look: Callable[[sa.Connection], T]) -> T:
        """Return what ``look`` finds; it is called again when the server ended its transaction."""

        def once() -> T:
            with self.reading() as connection:
                return look(connection)

        return self._tried(once)

    def write(self, change: Callable[[sa.Connection], T]) -> T:
        """Return what ``change`` says, when all that it did is kept.

        It is called again when the server ended its transaction, which then did nothing.
        """
        return self._tried(lambda: self._write_once(change))

    def _tried(self, once: Callable[[], T]) -> T:
        error: ModelPackError | None = None
        for pause in PAUSES:
            time.sleep(pause * random.uniform(0.5, 1.5))
            try:
                return once()
            except ModelPackError as refused:
                cause = refused.__cause__
                if not (isinstance(cause, DBAPIError) and _is_passing(cause)):
                    raise
                error = refused
        assert error is not None
        raise error

    def _write_once(self, change: Callable[[sa.Connection], T]) -> T:
        ident: str | None = None
        try:
            with self.plain_words(), self.engine.connect() as connection:
                transaction = connection.begin()
                try:
                    begun = _lock(connection)
                    result = change(connection)
                except BaseException:
                    transaction.rollback()
                    raise
                ident = begun
                transaction.commit()
                return result
        except BackendUnavailable:
            if ident is None or not self._was_kept(ident):
                raise
            return result

    def _was_kept(self, ident: str) -> bool:
        """Find out what became of a transaction whose end was not heard.

        Raises BackendUnavailable, which is not tried again, when nobody can tell.
        """
        query = sa.text("SELECT pg_xact_status(CAST(:ident AS xid8))")

        def once() -> str:
            with self.reading() as connection:
                return str(connection.execute(query, {"ident": ident}).scalar())

        status, until = "in progress", time.monotonic() + BUSY_SECONDS
        with suppress(ModelPackError):  # raised as it is, it would say that nothing was changed
            while (status := self._tried(once)) == "in progress" and time.monotonic() < until:
                time.sleep(0.05)
        if status not in ("committed", "aborted"):
            raise BackendUnavailable(
                f"The database {self} was lost while it kept a change; it may have been kept.",
                advice="Look at what is there before you try again.",
            ) from None
        return status == "committed"

    @contextmanager
    def plain_words(self) -> Iterator[None]:
        """Turn what goes wrong in the block into BackendUnavailable or StoreError."""
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise self._said(error) from error
        except PoolTimeout as error:
            raise BackendUnavailable(
                f"All connections to the database {self} are in use.", advice="Try again."
            ) from error

    def _said(self, error: DBAPIError) -> ModelPackError:
        state, text = _state(error), str(error.orig)
        if state == "55P03":
            return BackendUnavailable(
                f"The database {self} is held by another writer for too long.",
                advice="Nothing was changed. Try again.",
            )
        if state is None and ("authentication failed" in text or "no password" in text):
            return BackendUnavailable(
                f"The database {self} does not let this program in.",
                advice="Check the user and PGPASSFILE, PGPASSWORD or database_url_file.",
            )
        if _is_passing(error):
            return BackendUnavailable(
                f"The database {self} does not answer.",
                advice="Nothing was changed. Check that it runs and can be reached, and try again.",
            )
        diagnosis = getattr(error.orig, "diag", None)
        said = getattr(diagnosis, "message_primary", None) or type(error.orig).__name__
        return StoreError(
            f"The ledger {self} cannot be used: {said}.",
            advice="Check that the user may make and change tables there, and that there is room.",
        )


def _lock(connection: sa.Connection) -> str:
    """Take the ledger's lock for the transaction, and return the transaction's id."""
    seconds = {"busy": f"{BUSY_SECONDS:g}s", "idle": f"{2 * BUSY_SECONDS:g}s"}
    return str(connection.execute(_BEGIN, seconds).one().id)


def _is_passing(error: DBAPIError) -> bool:
    """Tell whether the transaction did nothing and another try may end well."""
    state = _state(error)
    if state is None:  # no answer at all: the connection could not be made, or it broke
        return isinstance(error, sa.exc.OperationalError) or error.connection_invalidated
    return error.connection_invalidated or state in _AGAIN or state.startswith("08")


def _state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _engine(address: Address) -> sa.Engine:
    settings = {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": 30_000}
    given = {key: value for key, value in settings.items() if key not in address.url.query}
    try:
        return sa.create_engine(
            address.url,
            hide_parameters=True,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            pool_size=4,
            max_overflow=8,
            pool_timeout=BUSY_SECONDS,
            # Between us and the server there may be a pooler that gives each transaction another
            # connection, where statements that were prepared before are not known.
            connect_args={**given, "prepare_threshold": None, "client_encoding": "utf8"},
        )
    except ModuleNotFoundError:
        raise BackendUnavailable(
            "A ledger in PostgreSQL needs psycopg, which is not installed.",
            advice="Install it: pip install 'jupyter-modelpack[postgresql]'",
        ) from None


def _forget_connections() -> None:
    """Leave the connections to the process that was forked, and make own ones."""
    for server in list(_SERVERS):
        server.engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_connections)
