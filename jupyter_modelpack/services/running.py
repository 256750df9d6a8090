"""Running a package again: its image, with other parameters, kept apart from the machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.runtime.manifest import Parameter
from jupyter_modelpack.runtime.refusal import Refusal
from jupyter_modelpack.runtime.values import chosen
from jupyter_modelpack.services.data_changes import data_state, known_digests
from jupyter_modelpack.services.verification import RunFacts


@dataclass(frozen=True)
class RunOrder:
    """What a person asked to run: which package, with which parameters, and where it may write."""

    name: str
    version: str
    parameters: Mapping[str, Any]
    network: bool
    work_dir: Path
    run_id: str
    settings: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    time_limit: float | None = None


class Records(Protocol):
    """Finds the record of a package."""

    def get(self, name: str, version: str) -> Mapping[str, Any]:
        """Return it, or raise NotFound."""


class ImageRunner(Protocol):
    """Runs an image."""

    def run(
        self,
        digest: Digest,
        order: RunOrder,
        on_event: Callable[[Mapping[str, Any]], None],
        on_log: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> RunFacts:
        """Run it to its end and return what happened."""


def run_package(
    order: RunOrder,
    records: Records,
    runner: ImageRunner,
    on_event: Callable[[Mapping[str, Any]], None],
    on_log: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> dict[str, Any]:
    """Run a package and return the JSON object that REST and the command line print.

    Raises InvalidInput for a parameter or an input that the package does not have.
    """
    record = records.get(order.name, order.version)
    order = replace(order, parameters=typed_values(order.parameters, record))
    _check_inputs(order, record)
    result = runner.run(Digest.parse(record["digest"]), order, on_event, on_log, cancelled)
    return rendered(order, result, record)


def rendered(order: RunOrder, result: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run shows, as a JSON object."""
    executed = result.executed_notebook
    return {
        "run": order.run_id,
        "name": order.name,
        "version": order.version,
        "phase": result.phase,
        "cell": result.cell,
        "cells": result.cells,
        "parameters": dict(order.parameters),
        "metrics": dict(result.metrics),
        "checks": [dict(check) for check in result.checks],
        "outputs": [
            {"path": path, "size": _size(order.work_dir / path)} for path in result.outputs
        ],
        "executed_notebook": str(executed) if executed else None,
        **data_state(result.inputs, known_digests(record), f"{order.name} {order.version}"),
        "error": dict(result.error) if result.error else None,
        "isolation": {
            "name": result.isolation.name,
            "sealed": result.isolation.sealed and not order.network,
            "sentence": result.isolation.sentence,
        },
        "seconds": round(result.seconds, 3),
    }


def _size(path: Path) -> int:
    return path.lstat().st_size if path.is_symlink() or path.exists() else 0


def typed_values(given: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters in their own types, read as the runtime in the image reads them.

    Raises InvalidInput for one that the package does not have, or whose text is no value of it.
    """
    declared = [Parameter(p["name"], p["type"], p["default"]) for p in record["parameters"]]
    texts = {name: value for name, value in given.items() if isinstance(value, str)}
    others = {name: value for name, value in given.items() if name not in texts}
    try:
        return chosen(declared, [f"{name}={value}" for name, value in texts.items()], others)
    except Refusal as refusal:
        raise InvalidInput(str(refusal), field="parameters") from refusal


def _check_inputs(order: RunOrder, record: Mapping[str, Any]) -> None:
    wanted = {external["path"] for external in record["external"]}
    for path in order.inputs:
        if path not in wanted:
            raise InvalidInput(f"{order.name} has no input {path}.", field="inputs")
    for path in sorted(wanted - set(order.inputs)):
        raise InvalidInput(
            f"{order.name} needs the file {path}, which is too large to be inside the image.",
            field="inputs",
            advice=f"Name it: --input {path}=FILE",
        )
