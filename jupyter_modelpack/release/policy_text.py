"""Reading a policy from its YAML text; every refusal names the line, the field and what belongs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from importlib import resources
from typing import Literal

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.release.environment import Environments, checked_environment
from jupyter_modelpack.release.metric import Bound
from jupyter_modelpack.release.policy import PROVENANCE, Approvals, Gates, Place, Policy
from jupyter_modelpack.release.policy_field import Field, read_fields
from jupyter_modelpack.release.who import EVERYONE, NOBODY, Who

Size = Literal["solo", "team", "regulated"]
SIZES: tuple[Size, ...] = ("solo", "team", "regulated")

_SPAN = re.compile(r"(\d{1,4}) (minute|hour|day|week)s?\Z")
_TOP = (
    *("version", "name", "provider", "builders", "provenance", "roles"),
    *("package", "environments", "policy_changes"),
)
_PLACE = ("name", "latest", "gates", "ask", "approvals", "roll_back", "override_secrets")
_GATES = (
    *("verified", "no_blocking_finding", "checks_green", "ran_before"),
    *("metrics", "soak", "owner_card"),
)
_MOST_PEOPLE = 20


def ready_made(size: Size) -> str:
    """Return the text of a policy that is shipped: solo, team or regulated."""
    if size not in SIZES:
        raise InvalidInput(
            f"There is no ready-made policy {size!s:.40}.",
            field="policy",
            advice="There are solo, team and regulated.",
        )
    folder = resources.files("jupyter_modelpack.release") / "policies"
    return (folder / f"{size}.yaml").read_text(encoding="utf-8")


@lru_cache(maxsize=16)  # a policy is frozen, and reading YAML takes longer than most answers
def parse_policy(text: str | None) -> Policy:
    """Return the policy in a text; raises InvalidInput, also when there is no text at all."""
    if text is None:
        raise InvalidInput(
            "There is no policy, so nothing may be promoted.",
            field="policy",
            advice="Write one, or start from solo, team or regulated.",
        )
    root = read_fields(text)
    top = root.mapping(_TOP, ("version", "name", "environments"))
    if top["version"].count(1_000_000) != 1:
        top["version"].refuse("this version of the format is not known.", "Known is 1.")
    roles = _roles(top.get("roles"))
    places = _places(top["environments"], roles)
    ask, approvals = _changes(top.get("policy_changes"), roles)
    return Policy(
        name=top["name"].text(80),
        places=places,
        roles=roles,
        package=_who(top["package"], roles) if "package" in top else EVERYONE,
        change_ask=ask,
        change_approvals=approvals,
        provider=top["provider"].text(80) if "provider" in top else "",
        builders=_texts(top["builders"]) if "builders" in top else ("local", "service"),
        provenance=top["provenance"].text(200) if "provenance" in top else PROVENANCE,
    )


def _places(field: Field, roles: Mapping[str, Who]) -> tuple[Place, ...]:
    places: list[Place] = []
    for item in field.list():
        place = _place(item, roles)
        if any(place.name == other.name for other in places):
            item.refuse(f"the environment {place.name} stands twice.")
        places.append(place)
    if not places:
        field.refuse("a policy needs at least one environment.")
    names = Environments(tuple(place.name for place in places))
    for item, place in zip(field.list(), places, strict=True):
        _check_gates(item, place, names)
    return tuple(places)


def _place(field: Field, roles: Mapping[str, Who]) -> Place:
    found = field.mapping(_PLACE, ("name",))
    name = found["name"].text(40)
    try:
        checked_environment(name)
    except InvalidInput as error:
        found["name"].refuse(error.message, error.advice)
    back = Place(name)
    if "roll_back" in found:
        rules = found["roll_back"].mapping(("from", "approvals"))
        count = rules["approvals"].count(_MOST_PEOPLE) if "approvals" in rules else 0
        who = _who(rules["from"], roles) if "from" in rules else NOBODY
        back = Place(name, roll_back=who, roll_back_approvals=count)
    return Place(
        name=name,
        latest=found["latest"].text() if "latest" in found else "",
        gates=_gates(found["gates"]) if "gates" in found else Gates(),
        ask=_who(found["ask"], roles) if "ask" in found else NOBODY,
        approvals=_approvals(found.get("approvals"), roles),
        roll_back=back.roll_back,
        roll_back_approvals=back.roll_back_approvals,
        override_secrets=_who(found["override_secrets"], roles)
        if "override_secrets" in found
        else NOBODY,
    )


def _gates(field: Field) -> Gates:
    found = field.mapping(_GATES)
    default = Gates()

    def flag(name: str, otherwise: bool) -> bool:
        return found[name].flag() if name in found else otherwise

    return Gates(
        verified=flag("verified", default.verified),
        no_blocking_finding=flag("no_blocking_finding", default.no_blocking_finding),
        checks_green=flag("checks_green", default.checks_green),
        ran_before=flag("ran_before", default.ran_before),
        metrics=tuple(_bound(item) for item in found["metrics"].list())
        if "metrics" in found
        else (),
        soak=_span(found["soak"]) if "soak" in found else default.soak,
        owner_card=flag("owner_card", default.owner_card),
    )


def _check_gates(field: Field, place: Place, names: Environments) -> None:
    gates = place.gates
    if names.before(place.name) is None and (gates.soak or gates.ran_before):
        field.refuse(f"{place.name} is the first environment, so nothing can have been before it.")
    if names.before(place.name) is None and not place.override_secrets.is_nobody:
        field.refuse(
            f"{place.name} is the first environment, where marked secrets need no override.",
            "Write override_secrets where a later environment may let them in.",
        )
    for bound in gates.metrics:
        if bound.place and bound.place not in names.names:
            field.refuse(f"{bound!s} names an environment that there is not.")


def _bound(field: Field) -> Bound:
    try:
        return Bound.parse(field.text())
    except InvalidInput as error:
        if error.field != "metrics":
            raise
        field.refuse(error.message, error.advice)


def _span(field: Field) -> timedelta:
    text = field.text()
    if text == "none":
        return timedelta(0)
    match = _SPAN.match(text)
    if match is None or int(match[1]) == 0:
        field.refuse(f"{text!r:.40} is not a time span.", "Write it as 12 hours, 1 day or none.")
    return timedelta(**{f"{match[2]}s": int(match[1])})


def _approvals(field: Field | None, roles: Mapping[str, Who]) -> Approvals:
    if field is None:
        return Approvals()
    found = field.mapping(("needed", "from"), ("needed",))
    needed = found["needed"].count(_MOST_PEOPLE)
    givers = _who(found["from"], roles) if "from" in found else NOBODY
    only_people = givers.people and not (givers.groups or givers.roles or givers.everyone)
    if only_people and needed > len(givers.people):
        field.refuse(f"{needed} approvals cannot come from {len(givers.people)} people.")
    return Approvals(needed, givers)


def _changes(field: Field | None, roles: Mapping[str, Who]) -> tuple[Who, Approvals]:
    if field is None:
        return NOBODY, Approvals()
    found = field.mapping(("ask", "approvals"))
    ask = _who(found["ask"], roles) if "ask" in found else NOBODY
    return ask, _approvals(found.get("approvals"), roles)


def _roles(field: Field | None) -> Mapping[str, Who]:
    if field is None:
        return {}
    return {name: _who(item, None) for name, item in field.mapping(None).items()}


def _who(field: Field, roles: Mapping[str, Who] | None) -> Who:
    if field.fields is None and field.items is None:
        word = field.text()
        if word not in ("everyone", "nobody"):
            field.refuse(
                f"{word!r:.60} is neither everyone nor nobody.",
                f"Write {{people: [{word:.60}]}} or {{groups: [{word:.60}]}}.",
            )
        return EVERYONE if word == "everyone" else NOBODY
    found = field.mapping(("people", "groups") if roles is None else ("people", "groups", "roles"))
    names = {kind: _texts(found[kind]) if kind in found else () for kind in found}
    for item in found["roles"].list() if "roles" in found else ():
        if item.text() not in (roles or {}):
            item.refuse(f"there is no role {item.text()!r:.60}.", "Define it under roles.")
    return Who(names.get("people", ()), names.get("groups", ()), names.get("roles", ()))


def _texts(field: Field) -> tuple[str, ...]:
    return tuple(item.text(320) for item in field.list())
