"""The deployer ``kubernetes``: a release as a workload in the environment's namespace, by digest.

Objects are applied on the server's side under a field manager of our own, so that what others add
is left alone and what they change is seen. A ConfigMap of the release comes first and fences: an
order with a lower (generation, attempt) than the one in it is refused, and so is one that meets
another in between (its version is part of the request).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.deployers.clusters import FILE, Target, read_targets
from jupyter_modelpack.adapters.deployers.workload import ATTEMPT, GENERATION, marker, workloads
from jupyter_modelpack.adapters.kubernetes.api import Api
from jupyter_modelpack.adapters.kubernetes.connection import connect
from jupyter_modelpack.adapters.kubernetes.pods import seen_of
from jupyter_modelpack.errors import (
    BackendError,
    BackendUnavailable,
    Conflict,
    GateNotSatisfied,
    InvalidInput,
    NotFound,
)
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.event import Deploy

MANAGER = "jupyter-modelpack"
_LOOK_SECONDS = 0.5
_PLURALS = {
    "ConfigMap": "configmaps",
    "Job": "jobs",
    "CronJob": "cronjobs",
    "Deployment": "deployments",
    "Service": "services",
}
Json = dict[str, Any]
Record = Mapping[str, Any]


class KubernetesDeployer:
    """Deploys to the clusters and namespaces that ``clusters.yaml`` in a folder names."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    def ready(self, environment: str) -> None:
        """Raise InvalidInput where nothing could be deployed: the file does not say how."""
        self._target(environment)

    def deploy(self, order: Deploy, record: Record, files: Mapping[str, bytes]) -> None:
        """Apply the release and wait until the cluster has taken it up.

        Raises Conflict for a late order, GateNotSatisfied when the workload fails there.
        """
        target = self._target(order.environment)
        api = Api(connect(target.cluster))
        try:
            _apply_fenced(api, marker(order, target, record), order)
            for each in workloads(order, target, record, _cron_version(api)):
                _apply_fenced(api, each, order)
                _wait(api, each, target)
        finally:
            api.close()

    def drift(self, order: Deploy, record: Record) -> str:
        """Say in one sentence how the cluster differs from what was deployed; empty: not at all.

        The API server itself says what applying again would change, without doing it.
        """
        target = self._target(order.environment)
        api = Api(connect(target.cluster))
        try:
            wanted = [marker(order, target, record)]
            wanted += workloads(order, target, record, _cron_version(api))
            found = [said for each in wanted if (said := _difference(api, each, order))]
        finally:
            api.close()
        return " ".join(found)

    def _target(self, environment: str) -> Target:
        targets = read_targets(self._file)
        if environment not in targets:
            raise InvalidInput(
                f"{self._file} does not say where {environment} is.",
                field="environments",
                advice="Add it, with its namespace.",
            )
        return targets[environment]


def order_of(environment: str, pointer: Mapping[str, Any], package: str) -> Deploy:
    """Return the order by which what a pointer names was deployed."""
    return Deploy(
        promotion=str(pointer.get("promotion") or ""),
        attempt=0,
        generation=int(pointer["generation"]),
        package=package,
        version=str(pointer["version"]),
        digest=Digest.parse(str(pointer["digest"])),
        environment=environment,
    )


