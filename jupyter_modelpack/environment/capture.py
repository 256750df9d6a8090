"""Capture: the files of the selected distributions and modules, as the trees of layers."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jupyter_modelpack.environment.closure import Selection, SourceModule
from jupyter_modelpack.environment.editable import pth_directories
from jupyter_modelpack.environment.facts import Distribution, Facts
from jupyter_modelpack.environment.host import Host, stays_below
from jupyter_modelpack.environment.interpreter import PREFIX, interpreter_tree
from jupyter_modelpack.environment.keep import is_left_out, left_out_metadata
from jupyter_modelpack.environment.records import Recorded, files_of, walk
from jupyter_modelpack.notebook.denied import is_denied
from jupyter_modelpack.oci.tree import Entry, File, Tree

__all__ = [
    "Captured",
    "capture_distributions",
    "distribution_trees",
    "interpreter_tree",
    "local_tree",
]

LARGE = 8 << 20


@dataclass(frozen=True)
class Captured:
    """What the image gets of one distribution: its files, their size in bytes, and a digest.

    ``digest`` is the SHA-256 in hexadecimal of the files' paths and recorded hashes; where the
    installer recorded none, of their contents.
    """

    name: str
    version: str
    origin: str
    size: int
    digest: str
    entries: tuple[File, ...]


def capture_distributions(selection: Selection, facts: Facts, host: Host) -> tuple[Captured, ...]:
    """Return the files of each selected distribution, then those of modules that belong to none.

    A path that two of them have goes to the first, as every layer holds a path once.
    """
    facts.require_capture()
    taken: set[str] = set()
    captured = [
        _captured(distribution, selection, facts, host, taken)
        for distribution in selection.distributions
    ]
    for module in selection.sources:
        if not module.distribution:
            entries = tuple(_source_files(module, facts, host, taken))
            captured.append(_summed(module.name, "", "local", entries, host))
    return tuple(captured)


def distribution_trees(captured: Sequence[Captured], *, large: int = LARGE) -> tuple[Tree, ...]:
    """Return a tree for each distribution of at least ``large`` bytes, and one for all the others.

    The order is that of the names, so that the same distributions always give the same layers.
    """
    trees = [
        Tree(f"{item.name} {item.version}".strip(), "distribution", item.entries)
        for item in captured
        if item.size >= large
    ]
    rest = [item for item in captured if item.size < large]
    if rest:
        entries = tuple(entry for item in rest for entry in item.entries)
        what = "1 more package" if len(rest) == 1 else f"{len(rest)} more packages"
        trees.append(Tree(what, "distributions", entries))
    return tuple(trees)


def local_tree(selection: Selection, *, others: Sequence[Entry] = ()) -> Tree:
    """Return the local modules under ``app/files``, with ``others`` such as the notebook."""
    entries: dict[str, Entry] = {
        f"app/files/{file.path}": File(f"app/files/{file.path}", source=file.source)
        for file in selection.local
    }
    entries.update((entry.path, entry) for entry in others)
    return Tree("the notebook and its code", "code", tuple(entries[p] for p in sorted(entries)))


def _captured(
    distribution: Distribution, selection: Selection, facts: Facts, host: Host, taken: set[str]
) -> Captured:
    metadata = _image_metadata(distribution)
    rows: list[str] = []
    entries: list[File] = []
    size = 0
    for recorded in files_of(distribution, host):
        target = _image_path(recorded.path, distribution, metadata, facts, selection, host)
        if target is None or target in taken:
            continue
        described = host.file(f"{distribution.base}/{recorded.path}")
        if described is None or _is_secret(recorded.path, described.path, host):
            continue
        taken.add(target)
        size += described.size
        entries.append(File(target, described.path, executable=described.executable))
        if recorded.hash:
            rows.append(f"{_row_path(target, facts)},{recorded.hash},{described.size}")
    for module in selection.sources:
        if module.distribution == distribution.key:
            entries.extend(_source_files(module, facts, host, taken))
    if not rows or distribution.editable:
        return _summed(
            distribution.name, distribution.version, distribution.origin, tuple(entries), host
        )
    record = "\n".join([*sorted(rows), f"{metadata}/RECORD,,", ""]).encode()
    entries.append(File(f"{facts.image_site_packages}/{metadata}/RECORD", content=record))
    return Captured(
        distribution.name,
        distribution.version,
        distribution.origin,
        size + len(record),
        hashlib.sha256(record).hexdigest(),
        tuple(entries),
    )


def _summed(
    name: str, version: str, origin: str, entries: tuple[File, ...], host: Host
) -> Captured:
    """Describe files that no installer recorded a hash of, by reading them."""
    total, digest = 0, hashlib.sha256()
    for entry in sorted(entries, key=lambda item: item.path):
        described = host.file(entry.source)
        total += described.size if described else 0
        digest.update(f"{entry.path}\0{host.sha256(entry.source)}\n".encode())
    return Captured(name, version, origin, total, digest.hexdigest(), entries)


def _image_metadata(distribution: Distribution) -> str:
    """Return the name of the metadata in site-packages; an egg's has no name of its own."""
    if distribution.metadata != "EGG-INFO":
        return distribution.metadata
    return f"{distribution.name}-{distribution.version}.egg-info"


