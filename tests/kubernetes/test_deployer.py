"""The deployer on a real cluster: two namespaces as two environments, drift, order and rollback."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from jupyter_modelpack.adapters.deployers import find_deployer
from jupyter_modelpack.adapters.deployers.kubernetes import KubernetesDeployer
from jupyter_modelpack.errors import BackendError, Conflict, GateNotSatisfied, InvalidInput
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.event import Deploy
from tests.adapters.notebook_image import cell
from tests.kubernetes.clusters import Images, Namespace, kubectl, package_of

pytestmark = pytest.mark.systems
ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: deployer}
rules:
  - {apiGroups: [""], resources: [configmaps, services], verbs: [get, create, patch]}
  - {apiGroups: [batch], resources: [jobs, cronjobs], verbs: [get, create, patch]}
  - {apiGroups: [apps], resources: [deployments], verbs: [get, create, patch]}
  - {apiGroups: [""], resources: [pods], verbs: [get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reviewers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: deployer}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: reviewers}]
"""


@pytest.fixture(scope="module")
def production() -> Iterator[Namespace]:
    made = Namespace()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def digests(images: Images) -> tuple[Digest, Digest]:
    stay = "import time\nprint('{}')\nwhile True: time.sleep(1)"
    first, second = (images.push((cell(stay.format(word)),)) for word in ("first", "second"))
    return first, second


def order(
    digest: Digest, generation: int, environment: str = "staging", attempt: int = 1
) -> Deploy:
    return Deploy(
        f"p{generation}", attempt, generation, "churn", f"1.{generation}.0", digest, environment
    )


def deployer(
    folder: Path, images: Images, namespace: Namespace, user: str = "", **more: Any
) -> KubernetesDeployer:
    entry = {"namespace": namespace.name, "image": images.repository, "wait_seconds": 60, **more}
    if user:
        entry["kubeconfig"] = f"{os.environ['MODELPACK_TEST_KUBECONFIGS']}/{user}.kubeconfig"
    folder.mkdir(exist_ok=True)
    (folder / "clusters.yaml").write_text(
        yaml.safe_dump({"environments": {"staging": entry, "production": entry}})
    )
    found = find_deployer("kubernetes", folder)
    assert isinstance(found, KubernetesDeployer)
    return found


def test_a_service_is_rolled_out_drifts_and_is_rolled_back(
    tmp_path: Path, images: Images, namespace: Namespace, digests: tuple[Digest, Digest]
) -> None:
    first, second = digests
    shop = deployer(tmp_path, images, namespace, kind="deployment", arguments=["run"], owner="ada")
    record = package_of(first)
    shop.deploy(order(first, 1), record, {})
    (found,) = namespace.get("deployments")
    assert found["spec"]["template"]["spec"]["containers"][0]["image"].endswith(str(first))
    annotations = found["metadata"]["annotations"]
    assert annotations["io.github.jupyter-modelpack/release"] == "churn 1.1.0"
    assert annotations["io.github.jupyter-modelpack/promotion"] == "p1"
    assert annotations["io.github.jupyter-modelpack/owner"] == "ada"
    assert [s["metadata"]["name"] for s in namespace.get("services")] == ["churn"]
    assert shop.drift(order(first, 1), record) == ""

    kubectl("-n", namespace.name, "scale", "deployment/churn", "--replicas=0")
    said = shop.drift(order(first, 1), record)
    print(said)
    assert "Deployment churn was changed" in said and "spec.replicas" in said

    shop.deploy(order(second, 2), record, {})
    assert shop.drift(order(second, 2), record) == ""
    with pytest.raises(Conflict, match="later release"):
        shop.deploy(order(first, 1), record, {})
    shop.deploy(order(first, 3), record, {})  # a rollback is the former digest, later
    (found,) = namespace.get("deployments")
    assert found["spec"]["template"]["spec"]["containers"][0]["image"].endswith(str(first))
    assert found["status"]["observedGeneration"] >= found["metadata"]["generation"] - 1
    marker = namespace.get("configmaps", "-l", "app.kubernetes.io/managed-by=jupyter-modelpack")[0]
    assert marker["data"]["digest"] == str(first)
    kubectl("-n", namespace.name, "delete", "deployment", "churn", "--wait=false")
    until = time.monotonic() + 30
    while "is gone" not in shop.drift(order(first, 3), record):
        assert time.monotonic() < until
        time.sleep(0.2)


