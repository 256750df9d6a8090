"""What Kubernetes says in words of its own, as sentences for a data scientist. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jupyter_modelpack.services.backend import Happening

_PULL = frozenset(
    (
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "RegistryUnavailable",
    )
)
# A message names the image by its digest, in which such numbers may be too.
_REFUSED = re.compile(r"unauthorized|forbidden|denied|authentication|\b40[13]\b", re.IGNORECASE)
_MISSING = re.compile(r"not found|manifest unknown|\b404\b|does not exist", re.IGNORECASE)
_NOT_PULLED = "IMAGE_NOT_PULLED"
_BACK_OFF = "Back-off pulling image"
_PULLING = re.compile(r'Failed to pull image "([^"]+)"')
_LACKS = re.compile(r"Insufficient ([-\w./]+)")
_QUOTA = re.compile(r"exceeded quota: ([^,]+), requested: ([^\s]+), used: ([^\s]+), limited: (\S+)")
_LOST = re.compile(r'(secret|configmap|persistentvolumeclaim) "?([-\w./]+)"?', re.IGNORECASE)
_KINDS = {
    "secret": "Secret",
    "configmap": "ConfigMap",
    "persistentvolumeclaim": "PersistentVolumeClaim",
}


def waiting(reason: str, message: str, image: str, at: str | None = None) -> Happening | None:
    """Return what keeps a container from starting; None when it is only being started."""
    if reason in _PULL:
        return _image(message, image, at)
    if reason in ("CreateContainerConfigError", "CreateContainerError", "RunContainerError"):
        return _missing(message, at) or Happening(
            "CONTAINER_NOT_STARTED",
            f"The cluster cannot start the container: {_cut(message)}",
            "Show this to whoever runs the cluster.",
            at,
        )
    return None


def unschedulable(message: str, at: str | None = None) -> Happening:
    """Return why no node takes the pod."""
    lacks = sorted(set(_LACKS.findall(message)))
    if lacks:
        return Happening(
            "UNSCHEDULABLE",
            f"No node of the cluster has enough free {' and '.join(lacks)} for this run.",
            "Ask for less (requests), or wait until other work has ended.",
            at,
        )
    lost = _missing(message, at)
    if lost is not None:
        return lost
    return Happening(
        "UNSCHEDULABLE",
        f"No node of the cluster takes this run: {_cut(message)}",
        "Check its node selector and tolerations.",
        at,
    )


def event(reason: str, message: str, at: str | None = None) -> Happening | None:
    """Return the sentence for a warning event of a job or a pod; None for one that needs none."""
    if reason == "FailedCreate":
        quota = _QUOTA.search(message)
        if quota:
            name, asked, used, limit = quota.groups()
            return Happening(
                "QUOTA",
                f"The namespace's quota {name} is used up: {used} of {limit}, this run asks for"
                f" {asked}.",
                "Ask for less, end other runs, or ask for a larger quota. It starts by itself when"
                " there is room.",
                at,
            )
        return Happening(
            "POD_REFUSED",
            f"The cluster does not let the pod in: {_cut(message)}",
            "Show this to whoever runs the cluster; a policy of theirs forbids something here.",
            at,
        )
    if reason in ("FailedMount", "FailedAttachVolume"):
        return _missing(message, at) or Happening(
            "VOLUME_NOT_MOUNTED",
            f"A volume cannot be mounted: {_cut(message)}",
            "Check the names of the volumes, and whether another pod holds one of them.",
            at,
        )
    if reason == "FailedScheduling":
        return unschedulable(message, at)
    pulling = _PULLING.match(message) if reason == "Failed" else None
    return _image(message, pulling[1], at) if pulling else None


def backs_off(happenings: Sequence[Happening]) -> bool:
    """Tell whether all that is known is that the cluster waits before it pulls again."""
    return any(each.code == _NOT_PULLED and _BACK_OFF in each.sentence for each in happenings)


def out_of_memory(limit: str, at: str | None = None) -> Happening:
    """Return that the container needed more memory than it may have."""
    has = f"more than its limit of {limit}" if limit else "more than the node had"
    return Happening(
        "OUT_OF_MEMORY",
        f"The notebook needed {has} of memory, and the cluster ended it.",
        "Give it a higher memory limit, or let it read less data at once.",
        at,
    )


def ended(reason: str, message: str, at: str | None = None) -> Happening | None:
    """Return why the cluster ended a pod; None when it was not the cluster."""
    if reason == "DeadlineExceeded":
        return Happening(
            "TIME_LIMIT",
            "The time limit was reached, and the cluster ended the run.",
            "Give it a longer time limit.",
            at,
        )
    if reason in ("Evicted", "Preempting", "Preempted"):
        return Happening(
            "EVICTED",
            f"The cluster took the run off its node: {_cut(message) or 'other work went first.'}",
            "Run it again; ask for the memory and disk that it needs (requests), so that it is"
            " placed where there is room.",
            at,
        )
    if reason in ("NodeLost", "Shutdown", "Terminated", "NodeShutdown", "UnexpectedAdmissionError"):
        return Happening(
            "NODE_LOST", "The node that the run was on went away.", "Run it again.", at
        )
    return None


def _image(message: str, image: str, at: str | None) -> Happening:
    if _REFUSED.search(message):
        return Happening(
            "IMAGE_REFUSED",
            f"The registry does not let the cluster pull {image}.",
            "Name a pull secret of the namespace that may read it (pull_secrets).",
            at,
        )
    if _MISSING.search(message):
        return Happening(
            "IMAGE_MISSING",
            f"The registry does not have the image {image}.",
            "Publish the package to that registry, then it starts by itself.",
            at,
        )
    return Happening(
        _NOT_PULLED,
        f"The cluster cannot pull {image}: {_cut(message) or 'no reason is given.'}",
        "Check that the cluster's nodes reach the registry; the cluster goes on trying.",
        at,
    )


def _missing(message: str, at: str | None) -> Happening | None:
    found = _LOST.search(message)
    if found is None or not re.search(r"not found|couldn't find|unbound", message):
        return None
    kind, name = _KINDS[found.group(1).lower()], found.group(2).rpartition("/")[2]
    return Happening(
        f"{kind.upper()}_MISSING",
        f"There is no {kind} {name} in the namespace, or it lacks the key.",
        "Make it, or name another one; the run starts by itself when it is there.",
        at,
    )


def _cut(message: str) -> str:
    return " ".join(message.split())[:300]
