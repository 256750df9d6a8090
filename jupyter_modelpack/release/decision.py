"""The decisions on a lane: ``decide(lane, event, now) -> (lane, effects)``, pure and repeatable.

A duplicate or late event changes nothing. What a person may not do raises, and changes nothing.
The caller writes ``Advance``, ``Save``, ``Move`` and ``Record`` in one transaction, or nothing; on
a failed compare-and-set it reads the lane again and decides anew. Then it does the rest.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.release.event import (
    Advance,
    Answer,
    Ask,
    Checked,
    Deployed,
    Event,
    PolicyChanged,
    Withdraw,
)
from jupyter_modelpack.release.lane_steps import Decision, demand_clock, wake
from jupyter_modelpack.release.people_decisions import answer, ask, withdraw
from jupyter_modelpack.release.promotion import Lane
from jupyter_modelpack.release.service_decisions import checked, deployed, recover


def decide(lane: Lane, event: Event, now: datetime) -> Decision:
    """Return the lane after the event, and what to do; raises a ModelPackError to refuse."""
    after, effects = _decide(lane, event, now)
    if not effects:
        return lane, ()
    advance = Advance(lane.slot.package, lane.slot.environment, lane.revision)
    return replace(after, revision=lane.revision + 1), (advance, *effects)


def _decide(lane: Lane, event: Event, now: datetime) -> Decision:
    if isinstance(event, Ask):
        return ask(lane, event, now)
    if isinstance(event, PolicyChanged):
        return wake(lane, (), now)
    promotion = lane.find(event.promotion)
    if isinstance(event, (Answer, Withdraw)):
        if promotion is None:
            raise NotFound("promotion", f"{event.promotion!s:.60}")
        demand_clock(lane, now)
        if isinstance(event, Answer):
            return answer(lane, promotion, event, now)
        return withdraw(lane, promotion, event, now)
    if promotion is None:
        return lane, ()
    if isinstance(event, Checked):
        return checked(lane, promotion, event, now)
    if isinstance(event, Deployed):
        return deployed(lane, promotion, event, now)
    return recover(lane, promotion, now)
