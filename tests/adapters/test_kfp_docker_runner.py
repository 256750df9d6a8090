"""kfp's own local DockerRunner runs what we compile, on a real container engine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.adapters.kubeflow.compiler import compile_pipeline
from jupyter_modelpack.pipeline.spec import PipelineSpec
from tests.adapters.small_image import SmallImage, make_small_image
from tests.judges import ComponentRun, require_engine, run_component_with_docker_runner

pytestmark = pytest.mark.systems
HOSTILE = 'a\' "b" $(touch here) `id` ; \n --time-limit=0'


@dataclass(frozen=True)
class Given:
    name: str
    type: str
    default: Any


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> SmallImage:
    require_engine()
    return make_small_image(tmp_path_factory.mktemp("image"))


def run(image: SmallImage, scratch: Path, **arguments: Any) -> ComponentRun:
    parameters = (
        Given("rate", "float", 0.5),
        Given("rows", "list", ["a", "b"]),
        Given("label", "str", "none"),
        Given("größe", "int", 2**60),
        Given("depth", "none", None),
    )
    spec = PipelineSpec(
        display_name="Small", version="1.0.0", image=image.reference, parameters=parameters
    )
    return run_component_with_docker_runner(
        compile_pipeline(spec), image.archive, arguments, scratch
    )


def test_the_component_runs_by_digest_with_its_defaults(image: SmallImage, tmp_path: Path) -> None:
    done = run(image, tmp_path)
    assert done.succeeded, done.log
    assert image.digest in done.log
    assert done.outputs["metrics"].metadata == {"gain": 1.0}
    assert json.loads(Path(done.outputs["metrics"].path).read_text()) == {"gain": 1.0}
    notebook = json.loads(Path(done.outputs["executed_notebook"].path).read_text())
    defaults = {"rate": 0.5, "rows": ["a", "b"], "label": "none", "größe": 2**60, "depth": None}
    assert notebook["metadata"]["values"] == defaults


def test_a8_values_arrive_as_they_were_given(image: SmallImage, tmp_path: Path) -> None:
    done = run(image, tmp_path, rate=2.0, rows=["x", HOSTILE], label=HOSTILE, depth="4")
    assert done.succeeded, done.log
    assert done.outputs["metrics"].metadata == {"gain": 4.0}
    notebook = json.loads(Path(done.outputs["executed_notebook"].path).read_text())
    values = notebook["metadata"]["values"]
    assert (values["label"], values["rows"]) == (HOSTILE, ["x", HOSTILE])
    assert (values["depth"], values["größe"]) == (4, 2**60)
    assert '"uid": 65532' in done.log


def test_a_failed_check_fails_the_component_and_says_why(image: SmallImage, tmp_path: Path) -> None:
    done = run(image, tmp_path, rows=[])
    assert not done.succeeded
    assert "the check in cell 3 failed: there are no rows" in done.log
