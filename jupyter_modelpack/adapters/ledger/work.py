"""The work table: a durable queue in which each build and run has one owner at a time.

A worker owns what it claimed until its lease runs out. Every write of a worker names its claim and
does nothing once the claim is gone, so that a worker which was held up cannot overwrite what its
successor wrote.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from jupyter_modelpack.adapters.ledger.database import Database
from jupyter_modelpack.adapters.ledger.schema import work
from jupyter_modelpack.errors import Conflict, NotFound
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.services.packaging_types import Phase
from jupyter_modelpack.services.work import (
    KILLED,
    MOST_ATTEMPTS,
    REPEATABLE,
    STOPPED,
    UNFINISHED,
    Kind,
    Work,
    begun_again,
    ended,
)

_TRIES = 5
LOCAL = "local"


class WorkTable:
    """Builds and runs, from the request to the end.

    Work is about files: of a ledger that several data directories share, each does what was
    entered at its own ``place`` and leaves the rest alone.
    """

    def __init__(self, database: Database, place: str = "") -> None:
        self._database = database
        self._place = place
        self._here = work.c.place == place

    def enter(self, new: Work) -> Work:
        """Queue the work, or return the one with the same fingerprint that answers it.

        That is the unfinished one, or one that has succeeded since this one was asked for.
        """
        entered = insert(work).values(_row(new, self._place))
        since = (work.c.fingerprint == (new.fingerprint or "")) & (work.c.finished >= new.created)
        answered = since & (work.c.phase == "Succeeded") & self._here

        def enter(connection: Connection) -> Work:
            found = _first(connection, answered)
            if found is None:
                connection.execute(entered)
            return found or new

        same = work.c.unfinished == _unfinished(new, self._place)
        for _ in range(_TRIES):
            with suppress(IntegrityError):
                return self._database.write(enter)
            found = self._database.read(lambda at: _first(at, same))
            if found is not None:
                return found
        raise Conflict("The same was asked many times at once.", advice="Try again.")

    def get(self, kind: Kind, ident: str) -> Work:
        """Return a build or a run; raises NotFound."""
        this = (work.c.kind == kind) & (work.c.id == ident)
        found = self._database.read(lambda connection: _first(connection, this))
        if found is None:
            raise NotFound(kind, ident[:40], advice="It may have been removed.")
        return found

    def list(
        self,
        kind: Kind,
        *,
        path: str = "",
        name: str = "",
        version: str = "",
        limit: int = 100,
        everywhere: bool = False,
    ) -> list[Work]:
        """Return builds or runs, newest first, of a notebook or a package if one is given.

        They are of this place, or of all that share the ledger.
        """
        query = select(work).where(work.c.kind == kind, true() if everywhere else self._here)
        given = {work.c.path: path, work.c.name: name, work.c.version: version}
        for column, value in given.items():
            if value:
                query = query.where(column == value)
        query = query.order_by(work.c.created.desc(), work.c.id).limit(limit)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [_work(row) for row in rows]

    def latest(self, fingerprint: str) -> Work | None:
        """Return the newest finished work with this fingerprint."""
        query = select(work).where(work.c.fingerprint == fingerprint, self._here)
        query = query.where(work.c.finished.is_not(None))
        query = query.order_by(work.c.finished.desc()).limit(1)
        row = self._database.read(lambda connection: connection.execute(query).first())
        return None if row is None else _work(row)

    def ask_stop(self, kind: Kind, ident: str, now: float) -> Work:
        """Ask for a stop; what has no worker yet ends at once. Raises NotFound and Conflict."""

        def change(connection: Connection) -> Work:
            found = _first(connection, (work.c.kind == kind) & (work.c.id == ident))
            if found is None:
                raise NotFound(kind, ident[:40], advice="It may have been removed.")
            if found.over:
                raise Conflict(
                    f"This {kind} has ended already.", advice="There is nothing to stop."
                )
            connection.execute(update(work).where(work.c.id == ident).values(stop_asked=True))
            if found.phase == "Pending" and found.backend == LOCAL:
                _end(connection, found, "Aborted", STOPPED, now)
            return _again(connection, ident)

        return self._database.write(change)

    # Who does the work

    def claim(self, owner: str, now: float, lease: float) -> Work | None:
        """Give the oldest work that waits to ``owner`` for ``lease`` seconds."""
        mine = self._here & (work.c.backend == LOCAL)
        waiting = select(work.c.id).where(work.c.phase == "Pending", mine)
        waiting = waiting.order_by(work.c.created, work.c.id).limit(1)
        if self._database.read(lambda connection: connection.execute(waiting).first()) is None:
            return None
        values = {"phase": "Running", "owner": owner, "lease_until": now + lease, "started": now}

        def change(connection: Connection) -> Work | None:
            ident = connection.execute(waiting).scalar()
            if ident is None:
                return None
            this = update(work).where(work.c.id == ident)
            connection.execute(this.values(**values, attempts=work.c.attempts + 1))
            return _again(connection, ident)

        return self._database.write(change)

    def renew(self, ident: str, owner: str, until: float) -> tuple[bool, bool]:
        """Keep a claim until then; return whether it still holds, and whether to stop."""
        mine = _mine(ident, owner)

        def change(connection: Connection) -> tuple[bool, bool]:
            changed = connection.execute(update(work).where(mine).values(lease_until=until))
            if not changed.rowcount:
                return False, False
            stop = connection.execute(select(work.c.stop_asked).where(mine)).scalar()
            return True, bool(stop)

        return self._database.write(change)

    def save(self, ident: str, owner: str, state: Mapping[str, Any]) -> bool:
        """Write the state if the claim still holds, and return whether it did."""
        statement = update(work).where(_mine(ident, owner)).values(state=_text(state))
        return self._database.write(lambda at: at.execute(statement).rowcount) == 1

    def finish(
        self, ident: str, owner: str, phase: Phase, state: Mapping[str, Any], now: float
    ) -> bool:
        """End the work if the claim still holds, and return whether it did."""
        values = {**_OVER, "phase": phase, "state": _text(state), "finished": now}
        statement = update(work).where(_mine(ident, owner)).values(values)
        return self._database.write(lambda at: at.execute(statement).rowcount) == 1

    def worker_ended(
        self, ident: str, owner: str, error: Mapping[str, Any], now: float
    ) -> Work | None:
        """End work whose worker is gone without having ended it; None when it had."""

        def change(connection: Connection) -> Work | None:
            found = _first(connection, _mine(ident, owner))
            if found is None:
                return None
            if found.stop_asked:
                _end(connection, found, "Aborted", STOPPED, now)
            else:
                _end(connection, found, "Errored", error, now)
            return _again(connection, ident)

        return self._database.write(change)

    def give_back(
        self, ident: str, owner: str, error: Mapping[str, Any], now: float
    ) -> Work | None:
        """Let work wait for another worker; a run is not begun twice and ends with ``error``."""

        def change(connection: Connection) -> Work | None:
            found = _first(connection, _mine(ident, owner))
            if found is None:
                return None
            if found.stop_asked:
                _end(connection, found, "Aborted", STOPPED, now)
            elif found.kind in REPEATABLE:
                _wait_again(connection, found)
            else:
                _end(connection, found, "Aborted", error, now)
            return _again(connection, ident)

        return self._database.write(change)

    def expire(self, now: float, held: Collection[str] = ()) -> tuple[Work, ...]:
        """Take back claims whose lease is over, but those ``held`` by the caller's live workers.

        A build begins again, once; a run, which may have had effects, ends as Errored.
        """
        over = (work.c.phase == "Running") & (work.c.lease_until < now)
        over &= self._here & (work.c.backend == LOCAL)
        query = select(work.c.id).where(over)
        late = self._database.read(lambda connection: connection.execute(query).scalars().all())
        moved = [self._take_back(over, ident, now) for ident in sorted(set(late) - set(held))]
        return tuple(each for each in moved if each is not None)

    def _take_back(self, over: ColumnElement[bool], ident: str, now: float) -> Work | None:
        def change(connection: Connection) -> Work | None:
            found = _first(connection, over & (work.c.id == ident))
            if found is None:
                return None
            if found.stop_asked:
                _end(connection, found, "Aborted", STOPPED, now)
            elif found.kind in REPEATABLE and found.attempts < MOST_ATTEMPTS:
                _wait_again(connection, found)
            else:
                _end(connection, found, "Errored", KILLED, now)
            return _again(connection, ident)

        return self._database.write(change)


_OVER: Mapping[str, Any] = {"unfinished": None, "owner": None, "lease_until": None}


def _end(
    connection: Connection, found: Work, phase: Phase, error: Mapping[str, Any], now: float
) -> None:
    state = _text(ended(found.state, phase, error))
    values = {**_OVER, "phase": phase, "state": state, "finished": now}
    connection.execute(update(work).where(work.c.id == found.id).values(values))


def _wait_again(connection: Connection, found: Work) -> None:
    values = {"phase": "Pending", "owner": None, "lease_until": None, "started": None}
    state = _text(begun_again(found))
    connection.execute(update(work).where(work.c.id == found.id).values(**values, state=state))


def _mine(ident: str, owner: str) -> ColumnElement[bool]:
    return (work.c.id == ident) & (work.c.owner == owner) & (work.c.phase == "Running")


def _first(connection: Connection, where: ColumnElement[bool]) -> Work | None:
    row = connection.execute(select(work).where(where).limit(1)).first()
    return None if row is None else _work(row)


def _again(connection: Connection, ident: str) -> Work:
    found = _first(connection, work.c.id == ident)
    assert found is not None, "rows of work are never removed"
    return found


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value))


def _unfinished(new: Work, place: str) -> str | None:
    """Return what no two unfinished works have in common."""
    if new.phase not in UNFINISHED or not place or new.fingerprint is None:
        return new.fingerprint if new.phase in UNFINISHED else None
    return str(Digest.of(f"{place} {new.fingerprint}".encode()))


def _row(new: Work, place: str) -> dict[str, Any]:
    return {
        "place": place,
        "id": new.id,
        "kind": new.kind,
        "phase": new.phase,
        "path": new.path,
        "name": new.name,
        "version": new.version,
        "requested_by": new.requested_by,
        "fingerprint": new.fingerprint,
        "unfinished": _unfinished(new, place),
        "request": _text(new.request),
        "state": _text(new.state),
        "created": new.created,
        "attempts": new.attempts,
        "stop_asked": new.stop_asked,
        "backend": new.backend,
    }


def _work(row: Row[Any]) -> Work:
    return Work(
        id=row.id,
        kind=row.kind,
        created=row.created,
        phase=row.phase,
        path=row.path,
        name=row.name,
        version=row.version,
        requested_by=row.requested_by,
        fingerprint=row.fingerprint,
        request=json.loads(row.request),
        state=json.loads(row.state),
        started=row.started,
        finished=row.finished,
        attempts=row.attempts,
        owner=row.owner,
        stop_asked=bool(row.stop_asked),
        backend=row.backend,
    )
