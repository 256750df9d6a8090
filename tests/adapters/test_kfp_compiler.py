"""The compiled pipeline: typed, by digest, the same every time, and deaf to hostile texts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_modelpack.adapters.kubeflow.compiler import compile_pipeline, compiler_available
from jupyter_modelpack.errors import BackendUnavailable
from jupyter_modelpack.pipeline.mount import Mount
from jupyter_modelpack.pipeline.spec import WORK_DIRECTORY, PipelineSpec, Resources

IMAGE = "modelpack.local/churn@sha256:" + "ab" * 32
HOSTILE = [
    "a\nroot:\n  evil: 1",
    "\u2028x: 1",
    "\x85x: 1",
    "a\rb: 1",
    "---\n",
    "\0",
    "\x1b[2J",
    "'; touch here; '",
    '"$(touch here)"',
    "`touch here`",
    "--time-limit",
    "${HOME}",
    "a'\"\\b#: ,[]{}&*!|>%@",
]


@dataclass(frozen=True)
class Given:
    name: str
    type: str
    default: Any


def spec(*parameters: Given, name: str = "Churn", **more: Any) -> PipelineSpec:
    return PipelineSpec(
        display_name=name, version="1.0.0", image=IMAGE, parameters=parameters, **more
    )


def compiled(*parameters: Given, **more: Any) -> Any:
    return yaml.safe_load(compile_pipeline(spec(*parameters, **more)))


def container(protocol: Any) -> Any:
    return protocol["deploymentSpec"]["executors"]["exec-run-notebook"]["container"]


def test_parameters_are_typed_and_have_their_defaults() -> None:
    protocol = compiled(
        Given("seed", "int", 7),
        Given("rate", "float", 0.5),
        Given("label", "str", "east"),
        Given("quick", "bool", True),
        Given("rows", "list", [1, 2]),
        Given("options", "dict", {"depth": 3}),
        Given("depth", "none", None),
    )
    found = protocol["root"]["inputDefinitions"]["parameters"]
    assert {name: (p["parameterType"], p["defaultValue"]) for name, p in found.items()} == {
        "seed": ("NUMBER_INTEGER", 7),
        "rate": ("NUMBER_DOUBLE", 0.5),
        "label": ("STRING", "east"),
        "quick": ("BOOLEAN", True),
        "rows": ("LIST", [1, 2]),
        "options": ("STRUCT", {"depth": 3}),
        "depth": ("STRING", ""),
    }
    assert all(p["isOptional"] for p in found.values())
    assert protocol["components"]["comp-run-notebook"]["inputDefinitions"]["parameters"] == found


def test_one_step_runs_the_image_by_digest_and_gives_metrics_and_the_notebook() -> None:
    protocol = compiled(Given("seed", "int", 7))
    step = container(protocol)
    assert step["image"] == IMAGE
    assert step["command"] == ["/opt/python/bin/python3", "/opt/modelpack"]
    assert step["args"] == [
        *("run", "--executor-input", "{{$}}"),
        *("--metrics", "{{$.outputs.artifacts['metrics'].path}}"),
        *("--executed-notebook", "{{$.outputs.artifacts['executed_notebook'].path}}"),
    ]
    outputs = protocol["root"]["outputDefinitions"]["artifacts"]
    titles = {name: output["artifactType"]["schemaTitle"] for name, output in outputs.items()}
    assert titles == {"metrics": "system.Metrics", "executed_notebook": "system.Artifact"}
    (task,) = protocol["root"]["dag"]["tasks"].values()
    assert not task["cachingOptions"].get("enableCache")


def test_variables_that_kubeflow_cannot_name_are_mapped() -> None:
    protocol = compiled(Given("größe", "int", 1), Given("metrics", "int", 2))
    assert set(protocol["root"]["inputDefinitions"]["parameters"]) == {"groe", "metrics_2"}
    assert yaml.safe_load(container(protocol)["args"][-1]) == {
        "groe": "größe",
        "metrics_2": "metrics",
    }


def test_resources_are_asked_for() -> None:
    step = container(compiled(resources=Resources(cpu="500m", memory="2Gi")))
    assert step["resources"]["resourceCpuRequest"] == "500m"
    assert step["resources"]["resourceMemoryLimit"] == "2Gi"


def test_the_same_spec_gives_the_same_bytes_in_any_process() -> None:
    asked = spec(Given("seed", "int", 7), Given("rows", "list", ["a"]))
    here = [compile_pipeline(asked) for _ in range(3)]
    program = (
        "import sys\n"
        "from types import SimpleNamespace as P\n"
        "from jupyter_modelpack.adapters.kubeflow.compiler import compile_pipeline\n"
        "from jupyter_modelpack.pipeline.spec import PipelineSpec\n"
        "ps = (P(name='seed', type='int', default=7), P(name='rows', type='list', default=['a']))\n"
        f"about = dict(display_name='Churn', version='1.0.0', image={IMAGE!r})\n"
        "spec = PipelineSpec(**about, parameters=ps)\n"
        "assert 'kfp' not in sys.modules, 'kfp must be imported only where it is used'\n"
        "sys.stdout.buffer.write(compile_pipeline(spec))\n"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout
    assert {*here, there} == {here[0]}


@pytest.mark.parametrize("text", HOSTILE)
def test_a8_no_text_leaves_its_place(text: str) -> None:
    plain = compiled(Given("label", "str", "x"))
    protocol = compiled(Given("label", "str", text), name=f"churn {text}")
    assert set(protocol) == set(plain)
    assert protocol["root"]["inputDefinitions"]["parameters"]["label"]["defaultValue"] == text
    assert container(protocol) == container(plain)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: "{{" not in text))
def test_any_text_survives_as_default_and_key(text: str) -> None:
    protocol = compiled(Given("label", "str", text), Given("options", "dict", {text: [text]}))
    found = protocol["root"]["inputDefinitions"]["parameters"]
    assert found["label"]["defaultValue"] == text
    assert found["options"]["defaultValue"] == {text: [text]}


def test_kfp_itself_reads_the_pipeline() -> None:
    from kfp import components

    text = compile_pipeline(spec(Given("seed", "int", 7))).decode("utf-8")
    loaded = components.load_component_from_text(text)
    assert list(loaded.component_spec.inputs or {}) == ["seed"]
    assert set(loaded.component_spec.outputs or {}) == {"metrics", "executed_notebook"}


def test_without_kfp_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiler_available()
    monkeypatch.setitem(sys.modules, "kfp", None)
    with pytest.raises(BackendUnavailable) as caught:
        compile_pipeline(spec())
    assert "pip install 'jupyter-modelpack[kubeflow]'" in caught.value.advice


def test_a_notebook_of_one_step_sees_what_its_run_mounts() -> None:
    claim = Mount("claim", "workspace", f"{WORK_DIRECTORY}/data", False)
    spec = PipelineSpec(display_name="Churn", version="1.0.0", image=IMAGE, mounts=(claim,))
    protocol, platform = yaml.safe_load_all(compile_pipeline(spec))
    (executor,) = protocol["deploymentSpec"]["executors"].values()
    assert executor["container"]["env"] == [
        {"name": "MODELPACK_MOUNTS", "value": f'["{WORK_DIRECTORY}/data"]'}
    ]
    (asked,) = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values()
    assert asked["pvcMount"][0]["mountPath"] == f"{WORK_DIRECTORY}/data"
    assert asked["pvcMount"][0]["pvcNameParameter"]["runtimeValue"]["constant"] == "workspace"
