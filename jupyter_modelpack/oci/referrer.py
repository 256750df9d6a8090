"""Referrers: what is kept beside an image and says of which image it speaks (image-spec 1.1).

A referrer is an artifact manifest with a ``subject``. It is listed in the layout's index without a
name, so that tools that know names only see images.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.blob import damaged
from jupyter_modelpack.oci.descriptor import MANIFEST, Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import manifest_descriptor
from jupyter_modelpack.oci.index import REF_NAME, canonical_json
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.sweep import read_json

SUBJECT = "io.github.jupyter-modelpack.subject"
_EMPTY = "application/vnd.oci.empty.v1+json"
_LARGEST = 16 << 20


@dataclass(frozen=True)
class Artifact:
    """One file to keep beside an image: what kind it is, its bytes and their media type."""

    artifact_type: str
    content: bytes
    media_type: str
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Referrer:
    """An artifact in a layout: its manifest, the image it is about, and its one file."""

    manifest: Descriptor
    subject: Digest
    file: Descriptor

    @property
    def artifact_type(self) -> str:
        """What kind of artifact it is, such as ``application/vnd.cyclonedx+json``."""
        return self.manifest.artifact_type or ""


def write_referrers(
    layout: Layout, image: Digest, artifacts: Sequence[Artifact]
) -> tuple[Referrer, ...]:
    """Keep artifacts beside an image; they appear in the index all at once.

    Raises NotFound when the image is not in the layout.
    """
    subject = manifest_descriptor(layout, image)
    empty = layout.put(b"{}", _EMPTY)
    written = []
    for artifact in artifacts:
        stored = layout.put(artifact.content, artifact.media_type)
        manifest: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": artifact.artifact_type,
            "config": empty.to_json(),
            "layers": [stored.to_json()],
            "subject": subject.to_json(),
        }
        if artifact.annotations:
            manifest["annotations"] = dict(artifact.annotations)
        listed = replace(
            layout.put(canonical_json(manifest), MANIFEST),
            annotations={**artifact.annotations, SUBJECT: str(image)},
            artifact_type=artifact.artifact_type,
        )
        written.append(Referrer(listed, image, stored))
    layout.enlist([each.manifest for each in written], subject)
    return tuple(written)


def referrers(
    layout: Layout, image: Digest, artifact_type: str | None = None
) -> tuple[Referrer, ...]:
    """Return what is kept beside an image, of one type or all, in the order of their digests.

    Raises StoreError when something that may be about the image is damaged.
    """
    # Ours say in the index whose they are; another tool's have to be opened to know.
    likely = (
        each
        for each in layout.manifests()
        if REF_NAME not in each.annotations
        and each.media_type == MANIFEST
        and each.annotations.get(SUBJECT, image) == image
    )
    found = (_read(layout, each) for each in _distinct(likely))
    return tuple(
        each
        for each in found
        if each is not None
        and each.subject == image
        and artifact_type in (None, each.artifact_type)
    )


def read_file(layout: Layout, referrer: Referrer) -> bytes:
    """Return the artifact's bytes; raises StoreError when they are damaged or far too many."""
    if referrer.file.size > _LARGEST:
        raise damaged(referrer.file.digest, "it is too large for evidence")
    return layout.read(referrer.file)


def _distinct(descriptors: Iterable[Descriptor]) -> list[Descriptor]:
    return [d for _, d in sorted({d.digest: d for d in descriptors}.items())]


def _read(layout: Layout, listed: Descriptor) -> Referrer | None:
    manifest = read_json(layout, listed)
    if not isinstance(manifest, dict) or "subject" not in manifest:
        return None
    try:
        subject = Descriptor.from_json(manifest["subject"]).digest
        config = Descriptor.from_json(manifest["config"])
        files = [Descriptor.from_json(each) for each in manifest["layers"]]
    except (InvalidInput, KeyError, TypeError) as error:
        raise damaged(listed.digest, "it does not describe an artifact") from error
    if len(files) != 1:
        return None  # another tool's, with a shape that is none of ours
    kind = manifest.get("artifactType") or config.media_type
    return Referrer(replace(listed, artifact_type=str(kind)), subject, files[0])
