"""The policy and the changes of it as the JSON objects that REST and ``--json`` show."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.approval import why_not
from jupyter_modelpack.release.jurisdiction import jurisdiction
from jupyter_modelpack.release.policy import Policy
from jupyter_modelpack.release.policy_change import PolicyChange, PolicyState
from jupyter_modelpack.services.policies import sentence_of
from jupyter_modelpack.services.release_view import moment

Json = dict[str, Any]
_MOST = 50


def policy_view(policy: Policy | None, problem: str, state: PolicyState, actor: Actor) -> Json:
    """Return the policy in force; ``policy`` is what the file says, None: ``problem`` says why."""
    used = state.policy or policy
    changed = policy is None or state.policy is None or policy.digest != state.policy.digest
    return {
        "name": used.name if used else "",
        "digest": str(used.digest) if used else None,
        "generation": state.generation,
        "sentence": sentence_of(used) if used else problem,
        "policy": used.to_json() if used else None,
        "rulings": [
            {
                "environment": each.environment,
                "action": each.action,
                "who": each.who,
                "conditions": list(each.conditions),
            }
            for each in (jurisdiction(used) if used else ())
        ],
        "in_force": not changed,
        "problem": problem or (_CHANGED if changed else ""),
        "changes": [change_view(each, state.policy, actor) for each in reversed(state.changes)][
            :_MOST
        ],
    }


_CHANGED = "The file was changed, and the change is not in force."


def change_view(change: PolicyChange, policy: Policy | None, actor: Actor) -> Json:
    """Return a proposed policy, and whether the viewer may decide on it."""
    involved = {"asked for it": change.requester}
    why = "This change is over."
    if change.phase == "Waiting" and policy is not None:
        why = why_not(actor, policy.change_approvals, policy, involved, {actor.account: actor})
    return {
        "id": change.id,
        "phase": change.phase,
        "digest": str(change.digest),
        "before": str(change.before),
        "reason": change.reason,
        "requested_by": change.requester.username,
        "created": moment(change.asked),
        "text": change.text,
        "approvals": [
            {
                "by": answer.actor.username,
                "decision": "approve" if answer.yes else "reject",
                "comment": answer.comment,
                "at": moment(answer.at),
            }
            for answer in change.approvals
        ],
        "may": {"approve": {"allowed": not why, "sentence": why}},
        "sentence": _SENTENCES[change.phase],
    }


_SENTENCES = {
    "Waiting": "Waiting for approval.",
    "Active": "It came into force.",
    "Rejected": "It was rejected.",
    "Superseded": "Another policy came into force.",
}
