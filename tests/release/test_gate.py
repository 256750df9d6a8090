from __future__ import annotations

from dataclasses import replace

import pytest
from release.promotion_world import (
    ADA,
    ANYBODY,
    BEN,
    DAY,
    IMAGE,
    NOON,
    POLICY,
    RITA,
    TEAM,
    around,
    digest,
    facts,
    question,
    slot,
)

from jupyter_modelpack.release.facts import OwnerCard, ReleaseFacts, RunFact, Surroundings
from jupyter_modelpack.release.gate import GateReport, evaluate
from jupyter_modelpack.release.policy_text import parse_policy


def report(
    target: str = "production",
    of: ReleaseFacts | None = None,
    at: Surroundings | None = None,
    who=ADA,
    policy=POLICY,
    kind="promote",
    now=NOON,
) -> GateReport:
    asked = question(target, who, kind)
    return evaluate(asked, of or facts(), at or around(policy), policy, now)


def test_the_summary_reads_as_on_the_glass() -> None:
    assert report("staging").summary(ADA) == "ready: verified, your checks, ran in dev"
    young = around(staging=slot("staging", IMAGE, NOON - DAY / 2))
    assert (
        report(at=young).summary(ADA)
        == "not yet: must run in staging for a day; Rita or Omar approve, not you"
    )
    absent = around(staging=slot("staging", digest("older")))
    assert (
        report(at=absent).summary(ADA)
        == "not yet: must run in staging for a day; Rita or Omar approve, not you"
    )
    assert report().summary(RITA).endswith("ran in staging, a day in staging; Rita or Omar approve")
    assert report().waits_for_people


def test_the_checklist_reads_as_on_the_reviewers_page() -> None:
    lines = [(c.sentence, c.detail) for c in report().checks if c.code in ON_THE_PAGE]
    assert lines == [
        ("Ran sealed, notebook reproduced", ""),
        ("2 of 2 of the team's checks", "1 by Ada, 1 by Ben"),
        ("No secret, no open finding", ""),
        ("A day in staging", "Since 15 November 2026 12:00 UTC"),
        ("Owner named", "Ada, #churn, runbook attached"),
        (
            "0 approvals of 1",
            "Rita or Omar. Not Ada: made it, asked for it and pushed it last.",
        ),
    ]


ON_THE_PAGE = ("verified", "checks", "findings", "soak", "owner", "approvals")


@pytest.mark.parametrize(
    ("change", "brief"),
    [
        ({"verification": None}, "must run sealed"),
        ({"runs": ()}, "must run in staging once"),
        ({"runs": (RunFact(IMAGE, "staging", False),)}, "must run in staging once"),
        ({"runs": (RunFact(IMAGE, "dev", True),)}, "must run in staging once"),
        ({"runs": (RunFact(digest("x"), "staging", True),)}, "must run in staging once"),
        ({"owner": None}, "must say who answers for it"),
        ({"owner": OwnerCard("Ada", "#churn", " ")}, "must say what to do when it fails"),
    ],
)
def test_a_gate_that_is_not_met_says_what_must_be(change: dict, brief: str) -> None:
    found = report(of=replace(facts(), **change))
    assert brief in found.summary(ADA)
    assert not found.passed and not found.waits_for_people
    assert all(check.advice for check in found.refusals)


def with_run(**change: object) -> ReleaseFacts:
    return replace(facts(), verification=replace(facts().verification, **change))


@pytest.mark.parametrize(
    ("change", "code", "answer"),
    [
        ({"succeeded": False}, "verified", "fail"),
        ({"sealed": False}, "verified", "fail"),
        ({"digest": digest("other")}, "verified", "unknown"),
        ({"metrics": {"auc": 0.84}}, "metric:auc >= 0.85", "fail"),
        ({"metrics": {}}, "metric:auc >= 0.85", "unknown"),
        ({"metrics": {"auc": float("nan")}}, "metric:auc >= 0.85", "unknown"),
        ({"metrics": {"auc": True}}, "metric:auc >= 0.85", "unknown"),
        (
            {"metrics": {"auc": 0.862}},
            "metric:auc no worse than production by more than 0.01",
            "fail",
        ),
        (
            {"metrics": {"auc": 0.863}},
            "metric:auc no worse than production by more than 0.01",
            "pass",
        ),
    ],
)
def test_what_the_run_showed_decides(change: dict, code: str, answer: str) -> None:
    checks = {check.code: check.answer for check in report(of=with_run(**change)).checks}
    assert checks[code] == answer


