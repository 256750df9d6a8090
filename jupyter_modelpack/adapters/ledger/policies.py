"""The approved policies, each with the audit entries that say how it came into force."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from jupyter_modelpack.adapters.ledger.audit import append
from jupyter_modelpack.adapters.ledger.database import Database
from jupyter_modelpack.adapters.ledger.schema import policies
from jupyter_modelpack.release.policy_change import Changed, PolicyState
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
                row = {"digest": str(after.policy.digest), "text": text}
                connection.execute(policies.insert().values(generation=after.generation, **row))
            for record in records:
                append(connection, record, now)
            return after

        return self._database.write(changed)


def _state(connection: sa.Connection) -> PolicyState:
    query = sa.select(policies.c.generation, policies.c.text)
    row = connection.execute(query.order_by(policies.c.generation.desc()).limit(1)).first()
    if row is None:
        return PolicyState()
    return PolicyState(parse_policy(row.text), row.generation)
