"""A real ledger beside the in-memory store: both do the same, and have to say the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from release.promotion_store import Store

from jupyter_modelpack.adapters.ledger import Ledger, schema
from jupyter_modelpack.errors import Conflict
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.environment import Slot
from jupyter_modelpack.release.event import Advance, Effect, Record, Save
from jupyter_modelpack.release.promotion import Lane


@dataclass
class LedgerStore(Store):
    """What is decided on is read from the ledger; every difference to memory is a failure."""

    ledger: Ledger = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self._adopt(self.policy)

    def lane(self, environment: str, promotion: str = "") -> Lane:
        """Read a lane from the ledger."""
        known = super().lane(environment, promotion)
        found = self.ledger.promotions.lane("churn", environment, promotion)
        assert found.slot == known.slot
        assert found.held == known.held
        assert found.policy == known.policy
        assert {p.id: p for p in found.promotions} == {p.id: p for p in known.promotions}
        order = {p.id: number for number, p in enumerate(known.promotions)}
        same = tuple(sorted(found.promotions, key=lambda p: order[p.id]))
        return replace(found, promotions=same, revision=known.revision)

    def apply(self, effects: Iterable[Effect], now: datetime) -> None:
        """Apply all effects or none, to both; what one refuses the other refuses."""
        effects = tuple(effects)
        for effect in effects:
            # The ledger decides within its transaction: nothing that it reads is ever stale.
            if isinstance(effect, Advance) and effect.expected != self.revisions.get(
                effect.environment, 0
            ):
                raise Conflict("Another writer was first.")
        places = {e.promotion.target for e in effects if isinstance(e, Save)}
        places |= {e.environment for e in effects if isinstance(e, Record)}
        refused = False
        if places:
            [place] = places
            try:
                self.ledger.promotions.change("churn", place, "", lambda lane: (lane, effects), now)
            except Conflict:
                refused = True
        try:
            super().apply(effects, now)
        except Conflict:
            assert refused or not places
            raise
        assert not refused

    def set_policy(self, policy: Digest) -> None:
        """Put another policy in force."""
        super().set_policy(policy)
        self._adopt(policy)

    def _adopt(self, policy: Digest) -> None:
        row = schema.policies.insert().values(digest=str(policy), text="")
        self.ledger.database.write(lambda connection: connection.execute(row).rowcount)

    def compare(self) -> int:
        """Say that all of the ledger is what memory holds, and close it; return its entries."""
        rows = list(self.ledger.audit.rows())
        assert rows == [entry.to_json() for entry in self.entries]
        found = {p.id: p for p in self.ledger.promotions.list("churn", limit=1000)}
        assert found == self.promotions
        slots: dict[str, Slot] = dict(self.ledger.promotions.slots("churn", self.slots))
        assert slots == self.slots
        self.ledger.close()
        return len(rows)
