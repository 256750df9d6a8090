"""Where releases go on clusters: a file with a namespace and a workload for each environment.

The file holds names only. What proves who the service is lies where the file says (a kubeconfig),
or is the pod's own identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, Literal

from jupyter_modelpack.adapters.deployers.places import read_places
from jupyter_modelpack.adapters.kubernetes.connection import ClusterSettings
from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.pipeline.cluster import ClusterOptions

Kind = Literal["job", "cronjob", "deployment"]
KINDS: tuple[Kind, ...] = ("job", "cronjob", "deployment")
FILE = "clusters.yaml"
_CLUSTER = frozenset(each.name for each in fields(ClusterSettings))


@dataclass(frozen=True)
class Target:
    """One environment's place on a cluster; ``schedule`` is cron's, ``wait_seconds`` a limit.

    ``arguments`` are what a deployment's container is started with, ``ready_path`` and
    ``live_path`` what it is asked for over HTTP at ``probe_port``, which is ``port`` unless set.
    """

    cluster: ClusterSettings
    image: str
    kind: Kind = "job"
    schedule: str = ""
    replicas: int = 1
    port: int = 8080
    arguments: tuple[str, ...] = ()
    ready_path: str = ""
    live_path: str = ""
    probe_port: int | None = None
    owner: str = ""
    wait_seconds: float = 120.0
    options: ClusterOptions = field(default_factory=ClusterOptions)


def read_targets(path: Path) -> Mapping[str, Target]:
    """Return the targets by environment; raises InvalidInput that says what is wrong."""
    known = ({each.name for each in fields(Target)} | _CLUSTER) - {"cluster"}
    return read_places(path, "clusters", known, partial(_target, path))


def _target(path: Path, name: str, entry: Mapping[str, Any]) -> Target:
    values = {key: value for key, value in entry.items() if key not in _CLUSTER}
    kind = values.get("kind", "job")
    if kind not in KINDS or not values.get("image") or not entry.get("namespace"):
        raise InvalidInput(
            f"{path}: {name} needs a namespace, an image and a kind.",
            field=name,
            advice=f"The kind is one of {', '.join(KINDS)}.",
        )
    if kind == "cronjob" and not values.get("schedule"):
        raise InvalidInput(f"{path}: {name} is a cronjob without a schedule.", field=name)
    if kind == "deployment":
        _check_deployment(path, name, values)
    values["options"] = ClusterOptions.parse(values.get("options") or {})
    if "arguments" in values:
        values["arguments"] = tuple(map(str, values["arguments"]))
    settings = ClusterSettings(**{key: str(entry[key]) for key in _CLUSTER if key in entry})
    return Target(cluster=settings, **values)


def _check_deployment(path: Path, name: str, values: Mapping[str, Any]) -> None:
    given = values.get("arguments")
    if not isinstance(given, list) or not given:
        raise InvalidInput(
            f"{path}: {name} is a deployment without arguments, and a packaged notebook runs once"
            " and ends, so it would be started again for ever.",
            field=f"{name}.arguments",
            advice="Set kind to job or cronjob, or set arguments, a list of the words with which"
            " the image goes on and answers on the port.",
        )
    for setting in ("ready_path", "live_path"):
        if not str(values.get(setting, "/")).startswith("/"):
            raise InvalidInput(
                f"{path}: {setting} of {name} is {str(values[setting])[:60]!r}.",
                field=f"{name}.{setting}",
                advice="Write a path that begins with /, such as /ready.",
            )
    port = values.get("probe_port", 1)
    if not isinstance(port, int) or not 0 < port < 65536:
        raise InvalidInput(
            f"{path}: probe_port of {name} is {str(port)[:20]!r}.",
            field=f"{name}.probe_port",
            advice="Write a number from 1 to 65535, or leave it out: it is the port then.",
        )
