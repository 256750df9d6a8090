"""The deployer ``kubeflow``: a release as a recurring run of its pipeline, by digest.

Promotion makes the release's recurring run and pauses that of the release before, which stays
there, so that a rollback lets it run again. Each has on it what it was made for; where one runs
again, a paused note says by which order, so that one with a lower (generation, attempt) is refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.deployers.profiles import FILE, Profile, read_profiles
from jupyter_modelpack.adapters.jobs import spec_of
from jupyter_modelpack.adapters.kubeflow.client import KubeflowClient
from jupyter_modelpack.adapters.kubeflow.recurring import Order, Recurring, RecurringRuns
from jupyter_modelpack.errors import Conflict, GateNotSatisfied, InvalidInput
from jupyter_modelpack.pipeline.schedule import Schedule
from jupyter_modelpack.pipeline.spec import PipelineSpec
from jupyter_modelpack.release.event import Deploy
from jupyter_modelpack.services.publishing import repository_of
from jupyter_modelpack.services.record import digest_of
from jupyter_modelpack.services.running import typed_values

KEPT = 5
_LOOK_SECONDS = 0.5
Record = Mapping[str, Any]


class KubeflowDeployer:
    """Deploys to the namespaces that ``kubeflow.yaml`` in a folder names."""

    def __init__(
        self,
        folder: Path,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._file = folder / FILE
        self._now = now
        self._sleep = sleep

    def deploy(self, order: Deploy, record: Record, files: Mapping[str, bytes]) -> None:
        """Let the release's recurring run be the only one of the environment.

        Raises Conflict for a late order, GateNotSatisfied when Kubeflow does not take it up.
        """
        wish = self._wish(order, record)
        client = KubeflowClient(wish.profile.kubeflow)
        try:
            experiment = client.experiment(wish.experiment)
            runs = RecurringRuns(client)
            there = _there(runs, experiment, order)
            _refuse_late(there, order)
            stamp = f"{order.version}-{wish.mark}"
            says = f"image {order.digest}"
            version = client.upload(wish.spec.name, stamp, says, wish.pipeline(files))
            own = self._made(runs, there, wish.order(version, experiment))
            there = _there(runs, experiment, order)
            _refuse_late(there, order)
            for each in there:
                if each.enabled and each.id != own.id:
                    runs.enable(each.id, False)
            if not own.enabled:
                runs.enable(own.id)
            self._wait(runs, own, wish.profile)
            there = _there(runs, experiment, order)
            if _latest(there) > _key(order):
                runs.enable(own.id, False)
                _refuse_late(there, order)
            for each in _old(there, own):
                runs.remove(each.id)
        finally:
            client.close()

    def drift(self, order: Deploy, record: Record) -> str:
        """Say how Kubeflow differs from what was deployed; empty: not at all."""
        wish = self._wish(order, record)
        client = KubeflowClient(wish.profile.kubeflow)
        try:
            there = _there(RecurringRuns(client), client.experiment(wish.experiment), order)
        finally:
            client.close()
        said = []
        own = next((each for each in there if each.name == wish.name), None)
        if own is None:
            same = any(each.stamp.get("digest") == str(order.digest) for each in there)
            said.append(
                f"The recurring run of {order.package} {order.version} has other settings than"
                " are asked for now."
                if same
                else f"The recurring run of {order.package} {order.version} is gone."
            )
        elif not own.enabled:
            said.append(f"The recurring run {own.name} was paused.")
        elif (own.cron, own.catch_up) != (wish.cron, wish.schedule.catch_up):
            said.append(f"The recurring run {own.name} was changed: it runs at {own.cron}.")
        said += [
            f"The recurring run {each.name} runs as well."
            for each in there
            if each.enabled and each.name != wish.name
        ]
        return " ".join(said)

    def _wish(self, order: Deploy, record: Record) -> _Wish:
        profiles = read_profiles(self._file)
        if order.environment not in profiles:
            raise InvalidInput(
                f"{self._file} does not say where {order.environment} is.",
                field="environments",
                advice="Add it, with the url of Kubeflow, its namespace and a schedule.",
            )
        return _Wish(order, record, profiles[order.environment], self._now())

    def _made(self, runs: RecurringRuns, there: Iterable[Recurring], wanted: Order) -> Recurring:
        """Return the wanted one: that of before where there is one, noted, or a new one, paused."""
        former = next((each for each in there if each.name == wanted.name), None)
        if former is None:
            return runs.make(wanted)
        number = f"{wanted.stamp['generation']}.{wanted.stamp['attempt']}"
        if _number(former) == (wanted.stamp["generation"], wanted.stamp["attempt"]):
            return former
        if wanted.catch_up and not former.enabled:
            # it would make good for all the time in which another release ran
            runs.remove(former.id)
            return runs.make(wanted)
        note = {**wanted.stamp, "note": True}
        name = f"note {number}: {wanted.name} again"
        runs.make(
            Order(
                name, wanted.version, wanted.experiment, wanted.cron, False, wanted.parameters,
                f"{wanted.says} Only a note: it stays paused.", note, enabled=False,
            )
        )  # fmt: skip
        return former

    def _wait(self, runs: RecurringRuns, own: Recurring, profile: Profile) -> None:
        looks = max(1, int(profile.wait_seconds / _LOOK_SECONDS))
        for number in range(looks):
            if number:
                self._sleep(_LOOK_SECONDS)
            now = runs.get(own.id)
            if now.error:
                break
            if now.enabled:
                return
        why = f"Kubeflow says: {now.error}" if now.error else "It stays paused."
        raise GateNotSatisfied(
            f"The recurring run {own.name} was not taken up. {why}",
            advice="Look at its page in Kubeflow, then deploy again, or roll back.",
        )


class _Wish:
    """What an order asks of Kubeflow, worked out without asking it."""

    def __init__(self, order: Deploy, record: Record, profile: Profile, now: datetime) -> None:
        self.profile = profile
        self._order = order
        self._record = {**record, "name": order.package, "version": order.version}
        self.schedule = _schedule(profile, record, order)
        self.cron = self.schedule.at(profile.clock, now)
        self.experiment = profile.experiment or f"{order.package} {order.environment}"
        self.spec = self._spec()
        given = typed_values(profile.parameters, self._record)
        asked = {key: given[key] for key in profile.parameters}
        self.parameters = self.spec.values(asked)
        content = {
            "image": self.spec.image,
            "cron": self.cron,
            "catch_up": self.schedule.catch_up,
            "parameters": self.parameters,
            "labels": dict(profile.labels),
        }
        self.mark = digest_of(content)[7:15]
        self.name = f"{order.package} {order.version} in {order.environment} ({self.mark})"

    def pipeline(self, files: Mapping[str, bytes]) -> bytes:
        """Return the release's own pipeline, or one compiled for what the environment asks."""
        if "kubeflow" in files and not (self.profile.image or self.profile.labels):
            return files["kubeflow"]
        from jupyter_modelpack.adapters.kubeflow.compiler import compile_pipeline

        return compile_pipeline(self.spec)

    def order(self, version: Mapping[str, str], experiment: str) -> Order:
        """Return the recurring run to make."""
        order, owner = self._order, self.profile.owner or str(self._record.get("author") or "")
        says = f"{order.package} {order.version} in {order.environment}, image {order.digest}."
        if order.promotion:
            says += f" Promotion {order.promotion}."
        if owner:
            says += f" {owner} answers for it."
        stamp = {
            "kind": "deployment",
            "package": order.package,
            "version": order.version,
            "digest": str(order.digest),
            "environment": order.environment,
            "promotion": order.promotion,
            "generation": order.generation,
            "attempt": order.attempt,
            "schedule": self.schedule.to_json(),
        }
        return Order(
            self.name, version, experiment, self.cron, self.schedule.catch_up, self.parameters,
            says, stamp, enabled=False,
        )  # fmt: skip

    def _spec(self) -> PipelineSpec:
        from dataclasses import replace

        order = self._order
        repository = self.profile.image.replace("{name}", order.package)
        repository = repository or repository_of(self._record)
        if not repository:
            raise InvalidInput(
                f"{order.package} {order.version} is only on this machine, where no cluster finds"
                " it.",
                field="image",
                advice=f"Publish it, or say in {FILE} where it is (image).",
            )
        spec = spec_of(self._record, f"{repository}@{order.digest}")
        return replace(spec, labels=self.profile.labels)


