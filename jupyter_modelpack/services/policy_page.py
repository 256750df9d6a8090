"""Proposed policies as people decide on them: the lines that differ, and what they mean."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.jurisdiction import jurisdiction
from jupyter_modelpack.release.policy import Policy
from jupyter_modelpack.release.policy_change import PolicyChange, PolicyState
from jupyter_modelpack.release.policy_text import parse_policy
from jupyter_modelpack.services.line_diff import diff_lines
from jupyter_modelpack.services.policy_view import change_view

Json = dict[str, Any]
_DECIDED = 5
_LINES = 600  # what is longer is cut, and says so


def policy_changes(state: PolicyState, text: str | None, actor: Actor) -> Json:
    """Return what waits for a decision, and what was decided last; ``text`` is of what is in force.

    Without the text, a proposed policy is shown whole.
    """
    newest = tuple(reversed(state.changes))
    waiting = [each for each in newest if each.phase == "Waiting"]
    over = [each for each in newest if each.phase != "Waiting"][:_DECIDED]
    return {
        "waiting": [_waiting(each, state.policy, text, actor) for each in waiting],
        "decided": [change_view(each, state.policy, actor) for each in over],
    }


def waiting_for(state: PolicyState, actor: Actor) -> int:
    """Return how many proposed policies a person can decide on and has not decided on."""
    waiting = [each for each in state.changes if each.phase == "Waiting" and _decides(each, actor)]
    views = [change_view(each, state.policy, actor) for each in waiting]
    return sum(view["may"]["approve"]["allowed"] for view in views)


def _decides(change: PolicyChange, actor: Actor) -> bool:
    return not any(answer.actor.same_person(actor) for answer in change.approvals)


def _waiting(change: PolicyChange, policy: Policy | None, text: str | None, actor: Actor) -> Json:
    lines = diff_lines(text, change.text)
    before, after = _words(policy), _words(parse_policy(change.text))
    return {
        **change_view(change, policy, actor),
        "lines": lines[:_LINES],
        "lines_left_out": max(0, len(lines) - _LINES),
        "no_more": [line for line in before if line not in after],
        "from_now_on": [line for line in after if line not in before],
        "decided": not _decides(change, actor),
    }


def _words(policy: Policy | None) -> list[str]:
    """Return a policy as sentences that can be compared one by one."""
    found: list[str] = []
    for ruling in jurisdiction(policy) if policy else ():
        where = f"{ruling.environment}: " if ruling.environment else ""
        found.append(f"{where}{ruling.action}: {ruling.who}")
        found += [f"{where}{ruling.action}: {condition}" for condition in ruling.conditions]
    return found
