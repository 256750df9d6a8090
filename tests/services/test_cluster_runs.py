"""What a run on a cluster may be asked, before any cluster is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from jupyter_modelpack.adapters.kubeflow.pod_defaults import PodDefault, labels_of
from jupyter_modelpack.errors import BackendError, InvalidInput, ModelPackError
from jupyter_modelpack.pipeline.mount import Mount
from jupyter_modelpack.pipeline.volumes import Placed
from jupyter_modelpack.services.cluster_runs import ClusterRuns
from jupyter_modelpack.services.offers import offered
from jupyter_modelpack.services.runs import RunRequest, ThisMachine

RECORD: dict[str, Any] = {
    "name": "churn",
    "version": "1.0.0",
    "digest": f"sha256:{'ab' * 32}",
    "parameters": [],
    "external": [],
}


class FakeOffers:
    """A cluster with two PodDefaults, which notes where it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refusal: ModelPackError | None = None

    def namespace(self, backend: str, asked: str = "") -> str:
        return asked or f"ns-{backend}"

    def pod_defaults(self, namespace: str) -> list[PodDefault]:
        self.asked.append(namespace)
        if self.refusal:
            raise self.refusal
        return [
            PodDefault("store", "Access the store", {"store": "true"}),
            PodDefault("odd", "Claims to be ours", {"app.kubernetes.io/name": "x"}),
        ]

    def labels(self, names: Sequence[str], namespace: str) -> Mapping[str, str]:
        return labels_of(names, self.pod_defaults(namespace))

    def volumes(self, files: Mapping[str, str], namespace: str) -> Sequence[Placed]:
        mount = Mount("claim", "workspace", "/work/data/big.csv", True, "data/big.csv")
        return [Placed(path, mount, f"{path} is there.") for path in files]

    def node(self, found: Sequence[Placed], namespace: str) -> str:
        return "node-3" if found else ""


def prepared(
    backend: str, options: dict[str, Any], *pod_defaults: str, offers: FakeOffers | None = None
) -> Any:
    runs = ClusterRuns(
        "registry.example.org/team/{name}", lambda: None, lambda: offers or FakeOffers()
    )
    asked = RunRequest(
        "churn", "1.0.0", backend=backend, options=options, pod_defaults=pod_defaults
    )
    return runs.prepare(RECORD, asked)


def test_kubeflow_refuses_what_it_would_ignore() -> None:
    limits = {"limits": {"memory": "2Gi"}}
    with pytest.raises(InvalidInput, match="does not take limits") as caught:
        prepared("kubeflow", limits)
    assert "limit:" in caught.value.advice
    assert prepared("kubernetes", limits)["options"] == limits


def test_kubeflow_mounts_what_its_format_has_words_for() -> None:
    claim = {"name": "workspace", "path": "/work/data", "read_only": False, "sub_path": "raw"}
    config = {"kind": "config_map", "name": "limits", "path": "/work/limits"}
    options = {"mounts": [claim, config]}
    assert prepared("kubeflow", options)["options"] == options
    for wrong, says in (
        ({**claim, "read_only": True}, "cannot mount the claim workspace read-only"),
        ({**config, "sub_path": "key"}, "the config map limits as a whole"),
    ):
        with pytest.raises(InvalidInput, match=says) as caught:
            prepared("kubeflow", {"mounts": [wrong]})
        assert caught.value.details["field"] == "options.mounts" and caught.value.advice
        assert prepared("kubernetes", {"mounts": [wrong]})["options"] == {"mounts": [wrong]}


def test_labels_and_the_image_are_taken_by_both() -> None:
    options = {"labels": {"access": "true"}, "image": "other.example.org/churn"}
    for backend in ("kubernetes", "kubeflow"):
        made = prepared(backend, options)
        assert made["image"] == f"other.example.org/churn@{RECORD['digest']}"


def test_what_was_ticked_becomes_labels_on_both_backends() -> None:
    for backend in ("kubernetes", "kubeflow"):
        offers = FakeOffers()
        made = prepared(backend, {"labels": {"team": "growth"}}, "store", offers=offers)
        assert made["options"]["labels"] == {"store": "true", "team": "growth"}
        assert made["pod_defaults"] == ["store"]
        assert offers.asked == [f"ns-{backend}"]
    offers = FakeOffers()
    prepared("kubernetes", {"namespace": "lab"}, "store", offers=offers)
    prepared("kubernetes", {}, offers=offers)
    assert offers.asked == ["lab"]  # and a run that wants none asks nothing


def test_a_pod_default_never_sets_a_label_of_ours_and_an_unknown_one_is_refused() -> None:
    with pytest.raises(InvalidInput, match="labels"):
        prepared("kubernetes", {}, "odd")
    with pytest.raises(InvalidInput, match="no PodDefault shop"):
        prepared("kubernetes", {}, "shop")
    with pytest.raises(InvalidInput, match="no sense for a run on this machine"):
        ThisMachine().prepare(RECORD, RunRequest("churn", "1.0.0", pod_defaults=["store"]))


def test_offers_say_what_could_not_be_asked_beside_what_could() -> None:
    record = {**RECORD, "path": "/home/ada/churn.ipynb", "external": [{"path": "data/big.csv"}]}
    found = offered(FakeOffers(), "kubernetes", record)
    assert [each["name"] for each in found["pod_defaults"]] == ["store", "odd"]
    assert found["options"] == {
        "mounts": [
            {
                "kind": "claim",
                "name": "workspace",
                "path": "/work/data/big.csv",
                "read_only": True,
                "sub_path": "data/big.csv",
            }
        ],
        "node_selector": {"kubernetes.io/hostname": "node-3"},
    }
    refused = FakeOffers()
    refused.refusal = BackendError("You may not see them.", advice="Ask.", status=403)
    found = offered(refused, "kubernetes", record)
    assert found["pod_defaults"] == [] and found["options"]
    assert found["problems"] == [
        {
            "what": "pod_defaults",
            "code": "BACKEND_ERROR",
            "message": "You may not see them.",
            "advice": "Ask.",
        }
    ]
