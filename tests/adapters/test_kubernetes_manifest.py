"""The Job manifest: a pod that may only compute, and YAML that every reader reads alike."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_modelpack.adapters.kubernetes.manifest import job_manifest, render_manifest
from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.pipeline.spec import PipelineSpec, Resources

IMAGE = "modelpack.local/churn@sha256:" + "ab" * 32


@dataclass(frozen=True)
class Given:
    name: str
    type: str = "int"
    default: Any = 1


def spec(**more: Any) -> PipelineSpec:
    parameters = (Given("seed"), Given("label", "str", ""))
    return PipelineSpec(
        display_name="Churn Ü", version="1.0.0", image=IMAGE, parameters=parameters, **more
    )


def pod(manifest: dict[str, Any]) -> Any:
    return manifest["spec"]["template"]["spec"]


def test_the_pod_may_only_compute() -> None:
    found = pod(job_manifest(spec()))
    (container,) = found["containers"]
    assert container["image"] == IMAGE
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert found["securityContext"]["runAsNonRoot"] is True
    assert found["securityContext"]["runAsUser"] == 65532
    assert found["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert found["automountServiceAccountToken"] is False
    assert found["restartPolicy"] == "Never"
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert mounts == {"/work": "work", "/tmp": "tmp"}
    assert {volume["name"]: volume["emptyDir"] for volume in found["volumes"]} == {
        "work": {},
        "tmp": {},
    }


def test_it_runs_once_and_is_cleaned_up() -> None:
    job = job_manifest(spec(), time_limit=90)["spec"]
    assert (job["backoffLimit"], job["ttlSecondsAfterFinished"]) == (0, 86_400)
    assert job["activeDeadlineSeconds"] == 150
    assert job["template"]["spec"]["containers"][0]["args"] == ["run", "--time-limit", "90"]


def test_names_are_labels_and_the_original_is_an_annotation() -> None:
    metadata = job_manifest(spec(labels={"team": "growth"}), namespace="lab")["metadata"]
    assert metadata["name"] == "churn-u-1-0-0"
    assert metadata["namespace"] == "lab"
    assert metadata["labels"]["team"] == "growth"
    assert metadata["labels"]["app.kubernetes.io/version"] == "1.0.0"
    assert metadata["annotations"]["io.github.jupyter-modelpack/name"] == "Churn Ü"


def test_parameters_travel_as_one_argument_that_kubernetes_does_not_expand() -> None:
    given_values = {"seed": 2**70, "label": "$(HOME) $$ '\"\n"}
    arguments = pod(job_manifest(spec(), parameters=given_values))["containers"][0]["args"]
    assert arguments[:2] == ["run", "--parameters"]
    assert len(arguments) == 3
    assert "$(" not in arguments[2].replace("$$", "")
    assert json.loads(arguments[2].replace("$$", "$")) == given_values


def test_a_parameter_that_the_notebook_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(InvalidInput) as caught:
        job_manifest(spec(), parameters={"sede": 1})
    assert str(caught.value) == "Churn Ü has no parameter sede. It has seed, label."


def test_resources_are_asked_for() -> None:
    container = pod(job_manifest(spec(resources=Resources("1", "2Gi"))))["containers"][0]
    assert container["resources"] == {
        "requests": {"cpu": "1", "memory": "2Gi"},
        "limits": {"memory": "2Gi"},
    }


def test_the_kubernetes_client_knows_every_field() -> None:
    from kubernetes import client

    manifest = job_manifest(spec(resources=Resources("1", "2Gi")), namespace="lab", time_limit=9)
    api = client.ApiClient()
    reply = SimpleNamespace(data=json.dumps(manifest))
    job = api.deserialize(reply, "V1Job")
    assert api.sanitize_for_serialization(job) == manifest


def test_yaml_is_the_manifest_and_always_the_same() -> None:
    manifest = job_manifest(spec(), parameters={"label": "1e3"})
    rendered = render_manifest(manifest)
    assert yaml.safe_load(rendered) == manifest
    assert render_manifest(manifest) == rendered
    assert b'"1.0.0"' in rendered
    assert b"kind: Job\n" in rendered


@pytest.mark.parametrize("text", ["1e3", "0o17", "y", "N", "on", "null", "~", "1_000", "0x1f", ""])
def test_texts_that_some_yaml_reader_takes_for_something_else_are_quoted(text: str) -> None:
    assert render_manifest({"key": text}) == f'key: "{text}"\n'.encode()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        st.text(st.characters(exclude_categories=["Cs"])),
    )
)
def test_any_texts_survive_yaml(annotations: dict[str, str]) -> None:
    manifest = job_manifest(spec(annotations=annotations))
    assert yaml.safe_load(render_manifest(manifest)) == manifest