def test_a_cron_job_is_applied_in_the_version_that_the_cluster_has(
    tmp_path: Path, images: Images, namespace: Namespace, digests: tuple[Digest, Digest]
) -> None:
    shop = deployer(tmp_path, images, namespace, kind="cronjob", schedule="0 3 1 1 *")
    shop.deploy(order(digests[0], 7), package_of(digests[0]), {})
    (found,) = json.loads(kubectl("-n", namespace.name, "get", "cronjobs", "-o", "json"))["items"]
    print(found["apiVersion"])
    pod = found["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"].endswith(str(digests[0]))
    kubectl(
        "-n", namespace.name, "patch", "cronjob", "churn", "-p", '{"spec":{"schedule":"1 1 1 1 *"}}'
    )
    assert "spec.schedule" in shop.drift(order(digests[0], 7), package_of(digests[0]))


def test_a_job_that_fails_is_a_no(tmp_path: Path, images: Images, namespace: Namespace) -> None:
    digest = images.push((cell("assert False, 'too bad'", "check"),))
    shop = deployer(tmp_path, images, namespace, kind="job")
    with suppress(GateNotSatisfied):  # a job that is seen at work is taken up, which may be brief
        shop.deploy(order(digest, 20), package_of(digest), {})
    mine = ("-n", namespace.name, "get", "jobs", "-l", "app.kubernetes.io/managed-by")
    until = time.monotonic() + 60
    while not kubectl(*mine, "-o", "jsonpath={.items[*].status.failed}").strip():
        assert time.monotonic() < until
        time.sleep(0.3)
    with pytest.raises(GateNotSatisfied, match="failed"):
        shop.deploy(order(digest, 20), package_of(digest), {})


def test_an_image_that_is_not_there_is_said(
    tmp_path: Path, images: Images, namespace: Namespace
) -> None:
    digest = Digest.parse("sha256:" + "ab" * 32)
    shop = deployer(tmp_path, images, namespace, kind="job", wait_seconds=6)
    with pytest.raises(GateNotSatisfied, match="registry does not have the image"):
        shop.deploy(order(digest, 30), package_of(digest), {})


def test_rita_may_deploy_to_production_and_ada_may_not(
    tmp_path: Path, images: Images, production: Namespace, digests: tuple[Digest, Digest]
) -> None:
    if "MODELPACK_TEST_KUBECONFIGS" not in os.environ:
        pytest.skip("no kubeconfigs of people: MODELPACK_TEST_KUBECONFIGS is not set")
    kubectl("-n", production.name, "apply", "-f", "-", given=ROLE)
    more = {"kind": "deployment", "arguments": ["run"]}
    ada = deployer(tmp_path / "ada", images, production, "ada", **more)
    with pytest.raises(BackendError, match="forbidden"):
        ada.deploy(order(digests[0], 1, "production"), package_of(digests[0]), {})
    assert production.get("deployments") == []
    rita = deployer(tmp_path / "rita", images, production, "rita", **more)
    rita.deploy(order(digests[0], 1, "production"), package_of(digests[0]), {})
    (found,) = production.get("deployments")
    assert found["metadata"]["labels"]["io.github.jupyter-modelpack/environment"] == "production"


def test_what_the_file_says_wrong_is_named(tmp_path: Path) -> None:
    for content, said in (
        ("environments: {}", "does not say where staging is"),
        ("environments: {staging: {namespace: x, image: y, kind: pod}}", "kind is one of"),
        ("environments: {staging: {namespace: x, image: y, token: canary}}", "no setting token"),
        ("environments: {staging: {namespace: x, image: y, kind: cronjob}}", "without a schedule"),
        ("[", "cannot be read"),
    ):
        (tmp_path / "clusters.yaml").write_text(content)
        with pytest.raises(InvalidInput) as caught:
            found = find_deployer("kubernetes", tmp_path)
            found.deploy(order(Digest.parse("sha256:" + "ab" * 32), 1), {}, {})
        assert said in str(caught.value) and "canary" not in str(caught.value)
