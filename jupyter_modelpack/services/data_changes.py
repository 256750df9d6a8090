"""Whether a run read the data that its release was made with, from the digests of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_NAMED = 3
Inputs = Sequence[Mapping[str, Any]]


def known_digests(record: Mapping[str, Any]) -> dict[str, str]:
    """Return path -> digest of the inputs that a release was made with."""
    return {
        str(each["path"]): str(each["digest"])
        for each in record.get("inputs") or ()
        if each.get("digest")
    }


def data_state(
    inputs: Iterable[Mapping[str, Any]], known: Mapping[str, str], release: str
) -> dict[str, Any]:
    """Return what is kept of a run's inputs: each with ``changed``, and one sentence if any is.

    ``changed`` is None where one of the digests is not known, which is no proof of anything.
    """
    compared: list[dict[str, Any]] = []
    for each in inputs:
        before, now = known.get(str(each.get("path"))), each.get("digest")
        changed = None if before is None or now is None else before != now
        compared.append({**each, "changed": changed})
    paths = [str(each["path"]) for each in compared if each["changed"]]
    return {"inputs": compared, "data_changed": _sentence(paths, release) if paths else None}


def _sentence(paths: Sequence[str], release: str) -> str:
    named, more = list(paths[:_NAMED]), len(paths) - _NAMED
    if more > 0:
        named.append(f"{more} more")
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f"{listed} changed since {release} was made."