def _schedule(profile: Profile, record: Record, order: Deploy) -> Schedule:
    if profile.schedule is not None:
        return profile.schedule
    asked = record.get("schedule")
    if not isinstance(asked, Mapping):
        raise InvalidInput(
            f"Nothing says when {order.package} is to run in {order.environment}.",
            field="schedule",
            advice=f"Write a schedule into {FILE}, or into the notebook's metadata"
            " (modelpack.schedule).",
        )
    return Schedule.parse(asked)


def _there(runs: RecurringRuns, experiment: str, order: Deploy) -> list[Recurring]:
    """Return the recurring runs of the package in the environment, with the notes on them."""
    wanted = ("deployment", order.package, order.environment)
    keys = ("kind", "package", "environment")
    return [each for each in runs.ours(experiment) if _all(each.stamp, keys) == wanted]


def _all(stamp: Mapping[str, Any], keys: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(stamp.get(key) for key in keys)


def _key(order: Deploy) -> tuple[int, int]:
    return order.generation, order.attempt


def _number(each: Recurring) -> tuple[int, int]:
    found = _all(each.stamp, ("generation", "attempt"))
    return (found[0], found[1]) if all(isinstance(n, int) for n in found) else (-1, -1)


def _latest(there: Iterable[Recurring]) -> tuple[int, int]:
    return max(map(_number, there), default=(-1, -1))


def _refuse_late(there: Iterable[Recurring], order: Deploy) -> None:
    if _key(order) < _latest(there):
        raise Conflict(
            f"A later release of {order.package} is in {order.environment} already.",
            advice="Nothing was changed.",
        )


def _old(there: Iterable[Recurring], own: Recurring) -> list[Recurring]:
    """Return notes of earlier orders, and paused recurring runs beyond those that are kept."""
    found = sorted(there, key=_number, reverse=True)
    latest = _latest(found)
    notes = [each for each in found if each.stamp.get("note") and _number(each) < latest]
    paused = [each for each in found if not each.stamp.get("note") and each.id != own.id]
    return notes + paused[KEPT:]
