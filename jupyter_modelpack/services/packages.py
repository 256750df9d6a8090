"""Packages: found by what a person types, listed, and exported to files that other tools read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from jupyter_modelpack.errors import InvalidInput, NotFound
from jupyter_modelpack.oci.digest import Digest

Record = Mapping[str, Any]


class Records(Protocol):
    """Keeps the records."""

    def newest(self, name: str) -> Record | None:
        """Return the record with the highest version."""

    def get(self, name: str, version: str) -> Record:
        """Return one record, or raise NotFound."""

    def by_digest(self, name: str | None, digest: str) -> Record | None:
        """Return the newest record of an image, under one name or any."""

    def list(self, *, name: str | None = None, path: str | None = None) -> Sequence[Record]:
        """Return summaries, newest first."""


class Packages:
    """Finds and lists packages."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def resolve(self, text: str) -> Record:
        """Return the record that ``name``, ``name:version`` or ``sha256:...`` means.

        A name alone means its highest version. Raises NotFound and InvalidInput.
        """
        if text.startswith("sha256:"):
            return _found(self._records.by_digest(None, Digest.parse(text)), text)
        name, colon, version = text.partition(":")
        if not name or (colon and not version):
            raise InvalidInput(
                f"{text!r:.80} does not name a package.",
                field="release",
                advice="Write name, name:version or sha256:...",
            )
        if colon:
            return self._records.get(name, version)
        return _found(self._records.newest(name), name)

    def get(self, name: str, version: str) -> Record:
        """Return one record, or raise NotFound."""
        return self._records.get(name, version)

    def list(self, *, name: str | None = None, path: str | None = None) -> Sequence[Record]:
        """Return summaries, newest first."""
        return self._records.list(name=name, path=path)


def _found(record: Record | None, text: str) -> Record:
    if record is None:
        raise NotFound("package", text, advice="List what there is: jupyter modelpack list")
    return record
