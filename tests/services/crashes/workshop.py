"""A workshop whose steps are real where a kill could hurt: the store, the names, the ledger.

What is packaged is the notebook's own text, so that the same notebook is the same image. What the
environment and a run would be is made up, and takes a moment.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from jupyter_modelpack.adapters.deployers.folder import FolderDeployer
from jupyter_modelpack.adapters.image_names import ImageNames
from jupyter_modelpack.adapters.ledger import open_ledger
from jupyter_modelpack.errors import Aborted
from jupyter_modelpack.oci.config import ImageConfig
from jupyter_modelpack.oci.image import write_image
from jupyter_modelpack.oci.layer import write_layer
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import File, Tree
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.services import packaging
from jupyter_modelpack.services.assembly import Assembled
from jupyter_modelpack.services.backend import LogPart, Seen, Stage
from jupyter_modelpack.services.packaging_types import PackageRequest, PackageResult
from jupyter_modelpack.services.work import Work
from tests.services.crashes.states import watch
from tests.services.fake_workshop import FakeWorkshop

MOMENT = 0.02
SHOWN = 0.25  # longer than states that need not be seen at once are held back
STAGES: tuple[Stage, ...] = ("Starting", "Running", "Succeeded")


@dataclass
class Steps(FakeWorkshop):
    """Packaging's ports: made up but for the image, its names and its record."""

    data_dir: Path = field(default=Path())
    path: str = ""
    author: Mapping[str, Any] = field(default_factory=dict)

    def collect(self, contents: Any, cancelled: Any) -> Any:
        time.sleep(MOMENT)
        return super().collect(contents, cancelled)

    def write(self, collected: Any, *_: Any) -> Assembled:
        """Write an image of the notebook's text into the store."""
        text = Path(self.path).read_bytes()
        layout = Layout(self.data_dir / "store")
        trees = [Tree("code", "code", (File("notebook.ipynb", content=text),))]
        image = write_image([write_layer(tree, layout) for tree in trees], ImageConfig(), layout)
        name = Path(self.path).stem
        record = {
            "schema": 1, "name": name, "digest": str(image.digest), "parameters": [], "size": 1,
            "distributions": [], "external": [], "reused_layers": 0, "why": "",
            "notebook_digest": "", "account": self.author, "owner": None,
            "content": {"cells": [text.decode()], "code": "", "data": "", "python": "3.11.7"},
        }  # fmt: skip
        return Assembled(name, image.manifest, (), collected.contents, record)

    def verify(self, assembled: Any, request: Any, step: Any, log: Any, cancelled: Any) -> Any:
        time.sleep(MOMENT)
        log("It ran.\n")
        return super().verify(assembled, request, step, log, cancelled)

    def attest(self, record: Mapping[str, Any], request: PackageRequest) -> Mapping[str, str]:
        time.sleep(MOMENT)
        made = {"provenance": "sha256:1", "sbom": "sha256:2", "key": "3"}
        return {**made, "release": str(record["release"])}

    def publish(self, record: Mapping[str, Any], tell: Any, cancelled: Any) -> Any:
        time.sleep(MOMENT)
        return SimpleNamespace(version=record["version"], sent="1 layer sent")


class Workshop:
    """Packages and runs; ``calls.txt`` says what was begun, by which process."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.ledger = open_ledger(data_dir)
        watch(data_dir / "ledger.sqlite")

    def package(
        self, request: PackageRequest, progress: Any, cancelled: Callable[[], bool]
    ) -> PackageResult:
        self._called("package", request.path)
        author = Actor("hub", request.requested_by, verified=True, signed_in=True).to_json()
        steps = Steps(data_dir=self.data_dir, path=request.path, author=author)
        ports = replace(
            steps.ports(),
            releases=self.ledger.packages,
            names=ImageNames(Layout(self.data_dir / "store"), self.data_dir / "locks"),
            monotonic=time.monotonic,
            now=lambda: datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            team=cast(Any, steps),
        )
        return packaging.package(request, ports, progress, cancelled)

    def run(
        self, order: Any, on_event: Any, on_log: Any, cancelled: Callable[[], bool]
    ) -> dict[str, Any]:
        self._called("run", order.run_id)
        order.work_dir.mkdir(parents=True)
        on_event({"event": "cell-started", "cell": 1, "cells": 1})
        on_log("[cell 1/1]\n")
        time.sleep(SHOWN)
        on_event({"event": "metric", "name": "auc", "value": 0.9})
        while order.network and not cancelled():  # a run that goes on until it is stopped
            time.sleep(MOMENT)
        if cancelled():
            raise Aborted("The run was stopped.")
        executed = order.work_dir / "executed.ipynb"
        executed.write_text(json.dumps({"cells": []}))
        return {"phase": "Succeeded", "metrics": {"auc": 0.9}, "executed_notebook": str(executed)}

    def releases(self, tell: Any, membership: Any = None) -> Any:
        """Return promotion, with checks that pass and the deployer that writes into a folder."""
        from promoting import TEAM, open_world, signed

        from jupyter_modelpack.release_wiring import now

        if not (self.data_dir / "policy.yaml").exists():
            (self.data_dir / "policy.yaml").write_text(TEAM, "utf-8")
        world = open_world(
            self.data_dir,
            ledger=self.ledger,
            now=now,
            tell=tell,
            deployer=FolderDeployer(self.data_dir / "environments"),
        )
        world.finder.change = signed
        return world.releases

    def _called(self, what: str, ident: str) -> None:
        with (self.data_dir / "calls.txt").open("a") as stream:
            stream.write(f"{what} {ident} {os.getpid()}\n")


def open_workshop(data_dir: Path | str, settings: Mapping[str, Any]) -> Workshop:
    return Workshop(Path(data_dir))


class DiskPlace:
    """A cluster in a folder: a file a job, a byte in it for each look; ``created.txt`` counts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def submit(self, run: Work) -> Mapping[str, str]:
        job = self._folder / run.id
        if not job.exists():
            job.touch()
            with (self._folder / "created.txt").open("a") as stream:
                stream.write(f"{run.id}\n")
        return {"namespace": "ns", "job": run.id}

    def observe(self, runs: Sequence[Work]) -> Mapping[str, Seen]:
        return {run.id: self._seen(run) for run in runs}

    def _seen(self, run: Work) -> Seen:
        """Let a job go on by a stage each time that it is seen; an endless one stays running."""
        job = self._folder / run.id
        if not job.exists():
            return Seen("Gone")
        with job.open("a") as stream:
            stream.write("x")
        ends = not run.request["options"].get("labels")
        stage = STAGES[min(job.stat().st_size - 1, len(STAGES) - (1 if ends else 2))]
        return Seen(stage, {"pod": "p", "job": run.id}, exit_code=0)

    def stop(self, run: Work) -> None:
        (self._folder / run.id).unlink(missing_ok=True)

    def log(self, run: Work, mark: str) -> LogPart:
        return LogPart("hello\n", (), "1 1") if not mark else LogPart("", (), mark)

    def collect(self, run: Work, seen: Seen, folder: Path) -> Mapping[str, Any]:
        (folder / "scores.csv").write_text(run.id)
        return {"phase": "Succeeded", "metrics": {"auc": 0.9}, "outputs": []}

    def leftovers(self) -> Collection[str]:
        return [each.name for each in self._folder.iterdir() if each.suffix != ".txt"]

    def remove(self, ident: str) -> None:
        (self._folder / ident).unlink()

    def close(self) -> None:
        return None
