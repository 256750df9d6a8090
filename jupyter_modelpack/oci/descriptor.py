"""The descriptor: what one blob is, how large, and its digest (image-spec 1.1, descriptor.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.digest import Digest

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
LAYER_GZIP = LAYER + "+gzip"
LAYER_ZSTD = LAYER + "+zstd"


@dataclass(frozen=True)
class Descriptor:
    """The media type, digest and size in bytes of one blob."""

    media_type: str
    digest: Digest
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    artifact_type: str | None = None

    def __post_init__(self) -> None:
        if self.size < 0:
            raise InvalidInput(f"A blob cannot have {self.size} bytes.", field="size")

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object, with empty fields left out."""
        out: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size,
        }
        if self.artifact_type:
            out["artifactType"] = self.artifact_type
        if self.annotations:
            out["annotations"] = dict(sorted(self.annotations.items()))
        return out

    @classmethod
    def from_json(cls, data: Any) -> Descriptor:
        """Read a JSON object; anything that is not a descriptor raises InvalidInput."""
        if not isinstance(data, dict):
            raise InvalidInput("A descriptor must be a JSON object.", field="descriptor")
        media_type, size = data.get("mediaType"), data.get("size")
        if not isinstance(media_type, str) or not media_type:
            raise InvalidInput("A descriptor needs a mediaType.", field="mediaType")
        if not isinstance(size, int) or isinstance(size, bool):
            raise InvalidInput("A descriptor needs a size in bytes.", field="size")
        annotations = data.get("annotations") or {}
        if not isinstance(annotations, dict) or not all(
            isinstance(k, str) and isinstance(v, str) for k, v in annotations.items()
        ):
            raise InvalidInput("Annotations must map text to text.", field="annotations")
        artifact_type = data.get("artifactType")
        return cls(
            media_type,
            Digest.parse(data.get("digest")),
            size,
            annotations,
            artifact_type if isinstance(artifact_type, str) else None,
        )
