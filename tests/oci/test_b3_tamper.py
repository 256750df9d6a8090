"""Row B3: a blob that was changed in any way is found wherever it is read."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_modelpack.errors import ModelPackError, StoreError
from jupyter_modelpack.oci.archive import export_docker_archive, export_oci_archive
from jupyter_modelpack.oci.image import Image, read_image
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import Tree
from jupyter_modelpack.oci.unpack import unpack_layer
from jupyter_modelpack.oci.validate import validate_image


def changes(data: bytes, others: list[bytes]) -> dict[str, bytes]:
    places = {"first": 0, "middle": len(data) // 2, "last": len(data) - 1}
    flipped = {
        f"bit in the {name} byte": data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :]
        for name, at in places.items()
    }
    swapped = {f"blob {n}": other for n, other in enumerate(others) if other != data}
    return {**flipped, "truncated": data[:-1], "appended": data + b"\0", "empty": b"", **swapped}


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_b3_every_change_of_every_blob_is_found(
    layout: Layout,
    project: Callable[[int], list[Tree]],
    build: Callable[..., Image],
    tmp_path: Path,
    compression: str,
) -> None:
    image = build(project(5), layout, compression)
    layout.tag("churn:1.0.0", image.manifest)
    parts = [image.manifest, image.config, *(each.descriptor for each in image.layers)]
    whole = {part.digest: layout.read(part) for part in parts}
    tried = 0
    for part in parts:
        path = layout.blob_path(part.digest)
        for name, data in changes(whole[part.digest], list(whole.values())).items():
            path.write_bytes(data)
            tried += 1
            with pytest.raises(StoreError):
                layout.read(part)
            assert validate_image(layout, image.digest), name
            assert layout.verify(), name
            for export in (export_oci_archive, export_docker_archive):
                with pytest.raises(StoreError):
                    export(layout, image.digest, "churn:1.0.0", io.BytesIO())
            with pytest.raises(ModelPackError):
                use(layout, image.digest, tmp_path / f"{tried}")
        path.write_bytes(whole[part.digest])
    assert layout.verify() == validate_image(layout, image.digest) == []
    print(
        f"B3: {tried} changes to {len(parts)} blobs ({compression}), all found in 6 ways of reading"
    )


def use(layout: Layout, digest: str, into: Path) -> None:
    image = read_image(layout, layout.resolve("churn:1.0.0").digest)
    layout.read(image.config)
    for layer in image.layers:
        part = layer.descriptor
        with layout.open(part.digest, part.size) as stream:
            unpack_layer(stream, part.media_type, into)
            while stream.read(1 << 20):
                pass