def _image_path(
    path: str,
    distribution: Distribution,
    metadata: str,
    facts: Facts,
    selection: Selection,
    host: Host,
) -> str | None:
    """Return where a recorded file goes in the image, or None when it is left out."""
    if path.startswith(distribution.metadata):
        inner = path[len(distribution.metadata) :]
        if left_out_metadata(inner):
            return None
        return f"{facts.image_site_packages}/{metadata}{inner}"
    if is_left_out(path, distribution.key, selection.modules):
        return None
    if path.endswith(".pth") and _names_host_directory(distribution, path, host):
        return None
    if distribution.editable and not _installed(path, distribution, facts):
        return None
    if not path.startswith(("..", "/")):
        return f"{facts.image_site_packages}/{path}"
    return _outside(path, distribution, facts)


def _is_secret(path: str, real: str, host: Host) -> bool:
    """Say whether a file is on the deny list; certificates that packages bring are no secret."""
    if is_denied(path) is None:
        return False
    return not path.endswith(".pem") or b"PRIVATE KEY" in (host.read(real) or b"")


def _installed(path: str, distribution: Distribution, facts: Facts) -> bool:
    """Say whether an editable distribution really installed a file: no hook, and no source."""
    tops = {root.partition(".")[0] for root in distribution.sources}
    return path.partition("/")[0] in tops and distribution.base in facts.site_directories


def _outside(path: str, distribution: Distribution, facts: Facts) -> str | None:
    """Place a file that lies outside site-packages, such as ``share/`` data, below the prefix."""
    if path.startswith("/"):
        if not path.startswith(facts.prefix + "/"):
            return None
        target = posixpath.join(PREFIX, path[len(facts.prefix) + 1 :])
    else:
        target = posixpath.normpath(posixpath.join(facts.image_site_packages, path))
    kept = (f"{PREFIX}/share/", f"{PREFIX}/etc/", f"{PREFIX}/lib/")
    return target if target.startswith(kept) else None


def _names_host_directory(distribution: Distribution, path: str, host: Host) -> bool:
    text = host.read(f"{distribution.base}/{path}") or b""
    return distribution.editable or any(line.startswith("/") for line in pth_directories(text, ""))


def _row_path(target: str, facts: Facts) -> str:
    site = facts.image_site_packages + "/"
    path = target[len(site) :] if target.startswith(site) else posixpath.relpath(target, site)
    return '"' + path.replace('"', '""') + '"' if "," in path or '"' in path else path


def _source_files(
    module: SourceModule, facts: Facts, host: Host, taken: set[str]
) -> Iterator[File]:
    """Yield the files of a package or module that is copied from its sources."""
    parent, _, name = module.path.rpartition("/")
    place = module.name.rpartition(".")[0].replace(".", "/")
    root = f"{facts.image_site_packages}/{place}".rstrip("/")
    single = host.file(module.path)
    files = [Recorded(name)] if single else list(walk(parent, name, host))
    final = name if single else module.name.rpartition(".")[2]
    for recorded in files:
        inner = final + recorded.path[len(name) :]
        target = f"{root}/{inner}"
        described = host.file(f"{parent}/{recorded.path}")
        if (
            described is None
            or target in taken
            or is_denied(inner)
            or is_left_out(inner, module.distribution, frozenset())
            or not stays_below(described.path, parent, host)
        ):
            continue
        taken.add(target)
        yield File(target, described.path, executable=described.executable)
