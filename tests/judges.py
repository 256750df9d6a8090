"""Independent judges: tools and systems that none of us wrote, found through the environment.

Each function says what it needs; where that is missing, the test is skipped and the reason printed.

==========================  =====================================================================
``skopeo``, ``umoci``       on the PATH
``DOCKER_HOST``             a container engine behind Docker's API (``CONTAINERS_CONF`` for podman)
``KUBECONFIG``              a cluster on which jobs may be made in the default namespace
``MODELPACK_TEST_REGISTRY`` ``host:port`` of a registry that the cluster pulls from, over HTTP
==========================  =====================================================================

``scripts/test-systems.sh`` starts the last three where it can, and prints what to export.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
import uuid
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn
from unittest import mock

import pytest
import yaml

START = 'start one with: eval "$(bash scripts/test-systems.sh)"'
MINUTES = 180.0


def skip(reason: str) -> NoReturn:
    """Skip the test, and print why in the output of the whole run."""
    print(f"skipped: {reason}")
    pytest.skip(reason)


def tool(name: str) -> str:
    """Return the path of a command, or skip."""
    found = shutil.which(name)
    return found or skip(f"{name} is not installed (Debian: apt-get install {name})")


def require_engine() -> str:
    """Return the address of the container engine, or skip."""
    address = os.environ.get("DOCKER_HOST", "")
    if not address:
        skip(f"DOCKER_HOST names no container engine; {START}")
    if address.startswith("unix://") and not Path(address.removeprefix("unix://")).is_socket():
        skip(f"nothing listens on {address}; {START}")
    return address


@dataclass(frozen=True)
class Cluster:
    """A cluster that runs jobs, and the registry that it pulls images from."""

    kubeconfig: str
    registry: str


def require_cluster() -> Cluster:
    """Return the cluster and its registry, or skip."""
    kubeconfig = os.environ.get("KUBECONFIG", "")
    registry = os.environ.get("MODELPACK_TEST_REGISTRY", "")
    if not kubeconfig or not Path(kubeconfig).is_file():
        skip(f"KUBECONFIG names no cluster; {START}")
    if not registry:
        skip(f"MODELPACK_TEST_REGISTRY names no registry; {START}")
    try:
        urllib.request.urlopen(f"http://{registry}/v2/", timeout=5).close()
    except (urllib.error.URLError, OSError) as error:
        skip(f"the registry {registry} does not answer ({error}); {START}")
    return Cluster(kubeconfig, registry)


@pytest.fixture
def skopeo() -> str:
    return tool("skopeo")


@pytest.fixture
def umoci() -> str:
    return tool("umoci")


@pytest.fixture
def engine() -> str:
    return require_engine()


@pytest.fixture
def cluster() -> Cluster:
    return require_cluster()


def skopeo_inspect(transport_reference: str) -> dict[str, Any]:
    """Return what skopeo says about an image, such as ``oci-archive:churn.tar``."""
    told = _run(tool("skopeo"), "inspect", transport_reference)
    found: dict[str, Any] = json.loads(told)
    return found


def umoci_unpack(layout: Path, name: str, into: Path) -> Path:
    """Unpack an image of a layout by umoci; return its root filesystem."""
    rootless = [] if os.getuid() == 0 else ["--rootless"]
    _run(tool("umoci"), "unpack", *rootless, "--image", f"{layout}:{name}", str(into))
    return into / "rootfs"


def push_archive(image_archive: Path, repository: str, registry: str) -> str:
    """Push an OCI archive by skopeo; return the reference by the digest that the registry holds."""
    target = f"{registry}/{repository}"
    digest_file = image_archive.with_suffix(".digest")
    _run(
        *(tool("skopeo"), "copy", "--insecure-policy", "--preserve-digests"),
        *("--dest-tls-verify=false", "--digestfile", str(digest_file)),
        *(f"oci-archive:{image_archive}", f"docker://{target}:test"),
    )
    return f"{target}@{digest_file.read_text().strip()}"


def load_archive(image_archive: Path, reference: str) -> None:
    """Load an image archive into the engine, so that it knows the image by ``reference``.

    A reference by digest is only known when the archive's manifest kept that digest.
    """
    require_engine()
    repository = reference.partition("@")[0]
    client = import_module("docker").from_env()
    try:
        with image_archive.open("rb") as stream:
            (image,) = client.images.load(stream)
        image.tag(repository, tag="loaded")
        image.reload()
        assert reference in image.attrs["RepoDigests"], (reference, image.attrs["RepoDigests"])
    finally:
        client.close()


@dataclass(frozen=True)
class ComponentRun:
    """How a component ended, its outputs by name, and all that was printed."""

    succeeded: bool
    outputs: Mapping[str, Any]
    log: str


def image_of(pipeline_yaml: bytes) -> str:
    """Return the one image that all steps of a compiled pipeline run."""
    protocol = next(yaml.safe_load_all(pipeline_yaml))
    executors = protocol["deploymentSpec"]["executors"].values()
    (image,) = {str(executor["container"]["image"]) for executor in executors}
    return image


def run_component_with_docker_runner(
    pipeline_yaml: bytes, image_archive: Path, arguments: Mapping[str, Any], scratch: Path
) -> ComponentRun:
    """Run a compiled pipeline by kfp's own ``local.DockerRunner`` on the engine.

    The image is loaded from its OCI archive, so that the engine knows it by the same digest.
    Outputs are kfp's artifacts, with ``path`` and ``metadata``, below ``scratch``.
    """
    load_archive(image_archive, image_of(pipeline_yaml))
    root = scratch / f"kfp-{uuid.uuid4().hex[:8]}"
    root.mkdir(parents=True)
    # the container's user is not ours, and kfp mounts this folder for its outputs
    root.chmod(0o1777)
    printed = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(printed):
        warnings.simplefilter("ignore")
        from kfp import components, local

        local.init(
            runner=local.DockerRunner(),
            pipeline_root=str(root),
            workspace_root=str(root / "workspace"),  # which kfp removes at the end
        )
        pipeline = components.load_component_from_text(pipeline_yaml.decode("utf-8"))
        try:
            with _containers_kept():
                outputs = dict(pipeline(**arguments).outputs)
        except RuntimeError as failed:
            return ComponentRun(False, {}, f"{printed.getvalue()}\n{failed}")
    return ComponentRun(True, outputs, printed.getvalue())


@contextlib.contextmanager
def _containers_kept() -> Iterator[None]:
    """Let kfp's containers lie until their log and exit code are read, then remove them.

    kfp asks for containers that remove themselves, and expects "404, no such container" of one that
    was quicker than its question. Podman answers 500 there, and the exit code is lost either way.
    """
    collection: Any = import_module("docker.models.containers").ContainerCollection
    run, kept = collection.run, []

    def run_and_keep(self: Any, *args: Any, **kwargs: Any) -> Any:
        container = run(self, *args, **{**kwargs, "auto_remove": False})
        kept.append(container.id)
        return container

    with mock.patch.object(collection, "run", run_and_keep):
        try:
            yield
        finally:
            client = import_module("docker").from_env()
            for name in kept:
                client.containers.get(name).remove(force=True)
            client.close()


def run_job_on_cluster(
    manifest: Mapping[str, Any], image_ref: str, *, seconds: float = MINUTES
) -> tuple[str, str]:
    """Run a Job manifest with ``image_ref`` on the cluster; return its phase and its pod's log.

    The phase is ``Succeeded``, ``Failed`` or, when time is up, ``Running``. The job gets a name of
    its own and is deleted at the end.
    """
    from kubernetes import client, config

    config.load_kube_config(require_cluster().kubeconfig)
    batch, core = client.BatchV1Api(), client.CoreV1Api()
    job = json.loads(json.dumps(manifest))
    name = f"{job['metadata']['name'][:40]}-{uuid.uuid4().hex[:8]}"
    namespace = job["metadata"].get("namespace", "default")
    job["metadata"]["name"] = name
    job["spec"]["template"]["spec"]["containers"][0]["image"] = image_ref
    batch.create_namespaced_job(namespace, job)
    try:
        phase = _await(batch, name, namespace, seconds)
        return phase, _log(core, name, namespace)
    finally:
        batch.delete_namespaced_job(name, namespace, propagation_policy="Background")


def _await(batch: Any, name: str, namespace: str, seconds: float) -> str:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        status = batch.read_namespaced_job_status(name, namespace).status
        if status.succeeded:
            return "Succeeded"
        if status.failed:
            return "Failed"
        time.sleep(0.3)
    return "Running"


def _log(core: Any, name: str, namespace: str) -> str:
    pods = core.list_namespaced_pod(namespace, label_selector=f"job-name={name}").items
    return "\n".join(_pod_log(core, pod) for pod in pods)


def _pod_log(core: Any, pod: Any) -> str:
    from kubernetes.client.exceptions import ApiException

    try:
        return str(core.read_namespaced_pod_log(pod.metadata.name, pod.metadata.namespace))
    except ApiException as error:  # the container may never have started: its status says why
        return f"no log: {error.reason}\n{pod.status}"


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"
    return done.stdout
