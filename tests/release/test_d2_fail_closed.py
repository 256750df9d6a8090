"""D2: each check, made unavailable, refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from release.promotion_world import NOON, POLICY, RITA, TEAM, around, facts, person, question

from jupyter_modelpack.release.approval import Approval
from jupyter_modelpack.release.gate import GateReport, binding_of, evaluate
from jupyter_modelpack.release.policy_text import parse_policy

FACTS = facts()
UNAVAILABLE = {
    "reference": {"resolved": None},
    "sizes": {"blobs": replace(FACTS.blobs, sizes=None)},
    "digests": {"blobs": replace(FACTS.blobs, digests=None)},
    "diff_ids": {"blobs": replace(FACTS.blobs, diff_ids=None)},
    "provenance": {"provenance": None},
    "signature": {"provenance": replace(FACTS.provenance, signature=None)},
    "contents": {"contents": None},
    "sbom": {"sbom": None},
    "secret_scan": {"secrets": None},
    "readiness": {"readiness": None},
    "verified": {"verification": None},
    "ran_before": {"runs": None},
    "approvals author": {"author": None},
    "approvals pusher": {"pusher": None},
}
AROUND = around()
WITHOUT = {
    "source": {"slots": {k: v for k, v in AROUND.slots.items() if k != "staging"}},
    "target": {"slots": {k: v for k, v in AROUND.slots.items() if k != "production"}},
    "metric": {"metrics": {}},
    "policy": {"policy": None},
    "audit": {"audit": None},
}


def approved(of=FACTS, at=AROUND, policy=POLICY) -> GateReport:
    asked = replace(question("production"), promotion="p1")
    bound = binding_of(asked, "churn", FACTS.digest, POLICY.digest)
    given = (Approval(RITA, True, bound, NOON),)
    return evaluate(replace(asked, approvals=given), of, at, policy, NOON)


def test_with_everything_there_it_passes() -> None:
    assert approved().passed, approved().summary()


@pytest.mark.parametrize("name", UNAVAILABLE)
def test_a_fact_that_is_not_known_refuses(name: str) -> None:
    found = approved(of=replace(FACTS, **UNAVAILABLE[name]))
    code = name.split()[0]
    unknown = [c for c in found.refusals if c.code == code]
    assert [c.answer for c in unknown] == ["unknown"]
    assert not found.passed and not found.waits_for_people


@pytest.mark.parametrize("name", WITHOUT)
def test_surroundings_that_are_not_known_refuse(name: str) -> None:
    found = approved(at=replace(AROUND, **WITHOUT[name]))
    unknown = [c for c in found.refusals if c.code.startswith(name)]
    assert unknown and all(c.answer == "unknown" for c in unknown)
    assert not found.passed and not found.waits_for_people


def test_a_policy_that_is_not_there_refuses() -> None:
    found = approved(policy=None)
    assert not found.passed and not found.waits_for_people
    assert found.summary() == "not yet: there is no policy"


def test_group_membership_that_is_not_known_refuses() -> None:
    policy = parse_policy(
        TEAM.replace("from: {people: [rita, omar]}}\n    roll", "from: {groups: [risk]}}\n    roll")
    )
    kim = person("kim", "risk")
    asked = replace(question("production"), promotion="p1")
    bound = binding_of(asked, "churn", FACTS.digest, policy.digest)
    asked = replace(asked, approvals=(Approval(kim, True, bound, NOON),))
    here = around(policy)
    outcomes = {
        "not known": evaluate(asked, FACTS, here, policy, NOON).passed,
        "still in": evaluate(
            asked, FACTS, replace(here, members={kim.account: kim}), policy, NOON
        ).passed,
        "left": evaluate(
            asked, FACTS, replace(here, members={kim.account: person("kim")}), policy, NOON
        ).passed,
        "deleted": evaluate(
            asked, FACTS, replace(here, members={kim.account: None}), policy, NOON
        ).passed,
    }
    assert outcomes == {"not known": False, "still in": True, "left": False, "deleted": False}


def test_d2_number() -> None:
    tried = [*UNAVAILABLE, *WITHOUT, "no policy", "group membership"]
    print(f"D2: {len(tried)} checks made unavailable, {len(tried)} refusals")
    assert len(tried) >= 14


WRONG = {
    "reference": {"resolved": FACTS.contents.lock},
    "sizes": {"blobs": replace(FACTS.blobs, sizes=False)},
    "digests": {"blobs": replace(FACTS.blobs, digests=False)},
    "diff_ids": {"blobs": replace(FACTS.blobs, diff_ids=False)},
    "provenance": {
        "provenance": replace(
            FACTS.provenance, predicate_type="https://slsa.dev/verification_summary/v1"
        )
    },
    "signature": {"provenance": replace(FACTS.provenance, signature=False)},
    "subject": {"provenance": replace(FACTS.provenance, subject=FACTS.contents.lock)},
    "builder": {"provenance": replace(FACTS.provenance, builder="elsewhere")},
    "contents": {"provenance": replace(FACTS.provenance, notebook=FACTS.contents.lock)},
    "sbom": {"sbom": FACTS.contents.lock},
    "secret_scan": {"secrets": replace(FACTS.secrets, digest=FACTS.contents.lock)},
    "readiness": {"readiness": replace(FACTS.readiness, digest=FACTS.contents.lock)},
    "findings": {"secrets": replace(FACTS.secrets, blocking=1)},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_fact_that_is_wrong_refuses(name: str) -> None:
    found = approved(of=replace(FACTS, **WRONG[name]))
    assert name in [c.code for c in found.refusals if c.answer == "fail"]
    assert not found.passed and not found.waits_for_people
