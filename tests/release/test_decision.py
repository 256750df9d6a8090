from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from release.promotion_world import (
    ADA,
    BEN,
    DAY,
    NOON,
    OMAR,
    POLICY,
    RITA,
    TEAM,
    ask,
    checked,
    checks_asked,
    digest,
    effects,
    facts,
    found,
    lane,
    no,
    person,
    step,
    yes,
)

from jupyter_modelpack.errors import Conflict, InvalidInput, NotFound, NotPermitted
from jupyter_modelpack.release.event import Deploy, Deployed, Move, Recover, Save, Withdraw
from jupyter_modelpack.release.policy_text import parse_policy
from jupyter_modelpack.release.promotion import Lane, Promotion
from jupyter_modelpack.services.release_view import promotion_view


def asked() -> Lane:
    return step(lane(), ask(lane()))


def waiting() -> Lane:
    return step(asked(), checked(asked()))


def deploying() -> Lane:
    here = waiting()
    here = step(here, yes(found(here), RITA))
    return step(here, checked(here))


def active() -> Lane:
    return step(deploying(), Deployed("p1", 1, "Succeeded"))


def test_the_way_from_a_request_to_production() -> None:
    phases = [found(at()).phase for at in (asked, waiting, deploying, active)]
    assert phases == ["Checking", "Waiting", "Deploying", "Active"]
    here = active()
    assert here.slot.digest == facts().digest
    assert (here.slot.generation, here.slot.pointer.promotion) == (4, "p1")
    assert here.slot.pointer.by == ADA


def test_staging_needs_no_people() -> None:
    here = lane("staging")
    here = replace(here, slot=replace(here.slot, pointer=None, generation=0))
    here = step(here, ask(here))
    assert found(step(here, checked(here))).phase == "Deploying"


def test_the_first_yes_of_two_counts_at_once() -> None:
    one = "{needed: 1, from: {people: [rita, omar]}}\n    roll"
    policy = parse_policy(TEAM.replace(one, one.replace("1", "2")))
    here = lane(policy=policy)
    here = step(here, replace(ask(here), policy=policy))
    here = step(here, checked(here, policy=policy))
    here = step(here, replace(yes(found(here), RITA), policy=policy))
    promotion = found(here)
    assert (promotion.phase, promotion.round) == ("Waiting", 1)
    assert promotion.report is not None and promotion.report.counted == (RITA,)
    assert promotion.report.checks[-1].sentence == "1 approval of 2"
    assert promotion.report.waits_for_people
    (said,) = promotion_view(promotion, OMAR, policy)["approvals"]
    assert (said["by"], said["counts"]) == ("rita", True)
    here = step(here, replace(yes(found(here), OMAR), policy=policy))
    assert found(step(here, checked(here, policy=policy))).phase == "Deploying"


def test_the_deploy_order_carries_a_fence() -> None:
    here = waiting()
    here = step(here, yes(found(here), RITA))
    orders = [e for e in effects(here, checked(here)) if isinstance(e, Deploy)]
    assert [(o.attempt, o.generation, o.environment) for o in orders] == [(1, 4, "production")]


def test_the_pointer_moves_with_compare_and_set() -> None:
    moves = [e for e in effects(deploying(), Deployed("p1", 1, "Succeeded")) if isinstance(e, Move)]
    assert [(m.expected.generation, m.slot.generation) for m in moves] == [(3, 4)]


def test_every_decision_saves_a_promotion_once_and_its_revision_grows_by_one() -> None:
    here = lane()
    for event in (ask(here),):
        before, saves = here, effects(here, event)
        assert [e.promotion.revision for e in saves if isinstance(e, Save)] == [1]
        here = step(before, event)
    for event in (checked(here),):
        assert [e.promotion.revision for e in effects(here, event) if isinstance(e, Save)] == [2]


def test_a_request_that_fails_its_checks_says_which() -> None:
    here = asked()
    ended = step(here, checked(here, of=replace(facts(), owner=None)))
    assert found(ended).phase == "Failed"
    assert "must say who answers for it" in found(ended).because


def test_a_check_that_could_not_be_made_errs_and_refuses() -> None:
    here = asked()
    ended = step(here, checked(here, of=replace(facts(), blobs=None)))
    assert found(ended).phase == "Errored"
    with pytest.raises(Conflict, match="over"):
        step(ended, yes(found(ended), RITA))


def test_no_says_why_and_ends_it() -> None:
    here = waiting()
    ended = step(here, no(found(here), OMAR))
    assert (found(ended).phase, found(ended).because) == ("Rejected", "Omar said no: recall fell")
    assert step(ended, no(found(here), OMAR)) == ended


