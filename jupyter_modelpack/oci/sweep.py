"""Walking the whole store: what is needed, what is damaged, and what may go."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from jupyter_modelpack.errors import InvalidInput, ModelPackError, NotFound
from jupyter_modelpack.oci.blob import damaged
from jupyter_modelpack.oci.descriptor import INDEX, MANIFEST, Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.index import REF_NAME
from jupyter_modelpack.oci.problem import Problem

MAX_MANIFEST_BYTES = 4 << 20
_READABLE = {
    MANIFEST,
    INDEX,
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
}


@dataclass(frozen=True)
class Freed:
    """How many blobs were removed, and their bytes."""

    blobs: int
    bytes: int


class Store(Protocol):
    """The parts of a layout that a walk needs."""

    path: Path

    def blob_path(self, digest: Digest) -> Path:
        """Return where a blob is."""

    def open(self, digest: Digest, size: int | None = None) -> BinaryIO:
        """Open a blob."""

    def read(self, descriptor: Descriptor) -> bytes:
        """Return a blob's checked bytes."""

    def manifests(self) -> tuple[Descriptor, ...]:
        """Return what the index lists."""


def parts_of(manifest: Any) -> list[Descriptor]:
    """Return the descriptors in a manifest or an index, given as JSON."""
    if not isinstance(manifest, dict):
        raise InvalidInput("A manifest must be a JSON object.", field="manifest")
    found = [manifest["config"]] if "config" in manifest else []
    for key in ("layers", "manifests"):
        several = manifest.get(key, [])
        if not isinstance(several, list):
            raise InvalidInput(f"A manifest's {key} must be a list.", field=key)
        found += several
    return [Descriptor.from_json(each) for each in found]


def read_json(store: Store, descriptor: Descriptor) -> Any:
    """Return a blob as JSON; raises StoreError when it is damaged, too large or not JSON."""
    if descriptor.size > MAX_MANIFEST_BYTES:
        raise damaged(descriptor.digest, "it is too large for a manifest")
    try:
        return json.loads(store.read(descriptor))
    except (ValueError, RecursionError) as error:
        raise damaged(descriptor.digest, "it is not JSON") from error


def reachable(store: Store, roots: Iterable[Descriptor]) -> dict[Digest, Descriptor]:
    """Return everything that the roots need, the roots included.

    Raises StoreError or NotFound when a manifest on the way is damaged or missing.
    """
    found: dict[Digest, Descriptor] = {}
    waiting = list(roots)
    while waiting:
        each = waiting.pop()
        if each.digest in found:
            continue
        found[each.digest] = each
        if each.media_type in _READABLE:
            try:
                waiting += parts_of(read_json(store, each))
            except InvalidInput as error:
                raise damaged(each.digest, error.message) from error
    return found


def verify_store(store: Store) -> list[Problem]:
    """Compute every digest again and follow every manifest that the index lists."""
    problems = []
    bad: set[str] = set()
    for path in sorted((store.path / "blobs" / "sha256").iterdir()):
        message = _problem_of(store, path)
        if message:
            bad.add(path.name)
            problems.append(Problem(f"sha256:{path.name}", message))
    try:
        roots = store.manifests()
    except ModelPackError as error:
        return [*problems, Problem("index.json", error.message)]
    for root in roots:
        name = root.annotations.get(REF_NAME, str(root.digest))
        below = _problems_below(store, root, name, bad)
        problems += below or _problems_beside(store, root, name)
    return problems


def _problem_of(store: Store, path: Path) -> str:
    try:
        digest = Digest("sha256:" + path.name)
    except InvalidInput:
        return "This file does not belong among the blobs."
    try:
        with store.open(digest) as stream:
            while stream.read(1 << 20):
                pass
    except NotFound:
        return ""  # removed by a collector meanwhile
    except (ModelPackError, OSError):
        return "The bytes of this blob have changed."
    return ""


