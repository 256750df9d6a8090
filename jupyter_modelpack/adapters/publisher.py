"""The publisher: the images of one store, and the registry that they go to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jupyter_modelpack.adapters.registry import Access, Registry
from jupyter_modelpack.errors import NotFound
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Reference, Repository, Tag
from jupyter_modelpack.services.packaging_types import Transfer
from jupyter_modelpack.services.publishing import repository_at, repository_of

Record = Mapping[str, Any]


@dataclass(frozen=True)
class ImagePublisher:
    """Publishes to ``place``: ``HOST/PATH``, in which ``{name}`` stands for the package's name.

    ``published`` lists the records of packages that may be in the same registry already, whose
    blobs need not be sent again.
    """

    layout: Layout
    place: str
    access: Access
    published: Callable[[], Iterable[Record]] = tuple

    def repository(self, package: str) -> str:
        """Return where a package's images go, or nothing; raises InvalidInput for no place."""
        if not self.place:
            return ""
        return str(repository_at(self.place, package))

    def upload(
        self,
        record: Record,
        repository: str,
        tell: Callable[[Transfer], None],
        cancelled: Callable[[], bool],
    ) -> Transfer:
        """Bring the image there, under its digest."""
        digest = Digest.parse(record["digest"])
        reference = Reference(Repository.parse(repository), None, digest)
        return self._registry.push(
            self.layout, digest, reference, tell, sources=self._sources(), cancelled=cancelled
        )

    def name(self, record: Record, repository: str, cancelled: Callable[[], bool]) -> None:
        """Let the version be its tag there, and bring what is kept beside the image."""
        digest, place = Digest.parse(record["digest"]), Repository.parse(repository)
        self._registry.push_referrers(self.layout, digest, place, cancelled=cancelled)
        self._registry.tag(self.layout, digest, place, str(record["version"]))

    def mark(self, record: Record, environment: str) -> None:
        """Let an environment's name be a tag of what it holds, and bring what came beside it."""
        repository = repository_of(record)
        if self.place and repository:
            digest, place = Digest.parse(record["digest"]), Repository.parse(repository)
            self._registry.tag(self.layout, digest, place, environment, moves=True)
            self._registry.push_referrers(self.layout, digest, place)

    def resolve(self, record: Record) -> Digest | None:
        """Return what the release's tag stands for in its registry, or None where it has none.

        It is asked once. Raises ModelPackError when that cannot be found out, or there is nothing.
        """
        tag = (record.get("published") or {}).get("tag")
        if not self.place or not tag:
            return None
        reference = Reference(Repository.parse(repository_of(record)), Tag(str(tag)))
        try:
            return self._registry.resolve(reference).digest
        except NotFound as error:
            raise NotFound(
                "image", str(reference), advice="Publish it again: jupyter modelpack publish"
            ) from error

    def may_push(self, repository: str) -> str:
        """Return who we are there, when pushing is allowed; raises ModelPackError else."""
        return self._registry.may_push(Repository.parse(repository))

    @cached_property
    def _registry(self) -> Registry:
        return Registry(self.access)

    def _sources(self) -> Mapping[Digest, Repository]:
        out: dict[Digest, Repository] = {}
        for record in self.published():
            repository = repository_of(record)
            if repository:
                place = Repository.parse(repository)
                for layer in record["layers"]:
                    out.setdefault(Digest.parse(layer["digest"]), place)
        return out
