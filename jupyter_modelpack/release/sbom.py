"""The bill of materials of an image, as CycloneDX 1.6 JSON: the same bytes for the same record."""

from __future__ import annotations

import posixpath
import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.plain_json import parse
from jupyter_modelpack.release.provenance import python_package

SPEC_VERSION = "1.6"
_PREFIX = "jupyter-modelpack"


def sbom(record: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Return the document; ``version`` is that of this program."""
    image = _image(record)
    parts = {part["bom-ref"]: part for part in _parts(record)}
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC_VERSION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, record['digest'])}",
        "version": 1,
        "metadata": {
            "timestamp": record["created"],
            "tools": {
                "components": [
                    {"type": "application", "name": "jupyter-modelpack", "version": version}
                ]
            },
            "component": image,
        },
        "components": list(parts.values()),
        "dependencies": [
            {"ref": image["bom-ref"], "dependsOn": sorted(parts)},
            *({"ref": ref} for ref in sorted(parts)),
        ],
    }


def subject_of(document: bytes) -> Digest:
    """Return the digest of the image that a bill of materials says it is about.

    Raises InvalidInput when it is not one, or is about no image.
    """
    found = parse(document)
    try:
        component = found["metadata"]["component"]
        hashes = [each["content"] for each in component["hashes"] if each["alg"] == "SHA-256"]
        if found["bomFormat"] != "CycloneDX" or component["type"] != "container":
            raise InvalidInput("It is no bill of materials of an image.", field="sbom")
        (only,) = hashes
        return Digest(f"sha256:{only}")
    except (KeyError, TypeError, ValueError):
        raise InvalidInput("It names no image by its digest.", field="sbom") from None


def _image(record: Mapping[str, Any]) -> dict[str, Any]:
    digest = Digest.parse(record["digest"])
    url = f"pkg:oci/{quote(str(record['name']), safe='')}@{quote(digest, safe='')}"
    return {
        "type": "container",
        "bom-ref": url,
        "name": record["name"],
        "version": record["version"],
        "hashes": [{"alg": "SHA-256", "content": digest.hex}],
        "purl": url,
    }


def _parts(record: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    lock = record["lock"]
    yield {
        "type": "platform",
        "bom-ref": "python",
        "name": lock["implementation"],
        "version": lock["python"],
        "properties": [{"name": f"{_PREFIX}:platform", "value": lock["platform"]}],
    }
    for each in lock["distributions"]:
        part = {
            "type": "library",
            "bom-ref": f"distribution:{each['name']}@{each['version']}",
            "name": each["name"],
            "version": each["version"],
            "properties": [
                {"name": f"{_PREFIX}:files-digest", "value": each["digest"]},
                {"name": f"{_PREFIX}:origin", "value": each["origin"]},
            ],
        }
        if each["origin"] == "index":
            part["purl"] = python_package(each["name"], each["version"])
        yield part
    for path in sorted(record.get("libraries", ())):
        yield {
            "type": "library",
            "bom-ref": f"native:{path}",
            "name": posixpath.basename(path),
            "properties": [{"name": f"{_PREFIX}:path", "value": f"/{path}"}],
        }
    for each in sorted(record["files"], key=lambda file: str(file["path"])):
        yield {
            "type": "data" if each["kind"] == "data" else "file",
            "bom-ref": f"file:{each['path']}",
            "name": each["path"],
            "hashes": [{"alg": "SHA-256", "content": Digest.parse(each["digest"]).hex}],
        }
