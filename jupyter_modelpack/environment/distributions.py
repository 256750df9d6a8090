"""The index: which distributions and modules lie on an interpreter's path."""

from __future__ import annotations

import json
import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from jupyter_modelpack.environment.editable import editable_sources
from jupyter_modelpack.environment.facts import Distribution, Facts, inside
from jupyter_modelpack.environment.host import Host
from jupyter_modelpack.environment.records import recorded_files
from jupyter_modelpack.environment.roots import deeper_roots, module_name, roots_of
from jupyter_modelpack.environment.zipped import zipped_library

_HEADER = re.compile(r"^(Name|Version|Requires-Dist): *([^\r\n]*)", re.MULTILINE)
_SECTION = re.compile(r"\[(?P<extra>[^:\]]*)(?::(?P<marker>[^\]]*))?\]\Z")


def complete(answer: Mapping[str, Any], host: Host) -> Facts:
    """Return the facts: the probe's answer together with what lies on the path it names."""
    facts = Facts.from_json(answer)
    facts = replace(facts, stdlib_modules=_stdlib_modules(facts, host))
    found: dict[str, Distribution] = {}
    modules: dict[str, str] = {}
    namespaces: set[str] = set()
    for directory in module_directories(facts):
        for distribution in _index(directory, facts, host):
            found.setdefault(distribution.key, distribution)
        for name, path, regular in _modules(directory, host):
            if name not in modules or (regular and name in namespaces):
                modules[name] = path
                namespaces.discard(name) if regular else namespaces.add(name)
    for distribution in found.values():
        for root, path in distribution.sources.items():
            modules.setdefault(root.partition(".")[0], path)
    return replace(
        facts,
        distributions=tuple(_told_apart(sorted(found.values(), key=lambda d: d.key), host)),
        modules=modules,
        namespaces=frozenset(namespaces),
    )


def module_directories(facts: Facts) -> tuple[str, ...]:
    """Return the directories of ``sys.path`` that are not the standard library."""
    standard = {facts.stdlib, f"{facts.stdlib}/lib-dynload"}
    return tuple(dict.fromkeys(p for p in facts.sys_path if p not in standard))


def _stdlib_modules(facts: Facts, host: Host) -> frozenset[str]:
    names: set[str] = set()
    for directory in (facts.stdlib, f"{facts.stdlib}/lib-dynload"):
        names.update(name for name, _, _ in _modules(directory, host))
    for path, _ in zipped_library(facts, host):
        names.add(path.partition("/")[0].partition(".")[0])
    return frozenset(names - {"site_packages", "dist_packages"})


def _modules(directory: str, host: Host) -> Iterator[tuple[str, str, bool]]:
    """Yield the name, path and regularity of what can be imported from one directory."""
    for entry in host.list(directory):
        path = f"{directory}/{entry.name}"
        if not entry.is_directory:
            name = module_name(entry.name)
            if name:
                yield name, path, True
        elif entry.name.isidentifier() and entry.name != "__pycache__":
            yield entry.name, path, host.file(f"{path}/__init__.py") is not None


def _index(directory: str, facts: Facts, host: Host) -> Iterator[Distribution]:
    if directory.endswith(".egg"):
        yield from _described(directory, "EGG-INFO", facts, host)
        return
    for entry in host.list(directory):
        if entry.name.endswith((".dist-info", ".egg-info")):
            yield from _described(directory, entry.name, facts, host)


def _described(base: str, metadata: str, facts: Facts, host: Host) -> Iterator[Distribution]:
    place = f"{base}/{metadata}"
    text = next(
        (
            data.decode("utf-8", "replace")
            for name in ("/METADATA", "/PKG-INFO", "")
            if (data := host.read(place + name)) is not None
        ),
        "",
    )
    headers = _HEADER.findall(re.split(r"\r?\n\r?\n", text, maxsplit=1)[0])
    named = {key: value.strip() for key, value in reversed(headers)}
    if not named.get("Name") or not named.get("Version"):
        return
    requires = [value.strip() for key, value in headers if key == "Requires-Dist"]
    if not requires and metadata.endswith((".egg-info", "EGG-INFO")):
        requires = _egg_requires(host.read(f"{place}/requires.txt") or b"")
    top_level = (host.read(f"{place}/top_level.txt") or b"").decode("utf-8", "replace").split()
    guess = top_level or [named["Name"].replace("-", "_")]
    paths = [file.path for file in recorded_files(base, metadata, named["Name"], host, guess)]
    origin = _origin(place, base, facts, host)
    sources = (
        editable_sources(base, named["Name"], top_level, paths, host)
        if origin == "editable"
        else {}
    )
    roots = roots_of([path for path in paths if not path.startswith("__editable__")])
    roots = tuple(sorted({*roots, *sources}))
    yield Distribution(
        named["Name"], named["Version"], base, metadata, roots, tuple(requires), origin, sources
    )


def _origin(place: str, base: str, facts: Facts, host: Host) -> str:
    told = host.read(f"{place}/direct_url.json")
    if told is not None:
        try:
            direct = json.loads(told)
            editable = direct.get("dir_info", {}).get("editable") is True
            url = str(direct.get("url", ""))
        except (ValueError, AttributeError):
            return "index"
        if editable:
            return "editable"
        # conda records where it built a package; such a file tells nothing about its origin.
        return "index" if url.startswith("file:///") and "conda" in url else "url"
    if base.endswith(".egg") or base in facts.site_directories:
        return "index"
    # `setup.py develop` leaves the metadata beside the sources, and only a link in site-packages.
    project = place.endswith(".egg-info") and not inside(base, facts.prefix)
    return "editable" if project else "index"


def _egg_requires(text: bytes) -> list[str]:
    """Read setuptools' requires.txt as Requires-Dist lines."""
    found, marker = [], ""
    for line in text.decode("utf-8", "replace").splitlines():
        line = line.strip()
        section = _SECTION.match(line)
        if section:
            tests = [section["marker"]] if section["marker"] else []
            if section["extra"]:
                tests.append(f"extra == '{section['extra']}'")
            marker = " and ".join(f"({test})" for test in tests)
        elif line and not line.startswith("#"):
            found.append(f"{line} ; {marker}" if marker else line)
    return found


def _told_apart(distributions: list[Distribution], host: Host) -> Iterator[Distribution]:
    """Yield the distributions; those that share a package are told apart by what is below it."""
    counts = Counter(root for distribution in distributions for root in distribution.roots)
    for distribution in distributions:
        shared = [root for root in distribution.roots if counts[root] > 1]
        if shared and not distribution.sources:
            paths = [
                file.path
                for file in recorded_files(
                    distribution.base, distribution.metadata, distribution.name, host, shared
                )
            ]
            below = deeper_roots(shared, [posixpath.normpath(path) for path in paths])
            distribution = replace(distribution, roots=tuple(sorted({*distribution.roots, *below})))
        yield distribution
