"""What a real cluster offers a run: PodDefaults with their labels, and the volumes of a pod."""

from __future__ import annotations

import hashlib
import json
import os
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
OFFERED = (
    ("access-ml-pipeline", "Allow access to Kubeflow Pipelines", {"access-ml-pipeline": "true"}),
    ("store", "Access the store", {"store": "s3", "example.org/team": "growth"}),
)


class Listed:
    """The real cluster, with a list of PodDefaults where it has no such kind.

    No custom objects are made here: API servers of 1.20 that were built by a newer Go than theirs
    (as the one of these tests was) end when they read one.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self.connection = api.connection

    def get(self, path: str, **params: Any) -> Any:
        """Answer for the list, and ask the cluster for everything else."""
        if not path.endswith("/poddefaults"):
            return self._api.get(path, **params)
        items: list[dict[str, Any]] = []
        for name, desc, labels in OFFERED:
            spec: dict[str, Any] = {"desc": desc, "selector": {"matchLabels": labels}}
            spec["env"] = [{"name": "STORE_KEY", "value": "canary-8841"}]
            items.append({"metadata": {"name": name}, "spec": spec})
        return {"kind": "PodDefaultList", "items": items}

    def close(self) -> None:
        """Close the connection."""
        self._api.close()


def start(shop: Any, **more: Any) -> Any:
    """Ask for a run on the cluster."""
    return shop.runs.start(RunRequest("test", "1.0.0", backend="kubernetes", **more))


def test_pod_defaults_are_listed_and_the_run_carries_their_labels(
    bench: Any, images: Images, namespace: Namespace
) -> None:
    shop = bench(package_of(images.push((cell("answer = 42", "metrics"),))))
    settings = ClusterSettings(namespace=namespace.name)
    shop.elsewhere._api = Listed(Api(connect(settings)))
    found = offered(shop.elsewhere.offers, "kubernetes", shop.package)
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


def test_who_may_not_see_them_is_told_so_and_what_to_ask_for(namespace: Namespace) -> None:
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


def test_data_on_the_volumes_of_a_pod_is_mounted_the_same_way_and_known_by_its_digest(
    bench: Any, images: Images, namespace: Namespace
) -> None:
    made = ("-n", namespace.name, "create", "configmap", "limits")
    kubectl(*made, "--from-literal=limits.txt=canary-2207 seven")
    mounts = [
        {"name": "words", "mountPath": "/home/jovyan/data/deep"},
        {"name": "workspace", "mountPath": "/home/jovyan", "subPath": "ada"},
    ]
    spec = {
        "nodeSelector": {"no-node": "has-this"},  # only what it says of itself is of interest
        "containers": [{"name": "nb", "image": images.repository, "volumeMounts": mounts}],
        "volumes": [
            {"name": "words", "configMap": {"name": "limits"}},
            {"name": "workspace", "persistentVolumeClaim": {"claimName": "workspace-ada"}},
        ],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "notebook-ada-0"}, "spec": spec}
    kubectl("-n", namespace.name, "create", "-f", "-", given=json.dumps(pod))

    cells = (
        cell("read = open('data/deep/limits.txt').read().endswith('seven')", "metrics"),
        cell("beside = open('data/deep/small.txt').read() == 'packaged'", "metrics"),
        cell("open('data/deep/made.txt', 'w').write('x')"),
    )
    path = "data/deep/limits.txt"
    digest = images.push(cells, files={"data/deep/small.txt": b"packaged"}, inputs=[path])
    package = {
        **package_of(digest),
        "path": "/home/jovyan/churn.ipynb",
        "external": [{"path": path, "size": 17, "cell": 1}],
        "inputs": [{"path": path, "size": 5, "digest": f"sha256:{'0' * 64}", "note": ""}],
    }
    shop = bench(package)
    offers = ClusterOffers(
        lambda: shop.elsewhere.backends["kubernetes"].api,
        lambda: (namespace.name, "notebook-ada-0"),
    )
    there = offers.volumes({"big.csv": "/home/jovyan/big.csv"}, namespace.name)
    assert there[0].mount is not None
    assert (there[0].mount.name, there[0].mount.sub_path) == ("workspace-ada", "ada/big.csv")
    found = offered(offers, "kubernetes", package)
    assert found["volumes"][0]["sentence"] == f"{path} comes from the config map limits."
    with pytest.raises(InvalidInput, match="is not on the cluster"):
        start(shop)
    run = start(shop, options=found["options"])
    done = shop.ended(run.id)
    assert done.phase == "Succeeded", (done.state, shop.log(run.id))
    assert done.state["metrics"] == {"read": True, "beside": True}
    (seen,) = done.state["inputs"]
    content = hashlib.sha256(b"canary-2207 seven").hexdigest()
    assert (seen["path"], seen["digest"]) == (path, f"sha256:{content}")
    assert done.state["data_changed"] == f"{path} changed since test 1.0.0 was made."
    jobs = json.dumps(namespace.get("jobs,pods"))
    assert "canary-2207" not in jobs + json.dumps([dict(done.request), dict(done.state), found])
    with pytest.raises(InvalidInput, match="volumes are in"):
        offers.volumes({"big.csv": "/home/jovyan/big.csv"}, "another")
