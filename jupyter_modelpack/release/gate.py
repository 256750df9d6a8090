"""The gate: facts, environment state and policy in, an answer to every check out. Fails closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.approval import (
    Approval,
    Binding,
    Tally,
    involved_actors,
    people_list,
    tally,
)
from jupyter_modelpack.release.canonical import spoken_list
from jupyter_modelpack.release.check import Check
from jupyter_modelpack.release.environment import Seen
from jupyter_modelpack.release.evidence import evidence_checks
from jupyter_modelpack.release.facts import ReleaseFacts, Surroundings
from jupyter_modelpack.release.gate_checks import gate_checks
from jupyter_modelpack.release.override import (
    OVERRIDE,
    marked_secrets,
    override_check,
    override_tally,
)
from jupyter_modelpack.release.policy import Approvals, Place, Policy

Kind = Literal["promote", "rollback"]
APPROVALS = "approvals"
PEOPLE = (APPROVALS, OVERRIDE)  # the checks that people answer, not the service


@dataclass(frozen=True)
class Question:
    """What is asked: may this digest enter this environment now, as seen by the requester?

    ``promotion`` is empty while nobody has asked yet: a preview for the panel.
    """

    target: str
    requester: Actor
    seen: Seen
    kind: Kind = "promote"
    promotion: str = ""
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True)
class GateReport:
    """The answers, and what they are about.

    ``givers`` says who may approve; ``barred`` are those who never can; ``counted`` those who did.
    ``overriders`` says who may answer for marked secrets, and ``overridden`` who did.
    """

    binding: Binding | None
    checks: tuple[Check, ...]
    givers: str = ""
    barred: tuple[Actor, ...] = ()
    counted: tuple[Actor, ...] = ()
    needed: int = 0
    overriders: str = ""
    overridden: tuple[Actor, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every check says yes; no checks at all is a no."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def waits_for_people(self) -> bool:
        """Whether only people's answers are missing, so that asking makes sense."""
        others = [check for check in self.checks if check.code not in PEOPLE]
        can = {APPROVALS: bool(self.givers), OVERRIDE: bool(self.overriders)}
        return (
            bool(others and self._missing)
            and all(check.passed for check in others)
            and all(check.answer == "fail" and can[check.code] for check in self._missing)
        )

    @property
    def _missing(self) -> list[Check]:
        return [check for check in self.checks if check.code in PEOPLE and not check.passed]

    @property
    def refusals(self) -> tuple[Check, ...]:
        """The checks that do not say yes."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def could_not_tell(self) -> bool:
        """Whether a check other than those that people answer could not be made."""
        return any(c.answer == "unknown" and c.code not in PEOPLE for c in self.checks)

    def summary(self, viewer: Actor | None = None) -> str:
        """Return one line: ``not yet: must run in staging for a day; Rita or Omar approve``."""
        parts = [c.brief for c in self.refusals if c.brief and c.code not in PEOPLE]
        done = [c.brief for c in self.checks if c.brief and c.passed]
        people = self._people(viewer)
        if parts:
            return f"not yet: {'; '.join([*parts, *people])}"
        if self.passed or self.waits_for_people:
            return f"ready: {'; '.join([', '.join(done) or 'nothing more is asked', *people])}"
        return f"not yet: {'; '.join(people) or 'a check could not be made'}"

    def _people(self, viewer: Actor | None) -> list[str]:
        not_you = viewer is not None and any(viewer.same_person(other) for other in self.barred)
        tail = ", not you" if not_you else ""
        several = f"{self.needed} of " if self.needed > 1 else ""
        verb = "approves" if " or " not in self.givers and not several else "approve"
        said = {
            APPROVALS: f"{several}{self.givers} {verb}{tail}",
            OVERRIDE: f"marked secrets wait for {self.overriders}{tail}",
        }
        return [check.brief or said[check.code] for check in self._missing]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that records, the panel and ``--json`` show."""
        return {
            "binding": self.binding.to_json() if self.binding else None,
            "passed": self.passed,
            "checks": [check.to_json() for check in self.checks],
            "givers": self.givers,
            "barred": [actor.to_json() for actor in self.barred],
            "counted": [actor.to_json() for actor in self.counted],
            "needed": self.needed,
            "overriders": self.overriders,
            "overridden": [actor.to_json() for actor in self.overridden],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> GateReport:
        """Read what ``to_json`` wrote; raises InvalidInput."""
        return cls(
            Binding.from_json(value["binding"]) if value["binding"] else None,
            tuple(Check.from_json(item) for item in value["checks"]),
            str(value["givers"]),
            tuple(Actor.from_json(item) for item in value["barred"]),
            tuple(Actor.from_json(item) for item in value["counted"]),
            int(value["needed"]),
            str(value.get("overriders", "")),
            tuple(Actor.from_json(item) for item in value.get("overridden", ())),
        )


def evaluate(
    question: Question,
    facts: ReleaseFacts,
    around: Surroundings,
    policy: Policy | None,
    now: datetime,
) -> GateReport:
    """Return the answer to every check; ``policy`` is None when it is absent or unreadable."""
    if policy is None:
        return GateReport(None, (_no_policy(facts.problems.get("policy", "")),))
    try:
        place = policy.place(question.target)
    except NotFound as error:
        refusal = Check("target", "fail", error.message, "", error.message, error.advice)
        return GateReport(None, (refusal,))
    binding = binding_of(question, facts.package, facts.digest, policy.digest)
    involved = involved_actors(facts.author, question.requester, facts.pusher)
    rule = place.approvals_for(question.kind)
    # A yes of somebody who may only answer for secrets is nothing to count here, nor to set aside.
    given = [
        a for a in question.approvals if not a.override or policy.includes(rule.givers, a.actor)
    ]
    counted = tally(given, binding, rule, policy, involved, around.members)
    barred = tuple(actor for actor in involved.values() if actor is not None)
    secrets = marked_secrets(question.kind, facts, place, policy)
    answered = override_tally(question.approvals, binding, place, policy, involved, around.members)
    overriders = place.override_secrets.sentence(policy.roles, barred) if secrets else ""
    checks = (
        _accepted(policy, around.policy),
        _audit(around.audit),
        _unmoved(question, facts.package, around),
        _permitted(question, place, policy),
        *gate_checks(question.kind, facts, around, policy, place, now),
        *evidence_checks(facts, policy),
        *([override_check(secrets, answered, place, overriders)] if secrets else []),
        *([_approvals(counted, rule, policy, place, involved)] if rule.needed else []),
    )
    givers = rule.givers.sentence(policy.roles, barred) if rule.needed else ""
    overridden = answered.counted if secrets else ()
    return GateReport(
        binding, checks, givers, barred, counted.counted, rule.needed, overriders, overridden
    )


def recounted(
    report: GateReport,
    counted: Tally,
    kind: Kind,
    policy: Policy,
    place: Place,
    involved: Mapping[str, Actor | None],
) -> GateReport:
    """Return a report after another yes: its approvals counted again, all else as it was."""
    check = _approvals(counted, place.approvals_for(kind), policy, place, involved)
    checks = tuple(check if each.code == APPROVALS else each for each in report.checks)
    return replace(report, checks=checks, counted=counted.counted)


def binding_of(question: Question, package: str, digest: Digest, policy: Digest) -> Binding:
    """Return what a yes to this question is for."""
    return Binding(
        question.promotion, package, digest, policy, question.target, question.seen.generation
    )


def _no_policy(problem: str) -> Check:
    sentence = problem or "There is no policy, so nothing may be promoted."
    brief = "the policy cannot be read" if problem else "there is no policy"
    return Check("policy", "unknown", sentence, "", brief, "Repair the policy file.")


def _accepted(policy: Policy, accepted: Digest | None) -> Check:
    sentence = f"The policy {policy.name} is the approved one"
    if accepted == policy.digest:
        return Check("policy", "pass", sentence)
    if accepted is None:
        detail, brief = "No policy has been approved.", "no policy has been approved"
        return Check("policy", "unknown", sentence, detail, brief, "Have the policy approved.")
    detail = "The file was changed, and the change was not approved."
    brief = "the policy was changed without approval"
    return Check("policy", "fail", sentence, detail, brief, "Have the change approved, or undo it.")


def _audit(consistent: bool | None) -> Check:
    sentence = "The audit log is whole"
    if consistent is True:
        return Check("audit", "pass", sentence)
    if consistent is None:
        brief = "the audit log cannot be read"
        return Check("audit", "unknown", sentence, "It could not be read.", brief, "Try again.")
    advice = "Run jupyter modelpack audit verify, and ask who runs the service."
    brief = "the audit log was altered"
    return Check("audit", "fail", sentence, "An entry is altered or missing.", brief, advice)


def _unmoved(question: Question, package: str, around: Surroundings) -> Check:
    target = question.target
    sentence = f"{target.capitalize()} holds what the request was made against"
    slot = around.slots.get(target)
    if slot is None or slot.package != package:
        brief = f"what {target} holds is not known"
        return Check("target", "unknown", sentence, "It could not be read.", brief, "Try again.")
    if slot.seen != question.seen:
        brief = f"{target} has changed since"
        return Check("target", "fail", sentence, "It has changed since.", brief, "Look again.")
    return Check("target", "pass", sentence)


def _permitted(question: Question, place: Place, policy: Policy) -> Check:
    who = place.roll_back if question.kind == "rollback" else place.ask
    actor, what = question.requester, "roll back" if question.kind == "rollback" else "promote"
    sentence = f"{actor.shown} may {what} in {place.name}"
    if policy.needs_second_person and not actor.verified:
        brief = "your identity is unverified, and the policy needs a second person"
        detail = "The identity is unverified, and the policy needs a second person."
        return Check("permission", "fail", sentence, detail, brief, "Log in at the service.")
    if not policy.includes(who, actor):
        others = who.sentence(policy.roles) or "nobody"
        only = "" if others == "nobody" else "only "
        brief = f"{only}{others} may {what} here"
        detail = f"The policy {policy.name} lets {others} do it."
        return Check("permission", "fail", sentence, detail, brief, f"Ask {others}.")
    return Check("permission", "pass", sentence)


def _approvals(
    counted: Tally,
    rule: Approvals,
    policy: Policy,
    place: Place,
    involved: Mapping[str, Actor | None],
) -> Check:
    barred = tuple(actor for actor in involved.values() if actor is not None)
    plural = "approval" if len(counted.counted) == 1 else "approvals"
    sentence = f"{len(counted.counted)} {plural} of {counted.needed}"
    if counted.reached:
        return Check(APPROVALS, "pass", sentence, f"{people_list(counted.counted)} approved.")
    if counted.unknown:
        detail = f"{counted.unknown[0].upper()}{counted.unknown[1:]}."
        advice = "Package and ask again with a login that names you."
        return Check(APPROVALS, "unknown", sentence, detail, counted.unknown, advice)
    givers = rule.givers.sentence(policy.roles, barred)
    if not givers:
        brief = f"nobody can approve: the policy names no approvers for {place.name}"
        if not rule.givers.is_nobody:
            brief = f"nobody who may approve for {place.name} is left, apart from those involved"
        detail = f"{brief[0].upper()}{brief[1:]}."
        return Check(APPROVALS, "fail", sentence, detail, brief, "Name approvers in the policy.")
    reasons = "; ".join(dict.fromkeys(why for _, why in counted.set_aside))
    detail = f"{givers[0].upper()}{givers[1:]}. {_not_you(involved)}"
    detail += f" Not counted: {reasons}." if reasons else ""
    return Check(APPROVALS, "fail", sentence, detail, "", f"Ask {givers}.")


def _not_you(involved: Mapping[str, Actor | None]) -> str:
    did: dict[str, list[str]] = {}
    for what, actor in involved.items():
        if actor is not None:
            did.setdefault(actor.shown, []).append(what)
    return " ".join(f"Not {name}: {spoken_list(parts)}." for name, parts in did.items())
