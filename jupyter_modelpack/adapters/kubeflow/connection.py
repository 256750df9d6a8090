"""How Kubeflow is reached and who we are there: settings, and what each request says about it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from jupyter_modelpack.errors import InvalidInput

TOKEN = "/var/run/secrets/kubeflow/pipelines/token"
NAMESPACE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class KubeflowSettings:
    """Where Kubeflow's API is, and one of three logins: a token, a cookie, or a proxy's header.

    Secrets are files, read anew for each request, since clusters replace them. ``namespace`` is a
    profile's, empty where Kubeflow has a single user. Raises InvalidInput for what is no
    address, and for a secret that would travel unencrypted to another machine.
    """

    url: str
    namespace: str = ""
    token_file: str = ""
    cookie_file: str = ""
    user_header: str = "kubeflow-userid"
    user: str = ""
    insecure: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise InvalidInput(
                "The address of Kubeflow is not one.",
                field="url",
                advice="Write https://HOST/pipeline, without a name or password in it.",
            )
        inside = parts.hostname in _LOOPBACK or parts.hostname.endswith((".svc", ".cluster.local"))
        secret = self.token_file or self.cookie_file
        if parts.scheme == "http" and secret and not (inside or self.insecure):
            raise InvalidInput(
                f"The login for {parts.hostname} would go there unencrypted.",
                field="url",
                advice="Use https, or say that plain http is meant.",
            )

    @classmethod
    def in_cluster(cls, url: str) -> KubeflowSettings:
        """Return the settings of a notebook pod, whose token and namespace lie in known files."""
        token = os.environ.get("KF_PIPELINES_SA_TOKEN_PATH", TOKEN)
        namespace = Path(NAMESPACE)
        return cls(
            url,
            namespace.read_text(encoding="utf-8").strip() if namespace.exists() else "",
            token if Path(token).exists() else "",
        )

    def headers(self) -> dict[str, str]:
        """Return what a request says about who asks."""
        found: dict[str, str] = {}
        if self.token_file:
            found["authorization"] = f"Bearer {_secret(self.token_file)}"
        if self.cookie_file:
            found["cookie"] = _secret(self.cookie_file)
        if self.user:
            found[self.user_header] = self.user
        return found


def kubeflow_settings(
    url: str, namespace: str = "", token_file: str = "", cookie_file: str = "", user: str = ""
) -> KubeflowSettings:
    """Return the settings; what is not given is looked for in the pod, where this is one."""
    found = KubeflowSettings.in_cluster(url)
    login = token_file or cookie_file or user
    return KubeflowSettings(
        url,
        namespace or found.namespace,
        token_file if login else found.token_file,
        cookie_file,
        user=user,
    )


def _secret(path: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        text = ""
    if not text or not text.isprintable():
        raise InvalidInput(
            f"The login for Kubeflow in {path} cannot be read.",
            advice="Log in again, or give the right file.",
        )
    return text
