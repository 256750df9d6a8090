"""What the image says about itself: ``app/modelpack.json`` and the notebook beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, FrozenSet, Optional, Tuple

from .refusal import Breakage, Refusal


@dataclass(frozen=True)
class Parameter:
    """A name that a run may set, its type in words, and the value it has otherwise."""

    name: str
    type: str
    default: Any = None
    cell: int = 0


@dataclass(frozen=True)
class PipelineStep:
    """A step of a pipeline: its own cells, and the variables that it records as metrics.

    ``common`` are the cells that run first in it, where they are not those of the whole notebook.
    """

    name: str
    cells: Tuple[int, ...]
    metrics: Tuple[str, ...] = ()
    common: Optional[Tuple[int, ...]] = None


@dataclass(frozen=True)
class Manifest:
    """The parts of ``modelpack.json`` that a run needs; cells count from 1.

    ``common`` cells run first in each of the ``steps``, which a run of the whole does not look at.
    ``order`` is that of its cells where it is not the notebook's; a cell may be there twice.
    """

    name: str
    notebook: str
    parameters: Tuple[Parameter, ...] = ()
    settings: Tuple[str, ...] = ()
    inputs: Tuple[str, ...] = ()
    checks: FrozenSet[int] = frozenset()
    metrics: FrozenSet[int] = frozenset()
    common: Tuple[int, ...] = ()
    steps: Tuple[PipelineStep, ...] = ()
    order: Tuple[int, ...] = ()

    @classmethod
    def read(cls, app: Path) -> Manifest:
        """Read ``app/modelpack.json``; raise Breakage when it cannot be used."""
        data = read_object(app / "modelpack.json")
        try:
            return cls(
                str(data.get("name") or "notebook"),
                str(data["notebook"]),
                tuple(
                    Parameter(
                        str(p["name"]),
                        str(p.get("type") or ""),
                        p.get("default"),
                        int(p.get("cell") or 0),
                    )
                    for p in data.get("parameters") or ()
                ),
                tuple(map(str, data.get("settings") or ())),
                tuple(str(entry["path"]) for entry in data.get("inputs") or ()),
                frozenset(map(int, data.get("checks") or ())),
                frozenset(map(int, data.get("metrics") or ())),
                tuple(map(int, data.get("common") or ())),
                tuple(
                    PipelineStep(
                        str(step["name"]),
                        tuple(map(int, step["cells"])),
                        tuple(map(str, step.get("metrics") or ())),
                        tuple(map(int, step["common"])) if "common" in step else None,
                    )
                    for step in data.get("steps") or ()
                ),
                tuple(map(int, data.get("order") or ())),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Breakage(
                "modelpack.json in the image cannot be read: {}.".format(error)
            ) from error


def named_step(manifest: Manifest, name: str) -> PipelineStep:
    """Return a step by its name; raises Refusal when the image has none of that name."""
    for step in manifest.steps:
        if step.name == name:
            return step
    known = ", ".join(step.name for step in manifest.steps) or "none"
    raise Refusal("There is no step {}. There is: {}.".format(name, known))


def read_object(path: Path) -> Any:
    """Return the JSON object in ``path``; raise Breakage when there is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Breakage("{} in the image cannot be read: {}.".format(path.name, error)) from error
    if not isinstance(data, dict):
        raise Breakage("{} in the image is not a JSON object.".format(path.name))
    return data