def test_a_red_check_is_named_with_its_cell() -> None:
    run = facts().verification
    red = replace(run.checks[0], passed=False, message="auc fell below 0.8")
    found = report(of=with_run(checks=(red, run.checks[1])))
    assert "the check in cell 11 failed" in found.summary()


def test_nothing_in_production_is_nothing_to_be_worse_than() -> None:
    empty = around(production=slot("production"))
    found = {c.code: c for c in report(at=empty).checks}
    check = found["metric:auc no worse than production by more than 0.01"]
    assert (check.answer, check.detail) == (
        "pass",
        "It is 0.881, and production holds nothing to compare with.",
    )


def test_a_clock_before_the_pointers_time_is_unknown_not_soaked() -> None:
    found = report(now=NOON - 5 * DAY)
    assert "this server's clock is wrong" in found.summary()
    assert found.could_not_tell


def test_an_unverified_requester_is_refused_where_a_second_person_is_needed() -> None:
    found = report("dev", who=ANYBODY)
    assert "unverified" in found.summary()


def test_an_unverified_author_makes_approvals_unknown() -> None:
    found = report(of=replace(facts(), author=ANYBODY))
    assert "unverified identity" in found.summary()
    assert not found.waits_for_people


def test_no_approvers_configured_means_nobody() -> None:
    for text in (
        TEAM.replace("approvals: {needed: 1, from: {people: [rita, omar]}}\n    roll", "roll"),
        TEAM.replace(
            "{needed: 1, from: {people: [rita, omar]}}\n    roll", "{needed: 1}\n    roll"
        ),
        TEAM.replace("from: {people: [rita, omar]}}\n    roll", "from: nobody}\n    roll"),
    ):
        assert text != TEAM
        found = report(policy=parse_policy(text))
        assert not found.waits_for_people and not found.passed
        assert "nobody can approve: the policy names no approvers for production" in found.summary()


def test_when_only_those_involved_may_approve_nobody_is_left() -> None:
    policy = parse_policy(
        TEAM.replace(
            "{needed: 1, from: {people: [rita, omar]}}\n    roll",
            "{needed: 1, from: {people: [ada]}}\n    roll",
        )
    )
    found = report(policy=policy)
    assert "nobody who may approve for production is left" in found.summary()
    assert not found.waits_for_people


def test_a_rollback_asks_for_evidence_but_not_for_soak() -> None:
    old = digest("churn 1.1.0")
    found = report(of=facts(old), kind="rollback", who=RITA)
    assert found.passed, found.summary()
    assert {"held_before", "sizes", "audit"} <= {c.code for c in found.checks}
    assert not {"soak", "source"} & {c.code for c in found.checks}
    never = report(of=facts(digest("new")), kind="rollback", who=RITA)
    assert "production has never run it" in never.summary()
    assert (
        "only Rita or Omar may roll back here" in report(of=facts(old), kind="rollback").summary()
    )


def test_a_report_survives_json() -> None:
    found = report()
    assert GateReport.from_json(found.to_json()) == found
    assert not GateReport(None, ()).passed


def test_an_unknown_environment_is_refused_in_one_sentence() -> None:
    asked = replace(question("production"), target="prod")
    found = evaluate(asked, facts(), around(), POLICY, NOON)
    assert found.checks[0].sentence == "There is no environment prod."
    assert found.checks[0].advice == "There are dev, staging and production."


def test_an_author_who_is_an_approver_is_not_named_as_one() -> None:
    found = report(of=replace(facts(), author=RITA, pusher=BEN))
    assert found.givers == "Omar"
    assert found.summary(RITA).endswith("Omar approves, not you")
