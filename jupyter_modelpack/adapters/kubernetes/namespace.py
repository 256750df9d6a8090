"""The pods of one namespace over the API, and a thread that follows them."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jupyter_modelpack.adapters.kubernetes.api import Api
from jupyter_modelpack.adapters.kubernetes.pods import Pod
from jupyter_modelpack.adapters.kubernetes.watch import PodCache, PodWatch

WATCH_SECONDS = 30
QUIET_SECONDS = 40.0


class ApiPods:
    """Lists and watches the pods with a label in a namespace."""

    def __init__(self, api: Callable[[], Api], namespace: str, selector: str) -> None:
        self._api = api
        self._path = f"/api/v1/namespaces/{namespace}/pods"
        self._selector = selector

    def list(self) -> tuple[Sequence[Pod], str]:
        """Return all pods, page by page, and the version from which to watch on."""
        pods: list[Pod] = []
        further = None
        while True:
            page = self._api().get(
                self._path, labelSelector=self._selector, limit=500, **{"continue": further}
            )
            pods += page.get("items") or ()
            metadata = page.get("metadata") or {}
            further = metadata.get("continue") or None
            if further is None:
                return pods, str(metadata.get("resourceVersion") or "")

    def watch(self, version: str) -> Iterator[Mapping[str, Any]]:
        """Yield events; the server ends it after half a minute, so that silence is noticed."""
        return self._api().watch(
            self._path,
            quiet=QUIET_SECONDS,
            labelSelector=self._selector,
            resourceVersion=version,
            allowWatchBookmarks="true",
            timeoutSeconds=WATCH_SECONDS,
        )


class RealClock:
    """The machine's time, with an end that can be asked for."""

    def __init__(self) -> None:
        self.ending = threading.Event()

    def now(self) -> float:
        """Return seconds since 1970."""
        return time.time()

    def wait(self, seconds: float) -> bool:
        """Wait, at most so long, and return whether to end."""
        return self.ending.wait(seconds)

    def spread(self) -> float:
        """Return a number between 0 and 1."""
        return random.random()


class NamespaceFollower:
    """A watch of one namespace in a thread of its own."""

    def __init__(self, source: ApiPods, changed: Callable[[], None]) -> None:
        self._clock = RealClock()
        self.watch = PodWatch(source, PodCache(), changed, self._clock)
        self._thread = threading.Thread(target=self.watch.run, name="modelpack-pods", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Ask the thread to end, which it does once its watch has ended."""
        self._clock.ending.set()

    def ended(self, seconds: float) -> bool:
        """Wait for the end of the thread, and return whether it has come."""
        self._thread.join(seconds)
        return not self._thread.is_alive()
