"""Promotion over HTTP: the fields are those of the goldens, and refusals say what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

CONTRACT = Path(__file__).parents[1] / "contract"
WISH = {"name": "churn", "version": "1.0.0", "environment": "dev", "reason": "First model"}


def golden(name):
    return json.loads((CONTRACT / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def shelf(data_dir, jp_serverapp):
    from promoting import open_world

    world = open_world(data_dir)
    world.package("1.0.0")
    world.package("1.1.0")
    return world


async def test_the_story_over_rest(client, shelf):
    made = await client("POST", "promotions", body=WISH)
    assert made.status == 201, made.body
    assert made.headers["Location"].endswith(f"/promotions/{made.body['id']}")
    assert set(made.body) == set(golden("promotions")["promotions"][0])
    assert (made.body["phase"], made.body["kind"]) == ("Active", "promotion")
    shown = await client("GET", "promotions", made.body["id"])
    assert set(shown.body) == set(golden("promotion"))
    assert set(shown.body["difference"]) == set(golden("promotion")["difference"])
    assert set(shown.body["evidence"]) == set(golden("promotion")["evidence"])
    for check in shown.body["checks"]:
        assert set(check) == set(golden("promotion")["checks"][0])
    await client("POST", "promotions", body={**WISH, "version": "1.1.0", "generation": 1})
    back = await client("POST", "rollbacks", body=WISH)
    assert (back.status, back.body["kind"]) == (201, "rollback")
    listed = await client("GET", "promotions", params={"name": "churn"})
    assert [each["version"] for each in listed.body["promotions"]] == ["1.0.0", "1.1.0", "1.0.0"]
    none = await client("GET", "promotions", params={"name": "churn", "open": "true"})
    assert none.body == {"promotions": [], "next": None}
    history = await client("GET", "history", params={"name": "churn", "environment": "dev"})
    assert set(history.body["entries"][0]) == set(golden("history")["entries"][0])
    at = history.body["entries"][1]["at"]
    then = await client("GET", "history", params={"name": "churn", "at": at})
    assert [each["version"] for each in then.body["entries"]] == ["1.1.0"]


async def test_lists_come_in_pages(client, shelf):
    for version in ("1.0.0", "1.1.0", "1.0.0", "1.1.0", "1.0.0"):
        done = await client("POST", "promotions", body={**WISH, "version": version})
        assert done.status == 201, done.body
    for route, key, size in (("promotions", "promotions", 5), ("history", "entries", 5),
                             ("packages", "packages", 2)):  # fmt: skip
        whole = (await client("GET", route)).body
        assert set(whole) == set(golden(route))
        assert whole["next"] is None and len(whole[key]) == size
        pages, before = [], ""
        while before is not None:
            page = await client("GET", route, params={"limit": "2", "before": before})
            assert page.status == 200, page.body
            pages += page.body[key]
            before = page.body["next"]
        assert pages == whole[key]
        for bad in ({"limit": "0"}, {"limit": "1001"}, {"limit": "x"}):
            assert (await client("GET", route, params=bad)).status == 400
    for route in ("history", "packages"):
        assert (await client("GET", route, params={"before": "x"})).status == 400
    shown = [each["at"] for each in (await client("GET", "history")).body["entries"]]
    for at in shown:
        then = (await client("GET", "history", params={"at": at})).body["entries"]
        assert [each["at"] for each in then] == [at]


async def test_environments_have_the_fields_of_the_golden(client, shelf):
    answer = await client("GET", "environments", params={"name": "churn"})
    wanted = golden("environments")
    assert set(answer.body) == set(wanted)
    for part in ("policy", "identity"):
        assert set(answer.body[part]) == set(wanted[part])
    assert answer.body["identity"]["verified"] is False
    for shown in answer.body["environments"]:
        assert set(shown) == set(wanted["environments"][0])
        assert set(shown["promote"]) == set(wanted["environments"][2]["promote"])
        assert set(shown["rollback"]) == set(wanted["environments"][0]["rollback"])


@pytest.mark.parametrize(
    ("route", "body", "status", "code"),
    [
        ("promotions", {**WISH, "environment": "staging"}, 409, "GATE_NOT_SATISFIED"),
        ("promotions", {**WISH, "generation": 3}, 409, "CONFLICT"),
        ("promotions", {**WISH, "environment": "prod"}, 404, "ENVIRONMENT_UNKNOWN"),
        ("promotions", {**WISH, "version": "9.9.9"}, 404, "PACKAGE_UNKNOWN"),
        ("promotions", {**WISH, "generation": -1}, 400, "INVALID_INPUT"),
        ("promotions", {**WISH, "reason": 7}, 400, "INVALID_INPUT"),
        ("promotions", {**WISH, "more": 1}, 400, "INVALID_INPUT"),
        ("rollbacks", WISH, 409, "CONFLICT"),
        ("rollbacks", {**WISH, "reason": ""}, 400, "INVALID_INPUT"),
        ("promotions/nothing/decision", {"decision": "approve"}, 404, "PROMOTION_UNKNOWN"),
        ("promotions/nothing/decision", {"decision": "maybe"}, 400, "INVALID_INPUT"),
    ],
)
async def test_refusals(client, shelf, route, body, status, code):
    answer = await client("POST", *route.split("/"), body=body)
    assert (answer.status, answer.body["error"]["code"]) == (status, code)
    assert len(answer.body["error"]["message"]) < 200
    if code == "GATE_NOT_SATISFIED":
        assert answer.body["error"]["details"]["checks"]


async def test_bad_queries(client, shelf):
    for route, params in (("history", {"at": "noon"}), ("promotions", {"open": "x"})):
        answer = await client("GET", route, params=params)
        assert (answer.status, answer.body["error"]["code"]) == (400, "INVALID_INPUT")
    assert (await client("GET", "history", params={"name": "none"})).status == 404
    assert (await client("DELETE", "promotions", "nothing")).status == 404
