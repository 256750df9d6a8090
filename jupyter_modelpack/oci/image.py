"""The image: a manifest, a configuration and layers, written to a layout and read back from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast, get_args

from jupyter_modelpack.errors import InvalidInput, NotFound
from jupyter_modelpack.oci.blob import damaged
from jupyter_modelpack.oci.config import ImageConfig
from jupyter_modelpack.oci.descriptor import CONFIG, MANIFEST, Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.index import canonical_json
from jupyter_modelpack.oci.layer import Layer
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.sweep import read_json
from jupyter_modelpack.oci.tree import Kind

WHAT = "io.github.jupyter-modelpack.layer.what"
KIND = "io.github.jupyter-modelpack.layer.kind"
# Of the image as a whole: the digests of the notebook in it and of the lock of its packages.
NOTEBOOK = "io.github.jupyter-modelpack.notebook"
LOCK = "io.github.jupyter-modelpack.lock"


@dataclass(frozen=True)
class Image:
    """An image in a layout; ``size`` is the sum of all its blobs in bytes."""

    manifest: Descriptor
    config: Descriptor
    layers: tuple[Layer, ...]
    size: int

    @property
    def digest(self) -> Digest:
        """The manifest's digest, which is what a reference to the image holds."""
        return self.manifest.digest


def write_image(
    layers: Sequence[Layer],
    config: ImageConfig,
    layout: Layout,
    annotations: Mapping[str, str] | None = None,
) -> Image:
    """Write the configuration and the manifest; everything is on the disk for good afterwards."""
    stored_config = layout.put(
        canonical_json(
            config.to_json([str(each.diff_id) for each in layers], [each.what for each in layers])
        ),
        CONFIG,
    )
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": stored_config.to_json(),
        "layers": [_described(each).to_json() for each in layers],
    }
    if annotations:
        manifest["annotations"] = dict(annotations)
    stored = layout.put(canonical_json(manifest), MANIFEST)
    layout.settle()
    return _image(stored, stored_config, tuple(layers))


def read_image(layout: Layout, digest: Digest) -> Image:
    """Return the image whose manifest has this digest.

    Raises NotFound when it is not in the layout, and StoreError when it is damaged.
    """
    stored = manifest_descriptor(layout, digest)
    manifest = read_json(layout, stored)
    try:
        config = Descriptor.from_json(manifest["config"])
        layers = [Descriptor.from_json(each) for each in manifest["layers"]]
        diff_ids = [Digest.parse(d) for d in read_json(layout, config)["rootfs"]["diff_ids"]]
    except (InvalidInput, KeyError, TypeError) as error:
        raise damaged(digest, "it does not describe an image") from error
    if len(diff_ids) != len(layers):
        raise damaged(digest, "its configuration is for other layers")
    return _image(
        stored,
        config,
        tuple(_read(each, diff_id) for each, diff_id in zip(layers, diff_ids, strict=True)),
    )


def manifest_descriptor(layout: Layout, digest: Digest) -> Descriptor:
    """Return the descriptor of a manifest that is in the layout, or raise NotFound."""
    try:
        size = layout.blob_path(digest).stat().st_size
    except FileNotFoundError:
        raise NotFound("image", digest.short, digest=str(digest)) from None
    return Descriptor(MANIFEST, digest, size)


def annotations_of(layout: Layout, digest: Digest) -> Mapping[str, str]:
    """Return what the manifest with this digest is annotated with.

    Raises NotFound when it is not in the layout, and StoreError when it is damaged.
    """
    manifest = read_json(layout, manifest_descriptor(layout, digest))
    found = manifest.get("annotations") if isinstance(manifest, dict) else None
    return found if isinstance(found, dict) else {}


def _image(manifest: Descriptor, config: Descriptor, layers: tuple[Layer, ...]) -> Image:
    parts = [manifest, config, *(each.descriptor for each in layers)]
    return Image(manifest, config, layers, sum({d.digest: d.size for d in parts}.values()))


def _described(layer: Layer) -> Descriptor:
    annotations = {**layer.descriptor.annotations, WHAT: layer.what, KIND: layer.kind}
    return replace(layer.descriptor, annotations=annotations)


def _read(descriptor: Descriptor, diff_id: Digest) -> Layer:
    kind = descriptor.annotations.get(KIND, "")
    known = cast(Kind, kind) if kind in get_args(Kind) else "data"
    plain = replace(descriptor, annotations={})
    return Layer(plain, diff_id, descriptor.annotations.get(WHAT, descriptor.digest.short), known)
