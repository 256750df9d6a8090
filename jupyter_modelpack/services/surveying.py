"""Surveying: an inspection, and whether there is anything to package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.services.contents import Contained
from jupyter_modelpack.services.inspecting import Inspected
from jupyter_modelpack.services.packaging_types import PackageRequest


class Records(Protocol):
    """Keeps the records."""

    def list(self, *, path: str | None = None) -> Sequence[Mapping[str, Any]]:
        """Return summaries of a notebook's packages, newest first."""

    def get(self, name: str, version: str) -> Mapping[str, Any]:
        """Return one record."""


def survey(inspected: Inspected, records: Records, contained: Contained) -> dict[str, Any]:
    """Return the inspection as JSON, with the newest package under ``unchanged`` if it is equal.

    Equal means that packaging again would give the same image: cells, data, local code and the
    kernel's environment, not only the notebook.
    """
    return {**inspected.to_json(), "unchanged": _unchanged(inspected, records, contained)}


def _unchanged(
    inspected: Inspected, records: Records, contained: Contained
) -> dict[str, Any] | None:
    made = records.list(path=inspected.snapshot.path)
    if not made or any(finding.severity == "blocking" for finding in inspected.findings):
        return None
    record = records.get(made[0]["name"], made[0]["version"])
    if record["verified"]["phase"] != "Succeeded" or not record.get("evidence"):
        return None  # packaging again verifies and signs it
    request = PackageRequest(
        inspected.snapshot.path, name=record["name"], live_modules=tuple(record["extra"]["live"])
    )
    try:
        contents = contained.of(inspected, request, tuple(record["extra"]["modules"]))
    except ModelPackError:
        return None  # packaging will say what is wrong
    if not contents.inside(record):
        return None
    if any(contents.described.get(key) != record.get(key) for key in ("owner", "schedule")):
        return None
    return {"name": record["name"], "version": record["version"]}
