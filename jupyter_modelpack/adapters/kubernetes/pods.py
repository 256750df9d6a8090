"""From the pods of a run, as the API shows them, to what is known of the run. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_modelpack.adapters.kubernetes import sentences
from jupyter_modelpack.services.backend import Cause, Happening, Seen, Stage

Pod = Mapping[str, Any]
_PHASES = ("Succeeded", "Failed")


def has_ended(pod: Pod) -> bool:
    """Tell whether a pod will not do anything any more."""
    status = pod.get("status") or {}
    return status.get("phase") in _PHASES or bool(_state(pod).get("terminated"))


def is_doomed(pod: Pod) -> bool:
    """Tell whether a pod is being removed before it began: no node starts it any more."""
    metadata, state = pod.get("metadata") or {}, _state(pod)
    begun = state.get("running") or state.get("terminated")
    return bool(metadata.get("deletionTimestamp")) and not begun and not has_ended(pod)


def seen_of(pods: Sequence[Pod]) -> Seen:
    """Return what pods of one run show: an end that one of them reached, else the newest one."""
    ended = [pod for pod in pods if has_ended(pod)]
    pod = max(ended or pods, key=lambda each: (_code(each) == 0, _created(each)))
    return _ended(pod) if ended else _going(pod)


def _going(pod: Pod) -> Seen:
    status = pod.get("status") or {}
    conditions = {each.get("type"): each for each in status.get("conditions") or ()}
    scheduled = conditions.get("PodScheduled") or {}
    happenings: list[Happening] = []
    stage: Stage = "Running"
    if status.get("phase") == "Pending" or not status.get("phase"):
        stage = "Starting" if scheduled.get("status") == "True" else "Queued"
        if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
            at = scheduled.get("lastTransitionTime")
            happenings.append(sentences.unschedulable(str(scheduled.get("message") or ""), at))
        held = _state(pod).get("waiting") or {}
        found = sentences.waiting(
            str(held.get("reason") or ""), str(held.get("message") or ""), _image(pod)
        )
        happenings += [found] if found else []
    return Seen(stage, _place(pod), tuple(happenings))


def _ended(pod: Pod) -> Seen:
    status = pod.get("status") or {}
    done = _state(pod).get("terminated") or {}
    code = _code(pod)
    at = done.get("finishedAt")
    cause: Cause | None = None
    why: Happening | None = None
    if done.get("reason") == "OOMKilled":
        cause, why = "memory", sentences.out_of_memory(_limit(pod), at)
    else:
        reason = str(status.get("reason") or "")
        why = sentences.ended(reason, str(status.get("message") or ""), at)
        if why is not None:
            cause = "limit" if why.code == "TIME_LIMIT" else "evicted"
    good = status.get("phase") == "Succeeded" or (status.get("phase") != "Failed" and code == 0)
    return Seen(
        "Succeeded" if good else "Failed",
        _place(pod),
        (why,) if why else (),
        exit_code=0 if good else code,
        cause=cause,
        why=why,
        short=_short(str(done.get("message") or "")),
    )


def _short(message: str) -> Mapping[str, Any]:
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _state(pod: Pod) -> Mapping[str, Any]:
    for each in (pod.get("status") or {}).get("containerStatuses") or ():
        if each.get("name") == "notebook":
            return each.get("state") or {}
    return {}


def _code(pod: Pod) -> int | None:
    code = (_state(pod).get("terminated") or {}).get("exitCode")
    return code if isinstance(code, int) else None


def _created(pod: Pod) -> str:
    return str((pod.get("metadata") or {}).get("creationTimestamp") or "")


def _container(pod: Pod) -> Mapping[str, Any]:
    containers = (pod.get("spec") or {}).get("containers") or [{}]
    found: Mapping[str, Any] = containers[0]
    return found


def _image(pod: Pod) -> str:
    return str(_container(pod).get("image") or "its image")


def _limit(pod: Pod) -> str:
    limits = (_container(pod).get("resources") or {}).get("limits") or {}
    return str(limits.get("memory") or "")


def _place(pod: Pod) -> Mapping[str, str]:
    metadata, spec = pod.get("metadata") or {}, pod.get("spec") or {}
    place = {
        "namespace": metadata.get("namespace"),
        "pod": metadata.get("name"),
        "node": spec.get("nodeName"),
    }
    return {key: str(value) for key, value in place.items() if value}
