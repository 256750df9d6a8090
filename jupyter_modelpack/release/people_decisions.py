"""Decisions on what people do: ask, say yes or no, withdraw. A refusal raises."""

from __future__ import annotations

from datetime import datetime

from jupyter_modelpack.errors import Conflict, InvalidInput, NotPermitted
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.approval import Approval, Tally, tally, why_not
from jupyter_modelpack.release.event import Answer, Ask, Effect, Notify, RunChecks, Save, Withdraw
from jupyter_modelpack.release.gate import recounted
from jupyter_modelpack.release.lane_steps import (
    Decision,
    changed,
    check_again,
    demand_clock,
    demand_policy,
    end,
    how_it_ended,
    moment_of,
    record,
)
from jupyter_modelpack.release.override import OVERRIDE, override_rule
from jupyter_modelpack.release.policy import Approvals, Place
from jupyter_modelpack.release.promotion import Lane, Promotion

_LONGEST = 2000


def ask(lane: Lane, event: Ask, now: datetime) -> Decision:
    """Open a promotion; a repeated request, or one for the same bytes, opens none."""
    if (known := lane.find(event.promotion)) is not None:
        if known.candidate.digest != event.candidate.digest:
            raise Conflict("That request was for other bytes.", promotion=known.id)
        return lane, ()
    slot, candidate, policy = lane.slot, event.candidate, event.policy
    if (slot.package, slot.environment) != (candidate.package, event.seen.environment):
        raise InvalidInput("The request is for another package or environment.", field="to")
    demand_clock(lane, now)
    demand_policy(lane, policy)
    place = policy.place(slot.environment)
    _demand_permission(event, place)
    _demand_free(lane, event)
    if lane.open_for(candidate.digest, event.kind):
        return lane, ()
    promotion = Promotion(
        id=event.promotion,
        kind=event.kind,
        candidate=candidate,
        target=place.name,
        seen=event.seen,
        requester=event.actor,
        reason=checked_text(event.reason),
        asked=moment_of(lane, now),
        policy=policy.digest,
    )
    return lane.with_(promotion), (
        Save(promotion),
        record(promotion, "promotion.asked", event.actor, reason=promotion.reason),
        RunChecks(promotion.id, promotion.round),
    )


def answer(lane: Lane, promotion: Promotion, event: Answer, now: datetime) -> Decision:
    """Record a person's yes or no; enough of yes starts a last round of checks."""
    given = [a for a in promotion.approvals if a.actor.account == event.actor.account]
    repeated = [
        a
        for a in given
        if a.yes == event.yes
        and a.binding == promotion.binding
        and (a.override or not event.override)
    ]
    if repeated and promotion.phase != "Waiting":
        return lane, ()
    if promotion.phase not in ("Checking", "Waiting"):
        raise Conflict(f"This request is over: {how_it_ended(promotion)}.", phase=promotion.phase)
    _demand_right_to_answer(lane, promotion, event)
    if repeated:
        # A yes that the last round did not count, because nobody could say which groups the
        # person is in: now it may count.
        enough = event.yes and (event.override or _tally(promotion, event).reached)
        return check_again(lane, promotion, now) if enough else (lane, ())
    moment = moment_of(lane, now)
    approval = Approval(
        event.actor,
        event.yes,
        promotion.binding,
        moment,
        checked_text(event.comment),
        event.override,
    )
    kept = tuple(a for a in promotion.approvals if a.actor.account != event.actor.account)
    if not event.yes:
        said = f"{event.actor.shown} said no"
        because = f"{said}: {approval.comment}" if approval.comment else f"{said}."
        decided = promotion.after(now, approvals=(*kept, approval))
        return end(lane, decided, "Rejected", because, now, event.actor, saved=True)
    answered = promotion.after(now, approvals=(*kept, approval))
    kind = "promotion.overridden" if event.override else "promotion.approved"
    effects: list[Effect] = [record(answered, kind, event.actor, comment=approval.comment)]
    counted = _tally(answered, event)
    if promotion.phase == "Checking" or event.override or counted.reached:
        answered = changed(answered, phase="Checking", round=promotion.round + 1)
        effects.append(RunChecks(answered.id, answered.round))
    elif answered.report is not None:  # the first of two counts at once, and is said to
        policy, involved = event.policy, promotion.involved
        place = policy.place(promotion.target)
        report = recounted(answered.report, counted, promotion.kind, policy, place, involved)
        answered = changed(answered, report=report)
    return lane.with_(answered), (Save(answered), *effects, Notify(answered.id, answered.phase))


