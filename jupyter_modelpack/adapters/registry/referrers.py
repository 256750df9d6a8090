"""Referrers in a registry: by its API, or by the tag that stands in for it.

A registry that has no referrers API keeps the list in an index under the tag
``sha256-HEX`` (distribution-spec 1.1, "Referrers Tag Schema"), which whoever pushes keeps up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_modelpack.adapters.registry.answer import Answer, Asked, refusal, unexpected
from jupyter_modelpack.adapters.registry.connection import Connection
from jupyter_modelpack.adapters.registry.endpoint import Origin
from jupyter_modelpack.adapters.registry.manifests import Manifests
from jupyter_modelpack.errors import Conflict, InvalidInput, NotFound
from jupyter_modelpack.oci.descriptor import INDEX, Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.index import canonical_json
from jupyter_modelpack.oci.reference import Reference, Tag

MOST_PAGES = 100
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,]*\brel\s*=\s*"?next"?', re.IGNORECASE)
_WRITES = 8


class Referrers:
    """What a repository has beside its images."""

    def __init__(self, connection: Connection, manifests: Manifests) -> None:
        self._connection = connection
        self._manifests = manifests
        self._scopes = (connection.endpoint.scope("pull"),)

    def list(self, image: Digest, artifact_type: str | None = None) -> tuple[Descriptor, ...]:
        """Return the referrers of an image, of one type or all, in the order of their digests."""
        found = self._by_api(image)
        if found is None:
            found = self._by_tag(image)
        distinct = {each.digest: each for each in found}
        return tuple(
            each
            for _, each in sorted(distinct.items())
            if artifact_type in (None, each.artifact_type)
        )

    def listed(self, referrer: Descriptor, image: Digest, answer: Answer) -> None:
        """See to it that a referrer that was just pushed is found.

        A registry that keeps the list itself says so in its answer; else the tag is written.
        """
        if answer.headers.get("OCI-Subject") == image:
            return
        for attempt in range(1, _WRITES + 1):
            before = self._by_tag(image)
            if any(each.digest == referrer.digest for each in before):
                return
            manifests = [each.to_json() for each in (*before, referrer)]
            index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
            self._manifests.put(canonical_json(index), INDEX, _tag(image))
            # Another writer may have read the same list; who is missing afterwards adds itself.
            if any(each.digest == referrer.digest for each in self._by_tag(image)):
                return
            self._connection.wait(attempt, None)
        raise Conflict(
            f"The list of evidence in {self._connection.host} is changed by others all the time.",
            advice="Try again.",
        )

    def _by_api(self, image: Digest) -> Sequence[Descriptor] | None:
        url = self._connection.endpoint.url("referrers", image)
        out: list[Descriptor] = []
        for number in range(MOST_PAGES):
            answer = self._connection.call(Asked("GET", url, self._scopes, {"Accept": INDEX}))
            kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
            # Old registries answer 404, 405, or 200 with their web page.
            if number == 0 and (answer.status in (400, 404, 405) or kind == "text/html"):
                return None
            if answer.status != 200:
                doing = f"pull from {self._connection.endpoint.repository.path}"
                raise refusal(answer, self._connection.host, doing, self._connection.credential)
            out += _entries(answer.json(self._connection.host), self._connection.host)
            following = next_page(self._connection, answer)
            if following is None:
                return out
            url = following
        raise unexpected(self._connection.host, "lists evidence without end")

    def _by_tag(self, image: Digest) -> Sequence[Descriptor]:
        reference = Reference(self._connection.endpoint.repository, _tag(image))
        try:
            found = self._manifests.get(reference)
        except NotFound:
            return ()
        if found.descriptor.media_type != INDEX:
            raise unexpected(self._connection.host, "has something else where evidence is listed")
        return _entries(found.content, self._connection.host)


def next_page(connection: Connection, answer: Answer) -> str | None:
    """Return where a list goes on; a list never goes on at another registry."""
    found = _NEXT.search(answer.headers.get("Link", "")[:8192])
    if found is None:
        return None
    url = connection.where(answer.url, found.group(1))
    if Origin.of(url) != connection.endpoint.origin:
        raise unexpected(connection.host, "leads to another registry for the rest of a list")
    return url


def _tag(image: Digest) -> Tag:
    return Tag(f"sha256-{image.hex}")


def _entries(content: Any, host: str) -> list[Descriptor]:
    try:
        listed: Mapping[str, Any] = content
        return [Descriptor.from_json(each) for each in listed.get("manifests") or ()]
    except (InvalidInput, AttributeError, TypeError) as error:
        raise unexpected(host, "answered with a list that is none") from error
