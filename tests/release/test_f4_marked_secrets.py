"""F4: a marked secret stops beyond the first environment, unless a second person answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from release.promotion_world import (
    ADA,
    ANYBODY,
    BEN,
    IMAGE,
    NOON,
    OMAR,
    POLICY,
    RITA,
    TEAM,
    around,
    ask,
    checked,
    digest,
    facts,
    found,
    lane,
    person,
    question,
    step,
    yes,
)

from jupyter_modelpack.errors import Conflict, InvalidInput, ModelPackError, NotPermitted
from jupyter_modelpack.release.approval import Approval
from jupyter_modelpack.release.decision import decide
from jupyter_modelpack.release.event import Answer, Deployed, Record
from jupyter_modelpack.release.facts import Report
from jupyter_modelpack.release.gate import GateReport, binding_of, evaluate
from jupyter_modelpack.release.policy_text import SIZES, parse_policy, ready_made
from jupyter_modelpack.release.promotion import Lane

KIM = person("kim")
ROLL_BACK = "    roll_back: {from: {people: [rita, omar]}}"
OVERRIDE = "    override_secrets: {people: [ada, ben, kim, rita, anonymous-6f1e]}"
NAMED = TEAM.replace(ROLL_BACK, f"{ROLL_BACK}\n{OVERRIDE}")
RULES = parse_policy(NAMED)
MARKED = replace(facts(), secrets=Report(IMAGE, 0, 2))
WHY = "they are the documented samples"


def report(target: str, *approvals: Approval, policy=RULES, of=MARKED, who=ADA) -> GateReport:
    asked = replace(question(target, who), promotion="p1", approvals=approvals)
    return evaluate(asked, of, around(policy), policy, NOON)


def given(who, **more) -> Approval:
    asked = replace(question("production"), promotion="p1")
    bound = replace(binding_of(asked, "churn", IMAGE, RULES.digest), **more.pop("binding", {}))
    return Approval(who, True, bound, NOON, more.get("comment", WHY), more.get("override", True))


def refusals(made: GateReport) -> list[str]:
    return [check.code for check in made.refusals]


@pytest.mark.parametrize("size", SIZES)
def test_a_mark_stops_everywhere_but_in_the_first_environment_and_nobody_overrides(size) -> None:
    policy = parse_policy(ready_made(size))
    first, *later = policy.environments.names
    assert "secrets" not in refusals(report(first, policy=policy))
    for target in later:
        made = report(target, policy=policy)
        (check,) = (check for check in made.refusals if check.code == "secrets")
        assert "nobody is named" in check.brief and not made.waits_for_people
        assert "secrets" not in refusals(report(target, policy=policy, of=facts()))


def test_with_people_named_it_waits_and_a_plain_yes_is_not_enough() -> None:
    made = report("production")
    assert refusals(made) == ["secrets", "approvals"] and made.waits_for_people
    assert "marked secrets wait for Ben, Kim, Rita" in made.summary()
    assert refusals(report("production", given(RITA, override=False))) == ["secrets"]
    assert report("production", given(RITA)).passed
    # Kim may answer for secrets, and not approve; Omar the other way round.
    assert refusals(report("production", given(KIM))) == ["approvals"]
    both = report("production", given(KIM), given(OMAR, override=False))
    assert both.passed and (both.overridden, both.counted) == ((KIM,), (OMAR,))
    assert GateReport.from_json(both.to_json()) == both


CANNOT: dict[str, Callable[[], GateReport]] = {
    "the author": lambda: report("production", given(ADA), who=BEN),
    "the requester": lambda: report("production", given(BEN), who=BEN),
    "an unverified one": lambda: report("production", given(ANYBODY)),
    "one whom nobody named": lambda: report("production", given(OMAR)),
    "a kernel's token": lambda: report("production", given(replace(RITA, signed_in=False))),
    "a program": lambda: report("production", given(replace(RITA, program=True))),
    "the same person again": lambda: report("production", given(person("Ada")), who=BEN),
    "no reason": lambda: report("production", given(RITA, comment="  ")),
    "other bytes": lambda: report("production", given(RITA, binding={"digest": digest("x")})),
    "another policy": lambda: report("production", given(RITA, binding={"policy": digest("x")})),
    "another target": lambda: report("production", given(RITA, binding={"target": "staging"})),
    "another package": lambda: report("production", given(RITA, binding={"package": "fraud"})),
    "another state": lambda: report("production", given(RITA, binding={"generation": 4})),
    "another request": lambda: report("production", given(RITA, binding={"promotion": "p2"})),
    "an unknown author": lambda: report("production", given(RITA), of=replace(MARKED, author=None)),
    "an unverified author": lambda: report(
        "production", given(RITA), of=replace(MARKED, author=ANYBODY)
    ),
}


@pytest.mark.parametrize("shape", CANNOT)
def test_nobody_else_overrides(shape: str) -> None:
    assert "secrets" in refusals(CANNOT[shape]())


def test_f4_number() -> None:
    through = [shape for shape, made in CANNOT.items() if "secrets" not in refusals(made())]
    print(f"F4: {len(CANNOT)} overrides that cannot count, {len(through)} counted")
    assert through == []


def waiting() -> Lane:
    here = replace(lane(), policy=RULES.digest)
    asked = step(here, replace(ask(here), policy=RULES))
    return step(asked, checked(asked, of=MARKED, policy=RULES))


def override(here: Lane, who, comment: str = WHY) -> Answer:
    answer = yes(found(here), who)
    return replace(answer, policy=RULES, comment=comment, override=True)


def test_an_override_is_recorded_with_its_reason_and_again_when_the_pointer_moves() -> None:
    here = waiting()
    assert found(here).phase == "Waiting"
    for who, comment, why in (
        (RITA, " ", InvalidInput),
        (ADA, WHY, NotPermitted),
        (OMAR, WHY, NotPermitted),
        (replace(RITA, verified=False), WHY, NotPermitted),
    ):
        with pytest.raises(why):
            step(here, override(here, who, comment))
    here, effects = decide(here, override(here, RITA), NOON)
    (entry,) = (each for each in effects if isinstance(each, Record))
    assert (entry.kind, entry.actor, entry.data["comment"]) == ("promotion.overridden", RITA, WHY)
    assert entry.data["digest"] == str(IMAGE) and entry.data["policy"] == str(RULES.digest)
    here = step(here, checked(here, of=MARKED, policy=RULES))
    assert found(here).phase == "Deploying"
    here, effects = decide(here, Deployed("p1", 1, "Succeeded"), NOON)
    active = next(e for e in effects if isinstance(e, Record) and e.kind == "promotion.active")
    (kept,) = active.data["overrides"]
    assert (kept["by"]["username"], kept["comment"]) == ("rita", WHY)


def test_a_plain_yes_after_an_override_takes_nothing_back_and_a_no_ends_it() -> None:
    here = waiting()
    here = step(here, override(here, KIM))
    here = step(here, checked(here, of=MARKED, policy=RULES))
    assert found(here).phase == "Waiting" and found(here).report.overridden == (KIM,)
    here = step(here, replace(yes(found(here), RITA), policy=RULES))
    assert step(here, checked(here, of=MARKED, policy=RULES)).promotions[0].phase == "Deploying"
    here = waiting()
    refused = step(here, replace(override(here, KIM), yes=False, override=False))
    assert found(refused).phase == "Rejected"


def test_nothing_is_overridden_where_nothing_is_marked() -> None:
    here = step(lane(), ask(lane()))
    here = step(here, checked(here))
    with pytest.raises(Conflict, match="Nothing in this has to be overridden"):
        step(here, replace(yes(found(here), RITA), override=True))


def test_the_field_changes_no_older_policy_and_belongs_to_later_environments() -> None:
    assert "override_secrets" not in str(POLICY.to_json()) and POLICY.digest != RULES.digest
    nobody = TEAM.replace("- name: staging", "- name: staging\n    override_secrets: nobody")
    assert parse_policy(nobody).digest == POLICY.digest
    first = TEAM.replace("- name: dev", "- name: dev\n    override_secrets: everyone")
    with pytest.raises(ModelPackError, match="first environment"):
        parse_policy(first)
    off = RULES.places[-1]
    quiet = replace(off, gates=replace(off.gates, no_blocking_finding=False))
    policy = replace(RULES, places=(*RULES.places[:-1], quiet))
    assert refusals(report("production", policy=policy)) == ["approvals"]
