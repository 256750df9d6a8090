"""Where files that a notebook reads lie on the volumes of its own pod, as mounts for its runs.

Pure: a pod as the Kubernetes API gives it, and absolute paths in it. What only that pod has (an
emptyDir, a disk of its node, a generated token) is said, because no other pod can mount it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from jupyter_modelpack.pipeline.mount import Mount
from jupyter_modelpack.pipeline.spec import WORK_DIRECTORY

_KINDS = {
    "emptyDir": "storage that goes away with this pod",
    "hostPath": "a disk of this pod's node",
    "secret": "a Secret",
    "projected": "something that is made for this pod alone",
    "downwardAPI": "something that is made for this pod alone",
    "csi": "a volume that is made for this pod alone",
    "ephemeral": "a volume that is made for this pod alone",
}


@dataclass(frozen=True)
class Placed:
    """One file: its path below the notebook's folder, and its mount or why there is none."""

    path: str
    mount: Mount | None
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that is shown before a run is sent."""
        mount = self.mount.to_json() if self.mount else None
        return {"path": self.path, "mount": mount, "sentence": self.sentence}


def placed(pod: Mapping[str, Any], files: Mapping[str, str]) -> tuple[Placed, ...]:
    """Return where each file lies; ``files`` maps paths that the notebook reads to real ones."""
    spec = pod.get("spec") or {}
    volumes = {str(each.get("name")): each for each in spec.get("volumes") or ()}
    mounts = [
        mount
        for container in spec.get("containers") or ()
        for mount in container.get("volumeMounts") or ()
    ]
    return tuple(_placed(path, real, mounts, volumes) for path, real in sorted(files.items()))


def claims(found: Iterable[Placed]) -> tuple[str, ...]:
    """Return the names of the claims that are mounted."""
    return tuple(
        sorted({each.mount.name for each in found if each.mount and each.mount.kind == "claim"})
    )


def _placed(
    path: str, real: str, mounts: Iterable[Mapping[str, Any]], volumes: Mapping[str, Any]
) -> Placed:
    place = PurePosixPath(real)
    over = [each for each in mounts if place.is_relative_to(str(each.get("mountPath") or "?"))]
    if not over:
        return Placed(path, None, f"{path} lies on no volume of this notebook's pod.")
    # the first of the deepest: a sidecar may mount the same volume again
    deepest = max(over, key=lambda each: len(PurePosixPath(str(each["mountPath"])).parts))
    volume = volumes.get(str(deepest.get("name"))) or {}
    if deepest.get("subPathExpr"):
        said = "a part of a volume whose name is made up when the pod starts"
        return Placed(path, None, f"{path} lies on {said}: name the mount yourself.")
    inside = place.relative_to(str(deepest["mountPath"]))
    sub_path = posixpath.normpath(posixpath.join(str(deepest.get("subPath") or ""), str(inside)))
    target = posixpath.join(WORK_DIRECTORY, path)
    claim, config = volume.get("persistentVolumeClaim"), volume.get("configMap")
    if claim and claim.get("claimName"):
        name = str(claim["claimName"])
        mount = Mount("claim", name, target, True, sub_path)
        return Placed(path, mount, f"{path} comes from the claim {name}, read-only.")
    if config and config.get("name") and not config.get("items"):
        name = str(config["name"])
        # what a config map shows are links into a folder that has the time in its name
        linked = bool(inside.parts) and inside.parts[0].startswith("..")
        key = str(PurePosixPath(*inside.parts[1:])) if linked else sub_path
        return Placed(
            path,
            Mount("config_map", name, target, True, key),
            f"{path} comes from the config map {name}.",
        )
    kind = next((key for key in volume if key != "name"), "")
    what = _KINDS.get(kind, f"a volume of the kind {kind or 'unknown'}")
    return Placed(path, None, f"{path} lies on {what}, which no run can mount.")
