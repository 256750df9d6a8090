"""Results that are too large for a log, left by the pod in a registry with TLS and a login."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.notebook_image import cell
from tests.kubernetes.clusters import Images, Namespace, kubectl, package_of
from tests.registry.certificates import make_certificate
from tests.registry.real import Real, start_real

pytestmark = pytest.mark.systems

PASSWORD = "correct horse"
# htpasswd knows only bcrypt, which no library that the tests have can make
HTPASSWD = "ada:$2b$06$abcdefghijklmnopqrstuud/5IuQmqhVO0kfNEbHJM.fJkPiliBzC\n"
MIB = 12
CELLS = (
    cell("size = 0", "parameters"),
    cell(
        "import hashlib, os\n"
        "content = os.urandom(size << 20)\n"
        "open('model.bin', 'wb').write(content)\n"
        "open('small.txt', 'w').write('small')\n"
        "begins = int(hashlib.sha256(content).hexdigest()[:12], 16)",
        "metrics",
    ),
)
SIZE = {"size": 0}


@dataclass(frozen=True)
class Place:
    registry: Real
    settings: dict[str, Any]

    def files(self, run: str) -> dict[str, str]:
        """Return path -> digest of what the registry has of a run, as skopeo sees it."""
        done = subprocess.run(
            ["skopeo", "inspect", "--raw", "--tls-verify=false", "--creds", f"ada:{PASSWORD}",
             f"docker://{self.registry.host}/runs/test:{run}"],
            check=True, capture_output=True,
        )  # fmt: skip
        layers = json.loads(done.stdout)["layers"]
        return {
            each["annotations"]["org.opencontainers.image.title"]: each["digest"] for each in layers
        }


@pytest.fixture(scope="module")
def package(images: Images) -> dict[str, Any]:
    return package_of(images.push(CELLS, parameters=SIZE), SIZE)


def login(namespace: Namespace, name: str, host: str, password: str, ca: Path) -> str:
    """Make a Secret and return its name."""
    pair = base64.b64encode(f"ada:{password}".encode()).decode()
    config = json.dumps({"auths": {host: {"auth": pair}}})
    made = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": name},
        "stringData": {".dockerconfigjson": config, "ca.crt": ca.read_text()},
    }
    kubectl("-n", namespace.name, "apply", "-f", "-", given=json.dumps(made))
    return name


@pytest.fixture
def place(bench: Any, package: Any, namespace: Namespace, tmp_path: Path) -> Iterator[Place]:
    """A registry at the address under which a pod that has run sees this machine."""
    before = bench(package, "before")
    run = before.ended(before.start().id)
    (pod,) = namespace.get("pods", "-l", f"io.github.jupyter-modelpack/run={run.id}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as towards:
        towards.connect((pod["status"]["podIP"], 9))
        address = str(towards.getsockname()[0])
    certificate = make_certificate(tmp_path / "certificate", address)
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    auth = {"htpasswd": {"realm": "runs", "path": str(tmp_path / "htpasswd")}}
    tls = (certificate.certificate_file, certificate.key_file)
    with start_real(tmp_path, auth, tls, address) as real:
        ca = certificate.certificate_file
        login(namespace, "runs-login", real.host, PASSWORD, ca)
        login(namespace, "wrong-login", real.host, "another", ca)
        (tmp_path / "password").write_text(PASSWORD)
        settings = {
            "kubernetes_results": f"{real.host}/runs/{{name}}",
            "kubernetes_results_secret": "runs-login",
            "registry_ca": str(ca),
            "registry_username": "ada",
            "registry_password_file": str(tmp_path / "password"),
        }
        yield Place(real, settings)


def test_a_large_file_comes_back_through_the_registry(
    bench: Any, package: Any, place: Place, namespace: Namespace
) -> None:
    shop = bench(package, **place.settings)
    run = shop.ended(shop.start({"size": MIB}).id)
    assert run.phase == "Succeeded", (run.state, shop.log(run.id))
    print(run.state["left_at"])
    assert run.state["left_at"].keys() == {"artifact"}, run.state["left_at"]
    assert run.state["left_at"]["artifact"].startswith(f"{place.registry.host}/runs/test@sha256:")
    model = (shop.place / "runs" / run.id / "work" / "model.bin").read_bytes()
    assert len(model) == MIB << 20
    sha256 = hashlib.sha256(model).hexdigest()
    assert run.state["metrics"]["begins"] == int(sha256[:12], 16)
    outputs = {each["path"]: each for each in run.state["outputs"]}
    assert outputs["model.bin"] == {"path": "model.bin", "size": MIB << 20}
    assert not (shop.place / "runs" / run.id / "results").exists()
    there = place.files(run.id)
    assert there["model.bin"] == f"sha256:{sha256}"
    assert {".modelpack/result.json", ".modelpack/executed.ipynb", "small.txt"} <= there.keys()
    everything = json.dumps(namespace.get("jobs,pods")) + json.dumps(dict(run.state))
    assert PASSWORD not in everything + shop.log(run.id)


def test_a_registry_that_refuses_costs_the_file_and_not_the_run(
    bench: Any, package: Any, place: Place
) -> None:
    shop = bench(package, **place.settings | {"kubernetes_results_secret": "wrong-login"})
    run = shop.ended(shop.start({"size": MIB}).id)
    assert run.phase == "Succeeded", (run.state, shop.log(run.id))
    print(run.state["left_at"])
    assert "HTTP 401" in run.state["left_at"]["problem"]
    outputs = {each["path"]: each for each in run.state["outputs"]}
    assert outputs["model.bin"]["left_behind"] and "left_behind" not in outputs["small.txt"]


def test_what_cannot_be_brought_here_is_where_it_was_left(
    bench: Any, package: Any, place: Place
) -> None:
    """The pod has a login, and this server has none."""
    mine = {key: value for key, value in place.settings.items() if "username" not in key}
    mine.pop("registry_password_file")
    shop = bench(package, **mine)
    run = shop.ended(shop.start({"size": MIB}).id)
    assert run.phase == "Succeeded", (run.state, shop.log(run.id))
    left_at = run.state["left_at"]
    print(left_at)
    assert left_at["artifact"] and left_at["problem"]
    assert place.files(run.id)["model.bin"]
    outputs = {each["path"]: each for each in run.state["outputs"]}
    assert outputs["model.bin"]["left_behind"]