def withdraw(lane: Lane, promotion: Promotion, event: Withdraw, now: datetime) -> Decision:
    """Take a request back, until it is being deployed."""
    mine = promotion.requester.account == event.actor.account
    if not mine or (promotion.requester.verified and not event.actor.verified):
        raise NotPermitted(
            "Only who asked can withdraw a request.",
            rule="withdraw",
            advice=f"{promotion.requester.shown} asked; an approver can reject it.",
        )
    if promotion.phase == "Withdrawn":
        return lane, ()
    if promotion.phase == "Deploying":
        raise Conflict(
            "It is too late to withdraw: it is being deployed.",
            advice="Wait until it is done, then roll back.",
        )
    if not promotion.is_open:
        raise Conflict(f"This request is over: {how_it_ended(promotion)}.", phase=promotion.phase)
    because = event.reason.strip() or f"{event.actor.shown} withdrew it."
    return end(lane, promotion, "Withdrawn", because, now, event.actor)


def _tally(promotion: Promotion, event: Answer) -> Tally:
    rule = event.policy.place(promotion.target).approvals_for(promotion.kind)
    return tally(
        promotion.approvals,
        promotion.binding,
        rule,
        event.policy,
        promotion.involved,
        event.members,
    )


def _demand_permission(event: Ask, place: Place) -> None:
    if event.kind == "rollback":
        what = f"roll back in {place.name}"
        event.policy.demand(place.roll_back, event.actor, what, "roll_back")
        if not event.reason.strip():
            raise InvalidInput("A rollback needs a reason.", field="reason")
    else:
        event.policy.demand(place.ask, event.actor, f"promote to {place.name}", "ask")


def _demand_free(lane: Lane, event: Ask) -> None:
    slot, candidate = lane.slot, event.candidate
    if busy := lane.deploying:
        raise Conflict(
            f"{busy.candidate.version} is being brought into {slot.environment} right now.",
            advice="Wait until that is done, then look again.",
            promotion=busy.id,
        )
    slot.demand(event.seen)
    if slot.digest == candidate.digest:
        raise Conflict(f"{slot.environment} already runs {candidate.package} {candidate.version}.")
    if event.kind == "rollback" and candidate.digest not in (lane.held or {}):
        raise Conflict(
            f"{slot.environment} has never run {candidate.package} {candidate.version}.",
            advice="Promote it instead of rolling back to it.",
        )


def _demand_right_to_answer(lane: Lane, promotion: Promotion, event: Answer) -> None:
    demand_policy(lane, event.policy)
    if why := event.binding.difference(promotion.binding):
        raise Conflict(f"Not recorded: {why} you looked.", advice="Look again, then decide.")
    if event.policy.digest != promotion.policy:
        raise Conflict("Not recorded: the policy has changed since you looked.")
    lane.slot.demand(promotion.seen)
    rules = _rules_for(promotion, event)
    whys = [
        why_not(event.actor, rule, event.policy, promotion.involved, event.members)
        for rule in rules
    ]
    if all(whys):
        verb = "override" if event.override else "approve" if event.yes else "reject"
        who = rules[0].givers.sentence(event.policy.roles, _barred(promotion)) or "nobody"
        raise NotPermitted(
            f"You cannot {verb} this: {whys[0]}.",
            rule="override_secrets" if event.override else "approvals",
            advice=f"{who[0].upper()}{who[1:]} can.",
        )
    if event.override and not event.comment.strip():
        raise InvalidInput(
            "An override needs a reason.",
            field="comment",
            advice="Say why what looks like a secret is none.",
        )


def asks_for_override(promotion: Promotion) -> bool:
    """Return whether somebody has to answer for its marked secrets, as far as it was checked."""
    return promotion.report is not None and any(
        check.code == OVERRIDE for check in promotion.report.checks
    )


def _rules_for(promotion: Promotion, event: Answer) -> list[Approvals]:
    """Return the rules of which one lets a person give this answer."""
    place, asked = event.policy.place(promotion.target), asks_for_override(promotion)
    if event.override:
        if not (event.yes and asked):
            raise Conflict("Nothing in this has to be overridden.")
        return [override_rule(place)]
    rule = place.approvals_for(promotion.kind)
    rules = [rule] if rule.needed else []
    rules += [override_rule(place)] if asked and not event.yes else []
    if not rules:
        raise Conflict(
            f"{promotion.target} asks for no approval of this.",
            advice="It asks for an override of its marked secrets." if asked else "",
        )
    return rules


def _barred(promotion: Promotion) -> tuple[Actor, ...]:
    return tuple(actor for actor in promotion.involved.values() if actor is not None)


def checked_text(text: str) -> str:
    """Return a reason or comment without blanks around it; raises InvalidInput when too long."""
    if len(text) > _LONGEST:
        raise InvalidInput(f"Say it in at most {_LONGEST} characters.", field="reason")
    return text.strip()
