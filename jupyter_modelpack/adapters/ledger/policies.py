"""The approved policies, each with the audit entries that say how it came into force."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from jupyter_modelpack.adapters.ledger.audit import append
from jupyter_modelpack.adapters.ledger.database import Database
from jupyter_modelpack.adapters.ledger.schema import policies, policy_changes
from jupyter_modelpack.release.canonical import instant
from jupyter_modelpack.release.policy_change import Changed, PolicyChange, PolicyState
from jupyter_modelpack.release.policy_text import parse_policy


class PolicyTable:
    """The policy in force, and those before it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def state(self) -> PolicyState:
        """Return the policy in force."""
        return self._database.read(_state)

    def change(
        self, decide: Callable[[PolicyState], Changed], text: str, now: datetime
    ) -> PolicyState:
        """Decide on the policy and write what came of it, with its audit entries, or nothing."""

        def changed(connection: sa.Connection) -> PolicyState:
            before = _state(connection)
            after, records = decide(before)
            if after.generation != before.generation and after.policy is not None:
                adopted = [c.text for c in after.changes if c.digest == after.policy.digest]
                row = {"digest": str(after.policy.digest), "text": (adopted or [text])[-1]}
                connection.execute(policies.insert().values(generation=after.generation, **row))
            known = {change.id: change for change in before.changes}
            for change in after.changes:
                if known.get(change.id) != change:
                    _save(connection, change, change.id in known)
            for record in records:
                append(connection, record, now)
            return after

        return self._database.write(changed)


def _state(connection: sa.Connection) -> PolicyState:
    query = sa.select(policies.c.generation, policies.c.text)
    row = connection.execute(query.order_by(policies.c.generation.desc()).limit(1)).first()
    if row is None:
        return PolicyState()
    kept = sa.select(policy_changes.c.record).order_by(policy_changes.c.asked)
    texts = connection.execute(kept).scalars()
    changes = tuple(PolicyChange.from_json(json.loads(text)) for text in texts)
    return PolicyState(parse_policy(row.text), row.generation, changes)


def _save(connection: sa.Connection, change: PolicyChange, is_known: bool) -> None:
    values = {"phase": change.phase, "record": json.dumps(change.to_json(), sort_keys=True)}
    if is_known:
        same = policy_changes.c.id == change.id
        connection.execute(policy_changes.update().where(same).values(**values))
    else:
        fixed = {"id": change.id, "asked": instant(change.asked)}
        connection.execute(policy_changes.insert().values(**fixed, **values))
