"""What runs leave in a registry (runtime/deposit.py): where it goes, and how it comes here."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from threading import Event
from typing import Any

from jupyter_modelpack.adapters.kubernetes.podlog import is_allowed
from jupyter_modelpack.adapters.registry import Access, Registry
from jupyter_modelpack.adapters.registry.endpoint import Endpoint
from jupyter_modelpack.errors import BackendUnavailable, InvalidInput
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Reference, Repository
from jupyter_modelpack.runtime.deposit import MOST_BYTES, TITLE
from jupyter_modelpack.services.backend import StillComing
from jupyter_modelpack.services.publishing import repository_at

GIVE_UP_SECONDS = 600.0


@dataclass(frozen=True)
class Place:
    """Where the results of one run go: an address for the pod, and the Secret with its login."""

    address: str
    secret: str


@dataclass(frozen=True)
class Artifact:
    """What one run left: its manifest in a layout that is there for this run alone."""

    reference: Reference
    layout: Layout
    files: Mapping[str, Digest]

    def lay(self, folder: Path) -> None:
        """Write the files that are not in the folder yet; nobody else writes to it."""
        for path, digest in self.files.items():
            target = folder / path
            if not os.path.lexists(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                with self.layout.open(digest) as source, target.open("xb") as stream:
                    shutil.copyfileobj(source, stream, 1 << 20)


@dataclass
class _Fetch:
    layout: Path
    future: Future[Artifact]
    begun: float = field(default_factory=time.monotonic)


class Deposits:
    """Results in the repository ``place``, ``HOST/PATH`` in which ``{name}`` is the package's.

    Without a place nothing is left in a registry; what was left by earlier runs still comes.
    """

    def __init__(self, place: str, secret: str, access: Access) -> None:
        self._place = place
        self._secret = secret
        self._access = access
        self._registry = Registry(access)
        self._pool = ThreadPoolExecutor(2, "modelpack-results")
        self._fetches: dict[str, _Fetch] = {}
        self._closed = Event()

    def repository(self, package: str) -> str:
        """Return where a package's results go, or nothing; raises InvalidInput for no place."""
        return str(repository_at(self._place, package)) if self._place else ""

    def of(self, repository: str) -> Place | None:
        """Return what a pod is told."""
        if not repository:
            return None
        endpoint = Endpoint.of(Repository.parse(repository), self._access)
        return Place(f"{endpoint.scheme}://{endpoint.host}/{endpoint.path}", self._secret)

    def get(self, run: str, repository: str, digest: Digest, layout: Path) -> Artifact:
        """Return what a run left, brought into a layout of its own.

        Raises StillComing while that goes on, and RegistryError, NotFound or BackendUnavailable
        when it does not come; a registry that is away is asked again for ten minutes.
        """
        fetch = self._fetches.get(run)
        if fetch is None:
            reference = Reference(Repository.parse(repository), None, digest)
            future = self._pool.submit(self._fetch, reference, layout)
            fetch = self._fetches[run] = _Fetch(layout, future)
        if not fetch.future.done():
            raise StillComing
        try:
            return fetch.future.result()
        except BackendUnavailable:
            if time.monotonic() - fetch.begun > GIVE_UP_SECONDS:
                raise
            reference = Reference(Repository.parse(repository), None, digest)
            fetch.future = self._pool.submit(self._fetch, reference, layout)
            raise StillComing from None

    def forget(self, run: str) -> None:
        """Remove what is kept for a run."""
        fetch = self._fetches.pop(run, None)
        if fetch is not None:
            shutil.rmtree(fetch.layout, ignore_errors=True)

    def close(self) -> None:
        """End the transfers."""
        self._closed.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _fetch(self, reference: Reference, layout: Path) -> Artifact:
        store = Layout(layout)
        manifest = self._registry.pull(
            reference, store, most_bytes=MOST_BYTES + (64 << 20), cancelled=self._closed.is_set
        )
        return Artifact(reference, store, files_in(store.read(manifest)))


def artifact_in(told: Mapping[str, Any]) -> Digest | None:
    """Return the artifact that a pod speaks of, if it does."""
    with suppress(InvalidInput):
        return Digest.parse(told["artifact"]) if isinstance(told.get("artifact"), str) else None
    return None


def files_in(manifest: bytes) -> dict[str, Digest]:
    """Return path -> digest of the files in an artifact; what may not be written is left out."""
    found: dict[str, Digest] = {}
    for layer in json.loads(manifest)["layers"]:
        title = (layer.get("annotations") or {}).get(TITLE)
        if isinstance(title, str) and is_allowed(PurePosixPath(title)):
            found[title] = Digest.parse(layer["digest"])
    return found
