"""The layout's index: names and the manifests they stand for (image-spec 1.1, image-layout.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_modelpack.errors import InvalidInput, ModelPackError, StoreError
from jupyter_modelpack.oci.descriptor import INDEX, Descriptor

REF_NAME = "org.opencontainers.image.ref.name"
LAYOUT_VERSION = b'{"imageLayoutVersion":"1.0.0"}'

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9]|[-._:@/+](?=[A-Za-z0-9._-])){0,254}\Z")
_RESERVED = re.compile(r"(?:latest|v[0-9]+)\Z")


def checked_name(name: str) -> str:
    """Return ``name`` when it may stand for an image, such as ``churn:1.0.0``.

    Raises InvalidInput for other characters, and for ``latest`` and ``v1``, which say nothing
    about what they stand for tomorrow.
    """
    if not isinstance(name, str) or not _NAME.match(name):
        raise InvalidInput(
            f"{name!r:.100} cannot name an image.",
            field="name",
            advice="Use letters, digits and single . - _ : / + between them, such as churn:1.0.0.",
        )
    if _RESERVED.match(name.rpartition(":")[2]):
        raise InvalidInput(
            f"{name!r} is not a version.",
            field="name",
            advice="Use a version that never changes its meaning, such as 1.0.0.",
        )
    return name


def canonical_json(value: Any) -> bytes:
    """Return the one way in which we write this value as JSON."""
    return _CANONICAL.encode(value).encode()


def parse_index(data: bytes) -> tuple[Descriptor, ...]:
    """Return the descriptors in ``index.json``; raises StoreError when it is not an index."""
    try:
        manifests = json.loads(data)["manifests"]
        return tuple(Descriptor.from_json(each) for each in manifests)
    except (ValueError, TypeError, KeyError, RecursionError, ModelPackError) as error:
        raise StoreError(
            "The image store's list of images (index.json) cannot be read.",
            advice="Put back a copy of index.json, or move the store away to start a new one.",
            reason=str(error),
        ) from error


def render_index(descriptors: tuple[Descriptor, ...]) -> bytes:
    """Return ``index.json`` for these descriptors, the same for any order of them."""
    # Each is written once, since a store may list tens of thousands.
    manifests = b",".join(sorted(canonical_json(d.to_json()) for d in descriptors))
    before, after = canonical_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).split(
        b"[]"
    )
    return before + b"[" + manifests + b"]" + after


def named(descriptors: tuple[Descriptor, ...]) -> Mapping[str, Descriptor]:
    """Return the descriptors that have a name, by name."""
    found = {d.annotations[REF_NAME]: d for d in descriptors if REF_NAME in d.annotations}
    return dict(sorted(found.items()))


def with_name(
    descriptors: tuple[Descriptor, ...], name: str, descriptor: Descriptor | None
) -> tuple[Descriptor, ...]:
    """Return the descriptors with ``name`` standing for ``descriptor``, or for nothing."""
    others = tuple(d for d in descriptors if d.annotations.get(REF_NAME) != name)
    if descriptor is None:
        return others
    annotations = {**descriptor.annotations, REF_NAME: name}
    return (
        *others,
        Descriptor(
            descriptor.media_type,
            descriptor.digest,
            descriptor.size,
            annotations,
            descriptor.artifact_type,
        ),
    )


def with_unnamed(
    descriptors: tuple[Descriptor, ...], added: Sequence[Descriptor]
) -> tuple[Descriptor, ...]:
    """Return the descriptors with those added that are not among them."""
    known = {d.digest for d in descriptors if REF_NAME not in d.annotations}
    return (*descriptors, *(d for d in added if d.digest not in known))


def without_unnamed(
    descriptors: tuple[Descriptor, ...], removed: Sequence[Descriptor]
) -> tuple[Descriptor, ...]:
    """Return the descriptors without those removed; one that also has a name keeps that."""
    gone = {d.digest for d in removed}
    return tuple(d for d in descriptors if REF_NAME in d.annotations or d.digest not in gone)
