"""The page of the jurisdiction: the policy as a table and as sentences, for people."""

from __future__ import annotations

from typing import Any

from jupyter_modelpack.release.jurisdiction import gate_sentences, jurisdiction
from jupyter_modelpack.release.policy import Policy
from jupyter_modelpack.services.policies import Policies, readable, sentence_of


def jurisdiction_page(policies: Policies) -> dict[str, Any]:
    """Return who may do what and where; where the file is not in force, what is in force."""
    policy, problem = readable(policies)
    in_force = policies.in_force()
    if policy is not None and in_force is not None and policy.digest != in_force.digest:
        problem = "The policy file was changed, and the change was not approved."
    rules = in_force or policy
    if rules is None:
        return {"problem": problem, "policy": None, "general": [], "places": [], "roles": []}
    rulings = jurisdiction(rules)
    return {
        "problem": problem,
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