def _problems_below(store: Store, root: Descriptor, name: str, bad: set[str]) -> list[Problem]:
    try:
        parts = reachable(store, [root])
    except ModelPackError as error:
        return [Problem(name, error.message)]
    problems = []
    for part in parts.values():
        try:
            size = store.blob_path(part.digest).stat().st_size
        except OSError:
            problems.append(Problem(name, f"A part is missing: {part.digest}."))
            continue
        if size != part.size:
            problems.append(Problem(name, f"{part.digest} has {size} bytes, not {part.size}."))
        elif part.digest.hex in bad:
            problems.append(Problem(name, f"A part is damaged: {part.digest}."))
    return problems


def _problems_beside(store: Store, root: Descriptor, name: str) -> list[Problem]:
    try:
        subject = subject_of(store, root)
    except ModelPackError as error:
        return [Problem(name, error.message)]
    if subject is None or store.blob_path(subject).is_file():
        return []
    return [Problem(name, f"It is about an image that is not there: {subject}.")]


def needed(
    store: Store, keep: Iterable[Digest], before: float
) -> tuple[dict[Digest, Descriptor], tuple[Descriptor, ...]]:
    """Return what must stay, and the referrers in the index that may go.

    A referrer, such as a signature, stays as long as what it is about does, or while it is young.
    """
    roots, waiting = [], []
    for listed in store.manifests():
        subject = None if REF_NAME in listed.annotations else subject_of(store, listed)
        if subject is None or store.blob_path(listed.digest).stat().st_mtime > before:
            roots.append(listed)
        else:
            waiting.append((listed, subject))
    found = reachable(store, [*roots, *_described(store, keep)])
    while about := [referrer for referrer, subject in waiting if subject in found]:
        added = {referrer.digest for referrer in about}
        waiting = [each for each in waiting if each[0].digest not in added]
        found |= reachable(store, about)
    return found, tuple(referrer for referrer, _ in waiting)


def subject_of(store: Store, listed: Descriptor) -> Digest | None:
    """Return what a manifest is about (image-spec 1.1, ``subject``), if it says so.

    Raises StoreError or NotFound when the manifest is damaged or missing.
    """
    if listed.media_type not in _READABLE:
        return None
    manifest = read_json(store, listed)
    subject = manifest.get("subject") if isinstance(manifest, dict) else None
    if subject is None:
        return None
    try:
        return Descriptor.from_json(subject).digest
    except InvalidInput as error:
        raise damaged(listed.digest, error.message) from error


def collect(store: Store, needed: Container[Digest], before: float) -> Freed:
    """Remove what nothing needs and was written ``before``, while nobody may claim blobs."""
    count = size = 0
    for entry in os.scandir(store.path / "blobs" / "sha256"):
        fact = entry.stat(follow_symlinks=False)
        if "sha256:" + entry.name not in needed and fact.st_mtime <= before:
            os.unlink(entry.path)
            count, size = count + 1, size + fact.st_size
    for entry in os.scandir(store.path / "ingest"):
        removed = _remove_abandoned(entry.path)
        if removed is not None:
            count, size = count + 1, size + removed
    return Freed(count, size)


def _described(store: Store, keep: Iterable[Digest]) -> Iterable[Descriptor]:
    """Give the digests to keep as descriptors: as manifests where they are manifests."""
    for digest in keep:
        path = store.blob_path(digest)
        if not path.is_file():
            continue
        size = path.stat().st_size
        media_type = "application/octet-stream"
        if size <= MAX_MANIFEST_BYTES:
            with store.open(digest) as stream:
                data = stream.read()
            try:
                manifest = json.loads(data)
                parts_of(manifest)
                if "layers" in manifest or "manifests" in manifest:
                    media_type = MANIFEST
            except (ValueError, RecursionError, ModelPackError, TypeError):
                pass
        yield Descriptor(media_type, digest, size)


def _remove_abandoned(path: str) -> int | None:
    """Remove a temporary file whose writer is gone, and return its size."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        size = os.fstat(fd).st_size
        os.unlink(path)  # under the lock, so that a writer that comes now sees that it is gone
    except (BlockingIOError, FileNotFoundError):
        return None
    finally:
        os.close(fd)
    return size
