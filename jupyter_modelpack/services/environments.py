"""Environments: what each holds of a package, what may be promoted or rolled back, and why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.environment import Slot
from jupyter_modelpack.release.gate import Kind, Question, evaluate
from jupyter_modelpack.release.policy import Place, Policy
from jupyter_modelpack.release.promotion import Lane, Promotion
from jupyter_modelpack.services.policies import Policies, readable, sentence_of
from jupyter_modelpack.services.release_view import checks_view, pointer_view, promotion_view
from jupyter_modelpack.services.surroundings import Views

Record = Mapping[str, Any]
# A preview reads no layers; these are answered when somebody asks.
_LATER = frozenset(("digests", "diff_ids"))


class Lanes(Protocol):
    """The environments."""

    def slots(self, package: str, environments: Sequence[str]) -> Mapping[str, Slot]:
        """Return what they hold of a package."""

    def lane(self, package: str, environment: str) -> Lane:
        """Return a package's lane in one."""

    def list(self, package: str = "", *, is_open: bool = False) -> Sequence[Promotion]:
        """Return promotions, newest first."""


class Releases(Protocol):
    """Finds records of packages."""

    def newest(self, name: str) -> Record | None:
        """Return the record with the highest version."""

    def by_digest(self, name: str | None, digest: str) -> Record | None:
        """Return the record of an image under a name."""


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
    drift: Callable[[Slot, Record | None], Mapping[str, Any] | None] = never

    def show(self, name: str, actor: Actor, path: str | None = None) -> dict[str, Any]:
        """Return them as JSON; ``path`` is the notebook that the badge is about."""
        policy, problem = readable(self.policies)
        rules = policy or self.policies.in_force()
        newest = self.releases.newest(name)
        places = rules.places if rules else ()
        slots = self.lanes.slots(name, [place.name for place in places])
        is_open = self.lanes.list(name, is_open=True)
        shown, offered = [], newest
        for place in places:
            slot = slots[place.name]
            waiting = next((p for p in is_open if p.target == place.name), None)
            shown.append(
                {
                    "name": place.name,
                    "holds": pointer_view(slot.pointer),
                    "generation": slot.generation,
                    "drift": self.drift(slot, self._held(name, slot)),
                    "waiting": promotion_view(waiting, actor, policy) if waiting else None,
                    "promote": self._promote(offered, place, slot, actor, policy, problem),
                    "rollback": self._rollback(name, place, slot, actor, policy, problem),
                }
            )
            offered = self._held(name, slot)
        return {
            "policy": {
                "size": rules.name if rules else "",
                "digest": str(rules.digest) if rules else None,
                "sentence": problem or (sentence_of(rules) if rules else ""),
            },
            "identity": identity_view(actor),
            "environments": shown,
            "badge": self._badge(name, slots, path) if newest else None,
        }

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
        report = type(report)(
            report.binding,
            tuple(check for check in report.checks if check.code not in _LATER),
            report.givers,
            report.barred,
            report.counted,
            report.needed,
        )
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
        held = self.lanes.lane(name, place.name).held or {}
        to = [version for digest, version in reversed(list(held.items())) if digest != slot.digest]
        capital = place.name.capitalize()
        if not to:
            what = "nothing else" if held else "nothing"
            return {"allowed": False, "to": [], "sentence": f"{capital} has run {what}."}
        if policy is None:
            return {"allowed": False, "to": to, "sentence": problem}
        digest = next(d for d, version in held.items() if version == to[0])
        record = self.releases.by_digest(name, str(digest))
        if record is None:
            return {"allowed": False, "to": to, "sentence": f"The record of {to[0]} is gone."}
        found = self._preview(record, place, slot, actor, policy, "rollback")
        return {"allowed": found["allowed"], "to": to, "sentence": found["sentence"]}

    def _held(self, name: str, slot: Slot) -> Record | None:
        return self.releases.by_digest(name, str(slot.digest)) if slot.digest else None

    def _badge(self, name: str, slots: Mapping[str, Slot], path: str | None) -> str | None:
        if not slots:
            return None
        last = list(slots)[-1]
        return self.badge(last, self._held(name, slots[last]), path)


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
