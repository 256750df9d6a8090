"""Kubeflow Pipelines' REST interface, ``/apis/v2beta1``: pipelines, versions, experiments, runs.

Source: the OpenAPI definitions that ``kfp-server-api`` is generated from. Whatever is created is
looked for first by its name, so that a call whose answer was lost can be made again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from jupyter_modelpack.adapters.kubeflow import metadata
from jupyter_modelpack.adapters.kubeflow.connection import KubeflowSettings
from jupyter_modelpack.errors import (
    BackendError,
    BackendUnavailable,
    ModelPackError,
    NotFound,
)
from jupyter_modelpack.pipeline.progress import RunProgress

_API = "/apis/v2beta1"
_LATER = "It is tried again; if it stays so, ask whoever runs Kubeflow."
_METRICS_SECONDS = 5.0  # they are a kindness: nothing waits long for them
Json = dict[str, Any]


class KubeflowClient:
    """One Kubeflow; every call may raise BackendUnavailable, when nobody can tell what is there."""

    def __init__(
        self,
        settings: KubeflowSettings,
        transport: httpx.BaseTransport | None = None,
        seconds: float = 15.0,
    ) -> None:
        self._settings = settings
        # a redirect is a login page or another host, and our login must not follow it there
        self._http = httpx.Client(
            base_url=settings.url.rstrip("/") + _API,
            transport=transport,
            timeout=seconds,
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def upload(self, name: str, version: str, description: str, pipeline: bytes) -> Json:
        """Return ``pipeline_id`` and ``pipeline_version_id`` of a version, uploaded if need be."""
        ident = self._pipeline(name)
        known = self.named(f"/pipelines/{quote(ident)}/versions", "pipeline_versions", version)
        if known is None:
            query = {"name": version, "pipelineid": ident, "description": description}
            files = {"uploadfile": ("pipeline.yaml", pipeline, "application/yaml")}
            known = self.ask("POST", "/pipelines/upload_version", params=query, files=files)
        return {"pipeline_id": ident, "pipeline_version_id": known["pipeline_version_id"]}

    def experiment(self, name: str) -> str:
        """Return the id of an experiment, made if need be."""
        known = self.named("/experiments", "experiments", name, self.scope())
        if known is None:
            body = {"display_name": name, **self.scope()}
            known = self.ask("POST", "/experiments", json=body)
        return str(known["experiment_id"])

    def create_run(
        self, name: str, version: Json, experiment: str, parameters: Mapping[str, Any]
    ) -> Json:
        """Return the run of this name, which is started unless there is one."""
        scope = {**self.scope(), "experiment_id": experiment}
        known = self.named("/runs", "runs", name, scope)
        if known is not None:
            return known
        body = {
            "display_name": name,
            "experiment_id": experiment,
            "pipeline_version_reference": version,
            "runtime_config": {"parameters": dict(parameters)},
        }
        return self.ask("POST", "/runs", json=body)

    def find_run(self, name: str) -> str | None:
        """Return the id of the run of this name, if there is one."""
        known = self.named("/runs", "runs", name, self.scope())
        return str(known["run_id"]) if known is not None else None

    def run(self, ident: str) -> Json:
        """Return a run with its tasks; raises NotFound when Kubeflow says that it has none."""
        return self.ask("GET", f"/runs/{quote(ident, safe='')}")

    def terminate(self, ident: str) -> None:
        """Ask for a run to end."""
        self.ask("POST", f"/runs/{quote(ident, safe='')}:terminate")

    def retry(self, ident: str) -> None:
        """Run the steps of a failed run again that did not succeed."""
        self.ask("POST", f"/runs/{quote(ident, safe='')}:retry")

    def observe(self, ident: str, before: RunProgress, now: float) -> RunProgress:
        """Return how a run stands at ``now``; no answer is never taken for an end."""
        try:
            return before.told(self.run(ident), now)
        except NotFound:
            return before.missing(now)
        except ModelPackError:
            return before.unknown(now)

    def measured(self, artifacts: Sequence[str]) -> Mapping[str, Mapping[str, metadata.Number]]:
        """Return the numbers of some artifacts; none where the metadata store does not tell.

        It answers where Kubeflow's pages are, and not at the address of its interface alone.
        """
        idents = [int(each) for each in artifacts if each.isascii() and each.isdecimal()]
        if not idents:
            return {}
        try:
            answer = self._http.post(
                self._settings.url.rstrip("/") + metadata.METHOD,
                content=metadata.question(idents),
                headers={**self._settings.headers(), **metadata.HEADERS},
                timeout=_METRICS_SECONDS,
            )
            found = metadata.measured(answer.content) if answer.status_code == 200 else {}
        except (httpx.HTTPError, OSError, ValueError):
            return {}
        return {str(ident): numbers for ident, numbers in found.items()}

    def link(self, run: str) -> str:
        """Return the address of a run's page."""
        return f"{self._settings.url.rstrip('/')}/#/runs/details/{quote(run, safe='')}"

    def recurring_link(self, ident: str) -> str:
        """Return the address of a recurring run's page."""
        return f"{self._settings.url.rstrip('/')}/#/recurringrun/details/{quote(ident, safe='')}"

    def artifact_link(self, ident: str) -> str:
        """Return the address of an artifact's page."""
        return f"{self._settings.url.rstrip('/')}/#/artifacts/{quote(ident, safe='')}"

    def _pipeline(self, name: str) -> str:
        try:
            known = self.ask("GET", f"/pipelines/names/{quote(name, safe='')}", self.scope())
        except NotFound:
            body = {"name": name, "display_name": name, **self.scope()}
            known = self.ask("POST", "/pipelines", json=body)
        return str(known["pipeline_id"])

    def scope(self) -> dict[str, str]:
        """Return what says in whose namespace something is."""
        return {"namespace": self._settings.namespace} if self._settings.namespace else {}

    def named(
        self, path: str, key: str, name: str, scope: Mapping[str, str] | None = None
    ) -> Json | None:
        """Return what has this name in a list of the interface, if there is something."""
        equal = {"operation": "EQUALS", "key": "display_name", "string_value": name}
        query = {"filter": json.dumps({"predicates": [equal]}), "page_size": "50", **(scope or {})}
        listed = self.ask("GET", path, query).get(key) or ()
        return next((each for each in listed if each.get("display_name") == name), None)

    def ask(
        self, verb: str, path: str, params: Mapping[str, str] | None = None, **more: Any
    ) -> Json:
        """Return the answer to one request; raises as told above, and NotFound and BackendError."""
        try:
            answer = self._http.request(
                verb, path, params=params, headers=self._settings.headers(), **more
            )
        except (httpx.HTTPError, OSError) as error:
            raise BackendUnavailable(
                f"Kubeflow does not answer ({type(error).__name__}).", advice=_LATER
            ) from error
        return _read(answer, path)


def _read(answer: httpx.Response, path: str) -> Json:
    status = answer.status_code
    try:
        found = answer.json() if answer.content else {}
    except ValueError:
        found = None
    if status >= 500 or status in (408, 425, 429):
        raise BackendUnavailable(f"Kubeflow answers with an error ({status}).", advice=_LATER)
    if not isinstance(found, dict) or 300 <= status < 400:
        raise BackendUnavailable(
            "Something other than Kubeflow's interface answers there.",
            advice="Look at the address and the login; a login page answers like this.",
        )
    if status == 404:
        # a proxy says 404 too, for a service that is being restarted: only Kubeflow's own counts
        if found.get("code") != 5:
            raise BackendUnavailable("Kubeflow's interface is not there (404).", advice=_LATER)
        raise NotFound("run", path.rpartition("/")[2])
    if status in (401, 403):
        raise BackendUnavailable(
            f"Kubeflow does not accept the login ({status}).",
            advice="Log in again, or ask for a role in this namespace.",
        )
    if status >= 400:
        told = str(found.get("message") or found.get("error") or status)[:300]
        raise BackendError(f"Kubeflow refuses this: {told}", advice="Change what is asked.")
    return found
