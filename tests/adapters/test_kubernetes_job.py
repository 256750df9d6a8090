"""A real cluster runs the Job: pulled by digest, as a user who may only compute."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from jupyter_modelpack.adapters.kubernetes.manifest import job_manifest
from jupyter_modelpack.pipeline.spec import PipelineSpec
from tests.adapters.small_image import SmallImage, make_small_image
from tests.judges import push_archive, require_cluster, run_job_on_cluster, skopeo_inspect, tool

pytestmark = pytest.mark.systems


@dataclass(frozen=True)
class Given:
    name: str
    type: str = "list"
    default: Any = None


@dataclass(frozen=True)
class Pushed:
    image: SmallImage
    reference: str


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Pushed:
    cluster = require_cluster()
    tool("skopeo")
    image = make_small_image(tmp_path_factory.mktemp("image"))
    return Pushed(image, push_archive(image.archive, "modelpack-tests/small", cluster.registry))


def manifest(pushed: Pushed, **parameters: Any) -> dict[str, Any]:
    declared = (Given("rows"), Given("label", "str"))
    spec = PipelineSpec(
        display_name="Small Ü", version="1.0.0", image=pushed.reference, parameters=declared
    )
    return job_manifest(spec, parameters=parameters, time_limit=60)


def lines(log: str) -> dict[str, Any]:
    pairs = (line.partition(" ") for line in log.splitlines() if "{" in line)
    return {word: json.loads(rest) for word, _, rest in pairs}


def test_the_registry_holds_the_digest_that_was_made(pushed: Pushed) -> None:
    assert pushed.reference.endswith(f"@{pushed.image.digest}")
    assert skopeo_inspect(f"oci-archive:{pushed.image.archive}")["Digest"] == pushed.image.digest


def test_the_job_runs_and_can_do_nothing_but_compute(pushed: Pushed) -> None:
    label = "$(HOME) $$ $(X) '\"\n"
    asked = manifest(pushed, rows=["a"], label=label)
    phase, log = run_job_on_cluster(asked, pushed.reference)
    assert phase == "Succeeded", log
    found = lines(log)
    assert found["values"]["rows"] == ["a"]
    assert found["values"]["label"] == label
    assert found["facts"] == {
        "uid": 65532,
        "cwd": "/work",
        "root_writable": False,
        "work_writable": True,
        "tmp_writable": True,
        "token": False,
    }


def test_a_failed_check_fails_the_job_once(pushed: Pushed) -> None:
    phase, log = run_job_on_cluster(manifest(pushed, rows=[]), pushed.reference)
    assert phase == "Failed"
    assert log.count("the check in cell 3 failed") == 1
