"""A deployment that could never work is refused before anything is asked of a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from promoting import YOU, open_world

from jupyter_modelpack.adapters.deployers import find_deployer
from jupyter_modelpack.adapters.deployers.clusters import FILE, read_targets
from jupyter_modelpack.adapters.deployers.workload import workloads
from jupyter_modelpack.cli.main import main
from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.event import Deploy
from jupyter_modelpack.services.promotions import Wish

PLACE = {"namespace": "churn", "image": "registry.example.org/team/{name}"}


def written(folder: Path, **more: Any) -> Path:
    folder.mkdir(exist_ok=True)
    places = {"environments": {"dev": {**PLACE, **more}}}
    (folder / FILE).write_text(yaml.safe_dump(places))
    return folder / FILE


@pytest.mark.parametrize("arguments", [None, [], "serve"])
def test_a_deployment_without_arguments_is_refused(tmp_path: Path, arguments: Any) -> None:
    more = {} if arguments is None else {"arguments": arguments}
    file = written(tmp_path, kind="deployment", **more)
    with pytest.raises(InvalidInput) as refused:
        read_targets(file)
    assert refused.value.details["field"] == "dev.arguments"
    assert "dev is a deployment without arguments" in refused.value.message
    assert "Set kind to job or cronjob, or set arguments" in refused.value.advice
    for kind in ({}, {"kind": "cronjob", "schedule": "0 3 * * *"}):
        assert read_targets(written(tmp_path, **kind))["dev"].arguments == ()


def test_a_promotion_is_refused_when_it_is_asked_for(tmp_path: Path) -> None:
    written(tmp_path / "deploy", kind="deployment")
    world = open_world(tmp_path / "data", deployer=find_deployer("kubernetes", tmp_path / "deploy"))
    world.package("1.0.0")
    with pytest.raises(InvalidInput, match="without arguments"):
        world.promotions.ask(Wish("churn", "1.0.0", "dev", "because"), YOU)
    assert world.promotions.list("churn") == ()
    assert not [r for r in world.ledger.audit.rows() if r["promotion"]]
    world.ledger.close()


@pytest.mark.parametrize("named", [True, False])
def test_doctor_says_it(tmp_path: Path, capsys: pytest.CaptureFixture[str], named: bool) -> None:
    folder = tmp_path / ("deploy" if named else "environments")
    more = ["--folder", str(folder)] if named else []
    for entry, ok in (({"kind": "deployment"}, False), ({}, True)):
        written(folder, **entry)
        main(["doctor", "--json", "--data-dir", str(tmp_path), *more])
        checks = json.loads(capsys.readouterr().out)["checks"]
        [found] = [check for check in checks if check["name"] == "deployments"]
        assert found["ok"] == ok, found
    assert "dev (job)" in found["sentence"]


def test_doctor_says_nothing_of_deployments_where_there_are_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["doctor", "--json", "--data-dir", str(tmp_path)])
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert "deployments" not in {check["name"] for check in checks}


@pytest.mark.parametrize(
    ("setting", "value"), [("ready_path", "ready"), ("live_path", "live"), ("probe_port", 70_000)]
)
def test_a_probe_that_cannot_be_made_is_refused(
    tmp_path: Path, setting: str, value: object
) -> None:
    file = written(tmp_path, kind="deployment", arguments=["answer"], **{setting: value})
    with pytest.raises(InvalidInput, match=setting) as refused:
        read_targets(file)
    assert refused.value.details["field"] == f"dev.{setting}" and refused.value.advice


def container(file: Path) -> dict[str, Any]:
    target = read_targets(file)["dev"]
    order = Deploy("p", 1, 1, "churn", "1.0.0", Digest.of(b"x"), "dev")
    deployment, service = workloads(order, target, {"parameters": []}, "batch/v1")
    assert [deployment["kind"], service["kind"]] == ["Deployment", "Service"]
    found: dict[str, Any] = deployment["spec"]["template"]["spec"]["containers"][0]
    return found


def test_probes_are_made_where_their_paths_are_set(tmp_path: Path) -> None:
    more = {"kind": "deployment", "arguments": ["answer", "requests"]}
    plain = container(written(tmp_path, **more))
    assert plain["args"] == ["answer", "requests"]
    assert not {"readinessProbe", "livenessProbe"} & set(plain)
    paths = {"ready_path": "/ready", "live_path": "/live"}
    both = container(written(tmp_path, **more, **paths))
    assert both["readinessProbe"] == {"httpGet": {"path": "/ready", "port": "http"}}
    assert both["livenessProbe"] == {"httpGet": {"path": "/live", "port": "http"}}
    elsewhere = container(written(tmp_path, **more, **paths, probe_port=8081))
    assert elsewhere["livenessProbe"]["httpGet"]["port"] == 8081
