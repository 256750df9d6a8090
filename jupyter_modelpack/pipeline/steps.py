"""The steps of a pipeline as Kubeflow's tasks: what each takes and gives, by usable names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_modelpack.notebook.kale import StepOptions
from jupyter_modelpack.notebook.kale_metadata import Volume


@dataclass(frozen=True)
class StepSpec:
    """One step of a package's pipeline.

    ``inputs`` are variable and the step that it comes from; ``outputs`` are variables.
    """

    name: str
    after: tuple[str, ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    outputs: tuple[str, ...] = ()
    options: StepOptions = field(default_factory=StepOptions)


def read_steps(record: Mapping[str, Any]) -> tuple[StepSpec, ...]:
    """Return the steps in a package's record; none where the notebook is a single step."""
    return tuple(
        StepSpec(
            name=step["name"],
            after=tuple(step["after"]),
            inputs=tuple((item["name"], item["from"]) for item in step["inputs"]),
            outputs=tuple(step["outputs"]),
            options=StepOptions.from_json(step["options"]),
        )
        for step in record.get("steps") or ()
    )


def read_volumes(record: Mapping[str, Any]) -> tuple[Volume, ...]:
    """Return the volumes that every step of a record's pipeline mounts."""
    settings = record.get("pipeline_settings") or {}
    return tuple(Volume(**volume) for volume in settings.get("volumes") or ())


def read_caching(record: Mapping[str, Any]) -> bool:
    """Tell whether the notebook's own settings ask for Kubeflow's cache."""
    return bool((record.get("pipeline_settings") or {}).get("caching"))


def artifact_names(steps: Iterable[StepSpec], taken: Iterable[str]) -> dict[str, str]:
    """Return variable -> artifact name for all values that cross; no name is in ``taken``."""
    used = set(taken)
    names: dict[str, str] = {}
    for variable in dict.fromkeys(name for step in steps for name in step.outputs):
        plain = unicodedata.normalize("NFKD", variable).encode("ascii", "ignore").decode("ascii")
        stem = "value_" + (re.sub("[^a-z0-9]+", "_", plain.lower()).strip("_") or "of_step")
        candidate, number = stem, 1
        while candidate in used:
            number += 1
            candidate = f"{stem}_{number}"
        used.add(candidate)
        names[variable] = candidate
    return names
