"""Schedules of people as recurring runs at Kubeflow, beside those that promotions made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from jupyter_modelpack.adapters.jobs import spec_of
from jupyter_modelpack.adapters.kubeflow.client import KubeflowClient
from jupyter_modelpack.adapters.kubeflow.compiler import compile_pipeline
from jupyter_modelpack.adapters.kubeflow.recurring import Order, Recurring, RecurringRuns
from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.pipeline.schedule import UTC, Schedule
from jupyter_modelpack.services.record import digest_of
from jupyter_modelpack.services.scheduled import Scheduled, ScheduleRequest


class KubeflowSchedules:
    """The schedules of one namespace; ``clock`` is the timezone that Kubeflow runs them in."""

    def __init__(
        self,
        connect: Callable[[], KubeflowClient],
        experiment: str = "",
        clock: str = UTC,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self._connect = connect
        self._experiment = experiment
        self._clock = clock or UTC
        self._now = now

    def add(self, prepared: Mapping[str, Any], asked: ScheduleRequest) -> Scheduled:
        """Return the schedule, made unless the same is there."""
        spec = spec_of(prepared["package"], str(prepared["image"]))
        cron = asked.schedule.at(self._clock, self._now())
        pipeline = compile_pipeline(spec)
        values = spec.values(prepared["parameters"])
        schedule = asked.schedule.to_json()
        content = {"image": spec.image, "schedule": schedule, "parameters": values}
        client = self._connect()
        try:
            stamp = f"{spec.version}-{digest_of(pipeline.decode('utf-8'))[7:19]}"
            version = client.upload(spec.name, stamp, f"image {spec.digest}", pipeline)
            order = Order(
                name=f"{asked.name} {asked.version} scheduled ({digest_of(content)[7:15]})",
                version=version,
                experiment=client.experiment(self._experiment or spec.display_name),
                cron=cron,
                catch_up=asked.schedule.catch_up,
                parameters=values,
                says=f"{asked.name} {asked.version}, image {spec.digest}."
                f" Scheduled by {asked.requested_by or 'somebody'}.",
                stamp={
                    "kind": "schedule",
                    "package": asked.name,
                    "version": asked.version,
                    "digest": str(spec.digest),
                    "schedule": schedule,
                    "by": asked.requested_by,
                },
            )
            return self._shown(client, RecurringRuns(client).make(order))
        finally:
            client.close()

    def all(self) -> Sequence[Scheduled]:
        """Return all of ours, without the notes that a rollback leaves."""
        client = self._connect()
        try:
            found = RecurringRuns(client).ours()
            return [self._shown(client, each) for each in found if not each.stamp.get("note")]
        finally:
            client.close()

    def enable(self, ident: str, on: bool) -> None:
        """Let it run, or pause it."""
        client = self._connect()
        try:
            RecurringRuns(client).enable(ident, on)
        finally:
            client.close()

    def remove(self, ident: str) -> None:
        """Remove it."""
        client = self._connect()
        try:
            RecurringRuns(client).remove(ident)
        finally:
            client.close()

    def _shown(self, client: KubeflowClient, each: Recurring) -> Scheduled:
        stamp = each.stamp
        schedule = _schedule(stamp.get("schedule"))
        return Scheduled(
            id=each.id,
            name=str(stamp.get("package") or ""),
            version=str(stamp.get("version") or ""),
            schedule=schedule.to_json() if schedule else {},
            cron=each.cron,
            enabled=each.enabled,
            parameters=each.parameters,
            by=str(stamp.get("by") or ""),
            environment=str(stamp.get("environment") or ""),
            link=client.recurring_link(each.id),
            error=each.error,
            next=schedule.next_after(self._now()) if schedule and each.enabled else None,
        )


def _schedule(stamped: Any) -> Schedule | None:
    """Return what a person wrote; what stands there may have been changed by others."""
    if not isinstance(stamped, Mapping):
        return None
    try:
        return Schedule.parse(stamped)
    except InvalidInput:
        return None
