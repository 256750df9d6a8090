"""What is inside an image, read from its layers and from nothing that anybody says about it."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.notebook.files import FileFact
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.secrets.packaged import LARGEST, secrets_in_file
from jupyter_modelpack.oci.compression import chunks, decompressed
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layer import Layer
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tarstream import DIRECTORY, FILE, TarEntry, TarStream
from jupyter_modelpack.services.contents import FILES

MANIFEST = "app/modelpack.json"
RUNTIME = "opt/modelpack"
_SMALL = 16 << 20
_PIECE = 1 << 20


@dataclass
class Inside:
    """The files of an image: all paths, and of the author's own files what is in them.

    ``files`` are ``{"path", "size", "kind", "digest"}`` each, without the notebook. ``runtime``
    are the digests of the files that run it.
    """

    manifest: Mapping[str, Any] = field(default_factory=dict)
    notebook: bytes = b""
    files: list[dict[str, Any]] = field(default_factory=list)
    runtime: dict[str, Digest] = field(default_factory=dict)
    paths: set[str] = field(default_factory=set)
    distributions: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    def stat(self, path: str) -> FileFact | None:
        """Return what is at a path beside the notebook, or None."""
        known = next((each for each in self.files if each["path"] == path), None)
        if known is not None:
            return FileFact(int(known["size"]))
        if any(each["path"] == path for each in self.manifest.get("inputs", ())):
            return FileFact(1 << 62)  # given to every run: larger than any limit
        below = f"{path}/"
        return FileFact(0, True) if any(e["path"].startswith(below) for e in self.files) else None

    def list(self, folder: str) -> Iterator[str]:
        """Yield the names in a folder beside the notebook."""
        start = f"{folder}/" if folder else ""
        inner = (e["path"][len(start) :] for e in self.files if e["path"].startswith(start))
        yield from dict.fromkeys(path.partition("/")[0] for path in inner)


def read_inside(layout: Layout, image: Image) -> Inside:
    """Return what an image holds.

    Each file may be in one layer only, under its plain path: what the checks see is then what a
    run gets. Raises InvalidInput for anything else, and for an image without a notebook.
    """
    found, links = Inside(), set[str]()
    kept: dict[str, tuple[bytes, str]] = {}
    for layer in image.layers:
        described = layer.descriptor
        with layout.open(described.digest, described.size) as stream:
            tar = TarStream(decompressed(stream, described.media_type))
            for entry in tar:
                path = _plain_path(entry, found.paths, links)
                if path is not None:
                    _take(found, kept, tar, entry, path, layer)
    _name_notebook(found, kept)
    return found


def _plain_path(entry: TarEntry, paths: set[str], links: set[str]) -> str | None:
    """Return the path of a file or a link; None for a folder."""
    try:
        path = entry.path.decode("utf-8")
    except UnicodeDecodeError:
        path = ""
    path = path.rstrip("/") if entry.kind == DIRECTORY else path
    name = posixpath.basename(path)
    plain = path and path == posixpath.normpath(path) and not path.startswith(("/", ".."))
    if not plain or name.startswith(".wh."):
        raise _odd(f"it has an odd path, {path!r:.80}")
    parents = path
    while parents := posixpath.dirname(parents):
        if parents in links:
            raise _odd(f"{path!r:.80} is below a link")
    if entry.kind == DIRECTORY:
        if path in paths:
            raise _odd(f"{path!r:.80} is there twice")
        return None
    if path in paths:
        raise _odd(f"{path!r:.80} is there twice")
    paths.add(path)
    if entry.kind != FILE:
        links.add(path)
        if path.startswith(("app/", f"{RUNTIME}/")) or path in ("app", RUNTIME, "opt"):
            raise _odd(f"{path!r:.80} is a link")
    return path


def _take(
    found: Inside,
    kept: dict[str, tuple[bytes, str]],
    tar: TarStream,
    entry: TarEntry,
    path: str,
    layer: Layer,
) -> None:
    folder, _, name = path.rpartition("/")
    if folder.endswith(".dist-info") and name == "METADATA":
        found.distributions.add(posixpath.basename(folder)[: -len(".dist-info")])
    if path.startswith(f"{RUNTIME}/"):
        found.runtime[path] = Digest.of(_content(tar, entry))
    elif path == MANIFEST:
        found.manifest = _manifest(_content(tar, entry))
    elif path.startswith(f"{FILES}/"):
        inner = path[len(FILES) + 1 :]
        kind = "data" if layer.kind == "data" else "code"
        if entry.size <= _SMALL:
            content = _content(tar, entry)
            digest, size = Digest.of(content), len(content)
            if inner.endswith(".ipynb"):
                kept[inner] = (content, kind)
            if size <= LARGEST:
                found.findings += secrets_in_file(inner, content)
        else:
            digest, size = _digest(tar), entry.size
        found.files.append({"path": inner, "size": size, "kind": kind, "digest": str(digest)})


def _name_notebook(found: Inside, kept: Mapping[str, tuple[bytes, str]]) -> None:
    name = found.manifest.get("notebook")
    content, kind = kept.get(str(name), (b"", ""))
    if not content or kind != "code":
        raise _odd("there is no notebook in it")
    found.notebook = content
    found.files = [each for each in found.files if each["path"] != name]
    found.findings = [each for each in found.findings if each.details.get("path") != name]


def _manifest(content: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("inputs", []), list):
        raise _odd(f"{MANIFEST} cannot be read")
    if not all(isinstance(e, dict) and isinstance(e.get("path"), str) for e in value["inputs"]):
        raise _odd(f"{MANIFEST} cannot be read")
    return value


def _content(tar: TarStream, entry: TarEntry) -> bytes:
    if entry.size > _SMALL:
        raise _odd(f"{entry.path!r:.80} is too large")
    return b"".join(chunks(tar.content))


def _digest(tar: TarStream) -> Digest:
    import hashlib

    hashed = hashlib.sha256()
    for piece in chunks(tar.content, _PIECE):
        hashed.update(piece)
    return Digest(f"sha256:{hashed.hexdigest()}")


def _odd(what: str) -> InvalidInput:
    return InvalidInput(
        f"The image is not one that jupyter modelpack makes: {what}.",
        field="image",
        advice="Package the notebook again and submit what comes out.",
    )
