"""Packages: found by what a person types, listed, and exported to files that other tools read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from jupyter_modelpack.errors import InvalidInput, NotFound
from jupyter_modelpack.oci.digest import Digest

SUMMARY = ("name", "version", "digest", "created", "size", "path", "verified", "metrics", "why")
Record = Mapping[str, Any]


class Records(Protocol):
    """Keeps the records."""

    def newest(self, name: str) -> Record | None:
        """Return the record with the highest version."""

    def get(self, name: str, version: str) -> Record:
        """Return one record, or raise NotFound."""

    def with_digest(self, digest: str) -> Record:
        """Return a record of an image, or raise NotFound."""

    def list(self, *, name: str | None = None, path: str | None = None) -> Sequence[Record]:
        """Return records, newest first."""


class Packages:
    """Finds and lists packages."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def resolve(self, text: str) -> Record:
        """Return the record that ``name``, ``name:version`` or ``sha256:...`` means.

        A name alone means its highest version. Raises NotFound and InvalidInput.
        """
        if text.startswith("sha256:"):
            return self._records.with_digest(Digest.parse(text))
        name, colon, version = text.partition(":")
        if not name or (colon and not version):
            raise InvalidInput(
                f"{text!r:.80} does not name a package.",
                field="release",
                advice="Write name, name:version or sha256:...",
            )
        if colon:
            return self._records.get(name, version)
        found = self._records.newest(name)
        if found is None:
            raise NotFound("package", name, advice="List what there is: jupyter modelpack list")
        return found

    def get(self, name: str, version: str) -> Record:
        """Return one record, or raise NotFound."""
        return self._records.get(name, version)

    def list(self, *, name: str | None = None, path: str | None = None) -> list[dict[str, Any]]:
        """Return summaries, newest first."""
        found = self._records.list(name=name, path=path)
        return [{key: record[key] for key in SUMMARY} for record in found]
