"""The notebook as it lies in an image, read from the image itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.errors import StoreError
from jupyter_modelpack.oci.compression import chunks, decompressed
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import read_image
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tarstream import TarStream
from jupyter_modelpack.services.contents import FILES

_LARGEST = 64 << 20


def packaged_notebook(layout: Layout, record: Mapping[str, Any]) -> bytes:
    """Return the notebook that a record's image holds; raises StoreError and NotFound."""
    image = read_image(layout, Digest.parse(record["digest"]))
    wanted = f"{FILES}/{record['notebook']}".encode()
    for layer in image.layers:
        if layer.kind != "code":
            continue
        described = layer.descriptor
        with layout.open(described.digest, described.size) as stream:
            tar = TarStream(decompressed(stream, described.media_type))
            for entry in tar:
                if entry.path == wanted and entry.size <= _LARGEST:
                    return b"".join(chunks(tar.content))
    raise StoreError(f"The image of {record['name']} {record['version']} holds no notebook.")


def cells_of(notebook: bytes) -> tuple[str, ...]:
    """Return the sources of all cells of a packaged notebook, in order."""
    return tuple(str(cell["source"]) for cell in json.loads(notebook)["cells"])
