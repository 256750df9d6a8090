"""Where releases go at Kubeflow: a file with a namespace and a schedule for each environment.

The file names logins by their files and holds none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.deployers.places import read_places
from jupyter_modelpack.adapters.kubeflow.connection import KubeflowSettings, kubeflow_settings
from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.pipeline.cluster import ClusterOptions
from jupyter_modelpack.pipeline.schedule import UTC, Schedule

FILE = "kubeflow.yaml"
_LOGIN = ("url", "namespace", "token_file", "cookie_file", "user")


@dataclass(frozen=True)
class Profile:
    """One environment's place at Kubeflow.

    ``schedule`` is None where the notebook is to say it; ``clock`` is the timezone that Kubeflow's
    controller runs schedules in; ``wait_seconds`` limits how long it may take to take one up.
    """

    kubeflow: KubeflowSettings
    schedule: Schedule | None = None
    clock: str = UTC
    image: str = ""
    experiment: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    wait_seconds: float = 60.0


def read_profiles(path: Path) -> Mapping[str, Profile]:
    """Return the places by environment; raises InvalidInput that says what is wrong."""
    known = ({each.name for each in fields(Profile)} | {*_LOGIN}) - {"kubeflow"}
    return read_places(path, "Kubeflow", known, partial(_profile, path))


def _profile(path: Path, name: str, entry: Mapping[str, Any]) -> Profile:
    login = {key: str(entry.get(key) or "") for key in _LOGIN}
    if not login["url"]:
        raise InvalidInput(f"{path}: {name} needs the url of Kubeflow.", field=name)
    values = {key: value for key, value in entry.items() if key not in _LOGIN}
    for key in ("parameters", "schedule"):
        if not isinstance(values.get(key, {}), dict):
            raise InvalidInput(f"{path}: {key} of {name} is not a mapping.", field=name)
    if "schedule" in values:
        values["schedule"] = Schedule.parse(values["schedule"])
    values["labels"] = ClusterOptions.parse({"labels": values.get("labels") or {}}).labels
    return Profile(kubeflow_settings(**login), **values)
