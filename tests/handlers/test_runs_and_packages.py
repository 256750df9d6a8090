"""Runs, packages, exports, inspections and info over HTTP, in the shapes of the contract."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from fake_workshop import golden

from jupyter_modelpack.handlers import wire

UNREACHABLE = """
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]
contexts: [{name: c, context: {cluster: c, user: u, namespace: lab}}]
current-context: c
users: [{name: u, user: {token: canary-token}}]
"""


@pytest.fixture
def packaged(client, write):
    async def make(path="churn.ipynb", **fake):
        write(path, **fake)
        build = (await client("POST", "builds", body={"path": path})).body
        done = await client.ended("builds", build["id"])
        assert done["phase"] == "Succeeded", done
        return done["package"]

    return make


async def test_packages_have_the_shapes_of_the_contract(client, packaged):
    await packaged("models/churn.ipynb")
    await packaged("other.ipynb")
    listed = (await client("GET", "packages")).body["packages"]
    assert [each["name"] for each in listed] == ["other", "churn"]
    assert [each["path"] for each in listed] == ["other.ipynb", "models/churn.ipynb"]
    assert set(listed[0]) == set(golden("packages")["packages"][0])
    mine = await client("GET", "packages", params={"path": "models/churn.ipynb"})
    assert [each["name"] for each in mine.body["packages"]] == ["churn"]
    assert (await client("GET", "packages", "churn")).body == mine.body
    shown = (await client("GET", "packages", "churn", "1.0.0")).body
    assert set(shown) == set(golden("package"))
    assert shown["author"] not in ("", None)
    gone = await client("GET", "packages", "churn", "9.9.9")
    assert gone.status == 404
    assert set(gone.body["error"]) == set(golden("error")["error"])
    assert gone.body["error"]["code"] == "PACKAGE_UNKNOWN"


async def test_a_run_has_the_shape_of_the_contract(client, packaged):
    await packaged()
    body = {"name": "churn", "version": "1.0.0", "parameters": {"threshold": 0.5}}
    answer = await client("POST", "runs", body=body)
    assert answer.status == 201
    assert answer.headers["Location"].endswith(f"/jupyter-modelpack/runs/{answer.body['id']}")
    done = await client.ended("runs", answer.body["id"])
    assert set(done) == set(golden("run"))
    assert (done["phase"], done["cell"], done["metrics"]) == ("Succeeded", 2, {"auc": 0.5})
    assert done["parameters"] == {"threshold": 0.5}
    assert done["executed_notebook"] is None  # it is in the data directory, not below the root
    log = (await client("GET", "runs", done["id"], "log")).body
    assert (log["text"], log["complete"]) == ("[cell 1/2]\n[cell 2/2]\n", True)
    page = (await client("GET", "runs", done["id"], "notebook")).body["html"]
    assert "As it ran" in page and "hello &lt;b&gt;" in page
    assert "<script" not in page and 'href="javascript' not in page and "__pwned" not in page
    query = {"name": "churn", "version": "1.0.0"}
    assert (await client("GET", "runs", params=query)).body["runs"] == [done]
    assert (await client("GET", "runs", params={"name": "x"})).body["runs"] == []


async def test_a_file_that_a_run_wrote_is_sent_and_no_other(client, packaged, data_dir):
    hostile = "<script>alert(1)</script>"
    await packaged(writes={"out/plot ä.html": hostile, "gone.csv": "1", "link.csv": "2"})
    run = (await client("POST", "runs", body={"name": "churn", "version": "1.0.0"})).body
    await client.ended("runs", run["id"])
    work = data_dir / "runs" / run["id"] / "work"
    (work / "gone.csv").unlink()
    (work / "link.csv").unlink()
    (work / "link.csv").symlink_to("/etc/passwd")
    (work / "secret.txt").write_text("not listed")
    sent = await client("GET", "runs", run["id"], "files", params={"path": "out/plot ä.html"})
    assert (sent.status, sent.body) == (200, hostile)
    assert sent.headers["Content-Type"] == "application/octet-stream"
    assert sent.headers["X-Content-Type-Options"] == "nosniff"
    assert sent.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''plot%20%C3%A4.html"
    )
    refused = ["gone.csv", "link.csv", "secret.txt", "", ".", "out", "../work/secret.txt",
               "/etc/passwd", "out/../gone.csv", "executed.ipynb"]  # fmt: skip
    for path in refused:
        answer = await client("GET", "runs", run["id"], "files", params={"path": path})
        assert (answer.status, answer.body["error"]["code"]) == (404, "FILE_UNKNOWN"), path


async def test_what_cannot_be_tried_again_or_scheduled_is_said(client, packaged):
    await packaged()
    run = (await client("POST", "runs", body={"name": "churn", "version": "1.0.0"})).body
    done = await client.ended("runs", run["id"])
    assert done["phase"] == "Succeeded"
    answer = await client("POST", "runs", done["id"], "retry")
    assert (answer.status, answer.body["error"]["message"]) == (409, "The run succeeded.")
    assert (await client("POST", "runs", "0" * 32, "retry")).status == 404
    assert (await client("GET", "schedules")).body == {"schedules": []}
    body = {"name": "churn", "version": "1.0.0", "schedule": {"cron": "30 2 * * *"}}
    answer = await client("POST", "schedules", body=body)
    assert (answer.status, answer.body["error"]["code"]) == (503, "BACKEND_UNAVAILABLE")
    answer = await client("POST", "schedules", body={**body, "schedule": {"cron": "soon"}})
    assert (answer.status, answer.body["error"]["details"]["field"]) == (400, "cron")
    for method, change in (("POST", {"enabled": False}), ("DELETE", None)):
        answer = await client(method, "schedules", "none", body=change)
        assert (answer.status, answer.body["error"]["code"]) == (404, "SCHEDULE_UNKNOWN")


async def test_two_equal_runs_are_two_runs(client, packaged):
    await packaged()
    body = {"name": "churn", "version": "1.0.0"}
    answers = [await client("POST", "runs", body=body) for _ in range(2)]
    assert len({answer.body["id"] for answer in answers}) == 2
    for answer in answers:
        assert (await client.ended("runs", answer.body["id"]))["phase"] == "Succeeded"


async def test_runs_that_make_no_sense_are_refused(client, packaged):
    await packaged()
    good = {"name": "churn", "version": "1.0.0"}
    for wrong, code in (
        ({**good, "parameters": {"colour": 1}}, "INVALID_INPUT"),
        ({**good, "parameters": []}, "INVALID_INPUT"),
        ({**good, "network": 1}, "INVALID_INPUT"),
        ({**good, "pod_defaults": ["store"]}, "INVALID_INPUT"),
        ({**good, "pod_defaults": "store", "backend": "kubernetes"}, "INVALID_INPUT"),
        ({**good, "pod_defaults": [1], "backend": "kubernetes"}, "INVALID_INPUT"),
        ({**good, "settings": "CHURN_REGION"}, "INVALID_INPUT"),
        ({**good, "settings": ["HOME_OF_ADA"]}, "INVALID_INPUT"),  # the notebook does not read it
        ({**good, "settings": ["CHURN_REGION"]}, "INVALID_INPUT"),  # it is not set here
        ({**good, "settings": ["CHURN_REGION"], "backend": "kubernetes"}, "INVALID_INPUT"),
        ({"name": "churn"}, "INVALID_INPUT"),
        ({**good, "version": "2.0.0"}, "PACKAGE_UNKNOWN"),
    ):
        answer = await client("POST", "runs", body=wrong)
        assert answer.status in (400, 404)
        assert answer.body["error"]["code"] == code


async def test_a_run_is_given_settings_by_their_names(client, packaged, monkeypatch, data_dir):
    await packaged()
    monkeypatch.setenv("CHURN_REGION", "canary-north")
    body = {"name": "churn", "version": "1.0.0", "settings": ["CHURN_REGION"]}
    run = (await client("POST", "runs", body=body)).body
    done = await client.ended("runs", run["id"])
    assert (done["phase"], done["settings"]) == ("Succeeded", ["CHURN_REGION"])
    assert b"canary" not in b"".join(each.read_bytes() for each in data_dir.glob("ledger*"))


async def test_a_run_is_stopped_or_killed(client, packaged):
    await packaged(run="die")
    body = {"name": "churn", "version": "1.0.0"}
    run = (await client("POST", "runs", body=body)).body
    done = await client.ended("runs", run["id"])
    assert (done["phase"], done["error"]["code"]) == ("Errored", "WORKER_ENDED")
    page = await client("GET", "runs", run["id"], "notebook")
    assert (page.status, page.body["error"]["code"]) == (404, "EXECUTED_NOTEBOOK_UNKNOWN")


async def test_exports_are_written_once(client, packaged, jp_root_dir):
    await packaged()
    (jp_root_dir / "out").mkdir()
    at = ("packages", "churn", "1.0.0", "export")
    for kind in ("oci-archive", "docker-archive", "kubeflow", "kubernetes"):
        body = {"format": kind, "path": f"out/churn.{kind}"}
        answer = await client("POST", *at, body=body)
        assert (answer.status, answer.body) == (201, {"path": body["path"], "size": len(kind)})
        assert (jp_root_dir / body["path"]).read_text() == kind
        again = await client("POST", *at, body=body)
        assert (again.status, again.body["error"]["code"]) == (409, "CONFLICT")
        assert (await client("POST", *at, body={**body, "overwrite": True})).status == 201
    for wrong in ({"format": "zip", "path": "x"}, {"format": "kubeflow"}, {"path": "x"}):
        assert (await client("POST", *at, body=wrong)).status == 400
    yaml = await client("GET", *at[:3], "pipeline", params={"format": "kubernetes"})
    assert (yaml.status, yaml.body) == (200, "kind: Job\n")
    assert yaml.headers["Content-Type"].startswith("text/plain")
    assert (await client("GET", *at[:3], "pipeline", params={"format": "x"})).status == 400


async def test_inspection_knows_what_is_packaged(client, packaged, write, calls):
    write("churn.ipynb")
    found = (await client("GET", "inspection", params={"path": "churn.ipynb"})).body
    assert set(found) == set(golden("inspection"))
    assert (found["path"], found["unchanged"]) == ("churn.ipynb", None)
    await packaged()
    found = (await client("GET", "inspection", params={"path": "churn.ipynb"})).body
    assert found["unchanged"] == {"name": "churn", "version": "1.0.0"}
    write("churn.ipynb", cells=2)
    found = (await client("GET", "inspection", params={"path": "churn.ipynb"})).body
    assert found["unchanged"] is None
    assert calls("run") == []


async def test_inspection_survives_its_process(client, write):
    write("bad.ipynb", end="die")
    write("bug.ipynb", end="bug", log="canary-77")
    write("good.ipynb")
    bad = await client("GET", "inspection", params={"path": "bad.ipynb"})
    assert (bad.status, bad.body["error"]["code"]) == (502, "BACKEND_ERROR")
    bug = await client("GET", "inspection", params={"path": "bug.ipynb"})
    assert (bug.status, bug.body["error"]["code"]) == (502, "BUG")
    assert "canary" not in json.dumps(bug.body)
    good = await client("GET", "inspection", params={"path": "good.ipynb"})
    assert good.status == 200


async def test_the_server_answers_while_it_inspects(client, write):
    write("slow.ipynb", seconds=1.5)
    slow = asyncio.ensure_future(client("GET", "inspection", params={"path": "slow.ipynb"}))
    waits = []
    while not slow.done():
        began = time.monotonic()
        await client("GET", "builds")
        waits.append(time.monotonic() - began)
        await asyncio.sleep(0.02)
    assert slow.result().status == 200
    waits.sort()
    print(f"{len(waits)} answers meanwhile, slowest {waits[-1] * 1000:.0f} ms")
    assert waits[-2] < 1.0


async def test_offers_of_a_cluster_that_does_not_answer(client, packaged, monkeypatch, tmp_path):
    place = tmp_path / "kubeconfig"
    monkeypatch.setenv("KUBECONFIG", str(place))
    await packaged()
    query = {"name": "churn", "version": "1.0.0"}
    none = await client("GET", "offers", params=query)
    assert (none.status, none.body["error"]["code"]) == (400, "INVALID_INPUT")
    place.write_text(UNREACHABLE)
    found = await client("GET", "offers", params=query)
    assert found.status == 200 and set(found.body) == set(golden("offers"))
    assert (found.body["namespace"], found.body["pod_defaults"]) == ("lab", [])
    (problem,) = found.body["problems"]
    assert set(problem) == set(golden("offers_refused")["problems"][0])
    assert (problem["what"], problem["code"]) == ("pod_defaults", "BACKEND_UNAVAILABLE")
    gone = await client("GET", "offers", params={**query, "version": "9.9.9"})
    assert (gone.status, gone.body["error"]["code"]) == (404, "PACKAGE_UNKNOWN")
    odd = await client("GET", "offers", params={**query, "backend": "local"})
    assert odd.status == 400


async def test_info(client):
    shown = (await client("GET", "info")).body
    assert set(shown) == set(golden("info"))
    assert {key: set(shown[key]) for key in ("isolation", "kubeflow", "limits")} == {
        key: set(golden("info")[key]) for key in ("isolation", "kubeflow", "limits")
    }
    assert shown["data_dir_free"] > 0


def test_times_are_utc_to_the_millisecond():
    assert wire.moment(None) is None
    assert wire.moment(1795426862.118) == "2026-11-23T09:41:02.118Z"
