"""An in-memory store with the promises of the ledger: transactions, compare-and-set, an outbox."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from jupyter_modelpack.errors import Conflict
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.audit import EMPTY, Checkpoint, Entry, follow
from jupyter_modelpack.release.environment import Slot
from jupyter_modelpack.release.event import (
    Advance,
    Deploy,
    Effect,
    Move,
    Notify,
    Record,
    RunChecks,
    Save,
)
from jupyter_modelpack.release.promotion import Lane, Promotion


@dataclass
class Store:
    """One package in several environments; what is in here survives a crash, nothing else does."""

    slots: dict[str, Slot]
    policy: Digest
    promotions: dict[str, Promotion] = field(default_factory=dict)
    held: dict[str, dict[Digest, str]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    outbox: list[RunChecks | Deploy] = field(default_factory=list)
    revisions: dict[str, int] = field(default_factory=dict)

    def lane(self, environment: str, promotion: str = "") -> Lane:
        """Read what a decision needs, as one transaction would."""
        active = self.slots[environment].pointer
        wanted = {promotion, active.promotion if active else ""}
        there = [p for p in self.promotions.values() if p.target == environment]
        kept = tuple(p for p in there if p.is_open or p.id in wanted)
        held = dict(self.held.get(environment, {}))
        revision = self.revisions.get(environment, 0)
        return Lane(self.slots[environment], kept, held, self.policy, revision)

    @property
    def checkpoint(self) -> Checkpoint:
        """The audit log as it is."""
        return self.entries[-1].checkpoint if self.entries else EMPTY

    def apply(self, effects: Iterable[Effect], now: datetime) -> None:
        """Apply all effects or none; raises Conflict when a compare-and-set fails."""
        effects = tuple(effects)
        for effect in effects:
            if isinstance(effect, Advance) and effect.expected != self.revisions.get(
                effect.environment, 0
            ):
                raise Conflict("Another writer was first.")
            if isinstance(effect, Save):
                known = self.promotions.get(effect.promotion.id)
                if effect.promotion.revision != (known.revision + 1 if known else 1):
                    raise Conflict("Another writer was first.")
            if isinstance(effect, Move):
                self.slots[effect.expected.environment].demand(effect.expected)
        for effect in effects:
            self._apply(effect, now)

    def _apply(self, effect: Effect, now: datetime) -> None:
        if isinstance(effect, Advance):
            self.revisions[effect.environment] = effect.expected + 1
        elif isinstance(effect, Save):
            # Through JSON, as a database would.
            self.promotions[effect.promotion.id] = Promotion.from_json(effect.promotion.to_json())
        elif isinstance(effect, Move):
            place, pointer = effect.expected.environment, effect.slot.pointer
            assert pointer is not None
            self.slots[place] = effect.slot
            self.held.setdefault(place, {})[pointer.digest] = pointer.version
        elif isinstance(effect, Record):
            last = self.entries[-1].at if self.entries else None
            self.entries.append(follow(self.checkpoint, last, effect, now))
        elif not isinstance(effect, Notify):
            self.outbox.append(effect)

    def set_policy(self, policy: Digest) -> None:
        """Put another policy in force."""
        self.policy = policy

    def open(self) -> list[Promotion]:
        """Return every promotion that can still become active."""
        return [replace(p) for p in self.promotions.values() if p.is_open]
