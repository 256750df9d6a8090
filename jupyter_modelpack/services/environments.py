"""Environments: what each holds of a package, what may be promoted or rolled back, and why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.environment import Slot
from jupyter_modelpack.release.gate import Kind, Question, evaluate
from jupyter_modelpack.release.policy import Place, Policy
from jupyter_modelpack.release.promotion import Promotion
from jupyter_modelpack.services.policies import Policies, readable, sentence_of
from jupyter_modelpack.services.release_view import checks_view, pointer_view, promotion_view
from jupyter_modelpack.services.surroundings import Views

Record = Mapping[str, Any]
# A preview reads no layers; these are answered when somebody asks.
_LATER = frozenset(("digests", "diff_ids"))


class Lanes(Protocol):
    """The environments."""

    def list(self, package: str = "", *, is_open: bool = False) -> Sequence[Promotion]:
        """Return promotions, newest first."""


class Releases(Protocol):
    """Finds records of packages."""

    def newest(self, name: str) -> Record | None:
        """Return the record with the highest version."""

    def by_digest(self, name: str | None, digest: str) -> Record | None:
        """Return the record of an image under a name."""


T = TypeVar("T")


class Moment(Protocol):
    """Keeps what is read by a function from changing meanwhile."""

    def __call__(self, look: Callable[[], T], /) -> T:
        """Return what it finds; it may be called again."""


@dataclass(frozen=True)
class _Seen:
    """What the ledger said of a package: each environment as shown, and what it holds."""

    shown: list[dict[str, Any]]
    holders: list[tuple[Slot, Record | None]]
    is_known: bool


def never(_slot: Slot, _record: Record | None) -> None:
    """Say nothing of drift: nobody can tell."""


@dataclass(frozen=True)
class Environments:
    """Shows the environments of a package to one person."""

    lanes: Lanes
    releases: Releases
    policies: Policies
    views: Views
    badge: Callable[[str, Record | None, str | None], str]
    now: Callable[[], datetime]
    at_one_moment: Moment
    drift: Callable[[Slot, Record | None], Mapping[str, Any] | None] = never

    def show(self, name: str, actor: Actor, path: str | None = None) -> dict[str, Any]:
        """Return them as JSON; ``path`` is the notebook that the badge is about."""
        policy, problem = readable(self.policies)
        rules = policy or self.policies.in_force()
        places = rules.places if rules else ()

        def look() -> _Seen:
            once = replace(self, views=self.views.for_one_answer())
            return once._places(name, places, actor, policy, problem)

        seen = self.at_one_moment(look)
        # What follows looks at other things than the ledger, and may take its time.
        for place, holder in zip(seen.shown, seen.holders, strict=True):
            place["drift"] = self.drift(*holder)
        badge = None
        if seen.is_known and seen.holders:
            slot, held = seen.holders[-1]
            badge = self.badge(slot.environment, held, path)
        return {
            "policy": {
                "size": rules.name if rules else "",
                "digest": str(rules.digest) if rules else None,
                "sentence": problem or (sentence_of(rules) if rules else ""),
            },
            "identity": identity_view(actor),
            "environments": seen.shown,
            "badge": badge,
        }

    def _places(
        self,
        name: str,
        places: Sequence[Place],
        actor: Actor,
        policy: Policy | None,
        problem: str,
    ) -> _Seen:
        slots = self.views.slots(name, tuple(place.name for place in places))
        is_open = self.lanes.list(name, is_open=True)
        newest = self.releases.newest(name)
        seen, offered = _Seen([], [], newest is not None), newest
        for place in places:
            slot = slots[place.name]
            waiting = next((p for p in is_open if p.target == place.name), None)
            seen.shown.append(
                {
                    "name": place.name,
                    "holds": pointer_view(slot.pointer),
                    "generation": slot.generation,
                    "drift": None,
                    "waiting": promotion_view(waiting, actor, policy) if waiting else None,
                    "promote": self._promote(offered, place, slot, actor, policy, problem),
                    "rollback": self._rollback(name, place, slot, actor, policy, problem),
                }
            )
            offered = self.views.record(name, str(slot.digest)) if slot.digest else None
            seen.holders.append((slot, offered))
        return seen

    def _promote(
        self,
        offered: Record | None,
        place: Place,
        slot: Slot,
        actor: Actor,
        policy: Policy | None,
        problem: str,
    ) -> dict[str, Any]:
        if offered is None or policy is None:
            before = policy.environments.before(place.name) if policy else None
            missing = f"not yet: must be in {before} first" if before else "not yet: package it"
            return _no(problem or missing, version=None, checks=[])
        version = str(offered["version"])
        if slot.digest == offered["digest"]:
            return _no(f"{place.name.capitalize()} runs {version} already.", version, [])
        return self._preview(offered, place, slot, actor, policy, "promote")

    def _preview(
        self, record: Record, place: Place, slot: Slot, actor: Actor, policy: Policy, kind: Kind
    ) -> dict[str, Any]:
        facts, around = self.views.all(record, place.name, policy, quick=True)
        question = Question(place.name, actor, slot.seen, kind)
        report = evaluate(question, facts, around, policy, self.now())
        made = tuple(check for check in report.checks if check.code not in _LATER)
        report = replace(report, checks=made)
        allowed = report.passed or report.waits_for_people
        return {
            "allowed": allowed,
            "version": str(record["version"]),
            "checks": checks_view(report.checks, waits=report.waits_for_people),
            "sentence": report.summary(actor),
        }

    def _rollback(
        self,
        name: str,
        place: Place,
        slot: Slot,
        actor: Actor,
        policy: Policy | None,
        problem: str,
    ) -> dict[str, Any]:
        held = self.views.lane(name, place.name).held or {}
        to = [version for digest, version in reversed(list(held.items())) if digest != slot.digest]
        capital = place.name.capitalize()
        if not to:
            what = "nothing else" if held else "nothing"
            return {"allowed": False, "to": [], "sentence": f"{capital} has run {what}."}
        if policy is None:
            return {"allowed": False, "to": to, "sentence": problem}
        digest = next(d for d, version in held.items() if version == to[0])
        record = self.views.record(name, str(digest))
        if record is None:
            return {"allowed": False, "to": to, "sentence": f"The record of {to[0]} is gone."}
        found = self._preview(record, place, slot, actor, policy, "rollback")
        why = str(found["sentence"]).removeprefix("not yet: ")  # there is nothing to wait for
        return {"allowed": found["allowed"], "to": to, "sentence": why}


def identity_view(actor: Actor) -> dict[str, Any]:
    """Return who somebody is, with a sentence."""
    proof = "verified" if actor.verified else "nobody verified it"
    return {
        "username": actor.username,
        "verified": actor.verified,
        "sentence": f"You are {actor.shown}; {proof}.",
    }


def unknown_package(name: str) -> NotFound:
    """Return the error for a package that there is not."""
    return NotFound("package", name[:80], advice="List what there is: jupyter modelpack list")


def _no(sentence: str, version: str | None, checks: list[dict[str, Any]]) -> dict[str, Any]:
    return {"allowed": False, "version": version, "checks": checks, "sentence": sentence}
