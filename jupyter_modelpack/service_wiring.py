"""A team's release service, joined with one machine's packages and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.ledger.packages import PackageTable
from jupyter_modelpack.adapters.release_service.connection import Connection, Service
from jupyter_modelpack.adapters.release_service.publisher import Publisher
from jupyter_modelpack.adapters.release_service.releases import RemotePackages, RemoteReleases
from jupyter_modelpack.adapters.release_service.witness import Witness
from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.release.version import Version
from jupyter_modelpack.services.inspecting import Inspector
from jupyter_modelpack.services.notebook_badge import NotebookBadge
from jupyter_modelpack.services.packaged_notebook import cells_of

Record = Mapping[str, Any]
_KEPT = 8


class TeamService:
    """What a machine has of the service: its front, its packages, and a way to publish."""

    def __init__(self, place: Service, data_dir: Path, layout: Layout) -> None:
        self.place = place
        self._data_dir = data_dir
        self._layout = layout

    @cached_property
    def connection(self) -> Connection:
        """The connection, made when it is first used."""
        return Connection(self.place)

    @property
    def publisher(self) -> Publisher:
        """What sends packages there."""
        return Publisher(self.connection, self._layout)

    @property
    def packages(self) -> RemotePackages:
        """The packages that are there."""
        return RemotePackages(self.connection)

    @property
    def witness(self) -> Witness:
        """What was seen of its audit log."""
        return Witness(self.connection, self._data_dir / "witness")

    def releases(self, local: PackageTable, inspector: Inspector) -> RemoteReleases:
        """Return the front of promotion, answered by the service."""
        return RemoteReleases(
            self.connection,
            self.witness,
            self.publisher,
            local,
            NotebookBadge(inspector, _cells_at(self.packages)),
        )

    def shelf(self, local: PackageTable) -> SharedShelf:
        """Return the local packages, for which versions go on from the service's."""
        return SharedShelf(local, self.packages)


class SharedShelf:
    """Local packages whose next version follows the newest of the team's, where that is newer."""

    def __init__(self, local: PackageTable, remote: RemotePackages) -> None:
        self._local = local
        self._remote = remote

    def newest(self, name: str, line: str | None = None) -> Record | None:
        """Return the record with the highest version, here or at the service."""
        here, there = self._local.newest(name, line), None
        with suppress(ModelPackError):  # away: the service decides on the version when it is back
            there = self._remote.newest(name, line)
        if here is None or there is None:
            return here or there
        newer = Version.parse(str(there["version"])) > Version.parse(str(here["version"]))
        return there if newer else here

    def by_digest(self, name: str, digest: str) -> Record | None:
        """Return the local record of an image."""
        return self._local.by_digest(name, digest)

    def put(self, record: Record, files: Mapping[str, bytes]) -> None:
        """Keep a record here."""
        self._local.put(record, files)


def _cells_at(packages: RemotePackages) -> Callable[[Record], Sequence[str]]:
    """Return what reads the cells of a release at the service."""
    # what an image holds never changes, and the badge is drawn again and again
    read = lru_cache(_KEPT)(lambda name, version, _: cells_of(packages.notebook(name, version)))
    return lambda record: read(record["name"], record["version"], record["digest"])
