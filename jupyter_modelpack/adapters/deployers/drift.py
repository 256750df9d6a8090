"""Whether environments still are as they were deployed, asked of the deployer now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_modelpack.adapters.deployers.kubernetes import order_of
from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.release.environment import Slot

KEEP_SECONDS = 30.0


class DriftWatch:
    """Answers from what was seen in the last half minute."""

    def __init__(self, deployer: Callable[[], Any]) -> None:
        self._deployer = deployer
        self._seen: dict[tuple[str, str, int], tuple[float, Mapping[str, Any] | None]] = {}
        self._lock = threading.Lock()

    def __call__(self, slot: Slot, record: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """Return ``{"known", "sentence"}`` where there is something to say, else None."""
        if slot.pointer is None or record is None:
            return None
        key = (slot.package, slot.environment, slot.generation)
        with self._lock:
            at, said = self._seen.get(key, (0.0, None))
            if time.monotonic() - at > KEEP_SECONDS or not at:
                said = self._look(slot, record)
                self._seen[key] = (time.monotonic(), said)
            return said

    def _look(self, slot: Slot, record: Mapping[str, Any]) -> Mapping[str, Any] | None:
        assert slot.pointer is not None
        try:
            look = getattr(self._deployer(), "drift", None)
            if look is None:
                return None
            pointer = {**slot.pointer.to_json(), "generation": slot.generation}
            sentence = look(order_of(slot.environment, pointer, slot.package), record)
        except ModelPackError as error:
            return {"known": False, "sentence": f"It cannot be looked at: {error.message}"}
        return {"known": True, "sentence": sentence} if sentence else None