def _path(manifest: Json) -> str:
    version, metadata = manifest["apiVersion"], manifest["metadata"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    place = f"{root}/namespaces/{metadata['namespace']}/{_PLURALS[manifest['kind']]}"
    return f"{place}/{metadata['name']}"


def _cron_version(api: Api) -> str:
    """Return the version in which this cluster has CronJobs, as discovery says."""
    for version in ("batch/v1", "batch/v1beta1"):
        try:
            listed = api.get(f"/apis/{version}").get("resources") or ()
        except NotFound:
            continue
        if any(each.get("name") == "cronjobs" for each in listed):
            return version
    raise BackendError("This cluster has no CronJobs.", advice="Choose another kind.")


def _there(api: Api, manifest: Json) -> Json | None:
    try:
        return api.get(_path(manifest))
    except NotFound:
        return None


def _apply_fenced(api: Api, manifest: Json, order: Deploy) -> None:
    found = _there(api, manifest)
    metadata = dict(manifest["metadata"])
    if found is not None:
        annotations = found["metadata"].get("annotations") or {}
        there = (_number(annotations.get(GENERATION)), _number(annotations.get(ATTEMPT)))
        if (order.generation, order.attempt) < there:
            raise Conflict(
                f"A later release of {order.package} is in {order.environment} already.",
                advice="Nothing was changed.",
            )
        metadata["resourceVersion"] = found["metadata"]["resourceVersion"]
        # the controllers of these own their status, and write it all the time
        if manifest["kind"] in ("Job", "CronJob", "Deployment"):
            del metadata["resourceVersion"]
    api.apply(_path(manifest), {**manifest, "metadata": metadata}, MANAGER)


def _number(text: Any) -> int:
    return int(text) if str(text or "").isdigit() else -1


def _wait(api: Api, manifest: Json, target: Target) -> None:
    """Return when the cluster works on what was applied; raises when it says that it fails."""
    look: Callable[[Json], bool] = {
        "Job": lambda found: _job_taken(api, found),
        "Deployment": lambda found: _rolled_out(api, found),
    }.get(manifest["kind"], lambda _found: True)
    until = time.monotonic() + target.wait_seconds
    while time.monotonic() < until:
        if look(api.get(_path(manifest))):
            return
        time.sleep(_LOOK_SECONDS)
    name = manifest["metadata"]["name"]
    why = _why(api, manifest)
    raise GateNotSatisfied(
        f"{manifest['kind']} {name} did not come up in {target.wait_seconds:.0f} seconds. {why}",
        advice="Put that right and deploy again, or roll back.",
    )


def _job_taken(api: Api, found: Json) -> bool:
    status = found.get("status") or {}
    for condition in status.get("conditions") or ():
        if condition.get("type") == "Failed" and condition.get("status") == "True":
            raise GateNotSatisfied(
                f"The job {found['metadata']['name']} failed. {_why(api, found)}",
                advice="Look at its log on the cluster.",
            )
    if status.get("succeeded"):
        return True
    return any(seen_of([pod]).stage == "Running" for pod in _pods(api, found))


def _rolled_out(api: Api, found: Json) -> bool:
    status, metadata = found.get("status") or {}, found["metadata"]
    if int(status.get("observedGeneration") or 0) < int(metadata["generation"]):
        return False
    wanted = int(found["spec"].get("replicas") or 0)
    counts = [int(status.get(key) or 0) for key in ("replicas", "updatedReplicas")]
    return counts == [wanted, wanted] and int(status.get("availableReplicas") or 0) >= wanted


def _pods(api: Api, found: Json) -> list[Json]:
    spec = found["spec"]
    labels = (spec.get("selector") or {}).get("matchLabels") or {}
    selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    path = f"/api/v1/namespaces/{found['metadata']['namespace']}/pods"
    return list(api.get(path, labelSelector=selector).get("items") or ()) if selector else []


def _why(api: Api, manifest: Json) -> str:
    """Return what is in the way, in the words that runs have for it."""
    try:
        pods = _pods(api, api.get(_path(manifest)))
    except (BackendUnavailable, BackendError, NotFound):
        return ""
    said = [each.sentence for pod in pods for each in seen_of([pod]).happenings]
    return said[-1] if said else ""


def _difference(api: Api, manifest: Json, order: Deploy) -> str:
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    found = _there(api, manifest)
    if found is None:
        if kind == "Job":
            return ""  # it has run, and is not kept for ever
        return f"{kind} {name} is gone."
    part = "data" if kind == "ConfigMap" else "spec"
    body = {**manifest, "metadata": {**manifest["metadata"], "annotations": {}}}
    try:
        again = api.apply(_path(manifest), body, MANAGER, dry_run=True)
    except BackendError as error:
        return f"{kind} {name} was changed so that it cannot be applied again: {error.message}"
    changed = _paths(found.get(part), again.get(part), part)
    others = _other_managers(found, part)
    if changed:
        by = f" by {' and '.join(others)}" if others else ""
        return f"{kind} {name} was changed{by}: {', '.join(changed[:5])}."
    return ""


def _paths(there: Any, wanted: Any, path: str) -> list[str]:
    """Return the places in which two values differ."""
    if isinstance(there, dict) and isinstance(wanted, dict):
        keys = sorted({*there, *wanted})
        return [p for key in keys for p in _paths(there.get(key), wanted.get(key), f"{path}.{key}")]
    if isinstance(there, list) and isinstance(wanted, list) and len(there) == len(wanted):
        pairs = enumerate(zip(there, wanted, strict=True))
        return [p for number, (a, b) in pairs for p in _paths(a, b, f"{path}[{number}]")]
    return [] if there == wanted else [path]


def _other_managers(found: Json, part: str) -> list[str]:
    return sorted(
        {
            str(each.get("manager"))
            for each in found["metadata"].get("managedFields") or ()
            if each.get("manager") != MANAGER
            and f"f:{part}" in (each.get("fieldsV1") or {})
            and "controller" not in str(each.get("manager"))
        }
    )
