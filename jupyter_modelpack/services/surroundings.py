"""What surrounds a release: its facts, and the state of the environments at one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.approval import Members
from jupyter_modelpack.release.audit import EMPTY, Checkpoint, verify
from jupyter_modelpack.release.environment import Slot
from jupyter_modelpack.release.facts import ReleaseFacts, Surroundings
from jupyter_modelpack.release.policy import Policy
from jupyter_modelpack.release.policy_change import PolicyState
from jupyter_modelpack.release.promotion import Lane
from jupyter_modelpack.services.release_facts import FactFinder, metrics_of

Record = Mapping[str, Any]
_READ_WHOLE = 2000  # entries; a longer log is read from its last checkpoint but one of so many


class Log(Protocol):
    """The audit log."""

    def rows(self, after: int = 0) -> Iterator[Mapping[str, Any]]:
        """Yield the stored entries after a sequence number."""

    def head(self) -> Checkpoint:
        """Return the checkpoint of the whole log."""

    def checkpoints(self, since: int = 0) -> tuple[Checkpoint, ...]:
        """Return the checkpoints that were taken, oldest first, from the last one until then."""


class Lanes(Protocol):
    """The environments."""

    def slots(self, package: str, environments: Iterable[str]) -> Mapping[str, Slot]:
        """Return what they hold of a package."""

    def lane(self, package: str, environment: str) -> Lane:
        """Return a package's lane in one."""


class Membership(Protocol):
    """Knows accounts as their login does."""

    def of(self, actors: Iterable[Actor]) -> Members:
        """Return what is known of them now; one of which nothing is known is left out."""


@dataclass(frozen=True)
class _Seen:
    """Lanes that were looked at already."""

    slots: Callable[..., Mapping[str, Slot]]
    lane: Callable[..., Lane]


class Views:
    """Looks at everything that a gate asks about."""

    def __init__(
        self,
        finder: FactFinder,
        lanes: Lanes,
        by_digest: Callable[[str, str], Record | None],
        log: Log,
        in_force: Callable[[], PolicyState],
        membership: Membership | None = None,
    ) -> None:
        self._finder = finder
        self._lanes: Lanes = lanes
        self._by_digest: Callable[[str, str], Record | None] = by_digest
        self._log = log
        self._in_force: Callable[[], PolicyState] = in_force
        self._membership = membership
        self._whole: Checkpoint | None = None

    def all(
        self, record: Record, target: str, policy: Policy | None, *, quick: bool = False
    ) -> tuple[ReleaseFacts, Surroundings]:
        """Return the facts on a record, and what surrounds it; ``quick`` reads no layers."""
        package = str(record["name"])
        names = policy.environments.names if policy else (target,)
        slots = self._lanes.slots(package, names)
        approved = self._in_force().policy
        around = Surroundings(
            slots=slots,
            metrics={place: self._metrics(package, slot) for place, slot in slots.items()},
            held=tuple(self._lanes.lane(package, target).held or ()),
            policy=approved.digest if approved else None,
            audit=self._looks_whole() if quick else self.log_is_whole(),
        )
        return self._finder.of(record, slots, quick=quick), around

    def for_one_answer(self) -> Views:
        """Return views that look at each thing once, for an answer that shows one moment."""
        once = copy(self)
        once._by_digest = lru_cache(self._by_digest)
        once._in_force = lru_cache(self._in_force)
        once._lanes = _Seen(lru_cache(self._lanes.slots), lru_cache(self._lanes.lane))
        whole = lru_cache(self._looks_whole)
        once._looks_whole = whole  # type: ignore[method-assign]
        return once

    def slots(self, package: str, environments: tuple[str, ...]) -> Mapping[str, Slot]:
        """Return what the environments hold of a package."""
        return self._lanes.slots(package, environments)

    def lane(self, package: str, environment: str) -> Lane:
        """Return a package's lane in an environment."""
        return self._lanes.lane(package, environment)

    def record(self, name: str, digest: str) -> Record | None:
        """Return the record of an image under a name."""
        return self._by_digest(name, digest)

    def members(self, actors: Iterable[Actor]) -> Members | None:
        """Return the accounts as their login knows them now; None when no login can tell."""
        return None if self._membership is None else self._membership.of(actors)

    def nothing(self) -> Surroundings:
        """Return surroundings of which nothing is known."""
        return Surroundings()

    def log_is_whole(self) -> bool:
        """Return whether the audit log, or its newest part when it is long, is unbroken."""
        head, start = self._log.head(), EMPTY
        long = head.size > _READ_WHOLE
        kept = self._log.checkpoints(head.size - _READ_WHOLE) if long else self._log.checkpoints()
        if long and kept and kept[0].size <= head.size - _READ_WHOLE:
            start = kept[0]
        newer = [c for c in kept if c.size > start.size]
        verdict = verify(self._log.rows(start.size), newer, start=start)
        self._whole = verdict.checkpoint if verdict.whole else None
        return verdict.whole

    def _looks_whole(self) -> bool:
        """Return the same for a preview: what was read before is not read again."""
        start = self._whole
        if start is None or self._log.head().size < start.size:
            return self.log_is_whole()
        verdict = verify(self._log.rows(start.size), start=start)
        self._whole = verdict.checkpoint if verdict.whole else None
        return verdict.whole

    def _metrics(self, package: str, slot: Slot) -> Mapping[str, float | int]:
        held = self._by_digest(package, str(slot.digest)) if slot.digest else None
        return metrics_of(held) if held is not None else {}
