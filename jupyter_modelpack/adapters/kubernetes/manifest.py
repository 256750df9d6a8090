"""The Kubernetes Job of a package, as a plain dictionary and as YAML (batch/v1, restricted pod)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from jupyter_modelpack.adapters.kubernetes.deposits import Place
from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.pipeline.cluster import ClusterOptions
from jupyter_modelpack.pipeline.mount import Mount
from jupyter_modelpack.pipeline.names import dns_label, label_value
from jupyter_modelpack.pipeline.spec import COMMAND, USER, WORK_DIRECTORY, PipelineSpec

PREFIX = "io.github.jupyter-modelpack"
RUN_LABEL = f"{PREFIX}/run"
INSTALLATION_LABEL = f"{PREFIX}/installation"
MANAGED_BY = ("app.kubernetes.io/managed-by", "jupyter-modelpack")
_DAY = 86_400
_LOGIN = "/var/run/modelpack/results"
# what no YAML reader takes for anything but text, and so needs no quotes
_PLAIN = re.compile(r"(?!(?i:y|n|yes|no|on|off|true|false|null)\Z)[A-Za-z/][A-Za-z0-9/._-]*\Z")


def job_manifest(
    spec: PipelineSpec,
    *,
    run_name: str | None = None,
    namespace: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    time_limit: float | None = None,
    keep_seconds: int = _DAY,
) -> dict[str, Any]:
    """Return a batch/v1 Job that runs the image once, as a user who may do nothing but compute.

    ``parameters`` override the notebook's defaults; ``time_limit`` is in seconds; a finished job
    is kept for ``keep_seconds``. A parameter that the notebook lacks raises InvalidInput.
    """
    name = dns_label(run_name or f"{spec.name}-{spec.version}")
    arguments = _arguments(spec, parameters or {}, time_limit)
    labels = {
        "app.kubernetes.io/name": spec.name,
        "app.kubernetes.io/version": label_value(spec.version),
        MANAGED_BY[0]: MANAGED_BY[1],
        **spec.labels,
    }
    annotations = {
        f"{PREFIX}/name": spec.display_name,
        f"{PREFIX}/version": spec.version,
        f"{PREFIX}/digest": str(spec.digest),
        **spec.annotations,
    }
    metadata: dict[str, Any] = {"name": name, "labels": labels, "annotations": annotations}
    if namespace:
        metadata["namespace"] = namespace
    job: dict[str, Any] = {
        "backoffLimit": 0,
        "ttlSecondsAfterFinished": keep_seconds,
        "template": {
            "metadata": {"labels": dict(labels), "annotations": dict(annotations)},
            "spec": _pod(spec, arguments),
        },
    }
    if time_limit is not None:
        # the runtime stops by itself and says at which cell; the cluster only backs it up
        job["activeDeadlineSeconds"] = int(time_limit) + 60
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": job}


def run_manifest(
    spec: PipelineSpec,
    options: ClusterOptions,
    *,
    run_id: str,
    installation: str,
    parameters: Mapping[str, Any],
    results: Place | None = None,
) -> dict[str, Any]:
    """Return the Job of one run: named by the run, labelled for who started it, reported back.

    ``installation`` is the label by which one ledger knows its jobs from everybody else's. The
    deadline is the pod's and not the job's, because a job's deadline deletes the pod and its log.
    """
    name = f"{dns_label(spec.name, limit=40)}-{run_id[:12]}"
    job = job_manifest(
        spec,
        run_name=name,
        parameters=parameters,
        time_limit=options.time_limit,
        keep_seconds=options.keep_seconds,
    )
    ours = {RUN_LABEL: run_id, INSTALLATION_LABEL: installation}
    template = job["spec"]["template"]
    for metadata in (job["metadata"], template["metadata"]):
        metadata["labels"] = {**options.labels, **metadata["labels"], **ours}
    deadline = job["spec"].pop("activeDeadlineSeconds", None)
    pod = template["spec"]
    if deadline is not None:
        pod["activeDeadlineSeconds"] = deadline
    _apply(pod, options)
    told = {"MODELPACK_REPORT": run_id}
    if options.mounts:
        told["MODELPACK_MOUNTS"] = json.dumps([mount.path for mount in options.mounts])
    if options.input_bytes is not None:
        told["MODELPACK_INPUT_BYTES"] = str(options.input_bytes)
    if results is not None:
        told |= _results(pod, results)
    environment = pod["containers"][0].setdefault("env", [])
    # Kubernetes expands $(NAME) in values too
    environment += [
        {"name": name, "value": value.replace("$", "$$")} for name, value in told.items()
    ]
    return job


def workload_job(spec: PipelineSpec, options: ClusterOptions) -> dict[str, Any]:
    """Return the ``spec`` of a job that belongs to a release and not to one run."""
    job = job_manifest(spec, time_limit=options.time_limit, keep_seconds=options.keep_seconds)
    made: dict[str, Any] = job["spec"]
    _apply(made["template"]["spec"], options)
    return made


def _apply(pod: dict[str, Any], options: ClusterOptions) -> None:
    """Put the wishes of a run into its pod."""
    container = pod["containers"][0]
    resources = {"requests": dict(options.requests), "limits": dict(options.limits)}
    resources = {key: value for key, value in resources.items() if value}
    if resources:
        container["resources"] = resources
    if options.node_selector:
        pod["nodeSelector"] = dict(options.node_selector)
    if options.tolerations:
        pod["tolerations"] = [dict(each) for each in options.tolerations]
    if options.pull_secrets:
        pod["imagePullSecrets"] = [{"name": name} for name in options.pull_secrets]
    if options.service_account:
        pod["serviceAccountName"] = options.service_account
    if options.secrets:
        container["env"] = [
            {
                "name": each.variable,
                "valueFrom": {"secretKeyRef": {"name": each.secret, "key": each.key}},
            }
            for each in options.secrets
        ]
    container["volumeMounts"] += _folders(options.mounts)
    names: dict[str, str] = {}
    for mount in options.mounts:
        volume = _volume(mount)
        key = json.dumps(volume, sort_keys=True)
        if key not in names:
            names[key] = f"mount-{len(names)}"
            pod["volumes"].append({"name": names[key], **volume})
        entry = {"name": names[key], "mountPath": mount.path, "readOnly": mount.read_only}
        container["volumeMounts"].append(
            {**entry, "subPath": mount.sub_path} if mount.sub_path else entry
        )


def _results(pod: dict[str, Any], place: Place) -> dict[str, str]:
    """Give a pod the login for where its results go, and return what it is told of both."""
    told = {"MODELPACK_RESULTS": place.address}
    if place.secret:
        told["MODELPACK_RESULTS_LOGIN"] = _LOGIN
        pod["volumes"].append({"name": "results-login", "secret": {"secretName": place.secret}})
        pod["containers"][0]["volumeMounts"].append(
            {"name": "results-login", "mountPath": _LOGIN, "readOnly": True}
        )
    return told


def _folders(mounts: Sequence[Mount]) -> list[dict[str, Any]]:
    """Return the folders between the work directory and what is mounted below it.

    The container engine would make them as root's, and the notebook's own files that belong into
    the same folders could not be laid there; the kubelet makes them as the work volume is.
    """
    root = PurePosixPath(WORK_DIRECTORY)
    taken = [PurePosixPath(mount.path) for mount in mounts]
    found = {
        parent
        for path in taken
        if path.is_relative_to(root)
        for parent in path.parents
        if parent != root and parent.is_relative_to(root)
        if not any(parent.is_relative_to(other) for other in taken)
    }
    return [
        {"name": "work", "mountPath": str(path), "subPath": str(path.relative_to(root))}
        for path in sorted(found)
    ]


def _volume(mount: Mount) -> dict[str, Any]:
    if mount.kind == "config_map":
        return {"configMap": {"name": mount.name}}
    return {"persistentVolumeClaim": {"claimName": mount.name, "readOnly": mount.read_only}}


def render_manifest(manifest: Mapping[str, Any]) -> bytes:
    """Return a manifest as YAML, always the same bytes for the same manifest."""
    import yaml

    class Writer(yaml.SafeDumper):
        """Quotes every text that some YAML reader could take for a number or a truth value."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(writer: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        style = None if _PLAIN.match(value) else '"'
        return writer.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Writer.add_representer(str, text)
    rendered = yaml.dump(
        dict(manifest), Dumper=Writer, sort_keys=False, allow_unicode=True, width=100
    )
    return rendered.encode("utf-8")


