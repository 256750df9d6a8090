"""What pages list: packages, releases, holdings and audit entries, a screenful at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from jupyter_modelpack.adapters.ledger.database import Database
from jupyter_modelpack.adapters.ledger.schema import audit, packages, pointers
from jupyter_modelpack.release.audit import Entry
from jupyter_modelpack.release.canonical import parsed_instant
from jupyter_modelpack.release.environment import Pointer
from jupyter_modelpack.release.history import ACTIVE, Holding, holding_of

Record = Mapping[str, Any]


class Overview:
    """Reads a ledger in pages; ``before`` is where the page before ended, 0 at the beginning."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def names(self, limit: int, before: int = 0) -> list[tuple[int, str, int]]:
        """Return place, name and number of releases of packages, those with the newest first."""
        newest = sa.func.max(packages.c.id)
        query = sa.select(newest.label("place"), packages.c.name, sa.func.count().label("releases"))
        query = query.group_by(packages.c.name).order_by(newest.desc()).limit(limit)
        if before:
            query = query.having(newest < before)
        with self._database.reading() as connection:
            found = connection.execute(query)
            return [(row.place, row.name, row.releases) for row in found]

    def releases(self, name: str, limit: int, before: int = 0) -> list[tuple[int, Record]]:
        """Return place and summary of a package's releases, newest first."""
        query = sa.select(packages.c.id, packages.c.summary).where(packages.c.name == name)
        query = query.order_by(packages.c.id.desc()).limit(limit)
        if before:
            query = query.where(packages.c.id < before)
        with self._database.reading() as connection:
            return [(row.id, json.loads(row.summary)) for row in connection.execute(query)]

    def held(self, names: Sequence[str]) -> dict[str, dict[str, Pointer]]:
        """Return what the environments hold of some packages."""
        newest = sa.select(
            pointers.c.name, pointers.c.environment, sa.func.max(pointers.c.generation).label("top")
        )
        newest = newest.where(pointers.c.name.in_(names))
        latest = newest.group_by(pointers.c.name, pointers.c.environment).subquery()
        same = (
            (pointers.c.name == latest.c.name)
            & (pointers.c.environment == latest.c.environment)
            & (pointers.c.generation == latest.c.top)
        )
        query = sa.select(pointers.c.name, pointers.c.environment, pointers.c.record)
        found: dict[str, dict[str, Pointer]] = {name: {} for name in names}
        with self._database.reading() as connection:
            for row in connection.execute(query.select_from(pointers.join(latest, same))):
                found[row.name][row.environment] = Pointer.from_json(json.loads(row.record))
        return found

    def holdings(
        self, name: str, environment: str, limit: int, before: int = 0
    ) -> tuple[Holding, ...]:
        """Return what environments held, newest first; ``entry`` says where the page ends."""
        later = audit.alias()
        next_move = (
            sa.select(later.c.at)
            .where(later.c.kind == ACTIVE, later.c.name == audit.c.name)
            .where(later.c.environment == audit.c.environment)
            .where(later.c.sequence > audit.c.sequence)
            .order_by(later.c.sequence)
            .limit(1)
            .scalar_subquery()
        )
        query = sa.select(audit.c.entry, next_move.label("until")).where(audit.c.kind == ACTIVE)
        if name:
            query = query.where(audit.c.name == name)
        if environment:
            query = query.where(audit.c.environment == environment)
        if before:
            query = query.where(audit.c.sequence < before)
        query = query.order_by(audit.c.sequence.desc()).limit(limit)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(filter(None, (_holding(row.entry, row.until) for row in rows)))

    def entries(self, limit: int, before: int = 0) -> list[Entry]:
        """Return audit entries, newest first."""
        query = sa.select(audit.c.entry).order_by(audit.c.sequence.desc()).limit(limit)
        if before:
            query = query.where(audit.c.sequence < before)
        with self._database.reading() as connection:
            return [Entry.from_json(json.loads(t)) for t in connection.execute(query).scalars()]

    def version(self) -> str:
        """Return a text that is another one as soon as anything here is."""
        entries = sa.select(sa.func.max(audit.c.sequence)).scalar_subquery()
        newest = sa.select(sa.func.max(packages.c.id)).scalar_subquery()
        with self._database.reading() as connection:
            row = connection.execute(sa.select(entries, newest)).one()
        return f"{row[0] or 0}.{row[1] or 0}"


def _holding(entry: str, until: str | None) -> Holding | None:
    found = holding_of(Entry.from_json(json.loads(entry)))
    if found is None or until is None:
        return found
    return replace(found, until=parsed_instant(until))
