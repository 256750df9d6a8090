"""Runs as Kubernetes Jobs: one job a run, by digest, named by the run, followed by its pod."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.jobs import spec_of
from jupyter_modelpack.adapters.kubernetes import podlog, sentences
from jupyter_modelpack.adapters.kubernetes.api import Api
from jupyter_modelpack.adapters.kubernetes.connection import ClusterSettings, connect
from jupyter_modelpack.adapters.kubernetes.deposits import Artifact, Deposits, artifact_in
from jupyter_modelpack.adapters.kubernetes.manifest import (
    INSTALLATION_LABEL,
    MANAGED_BY,
    RUN_LABEL,
    run_manifest,
)
from jupyter_modelpack.adapters.kubernetes.namespace import ApiPods, NamespaceFollower
from jupyter_modelpack.adapters.kubernetes.pods import is_doomed, seen_of
from jupyter_modelpack.adapters.kubernetes.results import result_from
from jupyter_modelpack.errors import BackendError, Conflict, ModelPackError, NotFound
from jupyter_modelpack.pipeline.cluster import ClusterOptions
from jupyter_modelpack.services.backend import Happening, LogPart, Seen
from jupyter_modelpack.services.work import Work

JOB_SECONDS = 3.0
EVENT_SECONDS = 15.0
_MOST_EVENT_LOOKUPS = 3
_END_SECONDS = 12.0


@dataclass
class _Followed:
    """What was last known of a run, so that what did not change is not worked out again."""

    change: int = -1
    seen: Seen | None = None
    looked_at: float = 0.0
    events_at: float = 0.0
    happenings: tuple[Happening, ...] = ()


class KubernetesBackend:
    """Runs in the namespaces of one cluster; ``changed`` is called when there is news."""

    def __init__(
        self,
        settings: ClusterSettings,
        installation: str,
        changed: Callable[[], None],
        deposits: Deposits,
    ) -> None:
        self._settings = settings
        self._installation = installation
        self._changed = changed
        self._deposits = deposits
        self._lock = threading.Lock()
        self._api: Api | None = None
        self._namespaces: dict[str, NamespaceFollower] = {}
        self._followed: dict[str, _Followed] = {}

    @property
    def api(self) -> Api:
        """The connection, made when it is first needed."""
        with self._lock:
            if self._api is None:
                self._api = Api(connect(self._settings))
            return self._api

    def submit(self, run: Work) -> Mapping[str, str]:
        """Create the job, or find the one that an earlier call made."""
        repository = self._deposits.repository(run.name)
        namespace, job = self._namespace(run), self._job(run, repository)
        name = str(job["metadata"]["name"])
        self._watch(namespace)
        try:
            self.api.create(_jobs(namespace), job)
        except Conflict:
            if not _is_of(run, self.api.get(_jobs(namespace, name))):
                raise BackendError(
                    f"There is a job {name} in {namespace} that is not of this run.",
                    advice="Remove or rename it.",
                ) from None
        where = {"results": repository} if repository else {}
        return {"namespace": namespace, "job": name, **where}

    def observe(self, runs: Sequence[Work]) -> Mapping[str, Seen]:
        """Return what is known now of the runs."""
        now = time.time()
        found: dict[str, Seen] = {}
        lookups = _MOST_EVENT_LOOKUPS
        for run in runs:
            watch = self._watch(self._namespace(run)).watch
            followed = self._followed.setdefault(run.id, _Followed())
            change = watch.cache.change(run.id)
            if change != followed.change:
                pods = [pod for pod in watch.cache.pods(run.id) if not is_doomed(pod)]
                before = followed.seen
                followed.change, followed.seen = change, seen_of(pods) if pods else None
                if before and followed.seen and sentences.backs_off(followed.seen.happenings):
                    # Why it was not pulled was said before, and is still the reason.
                    said = before.happenings or followed.seen.happenings
                    followed.seen = replace(followed.seen, happenings=said)
                if followed.seen is not None:
                    name = self._name(run)
                    place = {**followed.seen.place, "job": name}
                    followed.seen = replace(followed.seen, place=place)
            if followed.seen is not None and followed.seen.stage in ("Succeeded", "Failed"):
                found[run.id] = followed.seen
            elif watch.unknown_since is not None:
                found[run.id] = Seen("Unknown", since=watch.unknown_since)
            elif followed.seen is None:
                self._look_at_job(run, followed, watch.synced, now, found)
            else:
                lookups -= self._look_at_events(run, followed, now, lookups)
                found[run.id] = self._with_events(followed)
        return found

    def stop(self, run: Work) -> None:
        """Delete the job and with it its pod; another one under its name is left alone."""
        path = _jobs(self._namespace(run), self._name(run))
        with suppress(NotFound):
            job = self.api.get(path)
            if _is_of(run, job):
                self.api.delete(path, uid=job["metadata"]["uid"])

    def log(self, run: Work, mark: str) -> LogPart:
        """Return the lines of the pod's log after a mark, without the frames in them."""
        before = podlog.Mark.parse(mark)
        text = self._log(run, before.since)
        lines, after = podlog.new_lines(text, before)
        shown, frames = podlog.separated(lines, run.id)
        return LogPart(shown, podlog.events(frames), str(after))

    def collect(self, run: Work, seen: Seen, folder: Path) -> Mapping[str, Any]:
        """Read the log once more, from its beginning, for the files that it carries.

        What the run left in a registry is brought first, which takes a while.
        """
        brought = self._brought(run, seen.short, folder)
        try:
            lines, _ = podlog.new_lines(self._log(run, None), podlog.Mark())
        except (NotFound, BackendError):
            lines = []  # the pod is gone, or its log
        _, frames = podlog.separated(lines, run.id)
        brought = brought or self._brought(run, podlog.deposit(frames), folder)
        artifact, left_at = brought or (None, {})
        result = result_from(run, seen, frames, folder, artifact)
        return {**result, "left_at": left_at} if left_at else result

    def forget(self, ident: str) -> None:
        """Keep nothing more of a run."""
        self._followed.pop(ident, None)
        self._deposits.forget(ident)
        for follower in list(self._namespaces.values()):
            follower.watch.cache.forget(ident)

    def leftovers(self) -> Collection[str]:
        """Return the ids of runs that there are jobs of, made by this installation."""
        return [ident for ident, _, _ in self._own_jobs()]

    def remove(self, ident: str) -> None:
        """Delete the jobs of a run, if they are this installation's."""
        for found, path, uid in self._own_jobs():
            if found == ident:
                self.api.delete(path, uid=uid)

    def close(self) -> None:
        """End the watches."""
        with self._lock:
            api, followers = self._api, list(self._namespaces.values())
        self._deposits.close()
        for follower in followers:
            follower.end()
        if api is None:
            return
        until = time.monotonic() + _END_SECONDS
        while not all(each.ended(0.05) for each in followers):
            api.interrupt()
            if time.monotonic() > until:
                return  # what a thread may still use is never closed under it
        api.close()

    # inside

    def _own_jobs(self) -> list[tuple[str, str, str]]:
        selector = f"{MANAGED_BY[0]}={MANAGED_BY[1]},{INSTALLATION_LABEL}={self._installation}"
        found = []
        for job in self._jobs_by(selector):
            metadata = job["metadata"]
            run = metadata["labels"].get(RUN_LABEL)
            if run and not metadata.get("deletionTimestamp"):
                path = _jobs(metadata["namespace"], metadata["name"])
                found.append((run, path, metadata["uid"]))
        return found

    def _jobs_by(self, selector: str) -> list[dict[str, Any]]:
        """List jobs of all namespaces where that is granted, else of those that runs are in."""
        spaces = set(self._namespaces) | {self.api.connection.namespace}
        try:
            listed = [self.api.get("/apis/batch/v1/jobs", labelSelector=selector)]
        except BackendError:
            listed = [self.api.get(_jobs(each), labelSelector=selector) for each in sorted(spaces)]
        return [job for each in listed for job in each.get("items") or ()]

    def _namespace(self, run: Work) -> str:
        place = run.state.get("place") or {}
        options = run.request.get("options") or {}
        return str(
            place.get("namespace") or options.get("namespace") or self.api.connection.namespace
        )

    def _name(self, run: Work) -> str:
        place = run.state.get("place") or {}
        return str(place.get("job") or self._job(run)["metadata"]["name"])

    def _brought(
        self, run: Work, told: Mapping[str, Any], folder: Path
    ) -> tuple[Artifact | None, dict[str, str]] | None:
        """Return what the run left in a registry, and what is to be said of it; None: nothing."""
        repository = str((run.state.get("place") or {}).get("results") or "")
        digest = artifact_in(told)
        if not repository:
            return None
        if digest is None:
            problem = told.get("problem")
            return (None, {"problem": problem[:500]}) if isinstance(problem, str) else None
        where = {"artifact": f"{repository}@{digest}"}
        try:
            layout = folder.with_name("results")
            return self._deposits.get(run.id, repository, digest, layout), where
        except ModelPackError as error:
            return None, {**where, "problem": f"{error.message} {error.advice}".strip()}

    def _job(self, run: Work, results: str = "") -> dict[str, Any]:
        request = run.request
        return run_manifest(
            spec_of(request["package"], request["image"]),
            ClusterOptions.parse(request.get("options") or {}),
            run_id=run.id,
            installation=self._installation,
            parameters=request["parameters"],
            results=self._deposits.of(results),
        )

    def _watch(self, namespace: str) -> NamespaceFollower:
        with self._lock:
            found = self._namespaces.get(namespace)
            if found is None:
                label = f"{INSTALLATION_LABEL}={self._installation}"
                source = ApiPods(lambda: self.api, namespace, label)
                found = self._namespaces[namespace] = NamespaceFollower(source, self._changed)
            return found

    def _log(self, run: Work, since: str | None) -> str:
        place = run.state.get("place") or {}
        if not place.get("pod"):
            raise NotFound("pod", f"of run {run.id[:8]}")
        path = f"/api/v1/namespaces/{place['namespace']}/pods/{place['pod']}/log"
        return self.api.text(path, container="notebook", timestamps="true", sinceTime=since)

    def _look_at_job(
        self, run: Work, followed: _Followed, synced: bool, now: float, found: dict[str, Seen]
    ) -> None:
        """Ask for the job where no pod of it is known: it may not have one yet, or be gone."""
        if not synced or now - followed.looked_at < JOB_SECONDS:
            return
        followed.looked_at = now
        namespace, name = self._namespace(run), self._name(run)
        try:
            job = self.api.get(_jobs(namespace, name))
        except NotFound:
            job = {}
        if not _is_of(run, job):
            found[run.id] = Seen("Gone")
            return
        place = {"namespace": namespace, "job": name}
        pods = self.api.get(
            f"/api/v1/namespaces/{namespace}/pods", labelSelector=f"{RUN_LABEL}={run.id}"
        ).get("items")
        alive = [pod for pod in pods or () if not is_doomed(pod)]
        if alive:
            for pod in alive:
                self._watch(namespace).watch.cache.apply("MODIFIED", pod)
            return
        status = job.get("status") or {}
        if status.get("succeeded"):
            found[run.id] = Seen("Succeeded", place, exit_code=0)
            return
        for condition in status.get("conditions") or ():
            if condition.get("type") == "Failed" and condition.get("status") == "True":
                why = sentences.ended(str(condition.get("reason")), str(condition.get("message")))
                found[run.id] = Seen("Failed", place, why=why)
                return
        self._look_at_events(run, followed, now, 1, name)
        found[run.id] = Seen("Queued", place, followed.happenings)

    def _look_at_events(
        self, run: Work, followed: _Followed, now: float, left: int, name: str = ""
    ) -> int:
        """Ask for warnings about what has not started for a while; return how often it asked."""
        seen = followed.seen
        waits = seen is None or (
            seen.stage in ("Queued", "Starting")
            and (not seen.happenings or sentences.backs_off(seen.happenings))
        )
        if not followed.events_at:
            followed.events_at = now - (EVENT_SECONDS - JOB_SECONDS)
        if not waits or left <= 0 or now - followed.events_at < EVENT_SECONDS:
            return 0
        followed.events_at = now
        namespace = self._namespace(run)
        name = name or str(seen.place.get("pod") if seen else "")
        listed = self.api.get(
            f"/api/v1/namespaces/{namespace}/events", fieldSelector=f"involvedObject.name={name}"
        )
        happenings = []
        for each in listed.get("items") or ():
            if each.get("type") == "Warning":
                at = each.get("lastTimestamp") or each.get("eventTime")
                said = sentences.event(str(each.get("reason")), str(each.get("message")), at)
                happenings += [said] if said else []
        followed.happenings = tuple(happenings)
        return 1

    @staticmethod
    def _with_events(followed: _Followed) -> Seen:
        seen = followed.seen
        assert seen is not None
        if followed.happenings and seen.stage in ("Queued", "Starting"):
            known = () if sentences.backs_off(seen.happenings) else seen.happenings
            followed.seen = replace(seen, happenings=(*known, *followed.happenings))
            followed.happenings = ()
        return followed.seen if followed.seen is not None else seen


def _is_of(run: Work, job: Mapping[str, Any]) -> bool:
    """Tell whether a job is a run's: another one may have been given its name."""
    return bool(((job.get("metadata") or {}).get("labels") or {}).get(RUN_LABEL) == run.id)


def _jobs(namespace: str, name: str = "") -> str:
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    return f"{path}/{name}" if name else path
