"""Decisions on what the service reports: checks made, a deployment ended, a restart."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from jupyter_modelpack.release.actor import SERVICE
from jupyter_modelpack.release.approval import Approval
from jupyter_modelpack.release.canonical import instant
from jupyter_modelpack.release.event import Checked, Deployed, Move, Notify, Save
from jupyter_modelpack.release.lane_steps import (
    Decision,
    changed,
    check_again,
    deploy,
    end,
    moment_of,
    record,
    wake,
)
from jupyter_modelpack.release.promotion import Lane, Phase, Promotion, pointer_of


def checked(lane: Lane, promotion: Promotion, event: Checked, now: datetime) -> Decision:
    """Go on to people, to the deployment, or end, by the answers of the latest round."""
    if promotion.phase != "Checking" or event.round != promotion.round:
        return lane, ()
    if promotion.seen != lane.slot.seen:
        return end(lane, promotion, "Superseded", f"{promotion.target} has changed since.", now)
    report = event.report
    if lane.policy is None or report.binding is None:
        return _refused(lane, promotion, event, now)
    if report.binding.policy != lane.policy:
        return check_again(lane, promotion, now)
    bound = promotion.after(now, policy=report.binding.policy, report=report)
    if report.binding != bound.binding:
        because = "The checks were made for something else."
        return end(lane, promotion, "Errored", because, now)
    if report.waits_for_people:
        waiting = changed(bound, phase="Waiting")
        return lane.with_(waiting), (
            Save(waiting),
            record(waiting, "promotion.waiting", SERVICE, **_answers(waiting)),
            Notify(waiting.id, "Waiting"),
        )
    if not report.passed:
        return _refused(lane, promotion, event, now)
    if lane.deploying is not None:
        return check_again(lane, promotion, now, ask=False)
    ready = changed(bound, phase="Deploying", attempt=promotion.attempt + 1)
    return lane.with_(ready), (
        Save(ready),
        record(ready, "promotion.deploying", SERVICE, **_answers(ready)),
        deploy(ready),
        Notify(ready.id, "Deploying"),
    )


def deployed(lane: Lane, promotion: Promotion, event: Deployed, now: datetime) -> Decision:
    """Move the pointer when the latest attempt succeeded; nothing is ever retried by itself."""
    if promotion.phase != "Deploying" or event.attempt != promotion.attempt:
        return lane, ()
    if event.outcome != "Succeeded":
        because = event.message or "The deployment did not succeed."
        lane, effects = end(lane, promotion, event.outcome, because, now)
        return wake(lane, effects, now)
    if promotion.seen != lane.slot.seen:
        return end(lane, promotion, "Superseded", f"{promotion.target} has changed since.", now)
    moment = moment_of(lane, now)
    slot = lane.slot.moved(promotion.seen, pointer_of(promotion, moment))
    active = promotion.after(moment, phase="Active")
    effects = (
        Move(promotion.seen, slot),
        Save(active),
        record(active, "promotion.active", promotion.requester, **_moved(active, slot.generation)),
        Notify(active.id, "Active"),
    )
    lives = (p for p in lane.promotions if p.is_open or p.phase == "Active")
    others = [other for other in lives if other.id != active.id]
    lane = lane.with_(active, slot)
    because = f"{active.candidate.version} took its place."
    for other in others:
        lane, more = end(lane, other, "Superseded", because, moment)
        effects = (*effects, *more)
    return lane, effects


def recover(lane: Lane, promotion: Promotion, now: datetime) -> Decision:
    """Ask again for whatever was under way when a service stopped."""
    if promotion.phase == "Checking":
        return check_again(lane, promotion, now)
    if promotion.phase == "Deploying":
        again = promotion.after(now, attempt=promotion.attempt + 1)
        return lane.with_(again), (
            Save(again),
            record(again, "promotion.recovered", SERVICE, attempt=again.attempt),
            deploy(again),
        )
    return lane, ()


def _refused(lane: Lane, promotion: Promotion, event: Checked, now: datetime) -> Decision:
    report = event.report
    phase: Phase = "Errored" if report.could_not_tell else "Failed"
    bound = promotion.after(now, report=report)
    return end(lane, bound, phase, report.summary(), now, saved=True)


def _answers(promotion: Promotion) -> dict[str, Any]:
    report = promotion.report
    return {"checks": {c.code: c.answer for c in report.checks} if report else {}}


def _moved(promotion: Promotion, generation: int) -> dict[str, Any]:
    counted = {a.account for a in promotion.report.counted} if promotion.report else set()
    approvals = [a for a in promotion.approvals if a.actor.account in counted]
    answered = {a.account for a in promotion.report.overridden} if promotion.report else set()
    overrides = [a for a in promotion.approvals if a.actor.account in answered and a.override]
    return {
        **({"overrides": [_given(a) for a in overrides]} if overrides else {}),
        "generation": generation,
        "before": str(promotion.seen.digest) if promotion.seen.digest else None,
        "reason": promotion.reason,
        "asked": instant(promotion.asked),
        "asked_by": promotion.requester.to_json(),
        "approvals": [_given(a) for a in approvals],
    }


def _given(answer: Approval) -> dict[str, Any]:
    return {"by": answer.actor.to_json(), "at": instant(answer.at), "comment": answer.comment}
