"""What the login said of people lately, so that groups count only while somebody knows them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping

from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.release.actor import Actor

SEEN_SECONDS = 10.0


class Membership:
    """Accounts as their login knows them now.

    ``lookup`` asks the login; a login that cannot be asked raises BackendUnavailable, and then an
    account is known only for the few seconds after it was seen itself.
    """

    def __init__(
        self,
        lookup: Callable[[Actor], Actor | None],
        seconds: float = SEEN_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lookup = lookup
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, Actor]] = {}

    def saw(self, actor: Actor) -> None:
        """Remember an account that has just logged in."""
        now = self._clock()
        with self._lock:
            self._seen = {k: v for k, v in self._seen.items() if now - v[0] < self._seconds}
            self._seen[actor.account] = (now, actor)

    def of(self, actors: Iterable[Actor]) -> Mapping[str, Actor | None]:
        """Return what is known of the accounts now; one of which nothing is known is left out."""
        found: dict[str, Actor | None] = {}
        for actor in actors:
            with self._lock:
                since, seen = self._seen.get(actor.account, (0.0, None))
            if seen is not None and self._clock() - since < self._seconds:
                found[actor.account] = seen
                continue
            try:
                found[actor.account] = self._lookup(actor)
            except ModelPackError:
                continue
        return found
