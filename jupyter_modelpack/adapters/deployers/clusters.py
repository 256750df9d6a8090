"""Where releases go on clusters: a file with a namespace and a workload for each environment.

The file holds names only. What proves who the service is lies where the file says (a kubeconfig),
or is the pod's own identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from jupyter_modelpack.adapters.kubernetes.connection import ClusterSettings
from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.pipeline.cluster import ClusterOptions

Kind = Literal["job", "cronjob", "deployment"]
KINDS: tuple[Kind, ...] = ("job", "cronjob", "deployment")
FILE = "clusters.yaml"


@dataclass(frozen=True)
class Target:
    """One environment's place on a cluster; ``schedule`` is cron's, ``wait_seconds`` a limit."""

    cluster: ClusterSettings
    image: str
    kind: Kind = "job"
    schedule: str = ""
    replicas: int = 1
    port: int = 8080
    arguments: tuple[str, ...] = ("serve",)
    ready_path: str = ""
    owner: str = ""
    wait_seconds: float = 120.0
    options: ClusterOptions = field(default_factory=ClusterOptions)


def read_targets(path: Path) -> Mapping[str, Target]:
    """Return the targets by environment; raises InvalidInput that says what is wrong."""
    import yaml

    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InvalidInput(
            f"{path} cannot be read, so it is not known where releases go.",
            field="deploy_folder",
            advice="Write it as the guide for operators shows (clusters).",
        ) from error
    entries = found.get("environments") if isinstance(found, dict) else None
    if not isinstance(entries, dict):
        raise InvalidInput(f"{path} names no environments.", field="environments")
    return {str(name): _target(path, str(name), entry) for name, entry in entries.items()}


def _target(path: Path, name: str, entry: Any) -> Target:
    if not isinstance(entry, dict):
        raise InvalidInput(f"{path}: {name} is not a mapping.", field=name)
    cluster = {each.name for each in fields(ClusterSettings)}
    known = {each.name for each in fields(Target)} | cluster
    for key in entry:
        if key not in known or key == "cluster":
            raise InvalidInput(f"{path}: {name} has no setting {str(key)[:40]}.", field=name)
    values = {key: value for key, value in entry.items() if key not in cluster}
    kind = values.get("kind", "job")
    if kind not in KINDS or not values.get("image") or not entry.get("namespace"):
        raise InvalidInput(
            f"{path}: {name} needs a namespace, an image and a kind.",
            field=name,
            advice=f"The kind is one of {', '.join(KINDS)}.",
        )
    if kind == "cronjob" and not values.get("schedule"):
        raise InvalidInput(f"{path}: {name} is a cronjob without a schedule.", field=name)
    values["options"] = ClusterOptions.parse(values.get("options") or {})
    if "arguments" in values:
        values["arguments"] = tuple(map(str, values["arguments"]))
    settings = ClusterSettings(**{key: str(entry[key]) for key in cluster if key in entry})
    return Target(cluster=settings, **values)
