"""Events: hints to everyone who listens that a build or a run has moved."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

SCHEMA_ID = "https://schema.jupyter.org/jupyter_modelpack/progress/v1"
SCHEMA_FILE = Path(__file__).parents[1] / "event_schemas" / "progress.yaml"


class EventLogger(Protocol):
    """The part of jupyter_events' logger that is used."""

    def register_event_schema(self, schema: Any) -> None:
        """Let events of a schema be sent."""

    def emit(self, *, schema_id: str, data: dict[str, Any]) -> Any:
        """Send an event."""


class ProgressEvents:
    """Sends events from any thread; without a server that runs they are dropped."""

    def __init__(self, logger: EventLogger) -> None:
        self._logger = logger
        self._loop: asyncio.AbstractEventLoop | None = None
        logger.register_event_schema(SCHEMA_FILE)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Send from this loop, the one that the server's handlers run in."""
        self._loop = loop

    def __call__(self, event: Mapping[str, str]) -> None:
        """Send one event, soon; it is a hint, so nobody waits and a failure is nobody's."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the server has ended
                loop.call_soon_threadsafe(self._emit, dict(event))

    def _emit(self, data: dict[str, str]) -> None:
        self._logger.emit(schema_id=SCHEMA_ID, data=data)