def _arguments(
    spec: PipelineSpec, parameters: Mapping[str, Any], time_limit: float | None
) -> list[str]:
    declared = [parameter.name for parameter in spec.parameters]
    for name in parameters:
        if name not in declared:
            raise InvalidInput(
                f"{spec.display_name} has no parameter {name}.",
                field="parameters",
                advice=f"It has {', '.join(declared)}." if declared else "It has none.",
            )
    arguments = ["run"]
    if parameters:
        arguments += ["--parameters", json.dumps(dict(sorted(parameters.items())))]
    if time_limit is not None:
        arguments += ["--time-limit", str(time_limit)]
    # Kubernetes expands $(NAME) in arguments, and reads $$ as one dollar
    return [argument.replace("$", "$$") for argument in arguments]


def _pod(spec: PipelineSpec, arguments: list[str]) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "notebook",
        "image": spec.image,
        "command": list(COMMAND),
        "args": arguments,
        "workingDir": WORK_DIRECTORY,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "work", "mountPath": WORK_DIRECTORY},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }
    resources = _resources(spec)
    if resources:
        container["resources"] = resources
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "work", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}],
    }


def _resources(spec: PipelineSpec) -> dict[str, dict[str, str]]:
    asked = spec.resources
    if not (asked.cpu or asked.memory):
        return {}
    requests = {"cpu": asked.cpu, "memory": asked.memory}
    out = {"requests": {name: value for name, value in requests.items() if value}}
    if asked.memory:
        out["limits"] = {"memory": asked.memory}
    return out
