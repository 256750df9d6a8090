"""Checking a whole image: every digest, size and diff_id computed again from its bytes."""

from __future__ import annotations

import hashlib
from typing import Any

from jupyter_modelpack.errors import ModelPackError, NotFound
from jupyter_modelpack.oci.compression import chunks, compression_of, decompressed
from jupyter_modelpack.oci.descriptor import CONFIG, MANIFEST, Descriptor
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import manifest_descriptor
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.problem import Problem
from jupyter_modelpack.oci.sweep import read_json
from jupyter_modelpack.oci.tarstream import TarStream


def validate_image(layout: Layout, digest: Digest) -> list[Problem]:
    """Return what is wrong with an image, in the order of its parts; nothing when it is right.

    The manifest, the configuration and the layers are checked as image-spec 1.1 asks (manifest.md,
    config.md, layer.md). Raises NotFound when there is no such manifest.
    """
    problems: list[Problem] = []
    try:
        manifest = read_json(layout, manifest_descriptor(layout, digest))
        _check_manifest(manifest)
        described = Descriptor.from_json(manifest["config"])
        layers = [Descriptor.from_json(each) for each in manifest["layers"]]
    except NotFound:
        raise
    except _Wrong as error:
        return [Problem(str(digest), str(error))]
    except ModelPackError as error:
        return [Problem(str(digest), error.message)]
    try:
        config = read_json(layout, described)
        _check_config(described, config)
        diff_ids = [Digest.parse(each) for each in config["rootfs"]["diff_ids"]]
    except _Wrong as error:
        return [Problem(str(described.digest), str(error))]
    except ModelPackError as error:
        return [Problem(str(described.digest), error.message)]
    if len(diff_ids) != len(layers):
        problems.append(
            Problem("rootfs", f"There are {len(layers)} layers, but {len(diff_ids)} diff_ids.")
        )
    for number, layer in enumerate(layers):
        expected = diff_ids[number] if number < len(diff_ids) else None
        problems += _layer_problems(layout, layer, expected)
    return problems


class _Wrong(Exception):
    """A field that is not as the specification wants it."""


def _want(condition: bool, sentence: str) -> None:
    if not condition:
        raise _Wrong(sentence)


def _check_manifest(manifest: Any) -> None:
    _want(isinstance(manifest, dict), "The manifest is not a JSON object.")
    _want(manifest.get("schemaVersion") == 2, "The manifest's schemaVersion is not 2.")
    _want(manifest.get("mediaType") == MANIFEST, "The manifest's mediaType is not a manifest's.")
    _want(isinstance(manifest.get("layers"), list), "The manifest has no list of layers.")
    _want(bool(manifest["layers"]), "The manifest has no layers.")
    _want("config" in manifest, "The manifest has no config.")
    annotations = manifest.get("annotations", {})
    _want(
        isinstance(annotations, dict) and all(isinstance(v, str) for v in annotations.values()),
        "The manifest's annotations are not text.",
    )


def _check_config(descriptor: Descriptor, config: Any) -> None:
    _want(descriptor.media_type == CONFIG, "The config's mediaType is not a configuration's.")
    _want(isinstance(config, dict), "The configuration is not a JSON object.")
    for field in ("architecture", "os"):
        _want(
            isinstance(config.get(field), str) and bool(config[field]),
            f"The configuration does not say its {field}.",
        )
    rootfs = config.get("rootfs")
    _want(
        isinstance(rootfs, dict)
        and rootfs.get("type") == "layers"
        and isinstance(rootfs.get("diff_ids"), list),
        "The configuration's rootfs does not list layers.",
    )
    history = config.get("history", [])
    _want(
        isinstance(history, list) and all(isinstance(each, dict) for each in history),
        "The configuration's history is not a list.",
    )
    filled = sum(not each.get("empty_layer") for each in history)
    _want(
        not history or filled == len(rootfs["diff_ids"]),
        f"The history tells of {filled} layers, but there are {len(rootfs['diff_ids'])} diff_ids.",
    )


def _layer_problems(layout: Layout, layer: Descriptor, expected: Digest | None) -> list[Problem]:
    """Read one layer through, checking its digest, its size, its diff_id and that it is a tar."""
    where = str(layer.digest)
    uncompressed = hashlib.sha256()
    try:
        compression_of(layer.media_type)
        with layout.open(layer.digest, layer.size) as stream:
            read = decompressed(stream, layer.media_type)

            def hashed(size: int) -> bytes:
                data = read(size)
                uncompressed.update(data)
                return data

            broken = _tar_problem(hashed)
            for _ in chunks(hashed):
                pass
            for _ in chunks(stream.read):
                pass
    except ModelPackError as error:
        return [Problem(where, error.message)]
    problems = [Problem(where, broken)] if broken else []
    if expected is not None and uncompressed.hexdigest() != expected.hex:
        problems.append(
            Problem(where, f"Its diff_id is {uncompressed.hexdigest()}, not {expected.hex}.")
        )
    return problems


def _tar_problem(read: Any) -> str:
    try:
        seen = set()
        for entry in TarStream(read):
            path = entry.path.strip(b"/")
            if path in seen:
                return f"{path!r} is in the layer twice."
            seen.add(path)
    except ModelPackError as error:
        return error.message
    return ""
