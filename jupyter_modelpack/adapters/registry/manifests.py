"""Manifests in a registry: read within limits and checked, written byte for byte, and tagged."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_modelpack.adapters.registry.answer import (
    MANIFEST_BYTES,
    Answer,
    Asked,
    refusal,
    unexpected,
)
from jupyter_modelpack.adapters.registry.connection import Connection
from jupyter_modelpack.errors import Conflict, InvalidInput, NotFound
from jupyter_modelpack.oci.descriptor import INDEX, MANIFEST, Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.reference import Reference, Tag

_ACCEPT = ", ".join((MANIFEST, INDEX, "application/vnd.docker.distribution.manifest.v2+json"))
_RESERVED = re.compile(r"(?:latest|v[0-9]+)\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Manifest:
    """A manifest's bytes, what they hold, and their descriptor."""

    descriptor: Descriptor
    data: bytes
    content: Mapping[str, Any]


def checked_tag(text: str) -> Tag:
    """Return a tag that may be given; raises InvalidInput for ``latest`` and ``v7``."""
    if _RESERVED.match(text):
        raise InvalidInput(
            f"The tag {text} is never given to an image.",
            field="tag",
            advice="It says nothing about which image it is; use a version such as 1.2.0.",
        )
    return Tag(text)


class Manifests:
    """The manifests of one repository."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._endpoint = connection.endpoint
        self._pull = (self._endpoint.scope("pull"),)
        self._push = (self._endpoint.scope("pull", "push"),)

    def get(self, reference: Reference) -> Manifest:
        """Return the manifest that a reference leads to, asked for once.

        Its digest is computed from its bytes; it must be the reference's, where that has one, and
        what the registry says. Raises NotFound, RegistryError and BackendUnavailable.
        """
        answer = self._answer("GET", reference)
        host = self._connection.host
        digest = Digest.of(answer.body)
        if reference.digest is not None and digest != reference.digest:
            raise unexpected(host, f"answered with another image than {reference.digest}")
        said = answer.headers.get("Docker-Content-Digest")
        if said is not None and said != digest:
            raise unexpected(host, "answered with an image that is not the one it names")
        content = answer.json(host)
        if not isinstance(content, dict):
            raise unexpected(host, "answered with something that is no manifest")
        media_type = content.get("mediaType") or _media_type(answer)
        if media_type != _media_type(answer) or not isinstance(media_type, str):
            raise unexpected(host, "answered with a manifest of two media types")
        kind = content.get("artifactType")
        descriptor = Descriptor(
            media_type,
            digest,
            len(answer.body),
            artifact_type=kind if isinstance(kind, str) else None,
        )
        return Manifest(descriptor, answer.body, content)

    def digest_of(self, tag: str) -> Digest | None:
        """Return what a tag stands for now, or None when there is no such tag."""
        try:
            return self.get(Reference(self._endpoint.repository, Tag(tag))).descriptor.digest
        except NotFound:
            return None

    def has(self, digest: Digest) -> bool:
        """Return whether the manifest is there."""
        asked = Asked("HEAD", self._url(digest), self._pull, {"Accept": _ACCEPT})
        answer = self._connection.call(asked)
        if answer.status in (200, 404):
            return answer.status == 200
        raise self._refused(answer, "pull from")

    def put(self, data: bytes, media_type: str, name: str) -> Answer:
        """Write a manifest's bytes under its digest or a tag.

        Raises RegistryError when the registry keeps other bytes than these.
        """
        if len(data) > MANIFEST_BYTES:
            raise InvalidInput("This manifest is too large for a registry.", field="manifest")
        asked = Asked(
            "PUT",
            self._url(name),
            self._push,
            {"Content-Type": media_type},
            lambda: (data,),
            len(data),
        )
        answer = self._connection.call(asked)
        if answer.status not in (201, 202):
            raise self._refused(answer, "push to")
        said = answer.headers.get("Docker-Content-Digest")
        if said is not None and said != Digest.of(data):
            raise unexpected(self._connection.host, "kept another image than it was sent")
        return answer

    def tag(self, data: bytes, media_type: str, tag: str, *, moves: bool) -> None:
        """Let a tag stand for a manifest; one that does not move must be free or stand for it.

        Raises Conflict when it stands for another image.
        """
        checked_tag(tag)
        now = self.digest_of(tag)
        if now == Digest.of(data):
            return
        if now is not None and not moves:
            raise Conflict(
                f"The tag {tag} in {self._endpoint.repository} stands for another image already.",
                advice="Publish to another repository, or have that tag deleted. The image itself "
                "is there, by its digest.",
                digest=str(now),
            )
        self.put(data, media_type, tag)

    def _answer(self, method: str, reference: Reference) -> Answer:
        name = reference.digest or reference.tag or ""
        asked = Asked(method, self._url(name), self._pull, {"Accept": _ACCEPT})
        answer = self._connection.call(asked)
        if answer.status == 404:
            raise NotFound(
                "image",
                str(reference),
                advice="Check the name of the repository and the tag or digest.",
            )
        if answer.status != 200:
            raise self._refused(answer, "pull from")
        return answer

    def _url(self, name: str) -> str:
        return self._endpoint.url("manifests", name)

    def _refused(self, answer: Answer, doing: str) -> Exception:
        path = self._endpoint.repository.path
        return refusal(
            answer, self._connection.host, f"{doing} {path}", self._connection.credential
        )


def parts_of(manifest: Manifest, host: str) -> tuple[Descriptor, ...]:
    """Return the configuration and the layers of an image's manifest.

    Raises RegistryError when it is no image manifest (image-spec 1.1, manifest.md).
    """
    if manifest.descriptor.media_type != MANIFEST:
        raise unexpected(host, f"has no OCI image there but {manifest.descriptor.media_type:.80}")
    try:
        layers = manifest.content["layers"]
        if not isinstance(layers, list):
            raise TypeError
        found = tuple(Descriptor.from_json(e) for e in [manifest.content["config"], *layers])
    except (InvalidInput, KeyError, TypeError) as error:
        raise unexpected(host, "answered with a manifest that describes no image") from error
    sizes: dict[Digest, int] = {}
    for each in found:
        if sizes.setdefault(each.digest, each.size) != each.size:
            raise unexpected(host, "answered with a manifest in which one blob has two sizes")
    return found


def load(data: bytes) -> Mapping[str, Any]:
    """Return a manifest's JSON; raises ValueError for anything else."""
    value = json.loads(data)
    if not isinstance(value, dict):
        raise ValueError
    return value


def _media_type(answer: Answer) -> str:
    said: str = answer.headers.get("Content-Type", "")
    return said.partition(";")[0].strip()
