"""Provenance: what an image was made of, and by what, as SLSA 1.0 in an in-toto statement.

Names, digests and times only: no path of the machine that built it, no value of a setting, nobody's
name. Sources: slsa.dev/spec/v1.0/provenance and in-toto attestation, spec/v1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.digest import Digest

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "https://jupyter-modelpack.github.io/build-types/notebook/v1"
NOTEBOOK_SERVER = "https://jupyter-modelpack.github.io/builders/notebook-server/v1"
RELEASE_SERVICE = "https://jupyter-modelpack.github.io/builders/release-service/v1"
# What policies call them.
BUILDERS: Mapping[str, str] = {"local": NOTEBOOK_SERVER, "service": RELEASE_SERVICE}

LOCK, SEALED, SBOM = "lock", "notebook without outputs", "sbom"

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z\Z", re.ASCII)


@dataclass(frozen=True)
class Builder:
    """What built an image: a URI that stands for who controls it, and the version of its tools."""

    id: str
    version: str


@dataclass(frozen=True)
class Options:
    """What a person chose, apart from the notebook; ``settings`` and ``modules`` are names."""

    compression: str = "none"
    network: bool = False
    settings: Sequence[str] = ()
    modules: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "compression": self.compression,
            "network": self.network,
            "settings": sorted(self.settings),
            "live_modules": sorted(self.modules),
        }


def provenance(
    record: Mapping[str, Any],
    options: Options,
    builder: Builder,
    *,
    sealed: Digest,
    sbom: Digest,
) -> dict[str, Any]:
    """Return the statement about a record's image.

    ``sealed`` is the notebook as it is in the image, and ``sbom`` the list of what else is, so that
    one signature covers both.
    """
    return {
        "_type": STATEMENT,
        "subject": [{"name": record["name"], "digest": _digest(record["digest"])}],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "notebook": {
                        "name": record["notebook"],
                        "digest": _digest(record["notebook_digest"]),
                    },
                    "name": record["name"],
                    "options": options.to_json(),
                },
                "resolvedDependencies": list(_dependencies(record)),
            },
            "runDetails": {
                "builder": {
                    "id": builder.id,
                    "version": {"jupyter-modelpack": builder.version},
                },
                "metadata": _metadata(record),
                "byproducts": [
                    {"name": LOCK, "digest": _digest(record["lock_digest"])},
                    {"name": SEALED, "digest": _digest(sealed)},
                    {"name": SBOM, "digest": _digest(sbom)},
                ],
            },
        },
    }


def moment(text: Any) -> datetime:
    """Return the time that ``2026-11-17T12:00:00Z`` is; raises InvalidInput for other shapes."""
    match = _TIME.match(text) if isinstance(text, str) else None
    if match is None:
        raise InvalidInput(f"{text!r:.60} is not a time in UTC.", field="time")
    try:
        whole = datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        raise InvalidInput(f"{text!r:.60} is not a time.", field="time") from None
    return whole + timedelta(microseconds=int(((match[2] or "") + "000000")[:6]))


def python_package(name: str, version: str) -> str:
    """Return the package URL of a distribution of the index (purl-spec, type pypi)."""
    return f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{quote(version, safe='')}"


def _dependencies(record: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    lock = record["lock"]
    interpreter = {
        "name": "python",
        "uri": f"pkg:generic/python@{quote(lock['python'], safe='')}",
        "annotations": {"implementation": lock["implementation"], "platform": lock["platform"]},
    }
    for layer in record["layers"]:
        if layer["kind"] == "interpreter":
            yield {
                **interpreter,
                "digest": _digest(layer["digest"]),
                "mediaType": layer["media_type"],
            }
    for each in lock["distributions"]:
        locked = {
            "name": each["name"],
            "digest": _digest(each["digest"]),
            "annotations": {"version": each["version"], "origin": each["origin"]},
        }
        if each["origin"] == "index":
            locked["uri"] = python_package(each["name"], each["version"])
        yield locked
    for each in sorted(record["files"], key=lambda file: str(file["path"])):
        yield {
            "name": each["path"],
            "digest": _digest(each["digest"]),
            "annotations": {"kind": each["kind"]},
        }


def _metadata(record: Mapping[str, Any]) -> dict[str, str]:
    finished = moment(record["created"])
    took = timedelta(seconds=float(record["seconds"]["total"]))
    return {
        "invocationId": str(record["release"]),
        "startedOn": _written(finished - took),
        "finishedOn": _written(finished),
    }


def _written(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _digest(text: str) -> dict[str, str]:
    return {"sha256": Digest.parse(text).hex}
