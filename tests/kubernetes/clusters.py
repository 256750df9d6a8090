"""A real cluster for a test: a namespace of its own, images in its registry, and runs on it."""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.adapters.ledger import Ledger
from jupyter_modelpack.adapters.log_files import LogFiles
from jupyter_modelpack.elsewhere import Elsewhere
from jupyter_modelpack.oci.archive import export_oci_archive
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.services.runs import RunRequest, Runs
from jupyter_modelpack.services.work import Work
from tests.adapters.notebook_image import ImageMaker

SECONDS = 120.0


def require_cluster() -> str:
    """Return the registry's address, or skip and say why."""
    if not os.environ.get("KUBECONFIG") or not os.environ.get("MODELPACK_TEST_REGISTRY"):
        pytest.skip("no cluster: KUBECONFIG and MODELPACK_TEST_REGISTRY name none")
    return os.environ["MODELPACK_TEST_REGISTRY"]


def kubectl(*words: str, kubeconfig: str = "", given: str = "", check: bool = True) -> str:
    """Run kubectl and return what it prints."""
    more = ["--kubeconfig", kubeconfig] if kubeconfig else []
    done = subprocess.run(
        ["kubectl", *more, *words], input=given, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


class Images:
    """Small images, in the cluster's registry; their layers are there once."""

    def __init__(self, directory: Path, registry: str) -> None:
        self.repository = f"{registry}/kube/test"
        self._registry = registry
        self._maker = ImageMaker(directory)
        self._directory = directory

    def push(self, cells: Sequence[Mapping[str, Any]], **more: Any) -> Digest:
        """Make an image that runs the cells, push it, and return its digest."""
        digest = self._maker.image(cells, **more)
        archive = self._directory / "image.tar"
        with archive.open("wb") as stream:
            export_oci_archive(self._maker.layout, digest, "modelpack.local/test:1", stream)
        target = f"docker://{self.repository}:{digest.short}"
        subprocess.run(
            ["skopeo", "copy", "-q", "--preserve-digests", "--dest-tls-verify=false",
             f"oci-archive:{archive}", target],
            check=True, capture_output=True,
        )  # fmt: skip
        return digest


class Namespace:
    """A namespace that is gone afterwards."""

    def __init__(self) -> None:
        self.name = f"kube-{uuid.uuid4().hex[:10]}"
        kubectl("create", "namespace", self.name)

    def get(self, kind: str, *more: str) -> list[Any]:
        """Return the objects of a kind."""
        return list(json.loads(kubectl("-n", self.name, "get", kind, "-o", "json", *more))["items"])

    def remove(self) -> None:
        """Delete it, without waiting."""
        kubectl("delete", "namespace", self.name, "--wait=false", check=False)


class Bench:
    """A ledger, the service of runs and a follower, without a server around them."""

    def __init__(
        self,
        place: Path,
        namespace: str,
        repository: str,
        package: Mapping[str, Any],
        **settings: Any,
    ) -> None:
        self.place = place
        self.told: list[Mapping[str, str]] = []
        self.ledger = Ledger(place / "ledger.sqlite")
        self.package = package
        found = {"kubernetes_namespace": namespace, "kubernetes_image": repository, **settings}
        self.elsewhere = Elsewhere(lambda: self.ledger, place, found, self.told.append)
        self.logs = LogFiles(place / "logs")
        self.runs = Runs(
            self.ledger.work, self.logs, self, self.elsewhere, lambda content: "page",
            place / "runs", time.time, lambda: uuid.uuid4().hex, self.elsewhere.destinations(),
        )  # fmt: skip

    def get(self, name: str, version: str) -> Mapping[str, Any]:
        """Return the record of the only package."""
        return self.package

    def start(self, parameters: Mapping[str, Any] | None = None, **options: Any) -> Work:
        """Ask for a run on the cluster."""
        return self.runs.start(
            RunRequest("test", "1.0.0", parameters or {}, backend="kubernetes", options=options)
        )

    def until(self, ident: str, true: Callable[[Work], Any], seconds: float = SECONDS) -> Work:
        """Return the run when something holds of it."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            run = self.runs.get(ident)
            if true(run):
                return run
            time.sleep(0.05)
        raise AssertionError(f"{run} {self.log(ident)}")

    def ended(self, ident: str, seconds: float = SECONDS) -> Work:
        """Return the run when it is over."""
        return self.until(ident, lambda run: run.over, seconds)

    def log(self, ident: str) -> str:
        """Return the whole log."""
        return self.logs.read(ident, 0).text

    def close(self) -> None:
        """End the follower."""
        self.elsewhere.close()
        self.ledger.close()


def package_of(digest: Digest, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a record with what a run needs of it."""
    return {
        "name": "test",
        "version": "1.0.0",
        "path": "/nowhere/test.ipynb",
        "digest": str(digest),
        "external": [],
        "parameters": [
            {"name": name, "type": type(value).__name__, "default": value}
            for name, value in (parameters or {}).items()
        ],
    }
