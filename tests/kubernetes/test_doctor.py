"""``doctor --cluster`` on a real cluster: rights, registry from both sides, what is installed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_modelpack.adapters.kubernetes.connection import ClusterSettings
from jupyter_modelpack.adapters.kubernetes.diagnosis import RIGHTS, diagnose_cluster
from tests.adapters.notebook_image import cell
from tests.kubernetes.clusters import Images, Namespace, kubectl

pytestmark = pytest.mark.systems


def test_everything_is_there(images: Images, namespace: Namespace) -> None:
    image = f"{images.repository}@{images.push((cell('x = 1'),))}"
    checks = {each.name: each for each in diagnose_cluster(_settings(namespace), image)}
    for each in checks.values():
        print(each.ok, each.sentence)
    assert checks["cluster"].ok and "Kubernetes v1" in checks["cluster"].sentence
    assert checks["rights"].ok and checks["registry"].ok
    assert checks["pull"].ok, checks["pull"]
    kubeflow = bool(kubectl("get", "crd", "poddefaults.kubeflow.org", check=False))
    assert checks["poddefaults"].ok == kubeflow and (kubeflow or checks["poddefaults"].advice)


def test_an_image_that_is_not_there_is_said(images: Images, namespace: Namespace) -> None:
    image = f"{images.repository}@sha256:{'ab' * 32}"
    (pull,) = [
        each for each in diagnose_cluster(_settings(namespace), image) if each.name == "pull"
    ]
    assert not pull.ok and "does not have the image" in pull.sentence


def test_each_missing_verb_is_a_line_with_the_rule_that_grants_it(
    namespace: Namespace, tmp_path: Path
) -> None:
    if "MODELPACK_TEST_KUBECONFIGS" not in os.environ:
        pytest.skip("no kubeconfigs of people: MODELPACK_TEST_KUBECONFIGS is not set")
    file = f"{os.environ['MODELPACK_TEST_KUBECONFIGS']}/ben.kubeconfig"
    checks = list(diagnose_cluster(ClusterSettings(file, "", namespace.name)))
    missing = [each for each in checks if each.name.startswith("may ")]
    assert len(missing) == sum(len(verbs) for _, _, verbs in RIGHTS)
    rules = "".join(each.advice.partition("grants it: ")[2] + "\n" for each in missing)
    metadata = f"metadata: {{name: ben, namespace: {namespace.name}}}"
    head = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n"
    kubectl("apply", "-f", "-", given=f"{head}{metadata}\nrules:\n{rules}")
    kubectl("-n", namespace.name, "create", "rolebinding", "ben", "--role=ben", "--user=ben")
    assert {each.name: each.ok for each in diagnose_cluster(
        ClusterSettings(file, "", namespace.name))}["rights"] is True  # fmt: skip


def test_no_cluster_is_one_sentence(tmp_path: Path) -> None:
    (check,) = diagnose_cluster(ClusterSettings(str(tmp_path / "none")))
    assert not check.ok and check.advice and "No Kubernetes cluster is configured" in check.sentence


def _settings(namespace: Namespace) -> ClusterSettings:
    return ClusterSettings(os.environ["KUBECONFIG"], "", namespace.name)
