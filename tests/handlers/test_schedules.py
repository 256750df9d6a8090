"""Schedules and retries over HTTP, with a double of Kubeflow behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.adapters.ledger import open_ledger
from tests.adapters.kubeflow_double import KubeflowDouble
from tests.fake_workshop import golden
from tests.pipeline.kale_notebooks import CHAIN
from tests.pipeline.test_kale_comparison import record_of


@pytest.fixture
def kubeflow() -> Iterator[KubeflowDouble]:
    with KubeflowDouble(lambda: 0.0) as double:
        yield double
        assert double.problems == []


@pytest.fixture
def extension_config(kubeflow: KubeflowDouble) -> dict[str, Any]:
    return {"kubeflow_url": kubeflow.url, "kubernetes_image": "registry.local/{name}"}


@pytest.fixture
def release(data_dir: Path) -> Callable[[], dict[str, str]]:
    """Enter a release whose notebook has two steps and a parameter."""

    def enter() -> dict[str, str]:
        record = {**golden("package"), **record_of(CHAIN), "external": []}
        packages = open_ledger(data_dir).packages
        packages.put(record, {})
        return {"name": record["name"], "version": record["version"]}

    return enter


async def test_a_schedule_is_made_listed_paused_and_removed(
    client: Any, release: Any, kubeflow: KubeflowDouble
) -> None:
    named = release()
    body = {
        **named,
        "parameters": {"rounds": 7},
        "schedule": {"cron": "30 2 * * *", "timezone": "Asia/Tokyo", "catch_up": True},
    }
    made = await client("POST", "schedules", body=body)
    assert made.status == 201, made.body
    (like, *_) = golden("schedules")["schedules"]
    assert set(made.body) == set(like) and set(made.body["schedule"]) == set(like["schedule"])
    assert {key: made.body[key] for key in body} == body
    assert made.body["kubeflow_cron"] == "0 30 17 * * *"
    assert made.body["next"].endswith("T17:30:00.000Z") and made.body["enabled"]
    found = await client("GET", "schedules", params={"name": named["name"]})
    assert found.body == {"schedules": [made.body]}
    assert (await client("GET", "schedules", params={"name": "x"})).body == {"schedules": []}
    ident = made.body["id"]
    paused = await client("POST", "schedules", ident, body={"enabled": False})
    assert paused.body == {**made.body, "enabled": False, "next": None}
    assert (await client("POST", "schedules", ident, body={"enabled": True})).body == made.body
    assert (await client("DELETE", "schedules", ident)).status == 204
    assert kubeflow.recurring == {}
    summer = {**body, "schedule": {"cron": "30 2 * * *", "timezone": "Europe/Zurich"}}
    refused = await client("POST", "schedules", body=summer)
    assert (refused.status, refused.body["error"]["details"]["field"]) == (400, "timezone")


async def test_others_cannot_be_read_as_ours(
    client: Any, release: Any, kubeflow: KubeflowDouble
) -> None:
    body = {**release(), "schedule": {"cron": "0 6 * * 1"}}
    ident = (await client("POST", "schedules", body=body)).body["id"]
    kubeflow.recurring[ident]["description"] = (
        'x\njupyter-modelpack: {"package": "trial", "schedule": {"cron": "when it suits"}}'
    )
    (found,) = (await client("GET", "schedules")).body["schedules"]
    assert (found["schedule"], found["next"]) == ({}, None)
    assert found["kubeflow_cron"] == "0 0 6 * * 1"
