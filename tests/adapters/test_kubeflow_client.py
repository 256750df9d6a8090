"""Kubeflow's client against a server that holds both sides to the published definitions."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.adapters.jobs import compile_one
from jupyter_modelpack.adapters.kubeflow.client import KubeflowClient
from jupyter_modelpack.adapters.kubeflow.connection import KubeflowSettings
from jupyter_modelpack.adapters.kubeflow.recurring import Order, RecurringRuns
from jupyter_modelpack.errors import BackendError, BackendUnavailable, InvalidInput
from jupyter_modelpack.pipeline.progress import RunProgress
from tests.adapters.kubeflow_double import KubeflowDouble
from tests.pipeline.kale_notebooks import DIAMOND
from tests.pipeline.test_kale_comparison import record_of

PIPELINE = compile_one(record_of(DIAMOND), "kubeflow")
TEN_MINUTES = 600.0


@dataclass
class Clock:
    """Time that passes when somebody waits."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def double() -> Iterator[KubeflowDouble]:
    with KubeflowDouble(Clock()) as server:
        yield server
        assert server.problems == [], "the client broke the published definitions"


def client(double: KubeflowDouble, **more: Any) -> KubeflowClient:
    return KubeflowClient(KubeflowSettings(double.url, **more), seconds=5.0)


def started(kubeflow: KubeflowClient, name: str = "churn 1.3.0 0d9c8b7a") -> str:
    version = kubeflow.upload("churn", "1.3.0-3b1f0e7a90c4", "image sha256:3b1f", PIPELINE)
    experiment = kubeflow.experiment("churn")
    return str(kubeflow.create_run(name, version, experiment, {"seed": 3})["run_id"])


def test_a_release_is_uploaded_once_and_its_run_is_followed_to_its_end(
    double: KubeflowDouble,
) -> None:
    kubeflow = client(double, namespace="team-risk")
    run = started(kubeflow)
    assert started(kubeflow) == run  # the same run, pipeline, version and experiment
    assert [len(double.runs), len(double.pipelines), len(double.version_list)] == [1, 1, 1]
    assert double.pipelines["churn"]["namespace"] == "team-risk"
    assert double.version_list[0]["display_name"] == "1.3.0-3b1f0e7a90c4"
    assert double.runs[run]["runtime_config"] == {"parameters": {"seed": 3}}
    double.ends[run] = (double.clock() + 60, "SUCCEEDED")
    progress = kubeflow.observe(run, RunProgress(), double.clock())
    assert (progress.phase, progress.over) == ("Running", False)
    assert {step.name: step.phase for step in progress.steps} == {
        "load": "Succeeded",
        "train": "Running",
    }
    double.clock.now += 60  # type: ignore[attr-defined]
    progress = kubeflow.observe(run, progress, double.clock())
    assert progress.phase == "Succeeded"
    assert progress.steps[1].artifacts == {"metrics": ("2",), "executed_notebook": ("102",)}
    assert kubeflow.link(run).endswith(f"/#/runs/details/{run}")
    kubeflow.close()


def test_e2_a_lost_reply_makes_no_second_run(double: KubeflowDouble) -> None:
    kubeflow = client(double)
    for number in range(30):
        double.lose_replies = 1 + number % 2
        for _ in range(4):
            try:
                started(kubeflow, f"churn 1.3.0 {number}")
                break
            except BackendUnavailable:
                continue
    print(f"{30} runs with lost replies, {len(double.runs)} made")
    assert len(double.runs) == 30
    kubeflow.close()


def test_a_run_is_aborted_and_one_that_failed_is_retried(double: KubeflowDouble) -> None:
    kubeflow = client(double)
    run = started(kubeflow)
    kubeflow.terminate(run)
    assert kubeflow.observe(run, RunProgress(), double.clock()).phase == "Aborted"
    double.ends[run] = (double.clock(), "FAILED")
    assert kubeflow.observe(run, RunProgress(), double.clock()).phase == "Failed"
    kubeflow.retry(run)
    assert kubeflow.observe(run, RunProgress(), double.clock()).phase == "Running"
    kubeflow.close()


def test_a_recurring_run_is_made_once_listed_paused_and_removed(double: KubeflowDouble) -> None:
    kubeflow = client(double, namespace="team-risk")
    runs = RecurringRuns(kubeflow)
    version = kubeflow.upload("churn", "1.3.0-3b1f0e7a90c4", "", PIPELINE)
    experiment = kubeflow.experiment("churn")
    orders = [
        Order(
            f"churn {number}", version, experiment, "0 30 2 * * *", bool(number), {"seed": 3},
            "Every night.\nTwo lines.", {"package": "churn", "number": number},
        )
        for number in range(3)
    ]  # fmt: skip
    double.page = 2
    double.lose_replies = 1
    with pytest.raises(BackendUnavailable):
        runs.make(orders[0])
    made = [runs.make(order) for order in orders]
    assert [each.id for each in made] == [runs.make(order).id for order in orders]
    double.recurring["other"] = {
        "recurring_run_id": "other", "experiment_id": experiment, "description": "by a person"
    }  # fmt: skip
    found = runs.ours(experiment)
    assert [each.stamp["number"] for each in found] == [0, 1, 2]  # over two pages, ours alone
    assert (found[0].cron, found[0].catch_up, found[1].catch_up) == ("0 30 2 * * *", False, True)
    assert found[0].enabled and found[0].parameters == {"seed": 3}
    runs.enable(made[0].id, False)
    assert not runs.get(made[0].id).enabled
    runs.remove(made[0].id)
    runs.remove(made[0].id)
    assert len(double.recurring) == 3
    with pytest.raises(BackendError, match="Kubeflow refuses this: no schedule: CRON_TZ"):
        runs.make(replace(orders[0], cron="CRON_TZ=Europe/Zurich 0 30 2 * * *"))
    double.problems.clear()
    kubeflow.close()


