"""The registry: push, pull, resolve, tags and referrers, for any OCI distribution server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

from jupyter_modelpack.adapters.registry.access import Access
from jupyter_modelpack.adapters.registry.answer import Asked, refusal, unexpected
from jupyter_modelpack.adapters.registry.connection import Connection
from jupyter_modelpack.adapters.registry.credential import Credential
from jupyter_modelpack.adapters.registry.credentials import Chain
from jupyter_modelpack.adapters.registry.endpoint import Endpoint
from jupyter_modelpack.adapters.registry.manifests import Manifests
from jupyter_modelpack.adapters.registry.pace import Pace, RealPace
from jupyter_modelpack.adapters.registry.pull import Pull
from jupyter_modelpack.adapters.registry.push import Push, Sources
from jupyter_modelpack.adapters.registry.reach import Names, Reach, SystemNames
from jupyter_modelpack.adapters.registry.referrers import MOST_PAGES, Referrers, next_page
from jupyter_modelpack.adapters.registry.transport import CheckedTransport, Dialer, RealDialer
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import manifest_descriptor
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Reference, Repository
from jupyter_modelpack.oci.referrer import referrers as local_referrers
from jupyter_modelpack.services.packaging_types import Transfer

_MOST_BYTES = 200 << 30


def _unheard(_transfer: Transfer) -> None:
    return None


def _never() -> bool:
    return False


@dataclass(frozen=True)
class World:
    """What is outside: time and chance, the addresses of hosts, connections, credentials."""

    pace: Pace = field(default_factory=RealPace)
    names: Names = field(default_factory=SystemNames)
    dialer: Dialer | None = None
    credential: Callable[[str, str], Credential] | None = None


class Registry:
    """Talks to the registries that references name; may be used by several threads."""

    def __init__(self, access: Access | None = None, world: World | None = None) -> None:
        self._access = access or Access()
        self._world = world or World()

    def push(
        self,
        layout: Layout,
        digest: Digest,
        reference: Reference,
        progress: Callable[[Transfer], None] = _unheard,
        *,
        sources: Mapping[Digest, Repository] | None = None,
        cancelled: Callable[[], bool] = _never,
    ) -> Transfer:
        """Push an image under its own digest and the reference's tag, if that has one.

        What the registry has is not sent, nor what it can mount from one of the ``sources``.
        Raises Conflict when the tag stands for another image, RegistryError and
        BackendUnavailable when the registry refuses or does not answer, StoreError when the image
        is damaged here, and Aborted.
        """
        if reference.digest is not None and reference.digest != digest:
            raise unexpected(str(reference), "is to be pushed under another digest than its own")
        stop = Event()
        manifest = manifest_descriptor(layout, digest)
        with self._connected(reference.repository, cancelled, stop) as connection:
            known = Sources(sources or {})
            return Push(connection, stop).image(layout, manifest, reference.tag, known, progress)

    def push_referrers(
        self,
        layout: Layout,
        image: Digest,
        repository: Repository,
        *,
        cancelled: Callable[[], bool] = _never,
    ) -> tuple[Digest, ...]:
        """Push everything that the layout keeps beside an image, and return the digests."""
        stop = Event()
        beside = local_referrers(layout, image)
        with self._connected(repository, cancelled, stop) as connection:
            push = Push(connection, stop)
            for each in beside:
                push.referrer(layout, each.manifest, image)
        return tuple(each.manifest.digest for each in beside)

    def tag(
        self,
        layout: Layout,
        digest: Digest,
        repository: Repository,
        tag: str,
        *,
        moves: bool = False,
    ) -> None:
        """Let a tag stand for an image that is there; raises Conflict when it may not move."""
        stop = Event()
        manifest = manifest_descriptor(layout, digest)
        with self._connected(repository, _never, stop) as connection:
            Push(connection, stop).tag(layout, manifest, tag, moves=moves)

    def pull(
        self,
        reference: Reference,
        layout: Layout,
        progress: Callable[[Transfer], None] = _unheard,
        *,
        most_bytes: int = _MOST_BYTES,
        cancelled: Callable[[], bool] = _never,
    ) -> Descriptor:
        """Bring an image into a layout, every byte checked, and return its manifest.

        A tag is looked up once. Raises NotFound, RegistryError and BackendUnavailable.
        """
        stop = Event()
        with self._connected(reference.repository, cancelled, stop) as connection:
            return Pull(connection, stop).image(reference, layout, most_bytes, progress)

    def resolve(self, reference: Reference) -> Descriptor:
        """Return the manifest that a reference stands for now, its digest computed by us."""
        with self._connected(reference.repository) as connection:
            return Manifests(connection).get(reference).descriptor

    def tags(self, repository: Repository) -> tuple[str, ...]:
        """Return the tags of a repository, sorted; one that does not exist has none."""
        out: set[str] = set()
        with self._connected(repository) as connection:
            url = connection.endpoint.url("tags", "list")
            for _ in range(MOST_PAGES):
                answer = connection.call(Asked("GET", url, (connection.endpoint.scope("pull"),)))
                if answer.status == 404:
                    return ()
                if answer.status != 200:
                    doing = f"list {repository.path}"
                    raise refusal(answer, connection.host, doing, connection.credential)
                said = answer.json(connection.host)
                listed = (said.get("tags") or []) if isinstance(said, dict) else None
                if not isinstance(listed, list):
                    raise unexpected(connection.host, "answered with a list of tags that is none")
                out |= {each for each in listed if isinstance(each, str)}
                following = next_page(connection, answer)
                if following is None:
                    return tuple(sorted(out))
                url = following
            raise unexpected(connection.host, "lists tags without end")

    def referrers(
        self, reference: Reference, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        """Return what is kept beside an image, of one type or all."""
        with self._connected(reference.repository) as connection:
            manifests = Manifests(connection)
            digest = reference.digest or manifests.get(reference).descriptor.digest
            return Referrers(connection, manifests).list(digest, artifact_type)

    def may_push(self, repository: Repository) -> str:
        """Open an upload and cancel it, which changes nothing; return who we are there.

        Raises RegistryError when pushing is refused and BackendUnavailable without an answer.
        """
        with self._connected(repository) as connection:
            endpoint = connection.endpoint
            scopes = (endpoint.scope("pull", "push"),)
            answer = connection.asked(
                Asked("POST", endpoint.url("blobs/uploads"), scopes),
                f"push to {repository.path}",
                202,
            )
            where = connection.where(answer.url, answer.headers.get("Location", ""))
            connection.call(Asked("DELETE", where, scopes))
            credential = connection.credential
            return credential.username or ("" if credential.anonymous else "a token")

    @contextmanager
    def _connected(
        self,
        repository: Repository,
        cancelled: Callable[[], bool] = _never,
        stop: Event | None = None,
    ) -> Iterator[Connection]:
        access, world = self._access, self._world
        endpoint = Endpoint.of(repository, access)
        reach = Reach(endpoint.origin.host, world.names, strangers=access.strangers)
        find = world.credential or Chain(access).find
        connection = Connection(
            endpoint,
            access,
            CheckedTransport(reach, world.dialer or RealDialer(access)),
            lambda: find(endpoint.known_as, endpoint.path),
            world.pace,
            lambda: cancelled() or (stop is not None and stop.is_set()),
        )
        try:
            yield connection
        finally:
            connection.close()
