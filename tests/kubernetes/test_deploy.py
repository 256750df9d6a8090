"""The kustomization in ``deploy/``: what the API server says to it, and that it holds no secret."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from jupyter_modelpack.adapters.deployers.clusters import read_targets
from jupyter_modelpack.service.app import ReleaseService
from tests.kubernetes.clusters import Namespace, kubectl

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.mark.systems
def test_the_api_server_accepts_all_of_it(tmp_path: Path, namespace: Namespace) -> None:
    place = tmp_path / "deploy"
    shutil.copytree(DEPLOY, place)
    for file in ("kustomization.yaml", "rbac.yaml"):
        text = (place / file).read_text()
        (place / file).write_text(
            text.replace("namespace: modelpack", f"namespace: {namespace.name}")
        )
    said = kubectl("apply", "--dry-run=server", "-k", str(place))
    print(said)
    kinds = {line.partition("/")[0].partition(".")[0] for line in said.splitlines()}
    assert kinds == {
        "serviceaccount", "role", "rolebinding", "persistentvolumeclaim", "service", "deployment",
        "configmap",
    }  # fmt: skip
    made = yaml.safe_load_all(kubectl("kustomize", str(place)))
    deployment = next(each for each in made if each["kind"] == "Deployment")
    _restricted(deployment["spec"]["template"]["spec"])


def _restricted(pod: Any) -> None:
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
    assert [each["name"] for each in container["env"] if "valueFrom" in each] == ["PGPASSWORD"]


def test_its_settings_are_those_that_the_service_has() -> None:
    loaded = PyFileConfigLoader("service_config.py", path=str(DEPLOY)).load_config()
    assert isinstance(loaded, Config)
    known = ReleaseService.class_traits(config=True)
    assert set(loaded.ReleaseService) <= set(known)
    assert read_targets(DEPLOY / "clusters.yaml")["staging"].kind == "cronjob"


def test_it_holds_no_secret() -> None:
    for file in DEPLOY.iterdir():
        text = file.read_text()
        assert "kind: Secret" not in text and "PRIVATE KEY" not in text, file
