"""Exporting an image as one file: an OCI archive or what ``docker load`` reads.

Both stream, need no temporary files, and give the same bytes for the same image and name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci import index, tarheader
from jupyter_modelpack.oci.compression import chunks, compression_of, decompressed
from jupyter_modelpack.oci.descriptor import Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image, read_image
from jupyter_modelpack.oci.layer import Layer
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Reference


def export_oci_archive(layout: Layout, digest: Digest, name: str, out: BinaryIO) -> None:
    """Write the image as a tar of an OCI layout in which ``name`` stands for it.

    Every blob is checked on the way: StoreError means that ``out`` must be thrown away.
    """
    index.checked_name(name)
    image = read_image(layout, digest)
    named = index.with_name((), name, image.manifest)
    archive = _Archive(out)
    archive.directory("blobs")
    archive.directory("blobs/sha256")
    for part in _parts(image):
        archive.file(f"blobs/sha256/{part.digest.hex}", part.size, _checked(layout, part))
    listed = index.render_index(named)
    archive.file("index.json", len(listed), iter([listed]))
    archive.file("oci-layout", len(index.LAYOUT_VERSION), iter([index.LAYOUT_VERSION]))
    archive.end()


def export_docker_archive(layout: Layout, digest: Digest, name: str, out: BinaryIO) -> None:
    """Write the image as ``docker save`` does, with ``name`` (such as ``churn:1.0.0``) as its tag.

    Layers are uncompressed in it, which every version of Docker reads. Every blob is checked on the
    way: StoreError means that ``out`` must be thrown away.
    """
    reference = Reference.parse(name)
    if reference.tag is None:
        raise InvalidInput(f"{name!r} needs a tag, such as churn:1.0.0.", field="name")
    image = read_image(layout, digest)
    layers = {each.diff_id: each for each in image.layers}
    archive = _Archive(out)
    archive.file(
        f"{image.config.digest.hex}.json", image.config.size, _checked(layout, image.config)
    )
    for diff_id, layer in sorted(layers.items()):
        size = _plain_size(layout, layer)
        archive.file(f"{diff_id.hex}.tar", size, _plain(layout, layer))
    manifest = index.canonical_json(
        [
            {
                "Config": f"{image.config.digest.hex}.json",
                "RepoTags": [f"{reference.repository}:{reference.tag}"],
                "Layers": [f"{each.diff_id.hex}.tar" for each in image.layers],
            }
        ]
    )
    archive.file("manifest.json", len(manifest), iter([manifest]))
    archive.end()


def _parts(image: Image) -> list[Descriptor]:
    every = [image.manifest, image.config, *(each.descriptor for each in image.layers)]
    return sorted({part.digest: part for part in every}.values(), key=lambda part: part.digest)


def _checked(layout: Layout, part: Descriptor) -> Iterator[bytes]:
    with layout.open(part.digest, part.size) as stream:
        yield from chunks(stream.read)


def _plain(layout: Layout, layer: Layer) -> Iterator[bytes]:
    part = layer.descriptor
    with layout.open(part.digest, part.size) as stream:
        yield from chunks(decompressed(stream, part.media_type))
        yield from chunks(stream.read)  # reaches the end, where the digest is checked


def _plain_size(layout: Layout, layer: Layer) -> int:
    if compression_of(layer.descriptor.media_type) == "none":
        return layer.descriptor.size
    return sum(len(piece) for piece in _plain(layout, layer))


class _Archive:
    def __init__(self, out: BinaryIO) -> None:
        self._write: Callable[[bytes], object] = out.write

    def directory(self, path: str) -> None:
        self._write(tarheader.header(path.encode(), tarheader.DIRECTORY, 0o755))

    def file(self, path: str, size: int, content: Iterator[bytes]) -> None:
        self._write(tarheader.header(path.encode(), tarheader.FILE, 0o644, size))
        for piece in content:
            self._write(piece)
        self._write(bytes(-size % tarheader.BLOCK))

    def end(self) -> None:
        self._write(tarheader.END)
