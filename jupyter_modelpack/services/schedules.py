"""Schedules that people give to releases: made, listed, paused and removed at Kubeflow.

There is nothing of them here: what is shown is what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jupyter_modelpack.errors import Conflict, InvalidInput, NotFound
from jupyter_modelpack.services.runs import Destination, Records, RunRequest
from jupyter_modelpack.services.scheduled import Book, Scheduled, ScheduleRequest


class Schedules:
    """What can be asked about schedules."""

    def __init__(
        self, records: Records, destination: Destination, book: Callable[[], Book]
    ) -> None:
        self._records = records
        self._destination = destination
        self._book = book

    def start(self, asked: ScheduleRequest) -> Scheduled:
        """Give a release a schedule; raises NotFound, and InvalidInput for what cannot be."""
        record = self._records.get(asked.name, asked.version)
        known = [parameter["name"] for parameter in record["parameters"]]
        for name in asked.parameters:
            if name not in known:
                raise InvalidInput(
                    f"{asked.name} {asked.version} has no parameter {name[:80]}.",
                    field="parameters",
                    advice=f"It has {', '.join(known)}." if known else "It has none.",
                )
        request = RunRequest(asked.name, asked.version, asked.parameters, backend="kubeflow")
        prepared = dict(self._destination.prepare(record, request))
        given = {name: prepared["parameters"][name] for name in asked.parameters}
        return self._book().add({**prepared, "parameters": given}, asked)

    def list(self, name: str = "") -> Sequence[Scheduled]:
        """Return the schedules of a package, or of all, the newest version first."""
        found = [each for each in self._book().all() if name in ("", each.name)]
        return sorted(found, key=lambda each: (each.name, each.version, each.id), reverse=True)

    def enable(self, ident: str, on: bool) -> Scheduled:
        """Let one run again, or pause it; raises NotFound, and Conflict for a promotion's."""
        found = self._one(ident)
        self._book().enable(found.id, on)
        return self._one(ident)

    def remove(self, ident: str) -> None:
        """Remove one; raises NotFound, and Conflict for a promotion's."""
        self._book().remove(self._one(ident).id)

    def _one(self, ident: str) -> Scheduled:
        found = next((each for each in self._book().all() if each.id == ident), None)
        if found is None:
            raise NotFound("schedule", ident[:40])
        if found.environment:
            raise Conflict(
                f"{found.environment.capitalize()} has this schedule by a promotion.",
                advice="Promote another release, or roll back.",
            )
        return found


class NoBook:
    """Where there is no Kubeflow, there are no schedules."""

    def add(self, prepared: Mapping[str, Any], asked: ScheduleRequest) -> Scheduled:
        """Raise NotFound; the destination has said already why."""
        raise NotFound("Kubeflow", "here")

    def all(self) -> Sequence[Scheduled]:
        """Return none."""
        return ()

    def enable(self, ident: str, on: bool) -> None:
        """Raise NotFound."""
        raise NotFound("schedule", ident[:40])

    def remove(self, ident: str) -> None:
        """Raise NotFound."""
        raise NotFound("schedule", ident[:40])
