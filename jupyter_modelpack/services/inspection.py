"""Inspecting a notebook that a person has open, and knowing whether it is packaged already."""

from __future__ import annotations

from typing import Any, Protocol


class Inspectable(Protocol):
    """An inspection, as JSON."""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""


class Inspectors(Protocol):
    """Inspects notebooks."""

    def inspect(self, path: str) -> Inspectable:
        """Return what was found, or raise InvalidInput or NotFound; nothing is executed."""


class Made(Protocol):
    """Knows which notebooks were packaged."""

    def of_notebook(self, path: str, notebook_digest: str) -> tuple[str, str] | None:
        """Return name and version of the newest package of a notebook with this content."""


def inspect_notebook(path: str, inspectors: Inspectors, made: Made) -> dict[str, Any]:
    """Return the inspection of the notebook at an absolute path, as JSON.

    ``unchanged`` names the package that was made of the notebook as it is now.
    """
    found = inspectors.inspect(path).to_json()
    package = made.of_notebook(path, str(found["digest"]))
    named = {"name": package[0], "version": package[1]} if package else None
    return {**found, "digest": str(found["digest"]), "unchanged": named}
