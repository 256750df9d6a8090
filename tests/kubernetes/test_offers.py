"""What a real cluster offers a run: PodDefaults with their labels, and the volumes of a pod."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from jupyter_modelpack.adapters.kubernetes.api import Api
from jupyter_modelpack.adapters.kubernetes.connection import ClusterSettings, connect
from jupyter_modelpack.adapters.kubernetes.offers import ClusterOffers
from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.services.offers import offered
from jupyter_modelpack.services.runs import RunRequest
from tests.adapters.notebook_image import cell
from tests.kubernetes.clusters import Images, Namespace, kubectl, package_of

pytestmark = pytest.mark.systems
CRD = "poddefaults.kubeflow.org"
KIND = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": CRD},
    "spec": {
        "group": "kubeflow.org",
        "names": {"kind": "PodDefault", "plural": "poddefaults", "singular": "poddefault"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        ],
    },
}
OFFERED = (
    ("access-ml-pipeline", "Allow access to Kubeflow Pipelines", {"access-ml-pipeline": "true"}),
    ("store", "Access the store", {"store": "s3", "example.org/team": "growth"}),
)


@pytest.fixture(scope="module")
def pod_defaults(namespace: Namespace) -> Iterator[None]:
    """The kind, where the cluster lacks it, and two PodDefaults in the namespace."""
    made = not kubectl("get", "crd", CRD, check=False)
    if made:
        kubectl("create", "-f", "-", given=json.dumps(KIND))
        kubectl("wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=60s")
    for name, desc, labels in (
        (
            "access-ml-pipeline",
            "Allow access to Kubeflow Pipelines",
            {"access-ml-pipeline": "true"},
        ),
        ("store", "Access the store", {"store": "s3", "example.org/team": "growth"}),
    ):
        body = {
            "apiVersion": "kubeflow.org/v1alpha1",
            "kind": "PodDefault",
            "metadata": {"name": name, "namespace": namespace.name},
            "spec": {
                "desc": desc,
                "selector": {"matchLabels": labels},
                "env": [{"name": "STORE_KEY", "value": "canary-8841"}],
            },
        }
        until = time.monotonic() + 60  # a new kind is served a moment after it is established
        while not kubectl("apply", "-f", "-", given=json.dumps(body), check=False):
            assert time.monotonic() < until
            time.sleep(0.3)
    yield
    if made:
        kubectl("delete", "crd", CRD, "--timeout=60s", check=False)


def start(shop: Any, **more: Any) -> Any:
    """Ask for a run on the cluster."""
    return shop.runs.start(RunRequest("test", "1.0.0", backend="kubernetes", **more))


def test_pod_defaults_are_listed_and_the_run_carries_their_labels(
    bench: Any, images: Images, namespace: Namespace, pod_defaults: None
) -> None:
    shop = bench(package_of(images.push((cell("answer = 42", "metrics"),))))
    found = offered(shop.elsewhere.offers, "kubernetes", shop.package)
    print(found)
    assert found["namespace"] == namespace.name and found["problems"] == []
    assert [(each["name"], each["description"]) for each in found["pod_defaults"]] == [
        ("access-ml-pipeline", "Allow access to Kubeflow Pipelines"),
        ("store", "Access the store"),
    ]
    with pytest.raises(InvalidInput, match="no PodDefault shop"):
        start(shop, pod_defaults=["shop"])
    run = start(shop, pod_defaults=["access-ml-pipeline", "store"])
    done = shop.ended(run.id)
    assert (done.phase, done.state["metrics"]) == ("Succeeded", {"answer": 42}), done.state
    (pod,) = namespace.get("pods", "-l", f"io.github.jupyter-modelpack/run={run.id}")
    wanted = {"access-ml-pipeline": "true", "store": "s3", "example.org/team": "growth"}
    assert wanted.items() <= pod["metadata"]["labels"].items()
    # what a PodDefault gives is the cluster's to add: nothing of it passes through here
    kept = json.dumps([dict(done.request), dict(done.state), found]) + shop.log(run.id)
    assert "canary-8841" not in kept
    assert "canary-8841" not in json.dumps(namespace.get("jobs,pods"))


def test_who_may_not_see_them_is_told_so_and_what_to_ask_for(
    namespace: Namespace, pod_defaults: None
) -> None:
    if "MODELPACK_TEST_KUBECONFIGS" not in os.environ:
        pytest.skip("no kubeconfigs of people: MODELPACK_TEST_KUBECONFIGS is not set")
    file = f"{os.environ['MODELPACK_TEST_KUBECONFIGS']}/ada.kubeconfig"
    api = Api(connect(ClusterSettings(file, "", namespace.name)))
    try:
        found = offered(ClusterOffers(lambda: api, lambda: None), "kubernetes", None)
    finally:
        api.close()
    (problem,) = found["problems"]
    print(problem)
    assert found["pod_defaults"] == [] and problem["what"] == "pod_defaults"
    assert "may not see the PodDefaults" in problem["message"]
    assert "get and list" in problem["advice"]
