"""What the cluster offers the runs of a package: PodDefaults, and the volumes of our own pod."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from jupyter_modelpack.adapters.kubeflow.pod_defaults import PodDefault, labels_of, pod_defaults
from jupyter_modelpack.adapters.kubernetes.api import Api
from jupyter_modelpack.adapters.kubernetes.connection import NAMESPACE_FILE
from jupyter_modelpack.errors import BackendError, InvalidInput, ModelPackError
from jupyter_modelpack.pipeline.volumes import Placed, claims, placed

_ROLE = "Ask for the verbs get and list on"


def own_pod(
    environment: Mapping[str, str] = os.environ, namespace_file: Path = NAMESPACE_FILE
) -> tuple[str, str] | None:
    """Return the namespace and name of the pod that this program runs in, or None outside of one.

    A pod's host name is its name, unless its spec gives it another.
    """
    name = environment.get("HOSTNAME", "")
    if not environment.get("KUBERNETES_SERVICE_HOST") or not name:
        return None
    try:
        return namespace_file.read_text("utf-8").strip(), name
    except OSError:
        return None


class ClusterOffers:
    """Asks one cluster, over the connection that runs go over; nothing is remembered."""

    def __init__(
        self,
        connect: Callable[[], Api],
        own: Callable[[], tuple[str, str] | None],
        namespaces: Mapping[str, str] | None = None,
    ) -> None:
        self._connect = connect
        self._own = own
        self._namespaces = namespaces or {}

    def namespace(self, backend: str, asked: str = "") -> str:
        """Return where runs of a backend go."""
        return asked or self._namespaces.get(backend) or self._connect().connection.namespace

    def pod_defaults(self, namespace: str) -> Sequence[PodDefault]:
        """Return the PodDefaults of a namespace; raises BackendError where they may not be read."""
        try:
            return pod_defaults(self._connect(), namespace)
        except BackendError as error:
            if error.details.get("status") not in (401, 403):
                raise
            raise BackendError(
                f"You may not see the PodDefaults of {namespace}.",
                advice=f"{_ROLE} poddefaults.kubeflow.org there; runs work without them.",
                status=error.details["status"],
            ) from error

    def labels(self, names: Sequence[str], namespace: str) -> Mapping[str, str]:
        """Return the labels that ask for PodDefaults; raises InvalidInput for an unknown one."""
        return labels_of(names, self.pod_defaults(namespace))

    def volumes(self, files: Mapping[str, str], namespace: str) -> Sequence[Placed]:
        """Return where files lie on the volumes of our own pod; nothing outside of a pod.

        Raises InvalidInput where runs go to another namespace, in which its claims are not.
        """
        own = self._own()
        if own is None or not files:
            return ()
        if own[0] != namespace:
            raise InvalidInput(
                f"Runs go to {namespace}, and this notebook's volumes are in {own[0]}.",
                field="namespace",
                advice="Mount a claim of that namespace that holds the data (mounts).",
            )
        pod = self._connect().get(f"/api/v1/namespaces/{own[0]}/pods/{own[1]}")
        return placed(pod, files)

    def node(self, found: Sequence[Placed], namespace: str) -> str:
        """Return the node that runs must go to, because a claim can be on one node at a time.

        Nothing where none must be, or where that may not be read: the cluster then says so itself.
        """
        own = self._own()
        names = claims(found)
        if own is None or not names:
            return ""
        api = self._connect()
        try:
            for name in names:
                path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/{name}"
                modes = (api.get(path).get("spec") or {}).get("accessModes") or ()
                if modes and not {"ReadWriteMany", "ReadOnlyMany"} & set(modes):
                    pod = api.get(f"/api/v1/namespaces/{own[0]}/pods/{own[1]}")
                    return str((pod.get("spec") or {}).get("nodeName") or "")
        except ModelPackError:
            return ""
        return ""
