"""The server's services, joined with adapters when they are first needed and not before."""

from __future__ import annotations

import importlib.util
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_modelpack import __version__
from jupyter_modelpack.adapters.contents import NotebookContents
from jupyter_modelpack.adapters.inspector_process import InspectorProcess
from jupyter_modelpack.adapters.log_files import LogFiles
from jupyter_modelpack.adapters.worker_pool import WorkerPool, WorkerSpec
from jupyter_modelpack.elsewhere import Elsewhere
from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.services.builds import Builds
from jupyter_modelpack.services.runs import Runs

if TYPE_CHECKING:
    from jupyter_modelpack.adapters.ledger import Ledger
    from jupyter_modelpack.services.pages import Pages
    from jupyter_modelpack.services.releases import Releases
    from jupyter_modelpack.services.submissions import Submissions
    from jupyter_modelpack.services.surroundings import Membership
    from jupyter_modelpack.services.uploads import Uploads

UPLOAD_BYTES = 32 << 30
_HINT = "Install it to get Kubeflow pipelines: pip install 'jupyter-modelpack[kubeflow]'"


@dataclass(frozen=True)
class Wanted:
    """How the server is configured."""

    data_dir: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    workshop: str = "jupyter_modelpack.workshop:open_workshop"
    max_workers: int = 1

    @property
    def spec(self) -> WorkerSpec:
        """How worker processes are started."""
        return WorkerSpec(str(self.data_dir), dict(self.settings), self.workshop)


class Wiring:
    """The services of one server; made in any thread, each of them once."""

    def __init__(
        self,
        wanted: Wanted,
        tell: Callable[[Mapping[str, str]], None],
        log: Any,
        membership: Membership | None = None,
    ) -> None:
        self._wanted = wanted
        self._membership = membership
        self._lock = threading.RLock()
        self._logs = LogFiles(wanted.data_dir / "logs")
        self._inspector = InspectorProcess(wanted.spec)
        self._tell = tell
        self.pool = WorkerPool(
            lambda: self.ledger.work, wanted.spec, tell, most=wanted.max_workers, log=log
        )
        self.elsewhere = Elsewhere(lambda: self.ledger, wanted.data_dir, wanted.settings, tell, log)

    @property
    def ledger(self) -> Ledger:
        """The ledger of the data directory."""
        with self._lock:
            return self._ledger

    @cached_property
    def _ledger(self) -> Ledger:
        from jupyter_modelpack.adapters.ledger import open_ledger

        return open_ledger(self._wanted.data_dir, self._wanted.settings)

    @property
    def workshop(self) -> Any:
        """The workshop, for what is quick enough to be done in the server itself."""
        with self._lock:
            return self._workshop

    @cached_property
    def _workshop(self) -> Any:
        module, _, function = self._wanted.workshop.partition(":")
        return getattr(import_module(module), function)(
            self._wanted.data_dir, dict(self._wanted.settings)
        )

    @property
    def builds(self) -> Builds:
        """What can be asked about builds."""
        return Builds(
            self.ledger.work, self._logs, NotebookContents(), self.pool, time.time, _new_id
        )

    @property
    def runs(self) -> Runs:
        """What can be asked about runs."""
        from jupyter_modelpack.adapters.notebook_html import render_notebook

        return Runs(
            self.ledger.work,
            self._logs,
            self.ledger.packages,
            _Both(self.pool, self.elsewhere),
            render_notebook,
            self._wanted.data_dir / "runs",
            time.time,
            _new_id,
            self.elsewhere.destinations(),
        )

    @property
    def submissions(self) -> Submissions:
        """What can be asked about packages that are sent here."""
        from jupyter_modelpack.services.submissions import Submissions

        return Submissions(self.ledger.work, self.pool, time.time, _new_id)

    @property
    def uploads(self) -> Uploads:
        """What can be asked about blobs that are sent here."""
        from jupyter_modelpack.services.uploads import Uploads

        most = int(self._wanted.settings.get("upload_bytes") or UPLOAD_BYTES)
        return Uploads(self.workshop.layout, most)

    @property
    def packages(self) -> Shelf:
        """What can be asked about packages."""
        return Shelf(self.ledger, lambda: self.workshop)

    @property
    def releases(self) -> Releases:
        """What can be asked about promotion."""
        with self._lock:
            return self._releases

    @cached_property
    def _releases(self) -> Releases:
        knows = () if self._membership is None else (self._membership,)
        made: Releases = self.workshop.releases(self._tell, *knows)
        return made

    @property
    def pages(self) -> Pages:
        """What pages show."""
        from jupyter_modelpack.adapters.ledger.overview import Overview
        from jupyter_modelpack.adapters.notebook_html import render_notebook
        from jupyter_modelpack.adapters.proof_files import ProofFiles
        from jupyter_modelpack.release_wiring import now
        from jupyter_modelpack.services.pages import Pages
        from jupyter_modelpack.services.proofs import Proofs

        if self.in_a_team:
            raise NotFound(
                "page", "here", advice=f"The team's pages: {self.workshop.service.place.pages}"
            )
        overview = Overview(self.ledger.database)
        kept = ProofFiles(self._wanted.data_dir / "proofs")
        proofs = Proofs(kept, self.runs, render_notebook)
        return Pages(self.releases, overview, proofs, now, overview.version)

    def inspect(self, path: str) -> dict[str, Any]:
        """Inspect the notebook at an absolute path, in another process."""
        return self._inspector.survey(path)

    def info(self) -> dict[str, Any]:
        """Say what this installation can do."""
        isolation = self.workshop.isolation()
        kfp = importlib.util.find_spec("kfp") is not None
        settings = self._wanted.settings
        return {
            "version": __version__,
            "isolation": {
                "name": isolation.name,
                "sealed": isolation.sealed,
                "sentence": isolation.sentence,
            },
            "kubeflow": {"available": kfp, "hint": "" if kfp else _HINT},
            "backends": self.elsewhere.configured(),
            "limits": {key: settings[key] for key in ("verify_seconds", "file_bytes")},
            "service": self._service(),
            "data_dir_free": shutil.disk_usage(_existing(self._wanted.data_dir)).free,
        }

    @property
    def in_a_team(self) -> bool:
        """Whether releases are kept at a team's service."""
        return bool(self._wanted.settings.get("service_url"))

    def _service(self) -> dict[str, str] | None:
        """Return where the team's release service is, for people."""
        if not self.in_a_team:
            return None
        place = self.workshop.service.place
        return {"url": place.url, "pages": place.pages}

    def resume(self) -> None:
        """Take up what an earlier server left, if there is anything at all."""
        from jupyter_modelpack.adapters.ledger.address import has_ledger

        if has_ledger(self._wanted.data_dir, self._wanted.settings):
            self.pool.kick()
            self.elsewhere.resume()
            self.releases.recover()

    def close(self) -> None:
        """End the processes."""
        self.pool.close()
        self.elsewhere.close()
        self._inspector.close()


