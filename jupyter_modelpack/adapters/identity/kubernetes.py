"""The login of a Kubernetes cluster: bearer tokens, which the API server reviews."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from traitlets import Bool, Float, List, Unicode
from traitlets.config import LoggingConfigurable

from jupyter_modelpack.adapters.identity.caller import Caller, bearer, changes_something
from jupyter_modelpack.adapters.identity.recent import Recent
from jupyter_modelpack.errors import BackendUnavailable, InvalidInput
from jupyter_modelpack.release.actor import Actor

PROVIDER = "kubernetes"
_ANSWER_SECONDS = 10.0


class KubernetesLogin(LoggingConfigurable):
    """Asks the API server who a token belongs to, and if set, whether its owner may decide.

    The service's own account needs the cluster role ``system:auth-delegator``.
    """

    kubeconfig = Unicode(help="A kubeconfig; none: the service account of the pod.").tag(
        config=True
    )
    context = Unicode(help="The context of the kubeconfig; none: its current one.").tag(config=True)
    audiences = List(
        Unicode(), help="A token must be for one of these; none: for the API server."
    ).tag(config=True)
    approve_resource = Unicode(
        help="The resource, as RESOURCE or RESOURCE.GROUP, that RBAC must let a person use to"
        " decide on promotions, such as promotions.modelpack.jupyter.org; none: RBAC is not asked."
    ).tag(config=True)
    approve_verb = Unicode("approve", help="The verb for it.").tag(config=True)
    approve_namespace = Unicode(help="The namespace for it; none: all of them.").tag(config=True)
    signs_in = Bool(
        False,
        help="People's own tokens are kept out of notebooks, whose pods have service accounts, so"
        " that people may approve with them.",
    ).tag(config=True)
    cache_seconds = Float(3.0, help="For how long a token that was good is good for reading.").tag(
        config=True
    )

    def check(self, address: Any) -> None:
        """Raise InvalidInput when the cluster's client is missing or not configured."""
        self._recent: Recent[Actor] = Recent(self.cache_seconds)
        _ = self._client
        if not self.signs_in:
            self.log.warning("Nobody can approve here: KubernetesLogin.signs_in is off.")

    async def identify(self, handler: Any) -> Caller | None:
        """Return whose token is in the Authorization header."""
        token = bearer(handler.request)
        if not token:
            return None
        known = None if changes_something(handler.request) else self._recent.get(token)
        actor = known or await asyncio.to_thread(self._review, token)
        return Caller(self._recent.keep(token, actor), by_header=True) if actor else None

    async def may_approve(self, actor: Actor, handler: Any) -> bool:
        """Return whether RBAC lets this actor decide; it is asked each time."""
        if not self.approve_resource:
            return True
        return await asyncio.to_thread(self._access, actor)

    @property
    def browser(self) -> None:
        """Return nothing: clients bring a token."""
        return None

    def directory(self, actor: Actor) -> Actor | None:
        """Raise BackendUnavailable: the API server knows only those who show a token."""
        raise BackendUnavailable("Kubernetes cannot be asked which groups somebody is in.")

    def _review(self, token: str) -> Actor | None:
        spec: dict[str, Any] = {"token": token}
        if self.audiences:
            spec["audiences"] = list(self.audiences)
        status = self._ask("authentication.k8s.io", "TokenReview", spec)
        wanted, given = set(self.audiences), set(status.get("audiences") or ())
        if status.get("authenticated") is not True or (wanted and not wanted & given):
            return None
        user = status.get("user") or {}
        name = str(user.get("username") or "")
        program = name.startswith("system:")
        try:
            return Actor(
                PROVIDER,
                name,
                verified=True,
                subject=str(user.get("uid") or ""),
                groups=frozenset(map(str, user.get("groups") or ())),
                program=program,
                signed_in=self.signs_in and not program,
            )
        except InvalidInput:
            return None

    def _access(self, actor: Actor) -> bool:
        resource, _, group = self.approve_resource.partition(".")
        wanted = {
            "verb": self.approve_verb,
            "resource": resource,
            "group": group,
            "namespace": self.approve_namespace,
        }
        spec = {
            "user": actor.username,
            "uid": actor.subject,
            "groups": sorted(actor.groups),
            "resourceAttributes": wanted,
        }
        status = self._ask("authorization.k8s.io", "SubjectAccessReview", spec)
        return status.get("allowed") is True and status.get("denied") is not True

    def _ask(self, group: str, kind: str, spec: Mapping[str, Any]) -> Mapping[str, Any]:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            answer = self._client.call_api(
                f"/apis/{group}/v1/{kind.lower()}s",
                "POST",
                header_params={"Content-Type": "application/json", "Accept": "application/json"},
                body={"apiVersion": f"{group}/v1", "kind": kind, "spec": spec},
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=_ANSWER_SECONDS,
            )
            found: Mapping[str, Any] = json.loads(answer.data)["status"]
            return dict(found)
        except ApiException as error:
            advice = "Try again in a moment; if it stays so, tell who runs the cluster."
            if error.status in (401, 403):
                advice = "Bind the service's account to the cluster role system:auth-delegator."
            raise BackendUnavailable(
                f"Kubernetes refused to say who is asking ({error.status}).", advice=advice
            ) from None
        except (HTTPError, OSError, ValueError, KeyError, TypeError):
            raise BackendUnavailable(
                "Kubernetes does not answer, so nobody's login can be checked.",
                advice="Try again in a moment; if it stays so, tell who runs the cluster.",
            ) from None

    @cached_property
    def _client(self) -> Any:
        try:
            from kubernetes import client, config
            from kubernetes.config import ConfigException
        except ImportError:
            raise InvalidInput(
                "The login kubernetes needs the package kubernetes.",
                field="login",
                advice="pip install 'jupyter-modelpack[kubeflow]'",
            ) from None
        settings = client.Configuration()
        try:
            if self.kubeconfig:
                place = str(Path(self.kubeconfig).expanduser())
                config.load_kube_config(place, self.context or None, settings)
            else:
                config.load_incluster_config(settings)
        except ConfigException as error:
            raise InvalidInput(
                f"The cluster's configuration cannot be used: {error}.",
                field="KubernetesLogin.kubeconfig",
            ) from None
        settings.retries = 0
        return client.ApiClient(settings)
