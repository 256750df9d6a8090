"""How to reach a cluster: the pod's own identity, or a kubeconfig and a context in it."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_modelpack.errors import BackendUnavailable, InvalidInput

NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_HINT = "Install it: pip install 'jupyter-modelpack[kubernetes]'"


@dataclass(frozen=True)
class ClusterSettings:
    """Which cluster is meant; empty texts mean what is found, as ``kubectl`` finds it."""

    kubeconfig: str = ""
    context: str = ""
    namespace: str = ""


@dataclass(frozen=True)
class Connection:
    """An API server with what proves who we are; ``token`` is asked anew for each request."""

    url: str
    tls: ssl.SSLContext | bool
    token: Callable[[], str | None]
    namespace: str
    server_name: str | None = None


def connect(settings: ClusterSettings) -> Connection:
    """Return the connection to the cluster that is meant.

    A kubeconfig that is set wins, then the pod's own service account, then kubectl's own default.
    Raises InvalidInput when none of them can be used, and BackendUnavailable without the client.
    """
    try:
        from kubernetes.client import Configuration
        from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
    except ImportError as error:
        raise BackendUnavailable("The Kubernetes client is not installed.", advice=_HINT) from error
    configuration = Configuration()
    inside = bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and NAMESPACE_FILE.exists()
    file = os.path.expanduser(settings.kubeconfig or os.environ.get("KUBECONFIG", ""))
    try:
        if inside and not file and not settings.context:
            load_incluster_config(client_configuration=configuration)
            namespace = NAMESPACE_FILE.read_text("utf-8").strip()
        else:
            context = settings.context or None
            load_kube_config(file or None, context, configuration, persist_config=False)
            namespace = _namespace_of(file or None, context)
        tls = _tls(configuration)
    except (ConfigException, OSError, ssl.SSLError, ValueError, TypeError, KeyError) as error:
        raise InvalidInput(
            f"No Kubernetes cluster is configured: {str(error)[:200]}.",
            field="kubernetes",
            advice="Set ModelPack.kubernetes_kubeconfig and kubernetes_context, or run in a pod"
            " that has a service account.",
        ) from error
    return Connection(
        configuration.host.rstrip("/"),
        tls,
        lambda: _token(configuration),
        settings.namespace or namespace or "default",
        getattr(configuration, "tls_server_name", None) or None,
    )


def _namespace_of(file: str | None, context: str | None) -> str:
    from kubernetes.config import list_kube_config_contexts

    contexts, current = list_kube_config_contexts(file)
    for each in contexts:
        if context is not None and each["name"] == context:
            current = each
    return str(current["context"].get("namespace") or "")


def _tls(configuration: object) -> ssl.SSLContext | bool:
    names = ("host", "ssl_ca_cert", "verify_ssl", "cert_file", "key_file")
    found = {name: getattr(configuration, name, None) for name in names}
    if not str(found.get("host")).startswith("https"):
        return False
    context = ssl.create_default_context(cafile=found.get("ssl_ca_cert"))
    if found["verify_ssl"] is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if found.get("cert_file"):
        context.load_cert_chain(str(found["cert_file"]), found.get("key_file"))
    return context


def _token(configuration: Any) -> str | None:
    # client 30 keeps the token as "authorization", newer ones as "BearerToken"; asking renews it
    for name in ("authorization", "BearerToken"):
        found = configuration.get_api_key_with_prefix(name)
        if found:
            return str(found)
    return None
