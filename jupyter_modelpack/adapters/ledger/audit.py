"""The audit log: entries appended in the transaction of what they tell, chained by digest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from jupyter_modelpack.adapters.ledger.database import Database
from jupyter_modelpack.adapters.ledger.schema import audit, checkpoints
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.audit import EMPTY, Checkpoint, Entry, follow
from jupyter_modelpack.release.canonical import instant, parsed_instant
from jupyter_modelpack.release.event import Record
from jupyter_modelpack.release.history import ACTIVE

_AT_ONCE = 2000  # entries


class AuditTable:
    """Reads the log; ``append`` alone writes it, within the change that an entry is about."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, after: int = 0) -> Iterator[Mapping[str, Any]]:
        """Yield the stored entries after a sequence number, in order, as ``verify`` reads them."""
        while part := self._part(after):
            for sequence, text in part:
                yield _read(text)
                after = sequence

    def _part(self, after: int) -> Sequence[tuple[int, str]]:
        query = sa.select(audit.c.sequence, audit.c.entry).where(audit.c.sequence > after)
        query = query.order_by(audit.c.sequence).limit(_AT_ONCE)
        found = self._database.read(lambda connection: connection.execute(query).all())
        return [(row.sequence, row.entry) for row in found]

    def head(self) -> Checkpoint:
        """Return the checkpoint of the whole log."""
        return self._database.read(_head)[0]

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """Return the checkpoints that were taken when pointers moved, oldest first."""
        query = sa.select(checkpoints).order_by(checkpoints.c.size)
        found = self._database.read(lambda connection: connection.execute(query).all())
        return tuple(Checkpoint(row.size, Digest(row.root)) for row in found)

    def activations(self, package: str = "", environment: str = "") -> tuple[Entry, ...]:
        """Return the entries that moved a pointer, in order, of one lane or of all."""
        query = sa.select(audit.c.entry).where(audit.c.kind == ACTIVE)
        if package:
            query = query.where(audit.c.name == package)
        if environment:
            query = query.where(audit.c.environment == environment)
        query = query.order_by(audit.c.sequence)
        texts = self._database.read(lambda connection: connection.execute(query).scalars().all())
        return tuple(Entry.from_json(json.loads(text)) for text in texts)


def append(connection: sa.Connection, record: Record, now: datetime) -> Entry:
    """Append an entry within the caller's transaction."""
    head, last = _head(connection)
    entry = follow(head, last, record, now)
    values = {
        "sequence": entry.sequence,
        "at": instant(entry.at),
        "kind": record.kind,
        "name": record.package,
        "environment": record.environment,
        "digest": str(entry.digest),
        "entry": json.dumps(entry.to_json(), sort_keys=True, ensure_ascii=False),
    }
    connection.execute(audit.insert().values(**values))
    return entry


def take_checkpoint(connection: sa.Connection) -> None:
    """Keep the checkpoint of the log as it is now, within the caller's transaction."""
    head, _ = _head(connection)
    kept = {"size": head.size, "root": str(head.root)}
    connection.execute(checkpoints.insert().values(**kept))


def _head(connection: sa.Connection) -> tuple[Checkpoint, datetime | None]:
    query = sa.select(audit.c.sequence, audit.c.digest, audit.c.at)
    row = connection.execute(query.order_by(audit.c.sequence.desc()).limit(1)).first()
    if row is None:
        return EMPTY, None
    return Checkpoint(row.sequence, Digest(row.digest)), parsed_instant(row.at)


def _read(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
