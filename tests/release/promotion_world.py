"""A small world to promote in: people, policies and releases that pass every check."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.approval import Members
from jupyter_modelpack.release.decision import decide
from jupyter_modelpack.release.environment import Pointer, Seen, Slot
from jupyter_modelpack.release.event import Answer, Ask, Checked, Effect, Event, RunChecks
from jupyter_modelpack.release.facts import (
    Blobs,
    CellCheck,
    Contents,
    OwnerCard,
    Provenance,
    ReleaseFacts,
    Report,
    RunFact,
    Surroundings,
    Verification,
)
from jupyter_modelpack.release.gate import Question, evaluate
from jupyter_modelpack.release.policy import Policy
from jupyter_modelpack.release.policy_text import parse_policy
from jupyter_modelpack.release.promotion import Candidate, Kind, Lane, Promotion

NOON = datetime(2026, 11, 17, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)


def person(name: str, *groups: str, **more: object) -> Actor:
    known = {"verified": True, "signed_in": True, "groups": frozenset(groups), **more}
    return Actor("hub", name, **known)  # type: ignore[arg-type]


ADA, BEN = person("ada"), person("ben")
RITA, OMAR = person("rita"), person("omar")
ANYBODY = Actor("jupyter", "anonymous-6f1e")

TEAM = """
version: 1
name: team
environments:
  - name: dev
    ask: everyone
    approvals: {needed: 0}
    roll_back: {from: everyone}
  - name: staging
    gates: {ran_before: true}
    ask: everyone
    approvals: {needed: 0}
    roll_back: {from: everyone}
  - name: production
    gates:
      ran_before: true
      soak: 1 day
      owner_card: true
      metrics: [auc >= 0.85, auc no worse than production by more than 0.01]
    ask: everyone
    approvals: {needed: 1, from: {people: [rita, omar]}}
    roll_back: {from: {people: [rita, omar]}}
policy_changes:
  ask: {people: [rita, omar]}
  approvals: {needed: 1, from: {people: [rita, omar]}}
"""
POLICY = parse_policy(TEAM)


def digest(text: str) -> Digest:
    return Digest.of(text.encode())


IMAGE = digest("churn 1.3.0")


def facts(image: Digest = IMAGE, version: str = "1.3.0", author: Actor = ADA) -> ReleaseFacts:
    """Return facts with which a release passes everything but approvals."""
    notebook, lock = digest("notebook"), digest("lock")
    checks = (CellCheck(11, True, added_by="Ada"), CellCheck(12, True, added_by="Ben"))
    return ReleaseFacts(
        package="churn",
        version=version,
        digest=image,
        author=author,
        pusher=author,
        resolved=image,
        blobs=Blobs(image, True, True, True),
        provenance=Provenance(
            "https://slsa.dev/provenance/v1", image, "local", notebook, lock, True
        ),
        contents=Contents(image, notebook, lock),
        sbom=image,
        secrets=Report(image, 0),
        readiness=Report(image, 0),
        verification=Verification(image, True, True, True, checks, {"auc": 0.881}),
        runs=tuple(RunFact(image, place, True) for place in ("dev", "staging")),
        owner=OwnerCard("Ada", "#churn", "Roll back, then call Ada."),
    )


def slot(place: str, image: Digest | None = None, since: datetime = NOON - 2 * DAY) -> Slot:
    if image is None:
        return Slot("churn", place)
    return Slot("churn", place, Pointer(image, "1.2.0", since, BEN, f"p-{place}"), 3)


def around(policy: Policy = POLICY, image: Digest = IMAGE, **slots: Slot) -> Surroundings:
    """Return surroundings where dev and staging hold the image and production an older one."""
    held = {
        "dev": slot("dev", image),
        "staging": slot("staging", image),
        "production": slot("production", digest("churn 1.2.0")),
        **slots,
    }
    return Surroundings(
        slots=held,
        metrics={place: {"auc": 0.873} for place in held},
        held=(digest("churn 1.1.0"), digest("churn 1.2.0")),
        policy=policy.digest,
        audit=True,
    )


def question(target: str, who: Actor = ADA, kind: Kind = "promote") -> Question:
    return Question(target, who, around().slots[target].seen, kind)


def candidate(of: ReleaseFacts) -> Candidate:
    return Candidate(of.package, of.version, of.digest, of.author, of.pusher)


def lane(target: str = "production", policy: Policy = POLICY) -> Lane:
    held = {digest("churn 1.1.0"): "1.1.0", digest("churn 1.2.0"): "1.2.0"}
    return Lane(around().slots[target], held=held, policy=policy.digest)


def ask(
    at: Lane,
    who: Actor = ADA,
    of: ReleaseFacts | None = None,
    kind: Kind = "promote",
    name: str = "p1",
) -> Ask:
    release = of or facts()
    return Ask(name, who, candidate(release), at.slot.seen, POLICY, "retrained on October", kind)


def yes(promotion: Promotion, who: Actor, members: Members | None = None) -> Answer:
    return Answer(promotion.id, who, True, promotion.binding, POLICY, "fine", members)


def no(promotion: Promotion, who: Actor) -> Answer:
    return replace(yes(promotion, who), yes=False, comment="recall fell")


def checked(
    at: Lane,
    name: str = "p1",
    of: ReleaseFacts | None = None,
    policy: Policy = POLICY,
    now: datetime = NOON,
) -> Checked:
    """Make the checks of the promotion's present round."""
    promotion = found(at, name)
    surroundings = around(policy, of.digest if of else IMAGE)
    slots = {**surroundings.slots, promotion.target: at.slot}
    known = replace(surroundings, slots=slots, held=tuple(at.held or ()))
    report = evaluate(promotion.question, of or facts(), known, policy, now)
    return Checked(name, promotion.round, report)


def found(at: Lane, name: str = "p1") -> Promotion:
    promotion = at.find(name)
    assert promotion is not None
    return promotion


def step(at: Lane, *events: Event, now: datetime = NOON) -> Lane:
    for event in events:
        at, _ = decide(at, event, now)
    return at


def effects(at: Lane, event: Event, now: datetime = NOON) -> tuple[Effect, ...]:
    return decide(at, event, now)[1]


def checks_asked(of: tuple[Effect, ...]) -> list[RunChecks]:
    return [effect for effect in of if isinstance(effect, RunChecks)]


def seen(place: str, image: Digest | None, generation: int) -> Seen:
    return Seen(place, image, generation)
