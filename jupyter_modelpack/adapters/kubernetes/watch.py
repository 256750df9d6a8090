"""Following all pods of ours in a namespace with one list and one watch.

The rules of the API (kubernetes.io, "Efficient detection of changes"): a watch goes on from the
version that was received last; where that is too old (410) one lists again. A lost connection is
taken up where it broke, without a list. Whatever happens, an end that was seen stays an end.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from jupyter_modelpack.adapters.kubernetes.api import Gone
from jupyter_modelpack.adapters.kubernetes.manifest import RUN_LABEL
from jupyter_modelpack.adapters.kubernetes.pods import Pod, has_ended
from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.services.watcher import backoff

LIST_AGAIN_SECONDS = 600.0
_MOST_GRAVES = 5000


class PodSource(Protocol):
    """Where pods are listed and watched; raises Gone, and BackendUnavailable."""

    def list(self) -> tuple[Sequence[Pod], str]:
        """Return all pods, and the version from which to watch on."""

    def watch(self, version: str) -> Iterator[Mapping[str, Any]]:
        """Yield events from a version on, until the connection ends."""


class Clock(Protocol):
    """Time, as a loop needs it."""

    def now(self) -> float:
        """Return seconds since 1970."""

    def wait(self, seconds: float) -> bool:
        """Wait, at most so long, and return whether to end."""

    def spread(self) -> float:
        """Return a number between 0 and 1 by which waits differ."""


class PodCache:
    """The newest that is known of pods; old news, in whatever order it comes, changes nothing."""

    def __init__(self) -> None:
        self._pods: dict[str, Pod] = {}
        self._ended: dict[str, dict[str, Pod]] = {}
        self._runs: dict[str, set[str]] = {}
        self._graves: OrderedDict[str, None] = OrderedDict()
        self._forgotten: OrderedDict[str, None] = OrderedDict()
        self._changes: dict[str, int] = {}
        self._lock = threading.Lock()

    def replace(self, pods: Sequence[Pod]) -> None:
        """Take a list: what is not in it is gone."""
        with self._lock:
            there = {_uid(pod) for pod in pods}
            for uid in [uid for uid in self._pods if uid not in there]:
                self._bury(self._pods[uid])
            for pod in pods:
                self._put(pod)

    def apply(self, kind: str, pod: Pod) -> None:
        """Take one event of a watch."""
        with self._lock:
            if kind == "DELETED":
                self._put(pod)
                self._bury(pod)
            elif kind in ("ADDED", "MODIFIED"):
                self._put(pod)

    def pods(self, run: str) -> Sequence[Pod]:
        """Return the pods of a run that are there, and those that ended."""
        with self._lock:
            there = {uid: self._pods[uid] for uid in self._runs.get(run, ())}
            return list({**there, **self._ended.get(run, {})}.values())

    def change(self, run: str) -> int:
        """Return a number that grows with each change of a run's pods."""
        return self._changes.get(run, 0)

    def forget(self, run: str) -> None:
        """Keep nothing more of the ends of a run, also when its pod is removed later."""
        with self._lock:
            self._forgotten[run] = None
            _limit(self._forgotten)
            self._ended.pop(run, None)
            if not self._runs.get(run):
                self._changes.pop(run, None)

    def _put(self, pod: Pod) -> None:
        uid, run = _uid(pod), _run(pod)
        known = self._pods.get(uid)
        if uid in self._graves or (known is not None and _older(pod, known)):
            return
        if known is not None and has_ended(known) and not has_ended(pod):
            return
        self._pods[uid] = pod
        self._runs.setdefault(run, set()).add(uid)
        if has_ended(pod) and run not in self._forgotten:
            self._ended.setdefault(run, {})[uid] = pod
        self._changes[run] = self._changes.get(run, 0) + 1

    def _bury(self, pod: Pod) -> None:
        uid, run = _uid(pod), _run(pod)
        self._graves[uid] = None
        _limit(self._graves)
        if self._pods.pop(uid, None) is not None:
            uids = self._runs.get(run, set())
            uids.discard(uid)
            if not uids:
                self._runs.pop(run, None)
            self._changes[run] = self._changes.get(run, 0) + 1
        if run in self._forgotten and run not in self._runs:
            self._changes.pop(run, None)


class PodWatch:
    """Keeps a cache up to date until its clock says to end; ``changed`` is called at any news."""

    def __init__(
        self, source: PodSource, cache: PodCache, changed: Callable[[], None], clock: Clock
    ) -> None:
        self.cache = cache
        self.synced = False
        self.unknown_since: float | None = None
        self.trouble = ""
        self.lists = 0
        self.watches = 0
        self._source = source
        self._changed = changed
        self._clock = clock
        self._failures = 0
        self._heard = clock.now()
        self._listed = 0.0

    def run(self) -> None:
        """List once, and watch from there on, for as long as it takes."""
        version = ""
        while True:
            try:
                version = self._once(version)
                pause = 0.2 if self._failures == 0 else backoff(self._failures, self._spread())
            except Gone:
                version = ""
                self._failures += 1
                pause = backoff(self._failures, self._spread())
            except Exception as error:  # whatever it is, it must not end the watch for good
                self._lost(error)
                self._failures += 1
                pause = backoff(self._failures, self._spread())
            if self._clock.wait(pause):
                return

    def _once(self, version: str) -> str:
        """List if need be, then watch to the end of one connection; return the newest version."""
        if version and self._clock.now() - self._listed > LIST_AGAIN_SECONDS:
            version = ""
        if not version:
            self.lists += 1
            pods, version = self._source.list()
            self._listed = self._clock.now()
            self.cache.replace(pods)
            self.synced = True
            self._alive()
            self._changed()
        self.watches += 1
        began = self._clock.now()
        try:
            for event in self._source.watch(version):
                found = event["object"]
                version = str((found.get("metadata") or {}).get("resourceVersion") or version)
                if event["type"] != "BOOKMARK":
                    self.cache.apply(event["type"], found)
                self._failures = 0
                self._alive()
                self._changed()
        except Gone:
            raise
        except ModelPackError as error:
            self._lost(error)
            self._failures += 1
            return version
        if self._clock.now() - began > 1.0:
            self._failures = 0
        else:
            self._failures += 1  # a server that hangs up at once is not asked all the time
        self._alive()
        return version

    def _spread(self) -> float:
        return self._clock.spread()

    def _alive(self) -> None:
        self._heard = self._clock.now()
        if self.unknown_since is not None:
            self.unknown_since, self.trouble = None, ""
            self._changed()

    def _lost(self, error: Exception) -> None:
        self.trouble = str(error)
        if self.unknown_since is None and self._failures >= 1:
            self.unknown_since = self._heard
            self._changed()


def _limit(kept: OrderedDict[str, None]) -> None:
    while len(kept) > _MOST_GRAVES:
        kept.popitem(last=False)


def _uid(pod: Pod) -> str:
    return str(pod["metadata"].get("uid") or pod["metadata"].get("name"))


def _run(pod: Pod) -> str:
    return str((pod["metadata"].get("labels") or {}).get(RUN_LABEL) or "")


def _older(pod: Pod, known: Pod) -> bool:
    """Compare versions, which are numbers in every API server so far; in doubt it is not older."""
    new, old = (str(each["metadata"].get("resourceVersion") or "") for each in (pod, known))
    return new.isdigit() and old.isdigit() and int(new) < int(old)
