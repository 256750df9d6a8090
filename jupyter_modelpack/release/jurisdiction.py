"""The jurisdiction: who may do what, where, as sentences made from the policy."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_modelpack.release.canonical import spoken_span
from jupyter_modelpack.release.policy import Approvals, Place, Policy
from jupyter_modelpack.release.who import Who


@dataclass(frozen=True)
class Ruling:
    """One line of the page: where, what may be done, by whom, and under which conditions."""

    environment: str
    action: str
    who: str
    conditions: tuple[str, ...] = ()


def jurisdiction(policy: Policy) -> tuple[Ruling, ...]:
    """Return every ruling of a policy, in the order of the environments."""
    rulings = [Ruling("", "package", _who(policy.package, policy))]
    for place in policy.places:
        rulings += _place_rulings(place, policy)
    changes = (_approvals(policy.change_approvals, policy),)
    rulings.append(Ruling("", "change the policy", _who(policy.change_ask, policy), changes))
    return tuple(rulings)


def gate_sentences(place: Place, policy: Policy) -> tuple[str, ...]:
    """Return what an environment asks for, one short sentence a gate."""
    gates, source = place.gates, policy.environments.before(place.name)
    asked = {
        "it ran sealed": gates.verified,
        "no secret and no finding in the way": gates.no_blocking_finding,
        "the team's checks passed": gates.checks_green,
        f"{source} runs it now": source is not None,
        f"it ran in {source} once": gates.ran_before,
        f"it was in {source} for {spoken_span(gates.soak)}": bool(gates.soak),
        "somebody is named who answers for it": gates.owner_card,
    }
    kept = [sentence for sentence, is_asked in asked.items() if is_asked]
    return (*kept, *(bound.sentence for bound in gates.metrics))


def _place_rulings(place: Place, policy: Policy) -> list[Ruling]:
    back = place.approvals_for("rollback")
    givers = _who(place.approvals.givers, policy) if place.approvals.needed else "nobody has to"
    override = place.override_secrets
    conditions = ("with a reason, never those involved",)
    return [
        *(
            []
            if override.is_nobody
            else [Ruling(place.name, "override", _who(override, policy), conditions)]
        ),
        Ruling(place.name, "promote", _who(place.ask, policy), gate_sentences(place, policy)),
        Ruling(place.name, "approve", givers, (_approvals(place.approvals, policy),)),
        Ruling(place.name, "roll back", _who(place.roll_back, policy), (_approvals(back, policy),)),
    ]


def _who(who: Who, policy: Policy) -> str:
    return who.sentence(policy.roles) or "nobody"


def _approvals(rule: Approvals, policy: Policy) -> str:
    if rule.needed == 0:
        return "no approval is asked for"
    people = "person approves" if rule.needed == 1 else "people approve"
    return f"{rule.needed} {people}: {_who(rule.givers, policy)}, never those involved"
