"""Runs with ``--backend kubeflow``: the ledger, the follower of runs elsewhere, and the double."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from jupyter_modelpack.adapters.kubeflow.backend import KubeflowBackend
from jupyter_modelpack.adapters.kubeflow.client import KubeflowClient
from jupyter_modelpack.adapters.kubeflow.compiler import compile_pipeline
from jupyter_modelpack.adapters.kubeflow.connection import KubeflowSettings
from jupyter_modelpack.adapters.kubeflow.metadata import question
from jupyter_modelpack.adapters.ledger import Ledger
from jupyter_modelpack.adapters.log_files import LogFiles
from jupyter_modelpack.errors import Conflict
from jupyter_modelpack.pipeline.spec import WORK_DIRECTORY
from jupyter_modelpack.services.following import Follower, Outside
from jupyter_modelpack.services.runs import Runs
from jupyter_modelpack.services.work import Work, new_run_state
from tests.adapters.kubeflow_double import KubeflowDouble
from tests.adapters.metadata_messages import metadata_answer
from tests.pipeline.kale_notebooks import CHAIN
from tests.pipeline.test_kale_comparison import record_of
from tests.product import ROOT, Product, document

PACKAGE = record_of(CHAIN)
IMAGE = "registry.local/trial@sha256:" + "ab" * 32


class Nobody:
    """Workers that are not there."""

    def kick(self) -> None:
        pass

    def stop(self, ident: str) -> None:
        pass


class World:
    """A ledger, a Kubeflow, and a time that moves when told."""

    def __init__(self, folder: Path) -> None:
        self.time = 1_800_000_000.0
        self.kubeflow = KubeflowDouble(lambda: self.time)
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.folder = folder

    def follow(self) -> Follower:
        settings = KubeflowSettings(self.kubeflow.url)
        self.backend = KubeflowBackend(
            lambda: KubeflowClient(settings, seconds=5.0), now=lambda: self.time
        )
        table = self.ledger.followed
        outside = Outside(
            LogFiles(self.folder / "logs"),
            self.folder / "runs",
            lambda _event: None,
            lambda: self.time,
        )
        return Follower(table, table, {"kubeflow": self.backend}, outside)

    def enter(self, number: int, **options: Any) -> Work:
        request = {
            "parameters": {"rounds": number + 1},
            "options": options,
            "image": IMAGE,
            "package": PACKAGE,
        }
        return self.ledger.work.enter(
            Work(
                id=f"{number:032x}",
                kind="run",
                created=self.time,
                name="trial",
                version="1.0.0",
                backend="kubeflow",
                request=request,
                state=new_run_state({}),
            )
        )

    def get(self, work: Work) -> Work:
        return self.ledger.work.get("run", work.id)

    def place(self, work: Work) -> str:
        return str(self.get(work).state["place"]["run"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    with made.kubeflow:
        yield made
        made.backend.close()
        assert made.kubeflow.problems == []


def test_a_run_is_submitted_followed_with_its_steps_and_ended(world: World) -> None:
    follower = world.follow()
    work = world.enter(2, labels={"access-ml-pipeline": "true"})
    follower.round()
    run = world.place(work)
    world.kubeflow.ends[run] = (world.time + 20, "FAILED")
    values = {"rows": 12000.0, "loss": -0.25, "ok": True, "low": -7, "display_name": "metrics"}
    world.kubeflow.metrics[1] = values
    assert world.kubeflow.runs[run]["runtime_config"]["parameters"] == {"rounds": 3}
    follower.round()
    state = world.get(work).state
    load, train = state["steps"]
    page = f"{world.kubeflow.url}/#/artifacts/"
    assert load["artifacts"] == [
        {"name": "metrics", "link": f"{page}1"},
        {"name": "executed_notebook", "link": f"{page}101"},
    ]
    assert load["metrics"] == {"rows": 12000, "loss": -0.25, "ok": True, "low": -7}
    assert (train["metrics"], train["artifacts"]) == ({}, [])
    assert [(s["name"], s["phase"]) for s in state["steps"]] == [
        ("load", "Succeeded"),
        ("train", "Running"),
    ]
    world.time += 30
    follower.round()
    ended = world.get(work)
    assert ended.phase == "Failed"
    assert ended.state["metrics"]["rows"] == 12000
    assert ended.state["error"]["message"] == "The step train failed."
    assert ended.state["place"]["link"].endswith(f"/#/runs/details/{run}")


def test_a_metadata_store_that_makes_no_sense_costs_the_metrics_alone(world: World) -> None:
    world.follow()
    client = world.backend.client
    world.kubeflow.metrics[1] = {"auc": 0.5}
    assert client.measured(["1", "x", "2"]) == {"1": {"auc": 0.5}}
    whole = metadata_answer(world.kubeflow.metrics, question([1]))[1]
    for body in [b"<html>log in</html>", whole[:9], whole[:5] + b"\xff" * (len(whole) - 5), b"\0"]:
        answer = httpx.MockTransport(lambda _, body=body: httpx.Response(200, content=body))
        away = KubeflowClient(KubeflowSettings("https://kubeflow.test"), answer)
        assert away.measured(["1"]) == {}
    refused = httpx.MockTransport(lambda _: httpx.Response(404))
    assert KubeflowClient(KubeflowSettings("https://kubeflow.test"), refused).measured(["1"]) == {}


def test_two_runs_of_a_release_share_its_pipeline_and_labels_make_a_version(world: World) -> None:
    follower = world.follow()
    for number, labels in enumerate([{}, {}, {"access-ml-pipeline": "true"}]):
        world.enter(number, labels=labels)
    follower.round()
    assert (len(world.kubeflow.pipelines), len(world.kubeflow.version_list)) == (1, 2)
    assert len(world.kubeflow.runs) == 3


def test_mounts_of_a_run_are_those_of_each_step(world: World) -> None:
    claim = {
        "name": "workspace",
        "path": f"{WORK_DIRECTORY}/data",
        "read_only": False,
        "sub_path": "raw",
    }
    config = {"kind": "config_map", "name": "limits", "path": f"{WORK_DIRECTORY}/limits"}
    follower = world.follow()
    world.enter(0)
    world.enter(1, mounts=[claim, config])
    follower.round()
    assert len(world.kubeflow.version_list) == 2, "what is mounted is a version of the pipeline"
    run = world.enter(2, mounts=[claim, config])
    protocol, platform = yaml.safe_load_all(compile_pipeline(world.backend._spec(run)))
    executors = protocol["deploymentSpec"]["executors"]
    asked = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert len(executors) == len(asked) == len(PACKAGE["steps"])
    for name, executor in executors.items():
        (mounted,) = asked[name]["pvcMount"]
        assert (mounted["mountPath"], mounted["subPath"]) == (f"{WORK_DIRECTORY}/data", "raw")
        assert mounted["pvcNameParameter"]["runtimeValue"]["constant"] == "workspace"
        (seen,) = asked[name]["configMapAsVolume"]
        assert (seen["mountPath"], seen["configMapName"]) == (f"{WORK_DIRECTORY}/limits", "limits")
        told = {each["name"]: each["value"] for each in executor["container"]["env"]}
        assert json.loads(told["MODELPACK_MOUNTS"]) == [
            f"{WORK_DIRECTORY}/data",
            f"{WORK_DIRECTORY}/limits",
        ]


def test_an_abort_reaches_kubeflow(world: World) -> None:
    follower = world.follow()
    work = world.enter(1)
    follower.round()
    world.ledger.work.ask_stop("run", work.id, world.time)
    for _ in range(4):
        world.time += 5
        follower.round()
    assert world.get(work).phase == "Aborted"
    assert world.kubeflow.ends[world.place(work)][1] == "CANCELED"


def test_a_failed_run_is_tried_again_once_as_a_run_of_its_own(world: World) -> None:
    follower = world.follow()
    ids = iter(f"{number:032x}" for number in range(90, 99))
    runs = Runs(
        world.ledger.work, LogFiles(world.folder / "logs"), world.ledger.packages, Nobody(),
        str, world.folder, lambda: world.time, lambda: next(ids),
    )  # fmt: skip
    work = world.enter(1)
    follower.round()
    with pytest.raises(Conflict, match="has not ended"):
        runs.retry(work.id, "ben")
    there = world.place(work)
    world.kubeflow.ends[there] = (world.time + 1, "FAILED")
    world.time += 10
    follower.round()
    assert world.get(work).phase == "Failed"
    again = runs.retry(work.id, "ben")
    with pytest.raises(Conflict, match="already"):
        runs.retry(work.id, "ben")
    world.kubeflow.lose_replies = 1
    for _ in range(12):
        follower.round()
        world.time += 5
    ended = world.get(again)
    assert (ended.phase, ended.requested_by, world.place(again)) == ("Succeeded", "ben", there)
    assert world.get(work).phase == "Failed" and len(world.kubeflow.runs) == 1
    assert world.kubeflow.retried == [there]
    with pytest.raises(Conflict, match="succeeded"):
        runs.retry(again.id, "ben")


def test_e6_through_the_ledger_no_run_fails_wrongly(world: World) -> None:
    follower = world.follow()
    begin = world.time
    works = [world.enter(number) for number in range(8)]
    follower.round()
    for number, work in enumerate(works):
        at = begin + 40 + 100 * number
        world.kubeflow.ends[world.place(work)] = (at, ["SUCCEEDED", "FAILED"][number % 2])
    world.kubeflow.away = lambda: begin + 60 <= world.time < begin + 360
    world.kubeflow.stuck = lambda: begin + 360 <= world.time < begin + 660
    world.kubeflow.failing = 0.3
    since, wrong = set(), 0
    over: dict[str, float] = {}
    while world.time < begin + 1200 and len(over) < len(works):
        world.time += 5
        if world.time >= begin + 660:
            world.kubeflow.failing = 0.0
        follower.round()
        for number, work in enumerate(works):
            now = world.get(work)
            if now.state.get("unknown_since"):
                since.add(work.id)
            if now.over and work.id not in over:
                over[work.id] = world.time - max(begin + 660, begin + 40 + 100 * number)
                wrong += now.phase != ["Succeeded", "Failed"][number % 2]
    print(f"E6 through the ledger: {len(works)} runs, {len(since)} said unknown since, "
          f"{wrong} ended wrongly, the last {max(over.values()):.0f} s after recovery")  # fmt: skip
    assert len(over) == len(works) and wrong == 0 and len(since) >= 7
    assert max(over.values()) <= 60


def test_the_command_line_runs_a_release_at_kubeflow(world: World, tmp_path: Path) -> None:
    follower = world.follow()
    follower.close()
    product = Product(tmp_path / "data", ROOT / "examples")
    notebook = tmp_path / "small.ipynb"
    cells = ((("step:one",), "x = 1"), (("step:two", "prev:one"), "y = x"))
    notebook.write_text(json.dumps(document(*cells)))
    assert product("package", str(notebook), "--no-verify", "--json").code == 0
    words = ("run", "small", "--backend", "kubeflow", "--json")
    missing = product(*words, "--image", "registry.local/{name}")
    assert missing.code == 3 and missing.error["message"] == "There is no Kubeflow to run this on."
    answer = product(
        *(*words, "--image", "registry.local/small", "--detach"),
        *("--kubeflow-url", world.kubeflow.url, "--kubeflow-experiment", "trials"),
    )
    assert answer.code == 0, answer.err
    (run,) = world.kubeflow.runs.values()
    assert world.kubeflow.experiment_list[0]["display_name"] == "trials"
    assert answer.json["place"]["run"] == run["run_id"]
    tasks = world.kubeflow.version_list[0]["pipeline_spec"]["root"]["dag"]["tasks"]
    assert set(tasks) == {"one", "two"}

    # what the command line says of runs, and schedules, of the same package
    at = ("--kubeflow-url", world.kubeflow.url)
    (listed,) = product("runs", "--json").json["runs"]
    assert (listed["backend"], listed["phase"]) == ("kubeflow", "Running")
    assert "small 1.0.0" in product("runs").out
    unknown = product("runs", "ffff", "--json")
    assert (unknown.code, unknown.error["code"]) == (2, "INVALID_INPUT")
    early = product("runs", listed["run"], "--retry", "--json", *at)
    assert (early.code, early.error["code"]) == (1, "CONFLICT")
    stopped = product("runs", listed["run"][:8], "--stop", "--json", *at)
    assert (stopped.code, stopped.json["phase"]) == (1, "Aborted"), stopped.err
    shown = product("runs", listed["run"][:8])
    assert shown.code == 1 and "Aborted" in shown.out

    add = ("schedule", "add", "small", "--image", "registry.local/small", "--json", *at)
    tokyo = ("--cron", "30 2 * * *", "--timezone", "Asia/Tokyo")
    made = product(*add, *tokyo)
    assert made.code == 0, made.err
    assert (made.json["kubeflow_cron"], made.json["enabled"]) == ("0 30 17 * * *", True)
    ident = made.json["id"]
    assert product(*add, *tokyo).json["id"] == ident  # the same is not made twice
    never = product(*add)
    assert (never.code, never.error["message"]) == (2, "Nothing says when it is to run.")
    assert product("schedule", "pause", ident, "--json", *at).json["enabled"] is False
    (kept,) = product("schedule", "list", "small", "--json", *at).json["schedules"]
    assert kept == {**made.json, "enabled": False, "next": None}
    assert product("schedule", "resume", ident, "--json", *at).json["enabled"] is True
    world.kubeflow.recurring[ident]["description"] = (
        'x\njupyter-modelpack: {"package": "small", "environment": "production"}'
    )
    theirs = product("schedule", "remove", ident, "--json", *at)
    assert (theirs.code, theirs.error["code"]) == (1, "CONFLICT")
    world.kubeflow.recurring[ident]["description"] = 'x\njupyter-modelpack: {"package": "small"}'
    assert product("schedule", "remove", ident, "--json", *at).json == {"removed": ident}
    assert world.kubeflow.recurring == {}
