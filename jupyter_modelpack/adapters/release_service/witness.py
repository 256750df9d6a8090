"""The witness: the newest checkpoint of the service's audit log that this machine has seen.

A log that is shorter than it was, or that no longer leads on from what was seen, was cut or
rewritten. The first look believes what it is told, as whoever was never there has to.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.release_service.connection import Connection
from jupyter_modelpack.errors import BackendError, ModelPackError
from jupyter_modelpack.release.audit import EMPTY, Checkpoint, Verdict, verify


class Witness:
    """Keeps a checkpoint in a file of its own for each service."""

    def __init__(self, connection: Connection, folder: Path) -> None:
        self._connection = connection
        name = hashlib.sha256(connection.service.url.encode()).hexdigest()[:32]
        self._place = folder / f"{name}.json"

    @property
    def seen(self) -> Checkpoint | None:
        """The checkpoint that was seen last, or None when there was none."""
        try:
            return Checkpoint.from_json(json.loads(self._place.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, ModelPackError):
            raise BackendError(
                f"What was seen of the release service's audit log cannot be read: {self._place}.",
                advice="Compare with a colleague, then remove the file.",
            ) from None

    def look(self) -> Checkpoint:
        """Hold the service's log against what was seen; raises BackendError when it was altered."""
        seen = self.seen
        if seen is None:
            told = Checkpoint.from_json(self._connection.get("audit", after="latest")["checkpoint"])
        else:
            verdict = self._verified(seen)
            if not verdict.whole:
                raise altered(self._connection.service.url, seen, verdict)
            told = verdict.checkpoint
        if told != seen:
            self._keep(told)
        return told

    def whole(self, known: tuple[Checkpoint, ...] = ()) -> Verdict:
        """Read the whole log, and hold it against everything that was seen."""
        seen = self.seen
        return verify(self._rows(0), (*known, *([seen] if seen else [])))

    def _verified(self, seen: Checkpoint) -> Verdict:
        answer = self._connection.get("audit", after=str(seen.size))
        told = Checkpoint.from_json(answer["checkpoint"])
        if told.size < seen.size:
            return verify((), (seen,), start=told)
        if told.size == seen.size:
            return verify((), (told,), start=seen)
        rows = self._rows(seen.size, answer)
        return verify(rows, (told,), start=seen)

    def _rows(self, after: int, answer: Any = None) -> Iterator[Mapping[str, Any]]:
        while True:
            answer = answer or self._connection.get("audit", after=str(after))
            yield from answer["entries"]
            after += len(answer["entries"])
            if not answer["entries"] or after >= int(answer["checkpoint"]["size"]):
                return
            answer = None

    def _keep(self, told: Checkpoint) -> None:
        self._place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=self._place.parent, delete=False) as stream:
            json.dump(told.to_json(), stream)
        os.replace(stream.name, self._place)


def altered(url: str, seen: Checkpoint, verdict: Verdict) -> BackendError:
    """Return the error that says loudly what is wrong with a service's log."""
    what = verdict.problems[0].message
    return BackendError(
        f"The audit log of the release service at {url} is not the one that was seen here: {what}",
        advice="Promote nothing. Tell the people who answer for it, and keep this checkpoint:"
        f" {seen.size}:{seen.root}",
        checkpoint=seen.to_json(),
    )


__all__ = ["EMPTY", "Witness", "altered"]
