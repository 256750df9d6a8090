"""The record of a package: what it is made of and how it ran, as one JSON object."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import Layer
from jupyter_modelpack.release.version import Content, Version, next_version

RECORD_VERSION = 1


def canonical(value: Any) -> bytes:
    """Return JSON that is the same for the same value: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def digest_of(value: Any) -> str:
    """Return the digest of a JSON value."""
    return "sha256:" + hashlib.sha256(canonical(value)).hexdigest()


def content_of(record: Mapping[str, Any]) -> Content:
    """Return what the version rule looks at, from a record."""
    kept = record["content"]
    return Content(
        parameters={p["name"]: p["type"] for p in record["parameters"]},
        cells=tuple(kept["cells"]),
        code=kept["code"],
        data=kept["data"],
        packages={d["name"]: d["version"] for d in record["distributions"]},
        python=kept["python"],
    )


def with_version(record: Mapping[str, Any], parent: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the record with its version, the reason for it and its parent's digest."""
    before = None
    if parent is not None:
        before = (Version.parse(parent["version"]), content_of(parent))
    version, why = next_version(before, content_of(record))
    return {
        **record,
        "version": str(version),
        "why": why,
        "parent": parent["digest"] if parent else None,
        "release": digest_of({**record, "version": str(version)}),
    }


def image_part(image: Image, layers: Sequence[Layer]) -> dict[str, Any]:
    """Return the part of a record that describes the image; sizes are bytes in the store."""
    own = sum(layer.descriptor.size for layer in layers if layer.kind in ("code", "data"))
    return {
        "digest": str(image.manifest.digest),
        "image_id": str(image.config.digest),
        "size": image.size,
        "own_size": own,
        "layers": [
            {
                "digest": str(layer.descriptor.digest),
                "size": layer.descriptor.size,
                "media_type": layer.descriptor.media_type,
                "what": layer.what,
                "kind": layer.kind,
            }
            for layer in layers
        ],
        "reused_layers": sum(layer.reused for layer in layers),
    }


def files_digest(files: Iterable[Mapping[str, Any]]) -> str:
    """Return one digest over files that are each ``{"path", "size", "digest"}``."""
    return digest_of(sorted((file["path"], file["digest"]) for file in files))
