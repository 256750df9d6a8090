"""Push: the blobs that the registry lacks, several at once, then the manifest, then names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event

from jupyter_modelpack.adapters.registry.connection import Connection
from jupyter_modelpack.adapters.registry.manifests import Manifests, checked_tag, load
from jupyter_modelpack.adapters.registry.referrers import Referrers
from jupyter_modelpack.adapters.registry.tally import Tally
from jupyter_modelpack.adapters.registry.upload import BlobUpload
from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.blob import damaged
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Repository
from jupyter_modelpack.services.packaging_types import Transfer

_LARGEST = 4 << 20


@dataclass(frozen=True)
class Sources:
    """Repositories of the same registry that may have a blob already, by its digest."""

    by_digest: Mapping[Digest, Repository]

    def of(self, digest: Digest, target: Repository) -> Repository | None:
        """Return where a blob may be mounted from, which is never where it should go."""
        found = self.by_digest.get(digest)
        same = found is not None and found.host == target.host and found.path != target.path
        return found if same else None


class Push:
    """Pushes to one repository."""

    def __init__(self, connection: Connection, stop: Event) -> None:
        self._connection = connection
        self._stop = stop
        self._manifests = Manifests(connection)
        self._referrers = Referrers(connection, self._manifests)

    def image(
        self,
        layout: Layout,
        manifest: Descriptor,
        tag: str | None,
        sources: Sources,
        tell: Callable[[Transfer], None],
    ) -> Transfer:
        """Push an image under its digest and, where one is given, a tag that must be free."""
        if tag is not None:
            checked_tag(tag)
        data = _read(layout, manifest)
        parts = _parts(manifest, data)
        total = sum(each.size for each in parts)
        tally = Tally(total, tell, self._connection.pace.monotonic)
        self._blobs(layout, parts, sources, tally)
        self._manifests.put(data, manifest.media_type, manifest.digest)
        if tag is not None:
            self._manifests.tag(data, manifest.media_type, tag, moves=False)
        return tally.end()

    def referrer(self, layout: Layout, manifest: Descriptor, image: Digest) -> None:
        """Push an artifact that is about an image, and see that it is listed."""
        data = _read(layout, manifest)
        tally = Tally(0, lambda _: None, self._connection.pace.monotonic)
        self._blobs(layout, _parts(manifest, data), Sources({}), tally)
        answer = self._manifests.put(data, manifest.media_type, manifest.digest)
        self._referrers.listed(manifest, image, answer)

    def tag(self, layout: Layout, manifest: Descriptor, tag: str, *, moves: bool) -> None:
        """Let a tag stand for an image that was pushed."""
        self._manifests.tag(_read(layout, manifest), manifest.media_type, tag, moves=moves)

    def _blobs(
        self, layout: Layout, parts: Sequence[Descriptor], sources: Sources, tally: Tally
    ) -> None:
        target = self._connection.endpoint.repository

        def bring(part: Descriptor) -> None:
            if not self._stop.is_set():
                upload = BlobUpload(self._connection, layout, part, tally)
                upload.run(sources.of(part.digest, target))

        # The largest first, so that none of them is left alone at the end.
        ordered = sorted(parts, key=lambda each: -each.size)
        in_parallel(bring, ordered, self._connection.access.parallel, self._stop)


def in_parallel(
    work: Callable[[Descriptor], None], parts: Iterable[Descriptor], most: int, stop: Event
) -> None:
    """Do the work for each part, so many at once; after the first error no part is begun."""
    with ThreadPoolExecutor(most, "registry") as pool:
        futures = [pool.submit(work, part) for part in parts]
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        failed = [f for f in futures if f in done and f.exception() is not None]
        if failed:
            stop.set()
            for future in futures:
                future.cancel()
    if failed:
        failed[0].result()


def _read(layout: Layout, manifest: Descriptor) -> bytes:
    if manifest.size > _LARGEST:
        raise InvalidInput("This manifest is too large for a registry.", field="manifest")
    return layout.read(manifest)


def _parts(manifest: Descriptor, data: bytes) -> Sequence[Descriptor]:
    """Return the blobs of a manifest, each once."""
    try:
        content = load(data)
        found = [Descriptor.from_json(e) for e in [content["config"], *content["layers"]]]
    except (InvalidInput, ValueError, KeyError, TypeError) as error:
        raise damaged(manifest.digest, "it does not describe an image") from error
    return list({each.digest: each for each in found}.values())
