from __future__ import annotations

import json
from datetime import timedelta
from importlib import resources
from typing import Any

import jsonschema
import pytest
import yaml
from release.promotion_world import ADA, ANYBODY, RITA, TEAM, person

from jupyter_modelpack.errors import InvalidInput, NotFound, NotPermitted
from jupyter_modelpack.release.environment import Environments
from jupyter_modelpack.release.jurisdiction import jurisdiction
from jupyter_modelpack.release.metric import Bound
from jupyter_modelpack.release.policy_text import SIZES, parse_policy, ready_made

SCHEMA = json.loads(
    (resources.files("jupyter_modelpack.release") / "policy.schema.json").read_text("utf-8")
)
ONE = "version: 1\nname: x\nenvironments:\n  - name: dev\n"


def valid(value: Any) -> bool:
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(value)


@pytest.mark.parametrize("size", SIZES)
def test_the_ready_made_policies_are_good_and_commented(size: str) -> None:
    text = ready_made(size)
    policy = parse_policy(text)
    assert valid(yaml.safe_load(text)) and text.count("#") > 3
    assert policy.environments.names == ("dev", "staging", "production")
    assert policy.needs_second_person == (size != "solo")
    assert all(place.latest for place in policy.places)
    commented = text.replace("      # metrics:", "      metrics:").replace(
        "      #   -", "        -"
    )
    assert (parse_policy(commented).digest == policy.digest) == (size == "solo")


def test_what_a_policy_prints_reads_back_as_the_same_policy() -> None:
    for text in (TEAM, *(ready_made(size) for size in SIZES)):
        policy = parse_policy(text)
        assert valid(policy.to_json())
        assert parse_policy(yaml.safe_dump(policy.to_json())).digest == policy.digest


BAD = {
    "": "empty",
    "# only a comment": "empty",
    "a: [": "line 1",
    "- 1": "here belong fields",
    "version: 1\nname: x": "environments is missing",
    "version: 2\nname: x\nenvironments: [{name: dev}]": "version of the format",
    "version: true\nname: x\nenvironments: [{name: dev}]": "whole number",
    "version: 1\nname: x\nenvironments: []": "at least one",
    "version: 1\nname: x\nenvironments: {}": "a list",
    "version: 1\nname: 12\nenvironments: [{name: dev}]": 'Write "12"',
    "version: 1\nname: x\nenviroments: [{name: dev}]": "Did you mean environments?",
    "version: 1\nname: x\nname: y\nenvironments: [{name: dev}]": "stands twice",
    "version: 1\nname: x\nenvironments: [{name: dev}, {name: dev}]": "stands twice",
    "version: 1\nname: x\nenvironments: [{name: latest}]": "would mislead",
    "version: 1\nname: x\nenvironments: [{name: v7}]": "would mislead",
    "version: 1\nname: x\nenvironments: [{name: Dev}]": "cannot be the name",
    "version: 1\nname: x\nenvironments: [{name: no}]": "does not read no as a text",
    ONE + "    gates: {verified: yes}": "true or false",
    ONE + "    gates: {verified: 'true'}": "true or false",
    ONE + "    gates: {soak: 1 day}": "nothing can have been before it",
    ONE + "    gates: {ran_before: true}": "nothing can have been before it",
    ONE + "    gates: {soak: soon}": "not a time span",
    ONE + "    gates: {soak: 0 days}": "not a time span",
    ONE + "    gates: {metrics: auc >= 1}": "a list",
    ONE + "    gates: {metrics: [auc is good]}": "is not a bound",
    ONE + "    gates: {metrics: [auc no worse than prod]}": "environment that there is not",
    ONE + "    gates: {metrics: [auc no worse than dev by more than -1]}": "is not a bound",
    ONE + "    ask: rita": "Write {people: [rita]}",
    ONE + "    ask: {peopl: [rita]}": "Did you mean people?",
    ONE + "    ask: {people: rita}": "a list",
    ONE + "    ask: {people: [7]}": 'Write "7"',
    ONE + "    ask: {people: ['']}": "text of 1 to",
    ONE + "    ask: {roles: [boss]}": "there is no role 'boss'",
    ONE + "    approvals: {from: everyone}": "needed is missing",
    ONE + "    approvals: {needed: -1}": "whole number",
    ONE + "    approvals: {needed: 1.5}": "whole number",
    ONE + "    approvals: {needed: 99}": "more than 20",
    ONE + "    approvals: {needed: 2, from: {people: [rita]}}": "cannot come from 1 people",
    ONE + "    aprovals: {needed: 0}": "Did you mean approvals?",
    ONE + "    roll_back: everyone": "here belong fields",
    ONE + "    ask: &a everyone": "anchors",
    ONE + "    ask: !!str everyone": "tags are not used",
    ONE + "---\nversion: 1": "second document",
    "[" * 500: "nested too deeply",
    "a: " + "x" * 300_000: "too large",
    "a: \x00": "cannot be read",
    "a: \ud800": "cannot be read",
    "? [a]\n: b": "stands twice",
}


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_d5_a_policy_that_cannot_be_read_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_policy(text)
    assert BAD[text] in str(caught.value)


