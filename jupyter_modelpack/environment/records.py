"""Which files belong to a distribution, whoever installed it and however little it wrote down."""

from __future__ import annotations

import csv
import json
import os
import posixpath
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from jupyter_modelpack.environment.facts import Distribution, normalised
from jupyter_modelpack.environment.host import Host

_DPKG = "/var/lib/dpkg/info"


class Recorded(NamedTuple):
    """A file of a distribution: its path from the distribution's base, and its hash if recorded."""

    path: str
    hash: str = ""


def recorded_files(
    base: str, metadata: str, name: str, host: Host, top_level: Sequence[str] = ()
) -> tuple[Recorded, ...]:
    """Return the files of the distribution whose metadata is ``base/metadata``.

    The first of these that is there decides: RECORD, installed-files.txt, dpkg's list, conda's
    list, and at last everything below the modules that ``top_level`` names.
    """
    place = f"{base}/{metadata}"
    record = host.read(f"{place}/RECORD")
    if record:
        return tuple(_read_record(record.decode("utf-8", "replace")))
    listed = host.read(f"{place}/installed-files.txt")
    if listed:
        return tuple(_relative(base, _installed_files(place, listed)))
    for owner in (_dpkg_files, _conda_files):
        paths = owner(base, metadata, name, host)
        if paths:
            return tuple(_relative(base, paths))
    return tuple(_walk_modules(base, metadata, top_level, host))


def files_of(distribution: Distribution, host: Host) -> tuple[Recorded, ...]:
    """Return the files of an indexed distribution."""
    return recorded_files(
        distribution.base, distribution.metadata, distribution.name, host, distribution.roots
    )


def _read_record(text: str) -> Iterator[Recorded]:
    for line in text.splitlines():
        if not line:
            continue
        if '"' in line:
            row = next(csv.reader([line]))
            yield Recorded(row[0], row[1] if len(row) > 1 else "")
            continue
        path, _, rest = line.partition(",")
        yield Recorded(path, rest.partition(",")[0])


def _installed_files(place: str, listed: bytes) -> list[str]:
    names = listed.decode("utf-8", "replace").splitlines()
    return [posixpath.normpath(posixpath.join(place, name)) for name in names if name]


def _relative(base: str, paths: Sequence[str]) -> Iterator[Recorded]:
    for path in paths:
        yield Recorded(os.path.relpath(path, base))


def _dpkg_files(base: str, metadata: str, name: str, host: Host) -> list[str]:
    if not base.endswith("/dist-packages"):
        return []
    place = f"{base}/{metadata}"
    short = normalised(name)
    guesses = (short, name.lower(), short.removeprefix("python-"), short.rpartition("-")[2])
    for package in dict.fromkeys(guesses):
        for architecture in ("", ":amd64", ":arm64"):
            listed = host.read(f"{_DPKG}/python3-{package}{architecture}.list")
            if listed is None:
                continue
            paths = listed.decode("utf-8", "replace").splitlines()
            if place in paths:
                return [path for path in paths if path.startswith((base + "/", "/usr/lib/"))]
    return []


def _conda_files(base: str, metadata: str, name: str, host: Host) -> list[str]:
    prefix = os.path.dirname(os.path.dirname(os.path.dirname(base)))
    inside = os.path.relpath(f"{base}/{metadata}", prefix)
    for entry in host.list(f"{prefix}/conda-meta"):
        if not entry.name.endswith(".json"):
            continue
        if normalised(entry.name.rsplit("-", 2)[0]) != normalised(name):
            continue
        try:
            listed = json.loads(host.read(f"{prefix}/conda-meta/{entry.name}") or b"{}")["files"]
        except (ValueError, KeyError, TypeError):
            continue
        if any(path == inside or path.startswith(inside + "/") for path in listed):
            return [f"{prefix}/{path}" for path in listed]
    return []


def _walk_modules(
    base: str, metadata: str, top_level: Sequence[str], host: Host
) -> Iterator[Recorded]:
    names = {root.partition(".")[0] for root in top_level}
    for entry in host.list(base):
        if entry.name == metadata or (entry.is_directory and entry.name in names):
            yield from (
                walk(base, entry.name, host) if entry.is_directory else (Recorded(entry.name),)
            )
        elif not entry.is_directory and entry.name.partition(".")[0] in names:
            yield Recorded(entry.name)


def walk(base: str, name: str, host: Host) -> Iterator[Recorded]:
    """Yield the files below ``base/name``, with paths from ``base``, entering no linked folder."""
    for entry in host.list(f"{base}/{name}"):
        path = f"{name}/{entry.name}"
        if not entry.is_directory:
            yield Recorded(path)
        elif not entry.is_link and entry.name != "__pycache__":
            yield from walk(base, path, host)
