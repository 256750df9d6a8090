"""Promotions, their approvals and the pointers that they move, each change in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from jupyter_modelpack.adapters.ledger.audit import append, take_checkpoint
from jupyter_modelpack.adapters.ledger.database import Database
from jupyter_modelpack.adapters.ledger.schema import approvals, pointers, policies, promotions
from jupyter_modelpack.errors import Conflict, NotFound
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.canonical import instant
from jupyter_modelpack.release.environment import Pointer, Slot
from jupyter_modelpack.release.event import Effect, Move, Record, Save
from jupyter_modelpack.release.lane_steps import Decision
from jupyter_modelpack.release.promotion import OPEN, Lane, Promotion


class PromotionTable:
    """What was asked for and what became of it; the store behind ``release.decision``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def change(
        self,
        package: str,
        environment: str,
        ident: str,
        decide: Callable[[Lane], Decision],
        now: datetime,
    ) -> tuple[Lane, tuple[Effect, ...]]:
        """Read a lane, decide, and write all that the decision says, with its audit entries.

        Whatever ``decide`` raises leaves everything as it was.
        """

        def changed(connection: sa.Connection) -> tuple[Lane, tuple[Effect, ...]]:
            lane, effects = decide(_lane(connection, package, environment, ident))
            _write(connection, effects, now)
            return lane, effects

        try:
            return self._database.write(changed)
        except IntegrityError as error:
            raise _overtaken(environment) from error

    def lane(self, package: str, environment: str, ident: str = "") -> Lane:
        """Return a package's lane in an environment as it is now."""
        return self._database.read(
            lambda connection: _lane(connection, package, environment, ident)
        )

    def slots(self, package: str, environments: Iterable[str]) -> Mapping[str, Slot]:
        """Return what the environments hold of a package, all at one moment."""
        places = tuple(environments)
        return self._database.read(
            lambda connection: {place: _slot(connection, package, place) for place in places}
        )

    def get(self, ident: str) -> Promotion:
        """Return a promotion; raises NotFound."""
        this = promotions.c.id == ident
        found = self._database.read(lambda connection: _promotions(connection, this))
        if not found:
            raise NotFound("promotion", ident[:60], advice="See: jupyter modelpack status")
        return found[0]

    def list(
        self, package: str = "", *, is_open: bool = False, limit: int = 200, before: str = ""
    ) -> tuple[Promotion, ...]:
        """Return promotions, newest first, of one package or all.

        ``before`` is the id of the last one on the page before.
        """
        where = promotions.c.name == package if package else sa.true()
        if before:
            last = sa.select(promotions.c.asked).where(promotions.c.id == before).scalar_subquery()
            asked = promotions.c.asked
            where &= (asked <= last) & ((asked < last) | (promotions.c.id > before))
        if is_open:
            where &= promotions.c.phase.in_(OPEN)
        return self._database.read(lambda connection: _promotions(connection, where, limit))


def _lane(connection: sa.Connection, package: str, environment: str, ident: str) -> Lane:
    here = (promotions.c.name == package) & (promotions.c.environment == environment)
    live = promotions.c.phase.in_((*OPEN, "Active")) | (promotions.c.id == ident)
    mine = (pointers.c.name == package) & (pointers.c.environment == environment)
    held = connection.execute(
        sa.select(pointers.c.digest, pointers.c.version).where(mine).order_by(pointers.c.generation)
    )
    policy = sa.select(policies.c.digest).order_by(policies.c.generation.desc()).limit(1)
    approved = connection.execute(policy).scalar()
    return Lane(
        _slot(connection, package, environment),
        _promotions(connection, here & live),
        {Digest(row.digest): row.version for row in held},
        None if approved is None else Digest(approved),
    )


def _write(connection: sa.Connection, effects: tuple[Effect, ...], now: datetime) -> None:
    for effect in effects:
        if isinstance(effect, Save):
            _save(connection, effect.promotion)
        elif isinstance(effect, Move):
            _move(connection, effect)
    for effect in effects:
        if isinstance(effect, Record):
            append(connection, effect, now)
    if any(isinstance(effect, Move) for effect in effects):
        take_checkpoint(connection)


def _slot(connection: sa.Connection, package: str, environment: str) -> Slot:
    mine = (pointers.c.name == package) & (pointers.c.environment == environment)
    query = sa.select(pointers.c.generation, pointers.c.record).where(mine)
    row = connection.execute(query.order_by(pointers.c.generation.desc()).limit(1)).first()
    if row is None:
        return Slot(package, environment)
    return Slot(package, environment, Pointer.from_json(json.loads(row.record)), row.generation)


def _promotions(
    connection: sa.Connection, where: sa.ColumnElement[bool], limit: int = 1000
) -> tuple[Promotion, ...]:
    query = sa.select(promotions.c.id, promotions.c.record).where(where)
    query = query.order_by(promotions.c.asked.desc(), promotions.c.id).limit(limit)
    rows = connection.execute(query).all()
    if not rows:
        return ()
    given: dict[str, list[Any]] = {row.id: [] for row in rows}
    answers = sa.select(approvals.c.promotion, approvals.c.record)
    answers = answers.where(approvals.c.promotion.in_(list(given)))
    for row in connection.execute(answers.order_by(approvals.c.position)):
        given[row.promotion].append(json.loads(row.record))
    return tuple(
        Promotion.from_json({**json.loads(row.record), "approvals": given[row.id]}) for row in rows
    )


def _save(connection: sa.Connection, promotion: Promotion) -> None:
    record = promotion.to_json()
    answers = record.pop("approvals")
    place = f"{promotion.target}/{promotion.candidate.package}"
    wanted = f"{promotion.kind} {promotion.candidate.digest.hex[:40]} {place}"
    values = {
        "phase": promotion.phase,
        "revision": promotion.revision,
        "open_for": wanted if promotion.is_open else None,
        "record": json.dumps(record, sort_keys=True),
    }
    if promotion.revision == 1:
        fixed = {
            "id": promotion.id,
            "name": promotion.candidate.package,
            "environment": promotion.target,
            "asked": instant(promotion.asked),
        }
        connection.execute(promotions.insert().values(**fixed, **values))
    else:
        same = promotions.c.id == promotion.id
        before = promotions.c.revision == promotion.revision - 1
        done = connection.execute(promotions.update().where(same, before).values(**values))
        if done.rowcount != 1:
            raise _overtaken(promotion.target)
    connection.execute(approvals.delete().where(approvals.c.promotion == promotion.id))
    for position, (answer, kept) in enumerate(zip(promotion.approvals, answers, strict=True)):
        row = {
            "promotion": promotion.id,
            "position": position,
            "username": answer.actor.username,
            "yes": answer.yes,
            "at": instant(answer.at),
            "record": json.dumps(kept, sort_keys=True),
        }
        connection.execute(approvals.insert().values(**row))


def _move(connection: sa.Connection, move: Move) -> None:
    slot, pointer = move.slot, move.slot.pointer
    assert pointer is not None, "a move always has somewhere to go"
    _slot(connection, slot.package, slot.environment).demand(move.expected)
    row = {
        "name": slot.package,
        "environment": slot.environment,
        "generation": slot.generation,
        "digest": str(pointer.digest),
        "version": pointer.version,
        "record": json.dumps(pointer.to_json(), sort_keys=True),
    }
    connection.execute(pointers.insert().values(**row))


def _overtaken(environment: str) -> Conflict:
    return Conflict(
        f"Somebody else changed {environment} at the same moment.",
        advice="Look again, then decide.",
    )
