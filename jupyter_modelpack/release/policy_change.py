"""Changing the policy: itself asked for, approved under the policy in force, and recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from jupyter_modelpack.errors import Conflict, InvalidInput, NotFound, NotPermitted
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.approval import Approval, Binding, Members, tally, why_not
from jupyter_modelpack.release.canonical import instant, parsed_instant
from jupyter_modelpack.release.event import Record
from jupyter_modelpack.release.policy import Policy
from jupyter_modelpack.release.policy_text import parse_policy

Phase = Literal["Waiting", "Active", "Rejected", "Superseded"]
POLICY = "policy"


@dataclass(frozen=True)
class PolicyChange:
    """A request to put another policy in force: its whole text, who asked and who answered."""

    id: str
    text: str
    digest: Digest
    before: Digest
    generation: int
    requester: Actor
    reason: str
    asked: datetime
    phase: Phase = "Waiting"
    approvals: tuple[Approval, ...] = ()

    @property
    def binding(self) -> Binding:
        """What a yes to it is for."""
        return Binding(self.id, POLICY, self.digest, self.before, POLICY, self.generation)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that the ledger keeps."""
        return {
            "id": self.id,
            "text": self.text,
            "digest": str(self.digest),
            "before": str(self.before),
            "generation": self.generation,
            "requester": self.requester.to_json(),
            "reason": self.reason,
            "asked": instant(self.asked),
            "phase": self.phase,
            "approvals": [approval.to_json() for approval in self.approvals],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PolicyChange:
        """Read what ``to_json`` wrote; raises InvalidInput."""
        return cls(
            str(value["id"]),
            str(value["text"]),
            Digest(value["digest"]),
            Digest(value["before"]),
            int(value["generation"]),
            Actor.from_json(value["requester"]),
            str(value["reason"]),
            parsed_instant(value["asked"]),
            value["phase"],
            tuple(Approval.from_json(each) for each in value["approvals"]),
        )


@dataclass(frozen=True)
class PolicyState:
    """The policy in force and the open changes; ``generation`` counts how often it changed."""

    policy: Policy | None = None
    generation: int = 0
    changes: tuple[PolicyChange, ...] = ()


@dataclass(frozen=True)
class Install:
    """Whoever runs the service puts the first policy in force; only ever once."""

    actor: Actor
    text: str


@dataclass(frozen=True)
class Propose:
    """A person proposes another policy, having seen the one in force."""

    id: str
    actor: Actor
    text: str
    seen: Digest
    reason: str


@dataclass(frozen=True)
class AnswerChange:
    """A person says yes or no to a proposed policy."""

    id: str
    actor: Actor
    yes: bool
    binding: Binding
    comment: str = ""
    members: Members | None = None


PolicyEvent = Install | Propose | AnswerChange
Changed = tuple[PolicyState, tuple[Record, ...]]


def decide_policy(state: PolicyState, event: PolicyEvent, now: datetime) -> Changed:
    """Return the state after the event and what to record; raises a ModelPackError to refuse.

    When the generation has grown, the caller sends ``PolicyChanged`` to every lane.
    """
    if isinstance(event, Install):
        return _install(state, event)
    if state.policy is None:
        raise Conflict("There is no policy yet.", advice="Install a first one.")
    if isinstance(event, Propose):
        return _propose(state, state.policy, event, now)
    return _answer(state, state.policy, event, now)


def _install(state: PolicyState, event: Install) -> Changed:
    if state.generation:
        raise NotPermitted("There is a policy already; changes are proposed.", rule=POLICY)
    policy = parse_policy(event.text)
    data = {"digest": str(policy.digest), "before": None, "text": event.text}
    record = Record("policy.installed", event.actor, "", POLICY, "", data)
    return PolicyState(policy, 1), (record,)


def _propose(state: PolicyState, policy: Policy, event: Propose, now: datetime) -> Changed:
    if any(change.id == event.id for change in state.changes):
        return state, ()
    policy.demand(policy.change_ask, event.actor, "change the policy", "policy_changes")
    if event.seen != policy.digest:
        raise Conflict("The policy has changed since you looked.", advice="Look again.")
    proposed = parse_policy(event.text)
    if proposed.digest == policy.digest:
        raise Conflict("This policy is in force already.")
    if not event.reason.strip():
        raise InvalidInput("A policy change needs a reason.", field="reason")
    change = PolicyChange(
        event.id,
        event.text,
        proposed.digest,
        policy.digest,
        state.generation,
        event.actor,
        event.reason.strip(),
        now,
    )
    asked = _record(change, "policy.asked", event.actor, reason=change.reason, text=change.text)
    if policy.change_approvals.needed == 0:
        state, records = _adopt(state, change, event.actor)
        return state, (asked, *records)
    return replace(state, changes=(*state.changes, change)), (asked,)


def _answer(state: PolicyState, policy: Policy, event: AnswerChange, now: datetime) -> Changed:
    change = next((item for item in state.changes if item.id == event.id), None)
    if change is None:
        raise NotFound("policy change", f"{event.id!s:.60}")
    if any(a.actor.account == event.actor.account for a in change.approvals):
        return state, ()
    if change.phase != "Waiting":
        raise Conflict(f"This change is over: {change.phase.lower()}.")
    if why := event.binding.difference(change.binding):
        raise Conflict(f"Not recorded: {why} you looked.", advice="Look again, then decide.")
    rule, involved = policy.change_approvals, {"asked for it": change.requester}
    if why := why_not(event.actor, rule, policy, involved, event.members):
        raise NotPermitted(f"You cannot decide on this: {why}.", rule="policy_changes")
    approval = Approval(event.actor, event.yes, change.binding, now, event.comment.strip())
    change = replace(change, approvals=(*change.approvals, approval))
    if not event.yes:
        record = _record(change, "policy.rejected", event.actor, comment=approval.comment)
        return _with(state, replace(change, phase="Rejected")), (record,)
    approved = _record(change, "policy.approved", event.actor, comment=approval.comment)
    state = _with(state, change)
    counted = tally(change.approvals, change.binding, rule, policy, involved, event.members)
    if not counted.reached:
        return state, (approved,)
    state, records = _adopt(state, change, event.actor)
    return state, (approved, *records)


def _adopt(state: PolicyState, change: PolicyChange, actor: Actor) -> Changed:
    active = replace(change, phase="Active")
    others = tuple(
        replace(item, phase="Superseded") if item.phase == "Waiting" else item
        for item in state.changes
        if item.id != change.id
    )
    policy = parse_policy(change.text)
    approvals = [a.actor.to_json() for a in change.approvals]
    record = _record(active, "policy.changed", actor, approvals=approvals)
    return PolicyState(policy, state.generation + 1, (*others, active)), (record,)


def _with(state: PolicyState, change: PolicyChange) -> PolicyState:
    others = tuple(item for item in state.changes if item.id != change.id)
    return replace(state, changes=(*others, change))


def _record(change: PolicyChange, kind: str, actor: Actor, **data: Any) -> Record:
    facts = {"digest": str(change.digest), "before": str(change.before)}
    return Record(kind, actor, "", POLICY, change.id, {**facts, **data})
