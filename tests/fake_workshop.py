"""A workshop for tests of the server: a notebook's metadata says how packaging it goes.

Under ``metadata.fake``: ``seconds`` (how long it takes), ``end`` (``refused``, ``bug``, ``die``,
``hang`` or nothing, for well), ``log`` (text to log). Each call leaves a line in ``calls.txt``.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.ledger import open_ledger
from jupyter_modelpack.errors import Aborted, GateNotSatisfied
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.services.packaging_types import PackageRequest, PackageResult, StepReport

GOLDEN = Path(__file__).parent / "contract"


@dataclass(frozen=True)
class Isolation:
    name: str = "bubblewrap"
    sealed: bool = True
    sentence: str = "Runs are kept apart by bubblewrap: no network, read-only root."


def golden(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))


def digest(content: bytes) -> str:
    return str(Digest.of(content))


class FakeWorkshop:
    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    def isolation(self) -> Isolation:
        return Isolation()

    def survey(self, path: str) -> dict[str, Any]:
        content = self._called("inspect", path)
        told = json.loads(content)["metadata"].get("fake", {})
        if told.get("end") == "bug":
            raise RuntimeError(f"says {told.get('log')}")
        if told.get("end") == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(told.get("seconds", 0))
        found = {**golden("inspection"), "path": path, "digest": digest(content)}
        packages = open_ledger(self.data_dir).packages
        named = None
        for made in packages.list(path=path)[:1]:
            record = packages.get(made["name"], made["version"])
            if record["notebook_digest"] == found["digest"]:
                named = {"name": made["name"], "version": made["version"]}
        return {**found, "unchanged": named}

    def package(
        self, request: PackageRequest, progress: Any, cancelled: Callable[[], bool]
    ) -> PackageResult:
        content = self._called("package", request.path)
        told = json.loads(content)["metadata"].get("fake", {})
        progress.step(StepReport("read", "Running"))
        progress.log(told.get("log", "reading\n"))
        progress.step(StepReport("read", "Succeeded", 0.01, "12 cells"))
        progress.step(StepReport("inspect", "Running"))
        progress.step(StepReport("inspect", "Running", None, "looking", 0.5))
        if told.get("end") == "refused":
            finding = Finding("secret", "blocking", "This looks like a key (AKIA…).", 4, 2, "No.")
            progress.findings((finding,))
            raise GateNotSatisfied("It is refused.", advice="No.", findings=[finding.to_json()])
        if told.get("end") == "bug":
            raise RuntimeError(f"says {told.get('log')}")
        if told.get("end") == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if told.get("end") == "die-once" and not (self.data_dir / "died").exists():
            (self.data_dir / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        self._wait(told, cancelled)
        record = {
            **golden("package"),
            "name": request.name or Path(request.path).stem,
            "version": "1.0.0",
            "path": request.path,
            "digest": digest(request.path.encode() + content),
            "notebook_digest": digest(content),
            "external": [],
            "author": request.requested_by,
            "live": list(request.live_modules),
        }
        open_ledger(self.data_dir).packages.put(record, {"kubernetes": b"kind: Job\n"})
        progress.step(StepReport("inspect", "Succeeded", 0.02, "nothing in the way"))
        made = Digest.parse(record["digest"])
        return PackageResult(record["name"], record["version"], made, record)

    def run(
        self,
        order: Any,
        on_event: Callable[[Mapping[str, Any]], None],
        on_log: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> dict[str, Any]:
        record = open_ledger(self.data_dir).packages.get(order.name, order.version)
        told = json.loads(self._called("run", record["path"]))["metadata"].get("fake", {})
        order.work_dir.mkdir(parents=True)
        for cell in (1, 2):
            on_event({"event": "cell-started", "cell": cell, "cells": 2})
            on_log(f"[cell {cell}/2]\n")
        if told.get("run") == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        self._wait(told, cancelled)
        for path, content in told.get("writes", {}).items():
            (order.work_dir / path).parent.mkdir(parents=True, exist_ok=True)
            (order.work_dir / path).write_text(content, "utf-8")
        executed = order.work_dir / "executed.ipynb"
        executed.write_text((GOLDEN.parent / "executed.json").read_text("utf-8"), "utf-8")
        return {
            "run": order.run_id,
            "phase": "Succeeded",
            "cell": 2,
            "cells": 2,
            "parameters": dict(order.parameters),
            "metrics": {"auc": 0.5},
            "outputs": [
                {"path": path, "size": len(text)} for path, text in told.get("writes", {}).items()
            ],
            "checks": [],
            "isolation": {"name": "bubblewrap", "sealed": True, "sentence": ""},
            "executed_notebook": str(executed),
            "error": None,
            "seconds": 0.1,
        }

    def releases(self, tell: Any) -> Any:
        from promoting import open_world

        from jupyter_modelpack.release_wiring import now

        return open_world(self.data_dir, now=now, tell=tell).releases

    def notebook(self, record: Any) -> bytes:
        return b'{"cells": []}'

    def export(self, record: Any, kind: str, target: Path, *, overwrite: bool = False) -> int:
        from jupyter_modelpack.adapters.image_names import write_whole

        return write_whole(
            target, lambda out: out.write(kind.encode()) and None, overwrite=overwrite
        )

    def _called(self, what: str, path: str) -> bytes:
        with (self.data_dir / "calls.txt").open("a") as stream:
            stream.write(f"{what} {path} {os.getpid()}\n")
        return Path(path).read_bytes()

    def _wait(self, told: Mapping[str, Any], cancelled: Callable[[], bool]) -> None:
        until = time.monotonic() + float(told.get("seconds", 0))
        while time.monotonic() < until:
            if told.get("end") != "hang" and cancelled():
                raise Aborted("Packaging was stopped.", advice="Nothing was changed.")
            time.sleep(0.01)


def open_workshop(data_dir: Path | str, settings: Mapping[str, Any]) -> FakeWorkshop:
    return FakeWorkshop(Path(data_dir))
