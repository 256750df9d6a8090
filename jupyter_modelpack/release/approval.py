"""The approval: a person's recorded yes or no, bound to bytes, policy, target and generation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor, people
from jupyter_modelpack.release.canonical import instant, parsed_instant, spoken_list
from jupyter_modelpack.release.policy import Approvals, Policy

Members = Mapping[str, Actor | None]


@dataclass(frozen=True)
class Binding:
    """What a yes is for; when any part changes, the yes is void."""

    promotion: str
    package: str
    digest: Digest
    policy: Digest
    target: str
    generation: int

    def difference(self, other: Binding) -> str:
        """Return what has changed between the two, in words, or an empty text."""
        changed = {
            "the bytes have": self.digest != other.digest,
            "the policy has": self.policy != other.policy,
            "the target has": (self.target, self.package) != (other.target, other.package),
            f"what {self.target} runs has": self.generation != other.generation,
            "the request has": self.promotion != other.promotion,
        }
        return next((f"{what} changed since" for what, is_so in changed.items() if is_so), "")

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that records hold."""
        return {
            "promotion": self.promotion,
            "package": self.package,
            "digest": str(self.digest),
            "policy": str(self.policy),
            "target": self.target,
            "generation": self.generation,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Binding:
        """Read what ``to_json`` wrote; raises InvalidInput."""
        return cls(
            str(value["promotion"]),
            str(value["package"]),
            Digest(value["digest"]),
            Digest(value["policy"]),
            str(value["target"]),
            int(value["generation"]),
        )


@dataclass(frozen=True)
class Approval:
    """One person's answer, with a comment.

    ``override`` says that the person answers for the release's marked secrets too; then the comment
    is the reason.
    """

    actor: Actor
    yes: bool
    binding: Binding
    at: datetime
    comment: str = ""
    override: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that records hold."""
        return {
            "actor": self.actor.to_json(),
            "yes": self.yes,
            "binding": self.binding.to_json(),
            "at": instant(self.at),
            "comment": self.comment,
            **({"override": True} if self.override else {}),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Approval:
        """Read what ``to_json`` wrote; raises InvalidInput."""
        return cls(
            Actor.from_json(value["actor"]),
            value["yes"] is True,
            Binding.from_json(value["binding"]),
            parsed_instant(value["at"]),
            str(value.get("comment", "")),
            value.get("override") is True,
        )


@dataclass(frozen=True)
class Tally:
    """How many people said a yes that counts, and why each other one does not.

    ``unknown`` says what could not be found out; then nothing is reached, whatever was counted.
    """

    needed: int
    counted: tuple[Actor, ...] = ()
    set_aside: tuple[tuple[Actor, str], ...] = ()
    unknown: str = ""

    @property
    def reached(self) -> bool:
        """Whether enough people said yes."""
        return not self.unknown and len(self.counted) >= self.needed


def tally(
    approvals: Iterable[Approval],
    binding: Binding,
    rule: Approvals,
    policy: Policy,
    involved: Mapping[str, Actor | None],
    members: Members | None = None,
) -> Tally:
    """Count the people whose yes is for ``binding`` and who may give it.

    ``involved`` maps a role in the story ("made it", "asked for it") to the account that had it,
    or None when that is not known. ``members`` maps ``Actor.account`` to what the identity
    provider says of it now, None for a deleted account; without it no group counts.
    """
    if rule.needed == 0:
        return Tally(0)
    unknown = _unknown(involved)
    counted: list[Actor] = []
    set_aside: list[tuple[Actor, str]] = []
    for approval in approvals:
        why = approval.binding.difference(binding) if approval.yes else "the answer is no"
        why = why or why_not(approval.actor, rule, policy, involved, members)
        if why:
            set_aside.append((approval.actor, why))
        else:
            counted.append(approval.actor)
    barred = [actor for actor in involved.values() if actor is not None]
    groups = people(counted, barred, [actor for actor, _ in set_aside])
    return Tally(rule.needed, tuple(group[0] for group in groups), tuple(set_aside), unknown)


def why_not(
    actor: Actor,
    rule: Approvals,
    policy: Policy,
    involved: Mapping[str, Actor | None],
    members: Members | None = None,
) -> str:
    """Return why this person's yes does not count here, or an empty text."""
    if why := actor.why_not_counted():
        return why
    if parts := [what for what, other in involved.items() if other and actor.same_person(other)]:
        return f"{actor.shown} {spoken_list(parts)}"
    now = members.get(actor.account, actor) if members is not None else actor
    if now is None:
        return f"the account {actor.username} is gone"
    if policy.provider and actor.provider != policy.provider:
        return f"{actor.shown} did not log in through {policy.provider}"
    if rule.givers.by_name(actor, policy.roles):
        return ""
    if not policy.includes(rule.givers, actor):
        return f"{actor.shown} is not among those who may approve"
    if members is None or actor.account not in members:
        return f"which groups {actor.shown} is in now cannot be found out"
    if not policy.includes(rule.givers, now):
        return f"{actor.shown} is no longer among those who may approve"
    return ""


def involved_actors(
    author: Actor | None, requester: Actor | None, pusher: Actor | None
) -> dict[str, Actor | None]:
    """Return who can never approve, by what each did."""
    return {"made it": author, "asked for it": requester, "pushed it last": pusher}


def _unknown(involved: Mapping[str, Actor | None]) -> str:
    for what, actor in involved.items():
        if actor is None:
            return f"it is not known who {what}"
        if not actor.verified:
            return f"the one who {what}, {actor.shown}, is an unverified identity"
    return ""


def people_list(actors: Sequence[Actor]) -> str:
    """Return names for a sentence: ``Rita and Omar``."""
    return spoken_list([actor.shown for actor in actors])
