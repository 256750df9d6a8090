"""The override: a second person lets in what looks like a secret and its author says is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.approval import (
    Approval,
    Binding,
    Members,
    Tally,
    people_list,
    tally,
)
from jupyter_modelpack.release.check import Check
from jupyter_modelpack.release.facts import ReleaseFacts
from jupyter_modelpack.release.policy import Approvals, Place, Policy

OVERRIDE = "secrets"


def override_rule(place: Place) -> Approvals:
    """Return how many people have to answer for marked secrets here, and who may."""
    return Approvals(1, place.override_secrets)


def marked_secrets(kind: str, facts: ReleaseFacts, place: Place, policy: Policy) -> int:
    """Return how many marked secrets somebody else has to answer for before this goes on.

    A release may enter the first environment with them, and a rollback has passed this before.
    """
    first = policy.environments.before(place.name) is None
    if kind == "rollback" or first or not place.gates.no_blocking_finding:
        return 0
    return facts.secrets.allowed if facts.secrets and facts.secrets.digest == facts.digest else 0


def override_tally(
    approvals: Iterable[Approval],
    binding: Binding,
    place: Place,
    policy: Policy,
    involved: Mapping[str, Actor | None],
    members: Members | None,
) -> Tally:
    """Count those who answer for the marked secrets of these bytes, here and under this policy."""
    given = [each for each in approvals if each.override and each.comment.strip()]
    return tally(given, binding, override_rule(place), policy, involved, members)


def override_check(count: int, counted: Tally, place: Place, givers: str) -> Check:
    """Return whether a second person answers for them; ``givers`` are those who are left."""
    what = "1 marked secret" if count == 1 else f"{count} marked secrets"
    them = "it" if count == 1 else "them"
    sentence = f"Somebody else answers for {what}"
    if counted.reached:
        return Check(OVERRIDE, "pass", sentence, f"{people_list(counted.counted)} did.")
    if counted.unknown:
        detail = f"{counted.unknown[0].upper()}{counted.unknown[1:]}."
        advice = "Package and ask again with a login that names you."
        return Check(OVERRIDE, "unknown", sentence, detail, counted.unknown, advice)
    looks = f"The author says that what looks like a secret is none ({what})."
    if not givers:
        nobody = "nobody is named" if place.override_secrets.is_nobody else "nobody is left"
        brief = f"{nobody} who may answer for {what} in {place.name}"
        advice = f"Take {them} out and package again, or let the policy name who may."
        return Check(OVERRIDE, "fail", sentence, looks, brief, advice)
    reasons = "; ".join(dict.fromkeys(why for _, why in counted.set_aside))
    detail = f"{looks} {givers[0].upper()}{givers[1:]} can let {them} in, with a reason."
    detail += f" Not counted: {reasons}." if reasons else ""
    advice = f"Ask {givers}, or take {them} out and package again."
    return Check(OVERRIDE, "fail", sentence, detail, "", advice)