@pytest.mark.parametrize("who", [ADA, BEN, person("kim")])
def test_who_may_not_approve_may_not_reject(who) -> None:
    here = step(lane(), ask(lane(), who=BEN))
    here = step(here, checked(here))
    for event in (yes(found(here), who), no(found(here), who)):
        with pytest.raises(NotPermitted, match="You cannot") as caught:
            step(here, event)
        assert caught.value.advice == "Rita or Omar can."


def test_only_who_asked_withdraws_and_not_while_deploying() -> None:
    here = waiting()
    with pytest.raises(NotPermitted):
        step(here, Withdraw("p1", RITA))
    with pytest.raises(NotPermitted):
        step(here, Withdraw("p1", replace(ADA, verified=False)))
    withdrawn = step(here, Withdraw("p1", ADA))
    assert found(withdrawn).phase == "Withdrawn"
    assert step(withdrawn, Withdraw("p1", ADA)) == withdrawn
    with pytest.raises(Conflict):
        step(withdrawn, yes(found(here), RITA))
    with pytest.raises(Conflict, match="too late"):
        step(deploying(), Withdraw("p1", ADA))
    with pytest.raises(NotFound):
        step(here, Withdraw("p9", ADA))


def test_equal_requests_are_one() -> None:
    here = asked()
    assert step(here, ask(lane())) == here
    assert step(here, ask(lane(), name="p2", who=BEN)) == here
    assert here.open_for(facts().digest, "promote").id == "p1"
    with pytest.raises(Conflict, match="other bytes"):
        step(here, ask(lane(), of=facts(digest("x"))))


def test_repeats_change_nothing() -> None:
    here = waiting()
    for event in (checked(asked()), ask(lane())):
        assert step(here, event) == here
    late = yes(found(here), RITA)
    here = step(here, late)
    assert step(here, late) == here
    done = active()
    for event in (Deployed("p1", 1, "Succeeded"), Deployed("p1", 1, "Failed"), Recover("p1"), late):
        assert step(done, event) == done


def test_what_replaces_another_supersedes_it_and_those_that_wait() -> None:
    here = active()
    new, newer = facts(digest("1.4.0"), "1.4.0"), facts(digest("1.5.0"), "1.5.0")
    here = step(here, ask(here, of=new, name="p2"), ask(here, of=newer, name="p3"))
    here = step(here, checked(here, "p2", of=new), checked(here, "p3", of=newer))
    here = step(here, yes(found(here, "p2"), RITA))
    here = step(here, checked(here, "p2", of=new), Deployed("p2", 1, "Succeeded"))
    assert {p.id: p.phase for p in here.promotions} == {
        "p1": "Superseded",
        "p2": "Active",
        "p3": "Superseded",
    }
    assert found(here, "p3").because == "1.4.0 took its place."


def test_one_deploys_at_a_time_and_the_other_is_asked_again_when_it_fails() -> None:
    new = facts(digest("1.4.0"), "1.4.0")
    here = step(lane(), ask(lane()), ask(lane(), of=new, name="p2"))
    here = step(here, checked(here), checked(here, "p2", of=new))
    here = step(here, yes(found(here), RITA), yes(found(here, "p2"), OMAR))
    here = step(here, checked(here))
    here = step(here, checked(here, "p2", of=new))
    assert (found(here).phase, found(here, "p2").phase) == ("Deploying", "Checking")
    asked_again = checks_asked(effects(here, Deployed("p1", 1, "Errored", "disk full")))
    assert [c.promotion for c in asked_again] == ["p2"]
    here = step(here, Deployed("p1", 1, "Errored", "disk full"))
    assert found(here).because == "disk full"
    assert found(step(here, checked(here, "p2", of=new)), "p2").phase == "Deploying"


def test_a_request_during_a_deployment_waits_its_turn() -> None:
    for kind, who, release in (
        ("promote", ADA, facts(digest("1.4.0"), "1.4.0")),
        ("rollback", RITA, facts(digest("churn 1.1.0"), "1.1.0")),
    ):
        with pytest.raises(Conflict, match="right now"):
            step(deploying(), ask(lane(), who, release, kind, "p2"))


def test_d10_an_outdated_view_is_a_conflict() -> None:
    here = active()
    new = facts(digest("1.4.0"), "1.4.0")
    fresh = ask(here, of=new, name="p2")
    stale = [
        replace(fresh, seen=replace(fresh.seen, generation=3)),
        replace(fresh, seen=replace(fresh.seen, digest=digest("churn 1.2.0"))),
        replace(fresh, seen=replace(fresh.seen, digest=None, generation=0)),
        ask(lane(), of=new, name="p2"),
    ]
    for event in stale:
        with pytest.raises(Conflict, match="has changed since you looked"):
            step(here, event)
    print(f"D10: {len(stale)} outdated views, {len(stale)} conflicts")
    assert found(step(here, fresh), "p2").phase == "Checking"


