"""The page of the jurisdiction: the policy as a table and as sentences, for people."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.jurisdiction import gate_sentences, jurisdiction
from jupyter_modelpack.release.policy import Policy
from jupyter_modelpack.services.policies import Policies, readable, sentence_of
from jupyter_modelpack.services.policy_page import policy_changes


def jurisdiction_page(policies: Policies, actor: Actor) -> dict[str, Any]:
    """Return who may do what and where, and which changes of it were proposed.

    Where the file is not in force, it is what is in force.
    """
    policy, problem = readable(policies)
    state = policies.state()
    in_force = state.policy
    if policy is not None and in_force is not None and policy.digest != in_force.digest:
        problem = "The policy file was changed, and the change was not approved."
    rules = in_force or policy
    if rules is None:
        nothing: dict[str, Any] = {"general": [], "places": [], "roles": [], "changes": None}
        return {"problem": problem, "policy": None, **nothing}
    rulings = jurisdiction(rules)
    return {
        "problem": problem,
        "as_whom": actor.shown,
        "changes": policy_changes(state, policies.text_in_force(), actor),
        "policy": {
            "name": rules.name,
            "digest": str(rules.digest),
            "sentence": sentence_of(rules),
            "second_person": rules.needs_second_person,
            "provider": rules.provider,
        },
        "general": [
            {"action": each.action, "who": each.who, "conditions": list(each.conditions)}
            for each in rulings
            if not each.environment
        ],
        "places": [_place(rules, place.name) for place in rules.places],
        "roles": [
            {"name": name, "who": who.sentence(rules.roles)} for name, who in rules.roles.items()
        ],
    }


def _place(rules: Policy, name: str) -> dict[str, Any]:
    place = rules.place(name)
    mine = {each.action: each for each in jurisdiction(rules) if each.environment == name}
    return {
        "name": name,
        "latest": place.latest,
        "promote": mine["promote"].who,
        "approve": mine["approve"].who,
        "needed": place.approvals.needed,
        "roll_back": mine["roll back"].who,
        "is_first": rules.environments.before(name) is None,
        "override": place.override_secrets.sentence(rules.roles),
        "roll_back_needed": place.roll_back_approvals,
        "asks_for": list(gate_sentences(place, rules)),
    }
