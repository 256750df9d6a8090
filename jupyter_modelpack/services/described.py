"""The part of a record that describes an image, made from the image itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_modelpack.environment.facts import normalised
from jupyter_modelpack.errors import GateNotSatisfied, InvalidInput
from jupyter_modelpack.notebook.inspection import Inspection, inspect
from jupyter_modelpack.notebook.owner import OWNER, schedule_of
from jupyter_modelpack.notebook.parts import served_signature, team_parts
from jupyter_modelpack.notebook.sealed import cell_digests
from jupyter_modelpack.notebook.snapshot import Snapshot, take_snapshot
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import LOCK, NOTEBOOK, Image
from jupyter_modelpack.release.version import checked_line
from jupyter_modelpack.services.image_contents import Inside
from jupyter_modelpack.services.record import (
    RECORD_VERSION,
    canonical,
    digest_of,
    files_digest,
    image_part,
)

_LOCKED = ("name", "version", "origin", "digest")
_PIPELINE = ("common", "steps", "pipeline_settings", "order")
_LONGEST = 2000
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


@dataclass(frozen=True)
class Claim:
    """What is said of a submitted image, as far as anything of it is looked at.

    ``sizes`` are those of distributions in bytes, for show only; ``libraries`` are paths. Who owns
    a release, its line and the commit it came from are the submitter's to say.
    """

    name: str
    digest: Digest
    lock: Mapping[str, Any]
    sizes: Mapping[str, int]
    libraries: tuple[str, ...]
    owner: Mapping[str, str] | None = None
    commit: str | None = None
    line: str = ""
    schedule: Mapping[str, Any] | None = None

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Claim:
        """Read a record that somebody sent; raises InvalidInput."""
        name, lock = record.get("name"), record.get("lock")
        if not isinstance(name, str):
            raise InvalidInput("The record has no name.", field="record")
        if not isinstance(lock, dict) or not _is_lock(lock):
            raise InvalidInput("The record has no lock that can be read.", field="record")
        listed = record.get("distributions")
        sizes = {
            str(each.get("name")): each["size"]
            for each in (listed if isinstance(listed, list) else ())
            if isinstance(each, dict) and type(each.get("size")) is int and each["size"] >= 0
        }
        given = record.get("libraries")
        libraries = tuple(
            path for path in (given if isinstance(given, list) else ()) if isinstance(path, str)
        )
        commit, line = record.get("commit"), record.get("line")
        return cls(
            name,
            Digest.parse(record.get("digest")),
            lock,
            sizes,
            libraries,
            _owner(record.get("owner")),
            commit if isinstance(commit, str) and _COMMIT.match(commit) else None,
            checked_line(line) if isinstance(line, str) and line else "",
            schedule_of(record.get("schedule")),
        )

    def to_json(self) -> dict[str, Any]:
        """Return what ``read`` reads back: a record with nothing else in it."""
        sizes = [{"name": name, "size": size} for name, size in self.sizes.items()]
        return {
            "name": self.name,
            "digest": str(self.digest),
            "lock": dict(self.lock),
            "distributions": sizes,
            "libraries": list(self.libraries),
            "owner": self.owner,
            "commit": self.commit,
            "line": self.line,
            "schedule": self.schedule,
        }


def described(
    claim: Claim,
    image: Image,
    annotations: Mapping[str, str],
    inside: Inside,
    runtime: Mapping[str, bytes],
    file_limit: int,
) -> dict[str, Any]:
    """Return what the image says of itself, with findings, as packaging would have recorded it.

    Raises GateNotSatisfied when parts of the image contradict each other or the claim.
    """
    _demand(inside.manifest.get("name") == claim.name, "It was packaged under another name.")
    _check_runtime(inside, runtime)
    _check_annotations(claim, annotations, inside)
    _check_distributions(claim, inside)
    notebook = str(inside.manifest["notebook"])
    snapshot = take_snapshot(lambda: inside.notebook, f"/{notebook}", attempts=1)
    inspection = inspect(snapshot, files=inside, file_limit=file_limit)
    _check_interface(inside, inspection)
    return {
        "schema": RECORD_VERSION,
        "name": claim.name,
        "path": notebook,
        "notebook": notebook,
        # the file as it was saved stays with its author: what is inside is what there is
        "notebook_digest": str(snapshot.digest),
        "kernel": {
            "name": snapshot.kernel_name or "",
            "display_name": snapshot.kernel_display_name or "",
        },
        **_interface(inspection),
        **{key: inside.manifest[key] for key in _PIPELINE if key in inside.manifest},
        "owner": claim.owner,
        "schedule": claim.schedule,
        "commit": claim.commit,
        "parts": team_parts(snapshot),
        "serves": served_signature(snapshot),
        "extra": {"modules": [], "live": []},
        "distributions": [
            {
                "name": each["name"],
                "version": each["version"],
                "size": claim.sizes.get(each["name"], 0),
            }
            for each in claim.lock["distributions"]
        ],
        "files": sorted(inside.files, key=lambda file: str(file["path"])),
        "lock": dict(claim.lock),
        "lock_digest": str(_lock_digest(claim)),
        "libraries": sorted(set(claim.libraries) & inside.paths),
        "content": _content(claim, inside, snapshot),
        "findings": [
            finding.to_json()
            for finding in sorted(
                [*inspection.findings, *inside.findings], key=lambda each: each.sort_key()
            )
        ],
        **image_part(image, image.layers),
        "reused_layers": 0,
    }


def _content(claim: Claim, inside: Inside, snapshot: Snapshot) -> dict[str, Any]:
    files = inside.files
    return {
        "cells": list(cell_digests(snapshot)),
        "notebook": str(snapshot.digest),
        "code": files_digest(each for each in files if each["kind"] == "code"),
        "data": files_digest(each for each in files if each["kind"] == "data"),
        "python": claim.lock["python"],
        "runtime": digest_of(sorted(inside.runtime.items())),
    }


def _interface(inspection: Inspection) -> dict[str, Any]:
    found = inspection.to_json()
    external = [{**each, "size": 0} for each in found["external"]]
    return {
        "parameters": found["parameters"],
        "settings": found["settings"],
        "external": external,
    }


def _check_runtime(inside: Inside, runtime: Mapping[str, bytes]) -> None:
    own = {path: Digest.of(content) for path, content in runtime.items()}
    _demand(
        inside.runtime == own,
        "What runs the notebook in it is not this version of jupyter modelpack.",
        "Package it with the version that the release service has.",
    )


def _check_annotations(claim: Claim, said: Mapping[str, str], inside: Inside) -> None:
    _demand(
        said.get(NOTEBOOK) == str(Digest.of(inside.notebook)),
        "The notebook in it is not the one that it names.",
    )
    _demand(
        said.get(LOCK) == str(_lock_digest(claim)), "The record's packages are not those of it."
    )


def _check_distributions(claim: Claim, inside: Inside) -> None:
    locked = {_key(each["name"], each["version"]) for each in claim.lock["distributions"]}
    there = {_key(*_split(each)) for each in inside.distributions}
    unknown = sorted(there - locked)
    _demand(not unknown, f"It holds {', '.join(unknown[:3])}, which its lock does not name.")
    indexed = {
        _key(each["name"], each["version"])
        for each in claim.lock["distributions"]
        if each["origin"] == "index"
    }
    gone = sorted(indexed - there)
    _demand(not gone, f"Its lock names {', '.join(gone[:3])}, which is not in it.")


def _check_interface(inside: Inside, inspection: Inspection) -> None:
    def shape(parameters: Any) -> list[tuple[str, str]]:
        try:
            return [(str(each["name"]), str(each["type"])) for each in parameters]
        except (KeyError, TypeError):
            return []

    said, found = inside.manifest, inspection.to_json()
    same = (
        shape(said.get("parameters")) == shape(found["parameters"])
        and said.get("checks") == found["checks"]
        and said.get("metrics") == found["metrics"]
    )
    _demand(same, "Its parameters, checks and metrics are not those of the notebook in it.")
    # what a run leaves out is not checked, so the order and the steps have to be the notebook's
    graph = inspection.graph
    _demand(
        (said.get("order") or []) == list(graph.order)
        and (said.get("common") or []) == list(graph.common)
        and _cells(said.get("steps") or ()) == _cells(found["steps"]),
        "Its steps are not those of the notebook in it.",
    )


def _cells(steps: Any) -> list[tuple[Any, ...]]:
    try:
        return [(each["name"], each["cells"], each.get("common")) for each in steps]
    except (KeyError, TypeError, AttributeError):
        return [()]


def _demand(holds: bool, sentence: str, advice: str = "Package the notebook again.") -> None:
    if not holds:
        raise GateNotSatisfied(
            f"The release service does not take this image. {sentence}", advice=advice
        )


def _lock_digest(claim: Claim) -> Digest:
    return Digest.of(canonical(claim.lock) + b"\n")


def _owner(card: Any) -> dict[str, str] | None:
    if not isinstance(card, dict):
        return None
    texts = {key: card.get(key) for key in OWNER}
    return {key: text[:_LONGEST] if isinstance(text, str) else "" for key, text in texts.items()}


def _is_lock(lock: Mapping[str, Any]) -> bool:
    texts = [lock.get(key) for key in ("python", "implementation", "platform")]
    listed = lock.get("distributions")
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        return False
    texts += [each.get(key) for each in listed for key in _LOCKED]
    return all(isinstance(text, str) and len(text) < _LONGEST for text in texts)


def _split(folder: str) -> tuple[str, str]:
    name, _, version = folder.partition("-")
    return name, version


def _key(name: str, version: str) -> str:
    return f"{normalised(name)} {version}"