def test_the_three_logins_and_a_login_page(double: KubeflowDouble, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("first\n")
    seen: list[dict[str, str]] = []

    def accepts(headers: dict[str, str]) -> bool:
        seen.append(headers)
        words = (
            headers.get("authorization"),
            headers.get("cookie"),
            headers.get("kubeflow-userid"),
        )
        return words in [("Bearer second", None, None), (None, "second", None), (None, None, "ada")]

    double.accepts = accepts
    for login in ({"token_file": str(secret)}, {"cookie_file": str(secret)}):
        secret.write_text("first\n")
        kubeflow = client(double, **login)
        with pytest.raises(BackendUnavailable, match="Something other than Kubeflow"):
            kubeflow.experiment("churn")
        secret.write_text("second\n")  # what a cluster does every hour
        kubeflow.experiment("churn")
        kubeflow.close()
    kubeflow = client(double, user="ada")
    kubeflow.experiment("churn")
    kubeflow.close()


def test_a_secret_does_not_travel_unencrypted_and_an_address_holds_none() -> None:
    for url, more in [
        ("http://kubeflow.example.org", {"token_file": "/token"}),
        ("https://ada:secret@kubeflow.example.org", {}),
        ("ftp://kubeflow", {}),
    ]:
        with pytest.raises(InvalidInput) as caught:
            KubeflowSettings(url, **more)
        assert "secret" not in str(caught.value)
    KubeflowSettings("http://ml-pipeline.kubeflow.svc:8888", token_file="/token")


def test_what_kubeflow_refuses_is_said(double: KubeflowDouble) -> None:
    kubeflow = client(double)
    with pytest.raises(BackendError, match="Kubeflow refuses this"):
        kubeflow.create_run("x", {"pipeline": "wrong"}, "experiment-0", {})
    assert double.problems == ["V2beta1Run.pipeline_version_reference has no pipeline"]
    double.problems.clear()
    kubeflow.close()


@pytest.mark.parametrize("fault", ["away", "5xx", "unknown", "all"])
def test_e6_no_run_is_called_failed_wrongly_and_all_are_right_soon_after(
    fault: str, double: KubeflowDouble
) -> None:
    clock: Any = double.clock
    begin = clock.now
    kubeflow = client(double)
    chance = random.Random(fault)
    runs = {started(kubeflow, f"churn {number}"): RunProgress() for number in range(12)}
    for run in runs:
        state = chance.choice(["SUCCEEDED", "FAILED", "CANCELED"])
        double.ends[run] = (begin + chance.uniform(30, 900), state)
    truth = {"SUCCEEDED": "Succeeded", "FAILED": "Failed", "CANCELED": "Aborted"}

    def trouble() -> bool:
        return begin + 60 <= clock.now < begin + 60 + TEN_MINUTES

    if fault in ("away", "all"):
        double.away = trouble
    if fault in ("unknown", "all"):
        double.stuck = trouble
    if fault in ("5xx", "all"):
        double.failing = 0.3  # all the time, where that is the only fault
    wrong, unknown, late = 0, 0, 0.0
    due = dict.fromkeys(runs, begin)
    while clock.now < begin + 1500 and not all(progress.over for progress in runs.values()):
        for run, progress in runs.items():
            if progress.over or due[run] > clock.now:
                continue
            runs[run] = now = kubeflow.observe(run, progress, clock.now)
            due[run] = clock.now + now.wait
            at, state = double.ends[run]
            unknown += now.unknown_since is not None
            if now.over:
                wrong += at > clock.now or now.phase != truth[state]
                recovered = begin if fault == "5xx" else begin + 60 + TEN_MINUTES
                late = max(late, clock.now - max(at, recovered))
        clock.now += 1
        if fault == "all" and not trouble() and clock.now > begin + 60:
            double.failing = 0.0
    double.failing = 0.0
    print(f"E6 {fault}: {len(runs)} runs, {double.asked} requests, {unknown} answers unknown, "
          f"{wrong} wrong ends, right {late:.0f} s after recovery at most")  # fmt: skip
    assert wrong == 0 and unknown > 0
    assert all(progress.over for progress in runs.values())
    assert late <= 60
    kubeflow.close()


def test_e6_a_run_is_gone_only_when_kubeflow_itself_says_so_three_times(
    double: KubeflowDouble,
) -> None:
    kubeflow = client(double)
    run = started(kubeflow)
    kept = double.runs.pop(run)
    progress = RunProgress("Running")
    for _ in range(2):
        progress = kubeflow.observe(run, progress, double.clock())
        assert (progress.phase, progress.unknown_since) == ("Running", double.clock())
    double.runs[run] = kept
    progress = kubeflow.observe(run, progress, double.clock())
    assert (progress.phase, progress.unknown_since, progress.missed) == ("Running", None, 0)
    double.runs.pop(run)
    for _ in range(3):
        progress = kubeflow.observe(run, progress, double.clock())
    assert progress.phase == "Errored" and "no longer has this run" in progress.message
    kubeflow.close()
