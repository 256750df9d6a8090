"""The tally: how many bytes of an image were sent, and how many were there already."""

from __future__ import annotations

import threading
from collections.abc import Callable

from jupyter_modelpack.services.packaging_types import Transfer

_QUIET_SECONDS = 0.1


class Tally:
    """Counts for several threads, and tells now and then; the last count is told by ``end``."""

    def __init__(
        self, total: int, tell: Callable[[Transfer], None], monotonic: Callable[[], float]
    ) -> None:
        self._total = total
        self._tell = tell
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._began = self._told = monotonic()
        self._done = self._there = self._wire = 0

    def wired(self, count: int) -> None:
        """Count bytes that went over the network, whether they arrived or not."""
        with self._lock:
            self._wire += count

    def moved(self, count: int) -> None:
        """Count bytes of the image that arrived; fewer than none when some were lost again."""
        with self._lock:
            self._done += count
            if self._monotonic() - self._told >= _QUIET_SECONDS:
                self._say()

    def there(self, count: int) -> None:
        """Count bytes that need not be sent, because the registry has them."""
        with self._lock:
            self._there += count
            self._say()

    @property
    def wire(self) -> int:
        """The bytes that went over the network."""
        return self._wire

    def end(self) -> Transfer:
        """Tell the last count and return it."""
        with self._lock:
            return self._say()

    def _say(self) -> Transfer:
        self._told = self._monotonic()
        took = self._told - self._began
        speed = round(self._done / took) if took > 0 else 0
        transfer = Transfer(self._total, self._done, self._there, speed, self._wire)
        self._tell(transfer)
        return transfer
