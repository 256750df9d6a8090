"""What to do with a run elsewhere, decided from the ledger's word and the backend's. Pure.

The rules: what cannot be seen is unknown and never failed; an end that was seen stays an end; what
is there is adopted and never killed because somebody was late; only ``Gone``, which a backend says
when it is certain, ends a run without a result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jupyter_modelpack.services.backend import ENDED, Happening, Seen
from jupyter_modelpack.services.packaging_types import Phase
from jupyter_modelpack.services.work import STOPPED, Work

What = Literal["wait", "submit", "stop", "collect", "finish"]
STOP_AGAIN_SECONDS = 15.0
START_SECONDS = 3600.0
_MOST_HAPPENINGS = 20
GONE = {
    "code": "JOB_GONE",
    "message": "The job is no longer on the cluster, and how it ended was not seen.",
    "advice": "Somebody or something removed it; ask the cluster's operators, or run it again.",
    "details": {},
}


@dataclass(frozen=True)
class Decision:
    """The next step for a run, and the state to write if it differs."""

    what: What
    state: Mapping[str, Any]
    phase: Phase | None = None


def decide(
    run: Work, seen: Seen | None, now: float, start_seconds: float = START_SECONDS
) -> Decision:
    """Return what to do with a run that we own, given the newest word of its backend.

    A run that something has kept from starting for ``start_seconds`` is given up.
    """
    state = fold(run.state, seen) if seen is not None else dict(run.state)
    submitted = bool(state.get("place"))
    if run.stop_asked and not submitted:
        # The reply to a submission may have been lost, so there may be a job all the same.
        return _stopping(state, seen, now)
    if not submitted:
        return Decision("submit", state)
    if seen is not None and seen.stage in ENDED:
        return Decision("collect", state)
    if run.stop_asked or state.get("gave_up"):
        return _stopping(state, seen, now)
    if _hopeless(run, state, now, start_seconds):
        return _stopping({**state, "gave_up": state["events"][-1]}, seen, now)
    if seen is not None and seen.stage == "Gone":
        return Decision("finish", {**state, "error": GONE}, "Errored")
    return Decision("wait", state)


def _stopping(state: dict[str, Any], seen: Seen | None, now: float) -> Decision:
    asked = state.get("stopping")
    if seen is not None and seen.stage == "Gone" and asked is not None:
        why = state.get("gave_up")
        if why:
            return Decision("finish", {**state, "error": error_of(why)}, "Failed")
        return Decision("finish", {**state, "error": STOPPED}, "Aborted")
    if asked is None or now - asked > STOP_AGAIN_SECONDS:
        return Decision("stop", {**state, "stopping": now})
    return Decision("wait", state)


def _hopeless(run: Work, state: Mapping[str, Any], now: float, start_seconds: float) -> bool:
    waits = state.get("stage") in ("Queued", "Starting") and not state.get("unknown_since")
    return bool(waits and state.get("events") and now - (run.started or now) > start_seconds)


def error_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event of a run as the error that ended it."""
    return {
        "code": event["code"],
        "message": event["sentence"],
        "advice": event["advice"],
        "details": {},
    }


def fold(state: Mapping[str, Any], seen: Seen) -> dict[str, Any]:
    """Return the state with what was seen; an unknown run keeps what was known of it."""
    if seen.stage == "Unknown":
        since = state.get("unknown_since")
        return {**state, "unknown_since": since if since is not None else seen.since}
    steps = {"steps": [dict(step) for step in seen.steps]} if seen.steps else {}
    return {
        **state,
        **steps,
        "stage": seen.stage,
        "place": {**(state.get("place") or {}), **seen.place},
        "events": merged(state.get("events") or [], seen.happenings),
        "unknown_since": None,
    }


def merged(
    events: list[Mapping[str, Any]], happenings: tuple[Happening, ...]
) -> list[Mapping[str, Any]]:
    """Return the events with new ones added, each sentence once, the newest last."""
    said = {event["sentence"] for event in events}
    new = [each.to_json() for each in happenings if each.sentence not in said]
    return [*events, *new][-_MOST_HAPPENINGS:]


def log_order(runs: Mapping[str, float], now: float, *, most: int, pause: float) -> list[str]:
    """Return whose log to read now: those that waited longest, at most so many, each after a pause.

    ``runs`` maps ids to when the log was last read, in seconds.
    """
    due = sorted((at, ident) for ident, at in runs.items() if now - at >= pause)
    return [ident for _, ident in due[:most]]


def backoff(failures: int, spread: float) -> float:
    """Return how long to wait before the next try, in seconds; ``spread`` is between 0 and 1."""
    return float(min(30.0, 0.5 * 2 ** min(failures, 6)) * (0.5 + spread / 2))
