"""The workshop: services joined with adapters, for the command line and the worker process."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from jupyter_modelpack.adapters.elf import LinuxMachine
from jupyter_modelpack.adapters.git_commit import commit_of
from jupyter_modelpack.adapters.host_files import HostFiles
from jupyter_modelpack.adapters.image_names import ImageNames, write_whole
from jupyter_modelpack.adapters.jobs import LOCAL_REPOSITORY, JobCompiler, compile_one
from jupyter_modelpack.adapters.notebook_files import LocalNotebooks, file_digest
from jupyter_modelpack.oci.cache import LayerCache
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.runtime.contents import image_files
from jupyter_modelpack.services.assembly import Assembly
from jupyter_modelpack.services.contents import Contained
from jupyter_modelpack.services.inspecting import Inspected, Inspector
from jupyter_modelpack.services.packaging_types import PackageRequest, PackageResult, Progress
from jupyter_modelpack.services.publishing import NOWHERE, repository_of
from jupyter_modelpack.workshop_tools import Attestor, Bytecode, Kernels, runtime_entries

if TYPE_CHECKING:
    from jupyter_modelpack.adapters.ledger import Ledger
    from jupyter_modelpack.adapters.proof_files import ProofFiles
    from jupyter_modelpack.adapters.publisher import ImagePublisher
    from jupyter_modelpack.adapters.runner import Runner
    from jupyter_modelpack.adapters.sandbox.request import Isolation
    from jupyter_modelpack.adapters.work_folders import WorkFolders
    from jupyter_modelpack.oci.problem import Problem
    from jupyter_modelpack.oci.sweep import Freed
    from jupyter_modelpack.release.actor import Actor
    from jupyter_modelpack.service_wiring import TeamService
    from jupyter_modelpack.services.packages import Packages
    from jupyter_modelpack.services.packaging_types import Transfer
    from jupyter_modelpack.services.releases import Releases
    from jupyter_modelpack.services.running import RunOrder
    from jupyter_modelpack.services.surroundings import Membership


# Packages that may be in the registry already, whose blobs need not be sent to another repository.
_LOOKED_AT = 50


def _never() -> bool:
    return False


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


def _unheard(_event: Mapping[str, str]) -> None:
    return None


def _write(out: BinaryIO, content: bytes) -> None:
    out.write(content)


@dataclass(frozen=True)
class Settings:
    """What can be set: limits in seconds and bytes, and how runs are kept apart."""

    verify_seconds: float = 120.0
    file_bytes: int = 512 << 20
    memory_bytes: int | None = None
    isolation: str = "auto"
    signing_key: str = ""
    deployer: str = "record"
    deploy_folder: str = ""
    database_url: str = ""
    service_url: str = ""
    service_token_file: str = ""
    service_ca: str = ""
    service_allow_http: bool = False
    database_url_file: str = ""
    policy_file: str = ""
    registry: str = ""
    registry_ca: str = ""
    registry_insecure: bool = False
    registry_auth_file: str = ""
    registry_username: str = ""
    registry_password_file: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Settings:
        """Take the values that are settings, and leave the others."""
        known = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in values.items() if key in known})


def default_data_dir() -> Path:
    """Return where packages are kept unless a setting says otherwise."""
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "modelpack"


def open_workshop(data_dir: Path | str, settings: Mapping[str, Any]) -> Workshop:
    """Open the store, the ledger and the caches below ``data_dir``, which is made if need be."""
    return Workshop(Path(data_dir).expanduser().absolute(), Settings.of(settings))


class Workshop:
    """Packages and runs notebooks in one data directory; several processes may have it open."""

    def __init__(self, data_dir: Path, settings: Settings) -> None:
        self.data_dir = data_dir
        self.settings = settings
        self._cache = data_dir / "cache"
        self.layout = Layout(data_dir / "store")
        self._inspector = Inspector(
            LocalNotebooks(), Kernels(self._cache / "probe"), file_bytes=settings.file_bytes
        )

        self._contained = Contained(HostFiles(), file_digest, runtime_entries)

    @cached_property
    def ledger(self) -> Ledger:
        """What was packaged so far."""
        from jupyter_modelpack.adapters.ledger import open_ledger

        return open_ledger(self.data_dir, vars(self.settings))

    @cached_property
    def packages(self) -> Packages:
        """Finds and lists packages."""
        from jupyter_modelpack.services.packages import Packages

        return Packages(self.ledger.packages)

    @cached_property
    def service(self) -> TeamService | None:
        """The team's release service, or None where this machine keeps its own releases."""
        if not self.settings.service_url:
            return None
        from jupyter_modelpack.adapters.release_service.connection import Service
        from jupyter_modelpack.service_wiring import TeamService

        chosen = self.settings
        place = Service(
            chosen.service_url,
            chosen.service_token_file,
            chosen.service_ca,
            chosen.service_allow_http,
        )
        return TeamService(place, self.data_dir, self.layout)

    def releases(
        self,
        tell: Callable[[Mapping[str, str]], None] = _unheard,
        membership: Membership | None = None,
    ) -> Releases:
        """Return what promotes releases; ``tell`` hears when a promotion has moved.

        ``membership`` knows who is in which group now; without it no group counts.
        """
        from jupyter_modelpack.release_wiring import Wanted, open_releases

        if self.service is not None:
            front: Any = self.service.releases(self.ledger.packages, self._inspector)
            return cast("Releases", front)
        chosen = self.settings
        wanted = Wanted(
            self.data_dir,
            chosen.deployer,
            chosen.deploy_folder,
            chosen.signing_key,
            chosen.policy_file,
        )
        return open_releases(
            wanted, self.layout, self.ledger, self._inspector, tell, membership, self.publisher
        )

    @cached_property
    def publisher(self) -> ImagePublisher:
        """What brings images to the registry that is configured, if one is."""
        from jupyter_modelpack.adapters.publisher import ImagePublisher
        from jupyter_modelpack.adapters.registry import Access

        access = Access.configured(vars(self.settings))
        return ImagePublisher(self.layout, self.settings.registry, access, self._published)

    def publish(
        self,
        record: Mapping[str, Any],
        tell: Callable[[Transfer], None],
        cancelled: Callable[[], bool] = _never,
    ) -> Mapping[str, Any]:
        """Publish a package and return its record; raises what ``services.publishing`` raises."""
        from jupyter_modelpack.services.publishing import publish

        packages, name, version = self.ledger.packages, record["name"], record["version"]
        done = publish(record, self.publisher, tell, _now, cancelled)
        kept = {kind: packages.file(name, version, kind) for kind in ("kubernetes", "kubeflow")}
        packages.put(done, {kind: data for kind, data in kept.items() if data is not None})
        return done

    def _published(self) -> Sequence[Mapping[str, Any]]:
        packages = self.ledger.packages
        newest = packages.list()[:_LOOKED_AT]
        return [packages.get(each["name"], each["version"]) for each in newest]

    def isolation(self) -> Isolation:
        """Return the isolation that runs on this machine have."""
        from jupyter_modelpack.adapters.sandbox.isolation import best_isolation

        return best_isolation(self.settings.isolation)

    def inspect(self, path: str, cancelled: Callable[[], bool] = _never) -> Inspected:
        """Say what stands in the way of packaging a notebook; nothing of it is executed."""
        return self._inspector.all(path, cancelled)

    def survey(self, path: str, cancelled: Callable[[], bool] = _never) -> dict[str, Any]:
        """Return an inspection as JSON; ``unchanged`` names the package that is just like it."""
        from jupyter_modelpack.services.surveying import survey

        inspected = self.inspect(path, cancelled)
        return survey(inspected, self.ledger.packages, self._contained)

    def package(
        self,
        request: PackageRequest,
        progress: Progress,
        cancelled: Callable[[], bool] = _never,
    ) -> PackageResult:
        """Package a notebook; raises what ``services.packaging.package`` raises."""
        from jupyter_modelpack.services import packaging
        from jupyter_modelpack.services.packaging_ports import Ports
        from jupyter_modelpack.services.verifying import SealedVerifier

        ports = Ports(
            self._inspector,
            self._contained,
            self._assembly(),
            SealedVerifier(
                self._runner(), self._folders(), self.settings.verify_seconds, self._proofs().keep
            ),
            JobCompiler(),
            self.service.shelf(self.ledger.packages) if self.service else self.ledger.packages,
            ImageNames(self.layout, self._cache / "locks"),
            Attestor(self.layout, self.data_dir / "keys", self.settings.signing_key),
            time.monotonic,
            _now,
            self.publisher if self.settings.registry else NOWHERE,
            self.service.publisher if self.service else None,
        )
        commit = commit_of(request.path)
        return packaging.package(replace(request, commit=commit), ports, progress, cancelled)

    def run(
        self,
        order: RunOrder,
        on_event: Callable[[Mapping[str, Any]], None],
        on_log: Callable[[str], None],
        cancelled: Callable[[], bool] = _never,
    ) -> dict[str, Any]:
        """Run a package to its end and return what REST and the command line show of it."""
        from jupyter_modelpack.services.running import run_package

        runner = self._runner()
        return run_package(order, self.packages, runner, on_event, on_log, cancelled)

    def take_in(
        self,
        submitted: Mapping[str, Any],
        caller: Actor,
        tell: Callable[[Any], None],
        log: Callable[[str], None],
        cancelled: Callable[[], bool] = _never,
    ) -> Mapping[str, Any]:
        """Make a release of what somebody sent; raises what ``services.intake.take_in`` raises."""
        from jupyter_modelpack.release.provenance import RELEASE_SERVICE, Options
        from jupyter_modelpack.services import intake

        signed = Attestor(self.layout, self.data_dir / "keys", self.settings.signing_key)
        ports = intake.Ports(
            self.layout,
            self._runner(),
            self._folders(),
            JobCompiler(),
            self.ledger.packages,
            ImageNames(self.layout, self._cache / "locks"),
            lambda record: signed.sign(record, Options(), RELEASE_SERVICE),
            image_files,
            lambda: self.isolation().sealed,
            self.settings.verify_seconds,
            self.settings.file_bytes,
            time.monotonic,
            _now,
            self._proofs().keep,
        )
        return intake.take_in(submitted, caller, ports, tell, log, cancelled)

    def export(
        self,
        record: Mapping[str, Any],
        kind: str,
        target: Path,
        *,
        overwrite: bool = False,
        repository: str | None = None,
    ) -> int:
        """Write a package to a file in one of the formats, and return the file's bytes."""
        from jupyter_modelpack.oci.archive import export_docker_archive, export_oci_archive

        name = f"{LOCAL_REPOSITORY}/{record['name']}:{record['version']}"
        digest = Digest.parse(record["digest"])
        if kind in ("kubeflow", "kubernetes"):
            content = compile_one(record, kind, repository or repository_of(record) or None)
            return write_whole(target, lambda out: _write(out, content), overwrite=overwrite)
        write = {"oci-archive": export_oci_archive, "docker-archive": export_docker_archive}[kind]
        return write_whole(
            target, lambda out: write(self.layout, digest, name, out), overwrite=overwrite
        )

    def notebook(self, record: Mapping[str, Any]) -> bytes:
        """Return the notebook that a package's image holds; raises StoreError and NotFound."""
        from jupyter_modelpack.services.packaged_notebook import packaged_notebook

        return packaged_notebook(self.layout, record)

    def verify_store(self) -> list[Problem]:
        """Compute every digest of the store again."""
        return self.layout.verify()

    def collect_garbage(self, older_than_seconds: float) -> Freed:
        """Remove blobs that no package refers to, and what killed processes left behind."""
        from jupyter_modelpack.adapters.sandbox.rootfs import RootfsCache

        self._folders().collect()
        RootfsCache(self._cache / "rootfs").collect()
        keep = [Digest.parse(digest) for digest in self.ledger.packages.digests()]
        self._proofs().collect(keep)
        return self.layout.gc(keep, older_than_seconds)

    def _folders(self) -> WorkFolders:
        from jupyter_modelpack.adapters.work_folders import WorkFolders

        return WorkFolders(self._cache / "verify")

    def _proofs(self) -> ProofFiles:
        from jupyter_modelpack.adapters.proof_files import ProofFiles

        return ProofFiles(self.data_dir / "proofs")

    def _runner(self) -> Runner:
        from jupyter_modelpack.adapters.runner import Runner

        return Runner(
            self.layout,
            self._cache / "rootfs",
            isolation=self.settings.isolation,
            memory_bytes=self.settings.memory_bytes,
        )

    def _assembly(self) -> Assembly:
        return Assembly(
            HostFiles(),
            LinuxMachine,
            Bytecode(self._cache),
            self.layout,
            LayerCache(self._cache / "layers"),
        )
