"""The steps that decisions are made of: end a promotion, check it again, say what to record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from jupyter_modelpack.errors import Conflict
from jupyter_modelpack.release.actor import SERVICE, Actor
from jupyter_modelpack.release.canonical import spoken_instant
from jupyter_modelpack.release.event import (
    Deploy,
    Effect,
    Notify,
    Record,
    RunChecks,
    Save,
)
from jupyter_modelpack.release.policy import Policy
from jupyter_modelpack.release.promotion import Lane, Phase, Promotion

Decision = tuple[Lane, tuple[Effect, ...]]
CLOCK_TOLERANCE = timedelta(minutes=5)


def end(
    lane: Lane,
    promotion: Promotion,
    phase: Phase,
    because: str,
    now: datetime,
    actor: Actor = SERVICE,
    *,
    saved: bool = False,
) -> Decision:
    """Close a promotion, and say why."""
    changes: dict[str, Any] = {"phase": phase, "because": because}
    ended = changed(promotion, **changes) if saved else promotion.after(now, **changes)
    return lane.with_(ended), (
        Save(ended),
        record(ended, f"promotion.{phase.lower()}", actor, because=because),
        Notify(ended.id, phase),
    )


def check_again(lane: Lane, promotion: Promotion, now: datetime, *, ask: bool = True) -> Decision:
    """Ask for another round of checks."""
    again = promotion.after(now, phase="Checking", round=promotion.round + 1)
    checks = (RunChecks(again.id, again.round),) if ask else ()
    entry = record(again, "promotion.checking", SERVICE, round=again.round)
    return lane.with_(again), (Save(again), entry, *checks)


def wake(lane: Lane, effects: tuple[Effect, ...], now: datetime) -> Decision:
    """Ask for another round for every promotion that is not being deployed."""
    for other in lane.open:
        if other.phase != "Deploying":
            lane, more = check_again(lane, other, now)
            effects = (*effects, *more)
    return lane, effects


def changed(promotion: Promotion, **changes: Any) -> Promotion:
    """Return it with changes, its revision and time as they are: one decision saves it once."""
    return replace(promotion, **changes)


def demand_clock(lane: Lane, now: datetime) -> None:
    """Raise Conflict when this clock is clearly behind what was recorded."""
    if lane.last is not None and now < lane.last - CLOCK_TOLERANCE:
        raise Conflict(
            f"This server's clock says {spoken_instant(now)}, but the last change was recorded at"
            f" {spoken_instant(lane.last)}.",
            advice="Nothing was changed. Ask who runs the service to set the clock.",
        )


def demand_policy(lane: Lane, policy: Policy) -> None:
    """Raise Conflict unless ``policy`` is the approved one."""
    if lane.policy is None:
        raise Conflict("There is no approved policy, so nothing may be promoted.")
    if policy.digest != lane.policy:
        raise Conflict(
            "The policy is not the approved one.",
            advice="Have the change approved, or undo it.",
        )


def moment_of(lane: Lane, now: datetime) -> datetime:
    """Return a time to record, never before what is recorded already."""
    return max(now, lane.last) if lane.last else now


def how_it_ended(promotion: Promotion) -> str:
    """Return how a promotion ended, for a sentence."""
    because = f" ({promotion.because.rstrip('.')})" if promotion.because else ""
    return f"{promotion.phase.lower()}{because}"


def deploy(promotion: Promotion) -> Deploy:
    """Return the order to deploy a promotion."""
    candidate = promotion.candidate
    return Deploy(
        promotion.id,
        promotion.attempt,
        promotion.seen.generation + 1,
        candidate.package,
        candidate.version,
        candidate.digest,
        promotion.target,
    )


def record(promotion: Promotion, kind: str, actor: Actor, **data: Any) -> Record:
    """Return an audit entry about a promotion; every one names the bytes and the policy."""
    candidate = promotion.candidate
    facts = {
        "kind": promotion.kind,
        "version": candidate.version,
        "digest": str(candidate.digest),
        "policy": str(promotion.policy),
    }
    return Record(kind, actor, candidate.package, promotion.target, promotion.id, {**facts, **data})
