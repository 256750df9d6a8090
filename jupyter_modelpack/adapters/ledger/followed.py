"""Runs that go on elsewhere: one follower owns each of them, and a late one is succeeded.

Other than a worker's, a follower's end says nothing about the run: whoever comes next takes the
claim over as it is. Writes name the claim: those of a follower that was held up are refused.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, or_, select, update

from jupyter_modelpack.adapters.ledger.database import Database
from jupyter_modelpack.adapters.ledger.schema import installation, work
from jupyter_modelpack.adapters.ledger.work import LOCAL, WorkTable, _work
from jupyter_modelpack.services.packaging_types import Phase
from jupyter_modelpack.services.work import Work

_MOST_AT_ONCE = 100


class FollowedTable:
    """The claims of followers on runs elsewhere."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._work = WorkTable(database)

    def adopt(self, owner: str, backends: Collection[str], now: float, lease: float) -> list[Work]:
        """Claim the runs that nobody follows: new ones, and those whose follower is late."""
        free = and_(
            work.c.kind == "run",
            work.c.backend.in_(backends),
            or_(
                work.c.phase == "Pending",
                (work.c.phase == "Running") & (work.c.lease_until < now),
            ),
        )
        oldest = select(work.c.id).where(free).order_by(work.c.created).limit(_MOST_AT_ONCE)
        with self._database.reading() as connection:
            if connection.execute(oldest.limit(1)).first() is None:
                return []
        taken = []
        with self._database.writing() as connection:
            for ident in connection.execute(oldest).scalars().all():
                row = connection.execute(select(work).where(free & (work.c.id == ident))).first()
                if row is None:
                    continue
                changed = connection.execute(
                    update(work)
                    .where(free & (work.c.id == ident))
                    .values(
                        phase="Running",
                        owner=owner,
                        lease_until=now + lease,
                        started=row.started if row.started is not None else now,
                        attempts=work.c.attempts + 1,
                    )
                ).rowcount
                found = connection.execute(select(work).where(work.c.id == ident)).first()
                if changed and found is not None:
                    taken.append(_work(found))
        return taken

    def renew(self, owner: str, until: float) -> set[str]:
        """Keep all claims of a follower until then, and return those that still hold."""
        mine = _mine(owner)
        with self._database.writing() as connection:
            connection.execute(update(work).where(mine).values(lease_until=until))
            return set(connection.execute(select(work.c.id).where(mine)).scalars())

    def stops(self, owner: str) -> set[str]:
        """Return the runs of a follower that somebody asks to stop."""
        query = select(work.c.id).where(_mine(owner), work.c.stop_asked.is_(True))
        with self._database.reading() as connection:
            return set(connection.execute(query).scalars())

    def save(self, ident: str, owner: str, state: Mapping[str, Any]) -> bool:
        """Write the state if the claim still holds, and return whether it did."""
        return self._work.save(ident, owner, state)

    def finish(
        self, ident: str, owner: str, phase: Phase, state: Mapping[str, Any], now: float
    ) -> bool:
        """End a run if the claim still holds, and return whether it did."""
        return self._work.finish(ident, owner, phase, state, now)

    def release(self, owner: str) -> None:
        """Give all claims of a follower back at once, so that the next one need not wait."""
        with self._database.writing() as connection:
            connection.execute(update(work).where(_mine(owner)).values(lease_until=0.0))

    def known(self, idents: Collection[str]) -> Mapping[str, tuple[Phase, float | None]]:
        """Return phase and end of those runs that the ledger has."""
        columns = select(work.c.id, work.c.phase, work.c.finished)
        with self._database.reading() as connection:
            rows = connection.execute(columns.where(work.c.id.in_(list(idents)))).all()
        return {row.id: (row.phase, row.finished) for row in rows}

    def waiting(self) -> bool:
        """Tell whether there are runs elsewhere that are not over."""
        query = select(work.c.id).where(
            work.c.phase.in_(("Pending", "Running")), work.c.backend != LOCAL
        )
        with self._database.reading() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def installation(self) -> str:
        """Return the id of this ledger, made when it is first asked for."""
        query = select(installation.c.id)
        with self._database.reading() as connection:
            found = connection.execute(query).scalar()
        if found is None:
            with self._database.writing() as connection:
                found = connection.execute(query).scalar()
                if found is None:
                    found = uuid.uuid4().hex
                    connection.execute(insert(installation).values(id=found))
        return str(found)


def _mine(owner: str) -> ColumnElement[bool]:
    return (work.c.owner == owner) & (work.c.phase == "Running")