def test_a_slot_that_moved_supersedes_at_the_check_and_at_the_end() -> None:
    for here in (asked(), deploying()):
        event = checked(here) if found(here).phase == "Checking" else Deployed("p1", 1, "Succeeded")
        moved = replace(here, slot=replace(here.slot, generation=9))
        assert found(step(moved, event)).phase == "Superseded"
        assert step(moved, event).slot == moved.slot


def test_d9_rollback_is_a_promotion_with_its_own_right_and_reason() -> None:
    here, old = active(), facts(digest("churn 1.1.0"), "1.1.0")
    with pytest.raises(NotPermitted, match="Ada may not roll back in production"):
        step(here, ask(here, ADA, old, "rollback", "r1"))
    with pytest.raises(InvalidInput, match="needs a reason"):
        step(here, replace(ask(here, RITA, old, "rollback", "r1"), reason=" "))
    with pytest.raises(Conflict, match="has never run"):
        step(here, ask(here, RITA, facts(digest("never")), "rollback", "r1"))
    here = step(here, ask(here, RITA, old, "rollback", "r1"))
    assert step(here, ask(here, OMAR, old, "rollback", "r2")) == here
    here = step(here, checked(here, "r1", of=old))
    here = step(here, Deployed("r1", 1, "Succeeded"))
    assert here.slot.digest == digest("churn 1.1.0")
    assert (found(here, "r1").phase, found(here).phase) == ("Active", "Superseded")


def test_a_failed_rollback_starts_nothing_by_itself() -> None:
    here, old = active(), facts(digest("churn 1.1.0"), "1.1.0")
    here = step(here, ask(here, RITA, old, "rollback", "r1"))
    here = step(here, checked(here, "r1", of=old))
    assert checks_asked(effects(here, Deployed("r1", 1, "Failed"))) == []
    after = step(here, Deployed("r1", 1, "Failed"))
    assert after.slot == here.slot and found(after).phase == "Active"


def test_a_restart_asks_again_and_fences_the_attempt_before() -> None:
    here = step(asked(), Recover("p1"))
    assert found(here).round == 2
    assert step(here, checked(asked())) == here
    here = step(deploying(), Recover("p1"))
    assert step(here, Deployed("p1", 1, "Failed")) == here
    assert found(step(here, Deployed("p1", 2, "Succeeded"))).phase == "Active"


def test_a_clock_that_is_behind_is_refused_with_nothing_changed() -> None:
    here = waiting()
    with pytest.raises(Conflict, match="clock says 10 November 2026 12:00 UTC"):
        step(here, yes(found(here), RITA), now=NOON - 7 * DAY)
    slightly = NOON - timedelta(minutes=2)
    approved = step(here, yes(found(here), RITA), now=slightly)
    assert found(approved).last == NOON


def test_a_policy_that_is_not_the_approved_one_lets_nobody_ask() -> None:
    for policy in (None, digest("another")):
        with pytest.raises(Conflict, match="policy"):
            step(replace(lane(), policy=policy), ask(lane()))


def test_checks_made_under_a_former_policy_are_made_again() -> None:
    here = waiting()
    here = step(here, yes(found(here), RITA))
    late = checked(here)
    here = replace(here, policy=digest("another"))
    again = effects(here, late)
    assert [c.round for c in checks_asked(again)] == [late.round + 1]
    assert found(step(here, late)).phase == "Checking"


def test_a_pointer_is_never_older_than_what_it_replaces() -> None:
    here = step(deploying(), Deployed("p1", 1, "Succeeded"), now=NOON - 40 * DAY)
    assert here.slot.pointer.since == NOON


def test_what_is_there_already_and_what_is_elsewhere_is_refused() -> None:
    with pytest.raises(Conflict, match="already runs"):
        step(active(), ask(active(), name="p2"))
    with pytest.raises(InvalidInput):
        step(lane("staging"), ask(lane()))
    with pytest.raises(InvalidInput):
        step(lane(), replace(ask(lane()), reason="x" * 3000))


def test_a_yes_without_known_groups_can_be_said_again() -> None:
    here = step(waiting(), yes(found(waiting()), RITA))
    back = replace(here, promotions=(replace(found(here), phase="Waiting"),))
    again = step(back, yes(found(here), RITA))
    assert found(again).phase == "Checking"
    assert found(again).round == found(here).round + 1


def test_a_promotion_survives_json_in_every_phase() -> None:
    for at in (asked, waiting, deploying, active):
        assert Promotion.from_json(found(at()).to_json()) == replace(
            found(at()), updated=found(at()).last
        )
    with pytest.raises(InvalidInput):
        Promotion.from_json({**found(asked()).to_json(), "phase": "Done"})
    assert POLICY.needs_second_person
