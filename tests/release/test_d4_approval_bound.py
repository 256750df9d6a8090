"""D4: an approval is for these bytes, this policy, target and generation; else it is void."""

from __future__ import annotations

from dataclasses import replace

import pytest
from release.promotion_world import (
    IMAGE,
    NOON,
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

from jupyter_modelpack.errors import Conflict
from jupyter_modelpack.release.approval import Approval, Binding
from jupyter_modelpack.release.environment import Slot
from jupyter_modelpack.release.event import PolicyChanged
from jupyter_modelpack.release.gate import binding_of, evaluate
from jupyter_modelpack.release.policy_text import parse_policy
from jupyter_modelpack.release.promotion import Lane

ASKED = replace(question("production"), promotion="p1")
BOUND = binding_of(ASKED, "churn", IMAGE, POLICY.digest)
CHANGES = {
    "one byte": {"digest": digest("churn 1.3.0 with one byte more")},
    "the policy": {"policy": digest("policy")},
    "the target": {"target": "staging"},
    "the package": {"package": "fraud"},
    "what the target runs": {"generation": 4},
    "the request": {"promotion": "p2"},
}
POLICY_EDITS = {
    "another approver": ("[rita, omar]}}\n    roll", "[rita, omar, kim]}}\n    roll"),
    "the approver's role": ("{people: [rita, omar]}}\n    roll", "{groups: [risk]}}\n    roll"),
    "fewer gates": ("      soak: 1 day\n", ""),
    "another bound": ("auc >= 0.85", "auc >= 0.8"),
    "another name": ("name: team", "name: team two"),
    "another order": ("- name: dev", "- name: lab\n  - name: dev"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_approval_for_something_else_is_void(change: str) -> None:
    given = Approval(RITA, True, replace(BOUND, **CHANGES[change]), NOON)
    report = evaluate(replace(ASKED, approvals=(given,)), facts(), around(), POLICY, NOON)
    assert not report.passed and report.counted == ()
    assert "changed since" in report.refusals[-1].detail


@pytest.mark.parametrize("edit", POLICY_EDITS)
def test_any_policy_edit_voids(edit: str) -> None:
    before, after = POLICY_EDITS[edit]
    assert before in TEAM
    changed = parse_policy(TEAM.replace(before, after, 1))
    given = Approval(RITA, True, BOUND, NOON)
    asked = replace(ASKED, approvals=(given,))
    report = evaluate(asked, facts(), around(changed), changed, NOON)
    assert report.counted == () and not report.passed


def test_a_comment_in_the_policy_voids_nothing() -> None:
    assert parse_policy("# a note\n" + TEAM).digest == POLICY.digest


def test_a_tag_that_moved_refuses() -> None:
    given = Approval(RITA, True, BOUND, NOON)
    moved = replace(facts(), resolved=digest("elsewhere"))
    report = evaluate(replace(ASKED, approvals=(given,)), moved, around(), POLICY, NOON)
    assert [c.code for c in report.refusals] == ["reference"]


def waiting() -> Lane:
    asked = step(lane(), ask(lane()))
    return step(asked, checked(asked))


def test_a_policy_change_while_waiting_voids_and_waits_again() -> None:
    here = waiting()
    approved = step(here, yes(found(here), RITA))
    changed = parse_policy(TEAM.replace("1 day", "2 days"))
    approved = replace(approved, policy=changed.digest)
    later = step(approved, PolicyChanged())
    again = step(later, checked(later, policy=changed))
    assert found(again).phase == "Waiting"
    assert found(again).policy == changed.digest
    assert found(again).report.counted == ()
    assert len(found(again).approvals) == 1


def test_an_answer_for_what_was_seen_before_is_a_conflict() -> None:
    here = waiting()
    answer = yes(found(here), RITA)
    for change in CHANGES.values():
        with pytest.raises(Conflict):
            step(here, replace(answer, binding=replace(answer.binding, **change)))
    moved = Slot("churn", "production", here.slot.pointer, 4)
    with pytest.raises(Conflict):
        step(replace(here, slot=moved), answer)
    with pytest.raises(Conflict):
        step(replace(here, policy=digest("another")), answer)


def test_a_person_who_left_the_group_after_approving_does_not_count() -> None:
    policy = parse_policy(
        TEAM.replace("{people: [rita, omar]}}\n    roll", "{groups: [risk]}}\n    roll")
    )
    bound = replace(BOUND, policy=policy.digest)
    kim = person("kim", "risk")
    asked = replace(ASKED, approvals=(Approval(kim, True, bound, NOON),))
    left = replace(around(policy), members={kim.account: person("kim", "sales")})
    report = evaluate(asked, facts(), left, policy, NOON)
    assert not report.passed
    assert "Kim is no longer among those who may approve" in report.refusals[-1].detail


def test_d4_number_and_json() -> None:
    tried = len(CHANGES) + len(POLICY_EDITS) + 2
    print(f"D4: {tried} changes after an approval, {tried} void")
    given = Approval(RITA, True, BOUND, NOON, "fine")
    assert Approval.from_json(given.to_json()) == given
    assert Binding.from_json(BOUND.to_json()) == BOUND
