"""D5: the policy changes only by those whom it names, with the approvals that it asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from release.promotion_world import (
    ADA,
    ANYBODY,
    BEN,
    NOON,
    OMAR,
    POLICY,
    RITA,
    TEAM,
    digest,
    person,
)

from jupyter_modelpack.errors import Conflict, InvalidInput, ModelPackError, NotFound, NotPermitted
from jupyter_modelpack.release.policy_change import (
    AnswerChange,
    Install,
    PolicyEvent,
    PolicyState,
    Propose,
    decide_policy,
)
from jupyter_modelpack.release.policy_text import parse_policy, ready_made

START, _ = decide_policy(PolicyState(), Install(RITA, TEAM), NOON)
SOFTER = TEAM.replace("1 day", "1 hour")


def propose(who=RITA, text: str = SOFTER, name: str = "c1") -> Propose:
    return Propose(name, who, text, POLICY.digest, "a day is too long")


def step(state: PolicyState, *events: PolicyEvent) -> PolicyState:
    for event in events:
        state, _ = decide_policy(state, event, NOON)
    return state


def answer(state: PolicyState, who, yes: bool = True) -> AnswerChange:
    return AnswerChange("c1", who, yes, state.changes[0].binding, "fine")


def test_a_change_needs_a_second_person_and_is_recorded() -> None:
    asked = step(START, propose())
    assert asked.policy == POLICY
    changed, records = decide_policy(asked, answer(asked, OMAR), NOON)
    assert changed.policy == parse_policy(SOFTER) and changed.generation == 2
    assert [r.kind for r in records] == ["policy.approved", "policy.changed"]
    assert changed.changes[0].phase == "Active"
    with pytest.raises(Conflict, match="over"):
        step(changed, answer(changed, RITA))


LOWER = {
    "a developer": ADA,
    "another developer": BEN,
    "nobody known": ANYBODY,
    "an unverified maintainer": replace(RITA, verified=False),
    "a look-alike": person("rіta"),
    "a program": person("system:serviceaccount:team:bot"),
}


@pytest.mark.parametrize("who", LOWER)
def test_lower_roles_neither_propose_nor_approve(who: str) -> None:
    with pytest.raises(NotPermitted):
        step(START, propose(LOWER[who]))
    asked = step(START, propose())
    with pytest.raises(NotPermitted):
        step(asked, answer(asked, LOWER[who]))


def test_nobody_approves_a_change_of_their_own() -> None:
    asked = step(START, propose())
    for who in (RITA, replace(RITA, provider="kubernetes"), replace(OMAR, signed_in=False)):
        with pytest.raises(NotPermitted):
            step(asked, answer(asked, who))


def test_no_ends_it_and_repeats_change_nothing() -> None:
    asked = step(START, propose())
    assert step(asked, propose()) == asked
    ended = step(asked, answer(asked, OMAR, yes=False))
    assert ended.changes[0].phase == "Rejected" and ended.policy == POLICY
    assert step(ended, answer(asked, OMAR)) == ended


def test_a_change_supersedes_the_others() -> None:
    asked = step(START, propose(), propose(OMAR, TEAM.replace("0.85", "0.9"), "c2"))
    changed = step(asked, answer(asked, OMAR))
    assert {c.id: c.phase for c in changed.changes} == {"c1": "Active", "c2": "Superseded"}


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (propose(text="version: 1"), InvalidInput),
        (propose(text=TEAM), Conflict),
        (replace(propose(), seen=digest("older")), Conflict),
        (replace(propose(), reason=" "), InvalidInput),
        (Install(RITA, ready_made("solo")), NotPermitted),
        (AnswerChange("c9", OMAR, True, None), NotFound),  # type: ignore[arg-type]
    ],
)
def test_what_makes_no_sense_changes_nothing(event: PolicyEvent, error: type) -> None:
    with pytest.raises(error):
        step(START, event)


def test_an_unreadable_first_policy_is_not_installed() -> None:
    with pytest.raises(ModelPackError):
        step(PolicyState(), Install(RITA, "version: ["))
    with pytest.raises(Conflict):
        step(PolicyState(), propose())


def test_a_solo_policy_is_changed_by_one_person() -> None:
    solo = ready_made("solo")
    state = step(PolicyState(), Install(ANYBODY, solo))
    seen = parse_policy(solo).digest
    changed = step(state, Propose("c1", ANYBODY, TEAM, seen, "we are three now"))
    assert changed.policy == POLICY
    print(f"D5: {len(LOWER) * 2 + 3} edits by those who may not, 0 in force")