def test_an_absent_policy_is_refused() -> None:
    with pytest.raises(InvalidInput, match="nothing may be promoted"):
        parse_policy(None)
    with pytest.raises(InvalidInput):
        ready_made("huge")  # type: ignore[arg-type]


def test_what_the_schema_refuses_the_parser_refuses() -> None:
    refused = 0
    for text in BAD:
        try:
            value = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError, TypeError):
            continue
        refused += not valid(value)
    print(f"policy: {len(BAD)} bad texts refused, {refused} of them by the schema alone")
    assert refused > 25


def test_the_line_and_field_are_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_policy(TEAM.replace("soak: 1 day", "soak: long"))
    assert caught.value.field == "environments[2].gates.soak"
    assert caught.value.details["line"] == TEAM[: TEAM.index("soak")].count("\n") + 1


def test_what_is_left_out_is_strict() -> None:
    place = parse_policy(ONE).place("dev")
    assert place.gates.verified and place.gates.checks_green and place.gates.no_blocking_finding
    assert place.ask.is_nobody and place.roll_back.is_nobody
    assert (place.approvals.needed, place.approvals.givers.is_nobody) == (1, True)


def test_permission_refusals_name_who_may() -> None:
    policy = parse_policy(TEAM)
    place = policy.place("production")
    policy.demand(place.roll_back, RITA, "roll back in production", "roll_back")
    with pytest.raises(NotPermitted) as caught:
        policy.demand(place.roll_back, ADA, "roll back in production", "roll_back")
    assert caught.value.message == "Ada may not roll back in production."
    assert caught.value.advice == "The policy team lets Rita or Omar do it."
    with pytest.raises(NotPermitted, match="unverified identity"):
        policy.demand(place.ask, ANYBODY, "promote to production", "ask")
    solo = parse_policy(ready_made("solo"))
    solo.demand(solo.place("production").ask, ANYBODY, "promote to production", "ask")


def test_roles_and_groups_are_followed() -> None:
    policy = parse_policy(ready_made("regulated"))
    givers = policy.place("production").approvals.givers
    assert policy.includes(givers, person("kim", "model-validators"))
    assert not policy.includes(givers, person("kim", "model-developers"))
    assert givers.sentence(policy.roles) == "someone in model-validators"


def test_environments_have_an_order_and_unknown_ones_are_refused() -> None:
    places = Environments()
    assert [places.before(name) for name in places] == [None, "dev", "staging"]
    with pytest.raises(NotFound) as caught:
        places.checked("prod")
    assert str(caught.value) == (
        "There is no environment prod. There are dev, staging and production."
    )


def test_the_jurisdiction_page_is_made_from_the_policy() -> None:
    lines = {(r.environment, r.action): r for r in jurisdiction(parse_policy(TEAM))}
    assert lines["production", "approve"].who == "Rita or Omar"
    assert lines["production", "roll back"].who == "Rita or Omar"
    assert lines["dev", "approve"].who == "nobody has to"
    assert "it was in staging for a day" in lines["production", "promote"].conditions
    assert lines["", "package"].who == "everyone"
    assert len(lines) == 11


@pytest.mark.parametrize(
    ("text", "number", "held", "answer"),
    [
        ("auc >= 0.85", 0.85, None, "pass"),
        ("auc > 0.85", 0.85, None, "fail"),
        ("rmse <= 3", 3, None, "pass"),
        ("rmse < 3", 3, None, "fail"),
        ("recall at 1 % >= 0.6", None, None, "unknown"),
        ("auc no worse than production by more than 0.01", 0.87, 0.88, "pass"),
        ("auc no worse than production by more than 0.01", 0.8699, 0.88, "fail"),
        ("auc no worse than production", 0.88, 0.88, "pass"),
        ("auc no worse than production", 0.87, 0.88, "fail"),
        ("auc no worse than production", 0.87, float("inf"), "unknown"),
        ("rmse no worse than production by more than 0.5, lower is better", 3.5, 3, "pass"),
        ("rmse no worse than production by more than 0.5, lower is better", 3.6, 3, "fail"),
    ],
)
def test_bounds(text: str, number: Any, held: Any, answer: str) -> None:
    bound = Bound.parse(text)
    assert str(bound) == text and Bound.parse(str(bound)) == bound
    metrics = {} if number is None else {bound.metric: number}
    assert bound.judge(metrics, None if held is None else {bound.metric: held})[0] == answer


def test_spans_are_read() -> None:
    text = TEAM.replace("1 day", "36 hours")
    assert parse_policy(text).place("production").gates.soak == timedelta(hours=36)
