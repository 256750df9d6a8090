"""The promotion: one request to bring a release into an environment, as a frozen record.

::

    Checking ──► Waiting ──► Checking ──► Deploying ──► Active ──► Superseded
       │            │                         │
       │            ├──► Rejected, Withdrawn  └──► Failed, Errored
       └──► Failed, Errored, Withdrawn, Superseded
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, cast, get_args

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.approval import Approval, Binding, involved_actors
from jupyter_modelpack.release.canonical import instant, parsed_instant
from jupyter_modelpack.release.environment import Pointer, Seen, Slot
from jupyter_modelpack.release.gate import GateReport, Kind, Question

Phase = Literal[
    "Checking",
    "Waiting",
    "Deploying",
    "Active",
    "Rejected",
    "Failed",
    "Errored",
    "Withdrawn",
    "Superseded",
]
OPEN: tuple[Phase, ...] = ("Checking", "Waiting", "Deploying")


@dataclass(frozen=True)
class Candidate:
    """The release that is promoted: its bytes, who made it and who pushed it last."""

    package: str
    version: str
    digest: Digest
    author: Actor | None
    pusher: Actor | None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that records hold."""
        return {
            "package": self.package,
            "version": self.version,
            "digest": str(self.digest),
            "author": self.author.to_json() if self.author else None,
            "pusher": self.pusher.to_json() if self.pusher else None,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Candidate:
        """Read what ``to_json`` wrote; raises InvalidInput."""
        return cls(
            str(value["package"]),
            str(value["version"]),
            Digest(value["digest"]),
            Actor.from_json(value["author"]) if value["author"] else None,
            Actor.from_json(value["pusher"]) if value["pusher"] else None,
        )


@dataclass(frozen=True)
class Promotion:
    """One request and everything that has happened to it.

    ``seen`` is the slot it was made against. ``round`` counts the checks that were asked for and
    ``attempt`` the deployments, so that late answers to earlier ones are told apart. ``revision``
    grows with every change: the store's compare-and-set is on it.
    """

    id: str
    kind: Kind
    candidate: Candidate
    target: str
    seen: Seen
    requester: Actor
    reason: str
    asked: datetime
    policy: Digest
    phase: Phase = "Checking"
    updated: datetime | None = None
    round: int = 1
    attempt: int = 0
    approvals: tuple[Approval, ...] = ()
    report: GateReport | None = None
    because: str = ""
    revision: int = 1

    @property
    def is_open(self) -> bool:
        """Whether it can still become active."""
        return self.phase in OPEN

    @property
    def last(self) -> datetime:
        """When something last happened to it."""
        return self.updated or self.asked

    @property
    def binding(self) -> Binding:
        """What a yes to it is for."""
        candidate = self.candidate
        return Binding(
            self.id,
            candidate.package,
            candidate.digest,
            self.policy,
            self.target,
            self.seen.generation,
        )

    @property
    def question(self) -> Question:
        """What to ask ``gate.evaluate``."""
        return Question(self.target, self.requester, self.seen, self.kind, self.id, self.approvals)

    @property
    def involved(self) -> dict[str, Actor | None]:
        """Who can never approve it, by what each did."""
        return involved_actors(self.candidate.author, self.requester, self.candidate.pusher)

    def after(self, now: datetime, **changes: Any) -> Promotion:
        """Return it with changes, a new revision, and a time that does not run backwards."""
        return replace(self, updated=max(now, self.last), revision=self.revision + 1, **changes)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that the ledger holds."""
        return {
            "schema": 1,
            "id": self.id,
            "kind": self.kind,
            "candidate": self.candidate.to_json(),
            "target": self.target,
            "seen": self.seen.to_json(),
            "requester": self.requester.to_json(),
            "reason": self.reason,
            "asked": instant(self.asked),
            "policy": str(self.policy),
            "phase": self.phase,
            "updated": instant(self.last),
            "round": self.round,
            "attempt": self.attempt,
            "approvals": [approval.to_json() for approval in self.approvals],
            "report": self.report.to_json() if self.report else None,
            "because": self.because,
            "revision": self.revision,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Promotion:
        """Read what ``to_json`` wrote; raises InvalidInput."""
        if value["phase"] not in get_args(Phase) or value["kind"] not in get_args(Kind):
            raise InvalidInput(f"The promotion {value['id']} cannot be read.", field="phase")
        return cls(
            id=str(value["id"]),
            kind=cast(Kind, value["kind"]),
            candidate=Candidate.from_json(value["candidate"]),
            target=str(value["target"]),
            seen=Seen.from_json(value["seen"]),
            requester=Actor.from_json(value["requester"]),
            reason=str(value["reason"]),
            asked=parsed_instant(value["asked"]),
            policy=Digest(value["policy"]),
            phase=cast(Phase, value["phase"]),
            updated=parsed_instant(value["updated"]),
            round=int(value["round"]),
            attempt=int(value["attempt"]),
            approvals=tuple(Approval.from_json(item) for item in value["approvals"]),
            report=GateReport.from_json(value["report"]) if value["report"] else None,
            because=str(value["because"]),
            revision=int(value["revision"]),
        )


@dataclass(frozen=True)
class Lane:
    """One package in one environment: what decisions are made on, read in one transaction.

    ``promotions`` are the open ones, the one that is active now, and the one that an event names,
    open or not; ``held`` maps each digest that the environment ever held to its version;
    ``policy`` is the digest of the approved policy.
    ``revision`` counts the decisions that changed the lane: the compare-and-set of all of it.
    """

    slot: Slot
    promotions: tuple[Promotion, ...] = ()
    held: Mapping[Digest, str] | None = None
    policy: Digest | None = None
    revision: int = 0

    def find(self, promotion: str) -> Promotion | None:
        """Return a promotion of the lane by its id."""
        return next((item for item in self.promotions if item.id == promotion), None)

    @property
    def open(self) -> tuple[Promotion, ...]:
        """The promotions that can still become active."""
        return tuple(item for item in self.promotions if item.is_open)

    def open_for(self, digest: Digest, kind: Kind) -> Promotion | None:
        """Return the open promotion of these bytes, so that equal requests are one."""
        return next((p for p in self.open if (p.candidate.digest, p.kind) == (digest, kind)), None)

    @property
    def deploying(self) -> Promotion | None:
        """The one promotion that is being deployed, if any."""
        return next((item for item in self.promotions if item.phase == "Deploying"), None)

    @property
    def last(self) -> datetime | None:
        """The latest time that anything here was recorded."""
        times = [item.last for item in self.promotions]
        times += [self.slot.pointer.since] if self.slot.pointer else []
        return max(times, default=None)

    def with_(self, promotion: Promotion, slot: Slot | None = None) -> Lane:
        """Return the lane with a promotion put in or replaced, and the slot moved."""
        others = tuple(item for item in self.promotions if item.id != promotion.id)
        held = self.held
        if slot is not None and slot.pointer is not None:
            held = {**(held or {}), slot.pointer.digest: slot.pointer.version}
        return replace(self, slot=slot or self.slot, promotions=(*others, promotion), held=held)


def pointer_of(promotion: Promotion, now: datetime) -> Pointer:
    """Return the pointer that an environment gets when the promotion becomes active."""
    candidate = promotion.candidate
    return Pointer(candidate.digest, candidate.version, now, promotion.requester, promotion.id)