class _Both:
    """Who does the work: processes of this machine, and backends elsewhere."""

    def __init__(self, pool: WorkerPool, elsewhere: Elsewhere) -> None:
        self._all = (pool, elsewhere)

    def kick(self) -> None:
        for each in self._all:
            each.kick()

    def stop(self, ident: str) -> None:
        for each in self._all:
            each.stop(ident)


class Shelf:
    """Packages, listed, shown and exported."""

    def __init__(self, ledger: Ledger, workshop: Callable[[], Any]) -> None:
        self._packages = ledger.packages
        self._workshop = workshop

    def list(
        self,
        *,
        name: str | None = None,
        path: str | None = None,
        limit: int | None = None,
        before: int = 0,
    ) -> Any:
        """Return summaries, newest first, with a limit each with its cursor."""
        return self._packages.list(name=name, path=path, limit=limit, before=before)

    def get(self, name: str, version: str) -> Any:
        """Return one record, or raise NotFound."""
        return self._packages.get(name, version)

    def job(self, name: str, version: str, kind: str) -> bytes:
        """Return the file that a cluster runs a package from; raises BackendUnavailable."""
        from jupyter_modelpack.services.publishing import located

        record = self._packages.get(name, version)
        kept = self._packages.file(name, version, kind)
        if kept is None:
            from jupyter_modelpack.adapters.jobs import compile_one

            kept = compile_one(record, kind)
        return located(kept, record)

    def notebook(self, name: str, version: str) -> bytes:
        """Return the notebook as a package's image holds it; raises StoreError and NotFound."""
        content: bytes = self._workshop().notebook(self._packages.get(name, version))
        return content

    def export(self, name: str, version: str, kind: str, target: Path, *, overwrite: bool) -> int:
        """Write a package to a file and return its size; raises Conflict when it is there."""
        record = self._packages.get(name, version)
        size: int = self._workshop().export(record, kind, target, overwrite=overwrite)
        return size


def _existing(folder: Path) -> Path:
    while not os.path.isdir(folder) and folder != folder.parent:
        folder = folder.parent
    return folder


def _new_id() -> str:
    return uuid.uuid4().hex
