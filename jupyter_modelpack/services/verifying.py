"""Verifying: the image that was made is run, sealed, before anybody calls it done."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from jupyter_modelpack.notebook.places import in_words, placed
from jupyter_modelpack.notebook.reproduction import Reproduction, compare
from jupyter_modelpack.notebook.snapshot import Snapshot
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.services.assembly import Assembled
from jupyter_modelpack.services.packaging_types import PackageRequest
from jupyter_modelpack.services.running import ImageRunner, RunOrder
from jupyter_modelpack.services.steps import Step
from jupyter_modelpack.services.verification import Verification, judge


class Folders(Protocol):
    """Makes folders to work in."""

    def one(self) -> AbstractContextManager[Path]:
        """Give a new empty folder, which is gone afterwards."""


def forget(_digest: str, _log: str, _notebook: Path | None) -> None:
    """Keep nothing of a run."""


class SealedVerifier:
    """Runs an image once with its own defaults, in a folder that is thrown away.

    ``keep`` is given the image's digest, the log and the notebook as it ran, for those who decide.
    """

    def __init__(
        self,
        runner: ImageRunner,
        folders: Folders,
        time_limit: float,
        keep: Callable[[str, str, Path | None], None] = forget,
    ) -> None:
        self._runner = runner
        self._folders = folders
        self._time_limit = time_limit
        self._keep = keep

    def verify(
        self,
        assembled: Assembled,
        request: PackageRequest,
        step: Step,
        log: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> tuple[Verification, tuple[str, ...]]:
        """Return the verdict, and the modules that the image lacks."""
        with self._folders.one() as folder:
            order = RunOrder(
                name=assembled.name,
                version="",
                parameters={},
                network=request.network,
                work_dir=folder,
                run_id="verify",
                settings=request.settings,
                inputs=_inputs(assembled),
                time_limit=self._time_limit,
            )
            said: list[str] = []

            def heard(text: str) -> None:
                said.append(text)
                log(text)

            result = self._runner.run(
                Digest.parse(assembled.digest),
                order,
                _Cells(step, request.network),
                heard,
                cancelled,
            )
            self._keep(assembled.digest, "".join(said), result.executed_notebook)
            reproduction = _reproduced(assembled, result.executed_notebook)
        verdict = judge(result, network_allowed=request.network, reproduction=reproduction)
        return _in_words(verdict, assembled.inspected.snapshot), tuple(result.missing_modules)


class _Cells:
    """Shows which cell runs."""

    def __init__(self, step: Step, network: bool) -> None:
        self._step = step
        self._tail = "with network" if network else "no network, read-only"

    def __call__(self, event: Mapping[str, Any]) -> None:
        if event.get("event") == "cell-started" and event.get("cells"):
            cell, cells = int(event["cell"]), int(event["cells"])
            self._step.tell(f"cell {cell} of {cells}, {self._tail}", (cell - 1) / cells)


def _inputs(assembled: Assembled) -> dict[str, str]:
    folder = assembled.inspected.folder
    return {item["path"]: str(Path(folder) / item["path"]) for item in assembled.record["external"]}


def _in_words(verdict: Verification, snapshot: Snapshot) -> Verification:
    return replace(
        verdict,
        text=in_words(verdict.text, snapshot),
        brief=in_words(verdict.brief, snapshot),
        findings=tuple(placed(finding, snapshot) for finding in verdict.findings),
    )


def _reproduced(assembled: Assembled, executed: Path | None) -> Reproduction:
    if executed is None:
        return Reproduction()
    try:
        cells = json.loads(Path(executed).read_bytes())["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        return Reproduction()
    return compare(assembled.inspected.snapshot.notebook["cells"], cells)
