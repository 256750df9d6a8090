"""PodDefaults: listed with what they say of themselves, asked for by their labels."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_modelpack.adapters.kubeflow.pod_defaults import PodDefault, labels_of, pod_defaults
from jupyter_modelpack.errors import InvalidInput, NotFound

PATH = "/apis/kubeflow.org/v1alpha1/namespaces/team-risk/poddefaults"


class FakeApi:
    """An API server with some PodDefaults, as it writes them, or without the kind."""

    def __init__(self, *items: dict[str, Any] | None) -> None:
        self.items = items

    def get(self, path: str) -> dict[str, Any]:
        assert path == PATH
        if None in self.items:
            raise NotFound("object", path)
        return {"kind": "PodDefaultList", "items": list(self.items)}


def offer(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "team-risk"}, "spec": spec}


STORE = offer("store", {"desc": "Access the store", "selector": {"matchLabels": {"store": "true"}}})
PIPELINES = offer(
    "access-ml-pipeline", {"selector": {"matchLabels": {"access-ml-pipeline": "true"}}}
)
ODD = offer("odd", {"selector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}})


def test_offers_are_listed_by_name_with_their_description() -> None:
    assert pod_defaults(FakeApi(STORE, ODD, PIPELINES), "team-risk") == (
        PodDefault("access-ml-pipeline", "access-ml-pipeline", {"access-ml-pipeline": "true"}),
        PodDefault("store", "Access the store", {"store": "true"}),
    )


def test_a_cluster_without_kubeflow_has_none() -> None:
    assert pod_defaults(FakeApi(None), "team-risk") == ()


def test_the_chosen_ones_become_labels_and_an_unknown_one_is_refused() -> None:
    offers = pod_defaults(FakeApi(STORE, PIPELINES), "team-risk")
    assert labels_of(["store", "access-ml-pipeline"], offers) == {
        "store": "true",
        "access-ml-pipeline": "true",
    }
    with pytest.raises(InvalidInput) as caught:
        labels_of(["shop"], offers)
    assert caught.value.advice == "There is: access-ml-pipeline, store."
