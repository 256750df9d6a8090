"""A schedule of a release, how one is asked for, and what keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from jupyter_modelpack.pipeline.schedule import Schedule
from jupyter_modelpack.services.release_view import moment


@dataclass(frozen=True)
class Scheduled:
    """One schedule as it is at Kubeflow.

    ``cron`` has Kubeflow's own six fields; ``environment`` is empty unless a promotion made it.
    ``next`` is None while it is paused, and where nobody can tell.
    """

    id: str
    name: str
    version: str
    schedule: Mapping[str, Any]
    cron: str
    enabled: bool
    parameters: Mapping[str, Any] = field(default_factory=dict)
    by: str = ""
    environment: str = ""
    link: str = ""
    error: str = ""
    next: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as the JSON object of the REST interface and of the command line."""
        return {
            "id": self.id,
            "name": self.name,
            "version": self.version,
            "schedule": dict(self.schedule),
            "kubeflow_cron": self.cron,
            "next": moment(self.next) if self.next else None,
            "enabled": self.enabled,
            "parameters": dict(self.parameters),
            "requested_by": self.by,
            "environment": self.environment,
            "link": self.link,
            "error": self.error,
        }


@dataclass(frozen=True)
class ScheduleRequest:
    """What a person asked for."""

    name: str
    version: str
    schedule: Schedule
    parameters: Mapping[str, Any] = field(default_factory=dict)
    requested_by: str = ""


class Book(Protocol):
    """Keeps schedules; every call may raise BackendUnavailable."""

    def add(self, prepared: Mapping[str, Any], asked: ScheduleRequest) -> Scheduled:
        """Return the schedule, made unless the same is there."""

    def all(self) -> Sequence[Scheduled]:
        """Return all of ours."""

    def enable(self, ident: str, on: bool) -> None:
        """Let it run, or pause it."""

    def remove(self, ident: str) -> None:
        """Remove it."""
