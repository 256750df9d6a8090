"""What a release is on a cluster: a Job, a CronJob, or a Deployment with its Service. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.adapters.deployers.clusters import Target
from jupyter_modelpack.adapters.jobs import spec_of
from jupyter_modelpack.adapters.kubernetes.manifest import MANAGED_BY, PREFIX, workload_job
from jupyter_modelpack.pipeline.names import dns_label, label_value
from jupyter_modelpack.release.event import Deploy

Json = dict[str, Any]
ENVIRONMENT_LABEL = f"{PREFIX}/environment"
GENERATION, ATTEMPT = f"{PREFIX}/generation", f"{PREFIX}/attempt"


def marker(order: Deploy, target: Target, record: Mapping[str, Any]) -> Json:
    """Return the ConfigMap that says which release the environment has; orders are fenced by it."""
    data = {
        "name": order.package,
        "version": order.version,
        "digest": str(order.digest),
        "environment": order.environment,
        "promotion": order.promotion,
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(order, target, record, f"modelpack-{dns_label(order.package)}"),
        "data": data,
    }


def workloads(
    order: Deploy, target: Target, record: Mapping[str, Any], cron_version: str
) -> list[Json]:
    """Return the objects of a release, those that others depend on last."""
    image = f"{target.image.replace('{name}', order.package)}@{order.digest}"
    spec = spec_of({**record, "name": order.package, "version": order.version}, image)
    name = dns_label(order.package, limit=40)
    job = workload_job(spec, target.options)
    if target.kind == "job":
        made: Json = {"apiVersion": "batch/v1", "kind": "Job", "spec": job}
        name = f"{name}-g{order.generation}"
    elif target.kind == "cronjob":
        schedule = {
            "schedule": target.schedule,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 300,
            "suspend": False,
            "jobTemplate": {"spec": job},
        }
        made = {"apiVersion": cron_version, "kind": "CronJob", "spec": schedule}
    else:
        made = _deployment(target, name, job["template"])
    made["metadata"] = metadata = _metadata(order, target, record, name)
    found = [made]
    if target.kind == "deployment":
        found.append(_service(order, target, record, name))
    job["template"]["metadata"] = {
        "labels": {**metadata["labels"], **target.options.labels},
        "annotations": {f"{PREFIX}/digest": str(order.digest)},
    }
    return found


def _deployment(target: Target, name: str, template: Json) -> Json:
    pod = template["spec"]
    pod["restartPolicy"] = "Always"
    pod.pop("activeDeadlineSeconds", None)
    container = pod["containers"][0]
    container["args"] = list(target.arguments)
    container["ports"] = [{"name": "http", "containerPort": target.port, "protocol": "TCP"}]
    at = "http" if target.probe_port is None else target.probe_port
    for probe, path in (
        ("readinessProbe", target.ready_path),
        ("livenessProbe", target.live_path),
    ):
        if path:
            container[probe] = {"httpGet": {"path": path, "port": at}}
    spec = {
        "replicas": target.replicas,
        "selector": {"matchLabels": {"app.kubernetes.io/name": name, MANAGED_BY[0]: MANAGED_BY[1]}},
        "progressDeadlineSeconds": int(target.wait_seconds),
        "template": template,
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec}


def _service(order: Deploy, target: Target, record: Mapping[str, Any], name: str) -> Json:
    port = {"name": "http", "port": target.port, "targetPort": "http", "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(order, target, record, name),
        "spec": {
            "selector": {"app.kubernetes.io/name": name, MANAGED_BY[0]: MANAGED_BY[1]},
            "ports": [port],
        },
    }


def _metadata(order: Deploy, target: Target, record: Mapping[str, Any], name: str) -> Json:
    owner = target.owner or str(record.get("author") or "")
    return {
        "name": name,
        "namespace": target.cluster.namespace,
        "labels": {
            "app.kubernetes.io/name": dns_label(order.package, limit=40),
            "app.kubernetes.io/version": label_value(order.version),
            MANAGED_BY[0]: MANAGED_BY[1],
            ENVIRONMENT_LABEL: label_value(order.environment),
        },
        "annotations": {
            f"{PREFIX}/release": f"{order.package} {order.version}",
            f"{PREFIX}/digest": str(order.digest),
            f"{PREFIX}/promotion": order.promotion,
            f"{PREFIX}/owner": owner,
            GENERATION: str(order.generation),
            ATTEMPT: str(order.attempt),
        },
    }
