"""Where runs go that no process of ours carries: what is asked of such a place, and what it tells.

``local`` is the other kind of place: its runs wait in the queue for a worker process, which holds
them until they end. Both kinds are claimed in the ledger by one owner at a time, write only while
the claim holds, and end in the same phases.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from jupyter_modelpack.services.work import Work

Backend = Literal["local", "kubernetes", "kubeflow"]
BACKENDS: tuple[Backend, ...] = ("local", "kubernetes", "kubeflow")
Stage = Literal["Queued", "Starting", "Running", "Succeeded", "Failed", "Gone", "Unknown"]
Cause = Literal["memory", "limit", "evicted"]
ENDED: tuple[Stage, ...] = ("Succeeded", "Failed")


@dataclass(frozen=True)
class Happening:
    """Something that stands in a run's way, as a sentence with what to do; ``at`` is RFC 3339."""

    code: str
    sentence: str
    advice: str
    at: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it as the JSON object of the REST interface."""
        return {
            "code": self.code,
            "sentence": self.sentence,
            "advice": self.advice,
            "at": self.at,
        }


@dataclass(frozen=True)
class Seen:
    """What a backend knows of one run.

    ``Gone`` means that there is certainly nothing there, ``Unknown`` that nobody can tell since
    ``since`` (seconds since 1970). ``why`` says what ended it, where that is not the notebook.
    ``steps`` are those of a pipeline, each with ``name`` and ``phase``. ``short`` is the result in
    a few words, for when the whole one cannot be had.
    """

    stage: Stage
    place: Mapping[str, str] = field(default_factory=dict)
    happenings: tuple[Happening, ...] = ()
    exit_code: int | None = None
    cause: Cause | None = None
    why: Happening | None = None
    short: Mapping[str, Any] = field(default_factory=dict)
    since: float | None = None
    steps: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class LogPart:
    """New lines of a log with the events between them; ``mark`` is where to go on."""

    text: str
    events: tuple[Mapping[str, Any], ...]
    mark: str


class StillComing(Exception):
    """What a run left is on its way here; it is to be asked for again."""


class RunPlace(Protocol):
    """A backend, as the follower of its runs uses it; every call may raise BackendUnavailable."""

    def submit(self, run: Work) -> Mapping[str, str]:
        """Start it, or find what was started for the same run before, and say where it is."""

    def observe(self, runs: Sequence[Work]) -> Mapping[str, Seen]:
        """Return what is known now, by id; a run of which there is no news may be missing."""

    def stop(self, run: Work) -> None:
        """Begin to remove it; what is gone already is no error."""

    def log(self, run: Work, mark: str) -> LogPart:
        """Return what was logged after a mark; the empty mark is the beginning."""

    def collect(self, run: Work, seen: Seen, folder: Path) -> Mapping[str, Any]:
        """Put what it wrote into ``folder`` and return its result as ``run`` shows it.

        Raises StillComing where that takes a while; it goes on in the meantime.
        """


@runtime_checkable
class Sweeper(Protocol):
    """A backend that can look for what nobody follows any more."""

    def leftovers(self) -> Collection[str]:
        """Return the ids of the runs that something is kept for, of this installation alone."""

    def remove(self, ident: str) -> None:
        """Remove what is kept for a run."""
