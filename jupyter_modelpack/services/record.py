"""The record of a package: what it is made of and how it ran, as one JSON object."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import Layer
from jupyter_modelpack.release.version import Content, Version, next_on_line, next_version

RECORD_VERSION = 1
# What a release says of itself, wherever its record lies; no path of a machine is among it.
RELEASE = (
    "name", "version", "why", "line", "parent", "created", "author", "account", "owner", "parts",
    "commit", "notebook", "notebook_digest", "content", "lock", "lock_digest", "parameters",
    "settings", "external", "files", "serves", "digest", "image_id", "layers", "pipeline",
    "findings", "verified", "checks", "metrics", "isolation",
)  # fmt: skip


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
        serves=str(record.get("serves") or ""),
    )


@dataclass(frozen=True)
class Parents:
    """The newest releases that a new one may follow: without a line, and on its own line."""

    trunk: Mapping[str, Any] | None = None
    on_line: Mapping[str, Any] | None = None


def with_version(record: Mapping[str, Any], parents: Parents, line: str = "") -> dict[str, Any]:
    """Return the record with its version, the reason for it and its parent's digest."""
    content, trunk = content_of(record), _versioned(parents.trunk)
    if line:
        version, why = next_on_line(line, trunk, _versioned(parents.on_line), content)
    else:
        version, why = next_version(trunk, content)
    parent = parents.on_line or parents.trunk if line else parents.trunk
    return {
        **record,
        "version": str(version),
        "line": line,
        "why": why,
        "parent": parent["digest"] if parent else None,
        "parts": _credited(record, parent, str(version)),
    }


def release_record(record: Mapping[str, Any]) -> bytes:
    """Return the release as one JSON document, the same bytes for the same release.

    The digests of inputs are in it where there are any: releases before them keep their digest.
    """
    inputs = {"inputs": record["inputs"]} if record.get("inputs") else {}
    return canonical({**{key: record.get(key) for key in RELEASE}, **inputs})


def with_release(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record with the digest of its release."""
    digest = hashlib.sha256(release_record(record)).hexdigest()
    return {**record, "release": f"sha256:{digest}"}


def _versioned(record: Mapping[str, Any] | None) -> tuple[Version, Content] | None:
    return None if record is None else (Version.parse(record["version"]), content_of(record))


def _credited(
    record: Mapping[str, Any], parent: Mapping[str, Any] | None, version: str
) -> list[dict[str, Any]]:
    """Return the team's parts with who released them first, and in which version."""
    known = {
        (part["kind"], part["digest"]): part for part in (parent or {}).get("parts") or () if part
    }
    credited = []
    for part in record.get("parts") or ():
        before = known.get((part["kind"], part["digest"]), {})
        by = before.get("by", record.get("author", ""))
        credited.append({**part, "by": by, "since": before.get("since", version)})
    return credited


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
