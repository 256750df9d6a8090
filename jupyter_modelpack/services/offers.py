"""What a cluster offers the runs of a package, as it is shown before anything is sent."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.pipeline.volumes import Placed

HOSTNAME_LABEL = "kubernetes.io/hostname"


class Offer(Protocol):
    """Something of the namespace that a run may ask for."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that is chosen from."""


class Offers(Protocol):
    """A cluster, as far as it is asked before a run."""

    def namespace(self, backend: str, asked: str = "") -> str:
        """Return where runs of a backend go."""

    def pod_defaults(self, namespace: str) -> Sequence[Offer]:
        """Return the PodDefaults of a namespace, or raise BackendError."""

    def labels(self, names: Sequence[str], namespace: str) -> Mapping[str, str]:
        """Return the labels that ask for PodDefaults, or raise InvalidInput."""

    def volumes(self, files: Mapping[str, str], namespace: str) -> Sequence[Placed]:
        """Return where files lie on the volumes of our own pod."""

    def node(self, found: Sequence[Placed], namespace: str) -> str:
        """Return the node that runs must go to, or nothing."""


def offered(offers: Offers, backend: str, record: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return PodDefaults and mounts with a sentence each, and why something cannot be offered.

    ``options`` are those that a run needs for its mounts. Raises what makes the cluster unknown.
    """
    namespace = offers.namespace(backend)
    problems: list[dict[str, str]] = []
    choices: list[dict[str, Any]] = []
    found: Sequence[Placed] = ()
    node = ""
    try:
        choices = [each.to_json() for each in offers.pod_defaults(namespace)]
    except ModelPackError as error:
        problems.append(_problem("pod_defaults", error))
    try:
        if backend == "kubernetes":  # at Kubeflow no claim is mounted read-only
            found = offers.volumes(real_paths(record) if record else {}, namespace)
        node = offers.node(found, namespace)
    except ModelPackError as error:
        problems.append(_problem("volumes", error))
    return {
        "backend": backend,
        "namespace": namespace,
        "pod_defaults": choices,
        "volumes": [each.to_json() for each in found],
        "options": mount_options(found, node),
        "problems": problems,
    }


def mount_options(found: Sequence[Placed], node: str) -> dict[str, Any]:
    """Return the options of a run that mounts what was found; none where there is nothing."""
    mounts = [each.mount.to_json() for each in found if each.mount]
    if not mounts:
        return {}
    return {"mounts": mounts, **({"node_selector": {HOSTNAME_LABEL: node}} if node else {})}


def real_paths(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the files that a package's image lacks, as they are named on this machine."""
    folder = Path(str(record["path"])).parent
    return {
        str(each["path"]): os.path.realpath(folder / str(each["path"]))
        for each in record["external"]
    }


def _problem(what: str, error: ModelPackError) -> dict[str, str]:
    return {
        "what": what,
        "code": error.code,
        "message": error.message,
        "advice": error.advice,
    }
