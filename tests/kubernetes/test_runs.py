"""Runs as jobs on a real cluster: what goes in, what comes out, and how they end."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.notebook_image import cell
from tests.kubernetes.clusters import Images, Namespace, kubectl, package_of

pytestmark = pytest.mark.systems

CELLS = (
    cell("rate = 0.5", "parameters"),
    cell("print('started with', rate)\nopen('scores.csv', 'w').write('a,b\\n' * 100)"),
    cell("auc = rate / 2", "metrics"),
    cell("import time\nuntil = time.time() + (60 if rate == 9 else 0)\n"
         "while time.time() < until: time.sleep(0.1)"),
    cell("if rate == 7:\n    hoard = [bytearray(1 << 20) for _ in range(400)]"),
    cell("assert auc < 1, f'the auc {auc} is too good'", "check"),
)  # fmt: skip
RATE = {"rate": 0.5}


@pytest.fixture(scope="module")
def package(images: Images) -> dict[str, Any]:
    return package_of(images.push(CELLS, parameters=RATE), RATE)


def test_a_run_succeeds_and_brings_everything_back(bench, package, namespace: Namespace) -> None:
    shop = bench(package)
    run = shop.ended(shop.start({"rate": "0.25"}, labels={"access-ml-pipeline": "true"}).id)
    assert run.phase == "Succeeded", (run.state, shop.log(run.id))
    assert run.state["metrics"] == {"auc": 0.125}
    assert run.state["parameters"] == {"rate": 0.25}
    assert [each["path"] for each in run.state["outputs"]] == ["scores.csv"]
    assert (shop.place / "runs" / run.id / "work" / "scores.csv").read_text() == "a,b\n" * 100
    notebook = json.loads(Path(run.state["executed_notebook"]).read_bytes())
    assert any(
        "started with 0.25" in str(each["outputs"])
        for each in notebook["cells"]
        if "outputs" in each
    )
    log = shop.log(run.id)
    assert "started with 0.25" in log
    assert "\x1e" not in log and "modelpack " + run.id not in log
    assert run.state["place"]["namespace"] == namespace.name
    (pod,) = namespace.get("pods", "-l", f"io.github.jupyter-modelpack/run={run.id}")
    assert pod["metadata"]["labels"]["access-ml-pipeline"] == "true"
    assert pod["spec"]["containers"][0]["image"].endswith(package["digest"])
    assert {each["kind"] for each in shop.told} == {"run"}


def test_a_failed_check_is_a_clear_failure_that_names_the_cell(bench, package) -> None:
    shop = bench(package)
    run = shop.ended(shop.start({"rate": 4}).id)
    assert (run.phase, run.state["error"]["code"]) == ("Failed", "CHECK_FAILED")
    assert "cell 6" in run.state["error"]["message"]
    assert "the auc 2.0 is too good" in run.state["error"]["message"]
    assert run.state["executed_notebook"]


def test_too_little_memory_is_said_with_the_limit(bench, package) -> None:
    shop = bench(package)
    run = shop.ended(shop.start({"rate": 7}, limits={"memory": "160Mi"}).id)
    assert (run.phase, run.state["error"]["code"]) == ("Failed", "OUT_OF_MEMORY"), run.state
    assert "160Mi" in run.state["error"]["message"]
    assert run.state["error"]["details"] == {"cell": 5}


def test_a_run_is_aborted_and_nothing_stays(bench, package, namespace: Namespace) -> None:
    shop = bench(package)
    run = shop.start({"rate": 9})
    running = shop.until(run.id, lambda found: (found.state.get("cell") or 0) >= 2)
    assert "started with 9" in shop.log(run.id)
    assert running.state["cells"] == 6 and running.state["stage"] == "Running"
    shop.runs.stop(run.id)
    done = shop.ended(run.id)
    assert (done.phase, done.state["error"]["code"]) == ("Aborted", "ABORTED")
    selector = f"io.github.jupyter-modelpack/run={run.id}"
    until = time.monotonic() + 60
    while namespace.get("jobs,pods", "-l", selector):
        assert time.monotonic() < until
        time.sleep(0.2)


def test_a_missing_image_is_said_and_given_up_in_the_end(bench, package) -> None:
    shop = bench({**package, "digest": "sha256:" + "ab" * 32}, kubernetes_start_seconds=8.0)
    run = shop.start()
    waiting = shop.until(run.id, lambda found: found.state.get("events"))
    event = waiting.state["events"][0]
    print(event)
    assert event["code"] == "IMAGE_MISSING"
    assert "ab" * 32 in event["sentence"] and event["advice"]
    done = shop.ended(run.id)
    assert (done.phase, done.state["error"]["code"]) == ("Failed", "IMAGE_MISSING")


def test_what_no_node_has_is_said(bench, package) -> None:
    shop = bench(package)
    run = shop.start(requests={"cpu": "500"})
    waiting = shop.until(run.id, lambda found: found.state.get("events"))
    assert waiting.state["events"][0]["code"] == "UNSCHEDULABLE"
    assert "enough free cpu" in waiting.state["events"][0]["sentence"]
    shop.runs.stop(run.id)
    assert shop.ended(run.id).phase == "Aborted"


def test_secrets_and_volumes_come_by_name(bench, package, namespace: Namespace, images) -> None:
    kubectl(
        "-n",
        namespace.name,
        "create",
        "secret",
        "generic",
        "warehouse",
        "--from-literal=token=canary-5512",
    )
    kubectl(
        "-n", namespace.name, "create", "configmap", "limits", "--from-literal=limits.txt=seven"
    )
    cells = (
        cell("import os\nlength = len(os.environ['TOKEN'])", "metrics"),
        cell("read = open('data/limits.txt').read() == 'seven'", "metrics"),
    )
    shop = bench(package_of(images.push(cells)))
    run = shop.start(
        secrets=[{"variable": "TOKEN", "secret": "warehouse", "key": "token"}],
        mounts=[{"kind": "config_map", "name": "limits", "path": "/work/data"}],
    )
    done = shop.ended(run.id)
    assert done.state["metrics"] == {"length": 11, "read": True}, (done.state, shop.log(run.id))
    everything = json.dumps(namespace.get("jobs,pods")) + json.dumps(dict(done.state))
    assert "canary-5512" not in everything


def test_a_secret_that_is_not_there_is_named(bench, package) -> None:
    shop = bench(package)
    secrets = [{"variable": "TOKEN", "secret": "nobody", "key": "token"}]
    run = shop.start(secrets=secrets)
    waiting = shop.until(run.id, lambda found: found.state.get("events"))
    assert waiting.state["events"][0]["code"] == "SECRET_MISSING"
    assert "nobody" in waiting.state["events"][0]["sentence"]
    shop.runs.stop(run.id)
    assert shop.ended(run.id).phase == "Aborted"


def test_twenty_runs_at_once_each_give_their_own_result(bench, package) -> None:
    shop = bench(package)
    started = [shop.start({"rate": number / 100}) for number in range(20)]
    done = [shop.ended(run.id, 240) for run in started]
    wrong = [run.state for run in done if run.phase != "Succeeded"]
    assert not wrong, wrong
    assert [run.state["metrics"]["auc"] for run in done] == [n / 200 for n in range(20)]
    follower = next(iter(shop.elsewhere.backends["kubernetes"]._namespaces.values()))
    print(f"20 runs: {follower.watch.lists} list, {follower.watch.watches} watches")
    assert follower.watch.lists == 1
