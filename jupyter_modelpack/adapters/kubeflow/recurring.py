"""Recurring runs at Kubeflow: made paused or not, listed, enabled, disabled and removed.

Kubeflow cannot change one, so what it is for is written down when it is made: the description ends
in a line of ours, by which it is found again. What others made has no such line and is left alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from jupyter_modelpack.adapters.kubeflow.client import KubeflowClient
from jupyter_modelpack.errors import NotFound

_PATH = "/recurringruns"
_MARK = "jupyter-modelpack: "
_PAGES = 50
Json = dict[str, Any]


@dataclass(frozen=True)
class Recurring:
    """One as it is there: ``cron`` has Kubeflow's six fields, ``stamp`` is what we wrote on it."""

    id: str
    name: str
    enabled: bool
    cron: str
    catch_up: bool
    parameters: Mapping[str, Any] = field(default_factory=dict)
    stamp: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Order:
    """One to make; ``version`` names a pipeline and its version, ``says`` is for people."""

    name: str
    version: Mapping[str, str]
    experiment: str
    cron: str
    catch_up: bool
    parameters: Mapping[str, Any]
    says: str
    stamp: Mapping[str, Any]
    enabled: bool = True


class RecurringRuns:
    """Those of one namespace; every call may raise BackendUnavailable."""

    def __init__(self, client: KubeflowClient) -> None:
        self._client = client

    def make(self, order: Order) -> Recurring:
        """Return the one of this name in its experiment, made unless it is there."""
        scope = {**self._client.scope(), "experiment_id": order.experiment}
        known = self._client.named(_PATH, "recurringRuns", order.name, scope)
        if known is not None:
            return _read(known)
        body = {
            "display_name": order.name,
            "description": f"{order.says}\n{_MARK}{json.dumps(dict(order.stamp), sort_keys=True)}",
            "experiment_id": order.experiment,
            "pipeline_version_reference": dict(order.version),
            "runtime_config": {"parameters": dict(order.parameters)},
            "trigger": {"cron_schedule": {"cron": order.cron}},
            "mode": "ENABLE" if order.enabled else "DISABLE",
            "max_concurrency": "1",
            "no_catchup": not order.catch_up,
        }
        return _read(self._client.ask("POST", _PATH, json=body))

    def get(self, ident: str) -> Recurring:
        """Return one; raises NotFound."""
        return _read(self._client.ask("GET", _one(ident)))

    def ours(self, experiment: str = "") -> tuple[Recurring, ...]:
        """Return those that we made, in an experiment if it is named."""
        query = {**self._client.scope(), "page_size": "200"}
        if experiment:
            query["experiment_id"] = experiment
        found: list[Recurring] = []
        for _ in range(_PAGES):
            answer = self._client.ask("GET", _PATH, query)
            found += map(_read, answer.get("recurringRuns") or ())
            token = answer.get("next_page_token")
            if not token:
                break
            query["page_token"] = str(token)
        return tuple(each for each in found if each.stamp)

    def enable(self, ident: str, on: bool = True) -> None:
        """Let it run, or pause it; raises NotFound."""
        self._client.ask("POST", f"{_one(ident)}:{'enable' if on else 'disable'}")

    def remove(self, ident: str) -> None:
        """Remove one; one that is gone is no error."""
        try:
            self._client.ask("DELETE", _one(ident))
        except NotFound:
            return


def _one(ident: str) -> str:
    return f"{_PATH}/{quote(ident, safe='')}"


def _read(found: Json) -> Recurring:
    trigger = (found.get("trigger") or {}).get("cron_schedule") or {}
    enabled = found.get("status") == "ENABLED" or (
        "status" not in found and found.get("mode") == "ENABLE"
    )
    error = found.get("error")
    return Recurring(
        str(found["recurring_run_id"]),
        str(found.get("display_name") or ""),
        enabled,
        str(trigger.get("cron") or ""),
        not found.get("no_catchup", False),
        (found.get("runtime_config") or {}).get("parameters") or {},
        _stamp(str(found.get("description") or "")),
        str(error.get("message") or "")[:300] if isinstance(error, dict) else "",
    )


def _stamp(description: str) -> Json:
    line = description.rpartition("\n")[2]
    if not line.startswith(_MARK):
        return {}
    try:
        found = json.loads(line.removeprefix(_MARK))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
