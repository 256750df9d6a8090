"""Row C6: a tag that stands for A when it is asked first and for B afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from jupyter_modelpack.adapters.publisher import ImagePublisher
from jupyter_modelpack.adapters.registry import Access, Registry
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Reference, Repository, Tag
from jupyter_modelpack.oci.validate import validate_image
from tests.registry.double import Double, Handler, running
from tests.registry.images import make_image


def moving(double: Double, images: Iterator[Image]) -> None:
    """Let each look at the tag find the next image; the bytes and headers are always honest."""

    def override(handler: Handler) -> bool:
        if handler.command in ("GET", "HEAD") and handler.path.endswith("/manifests/1.0.0"):
            double.tags["a/b"]["1.0.0"] = str(next(images).digest)
        return False

    double.override = override


def test_c6_a_pull_is_of_what_the_tag_stood_for_when_it_was_asked(
    layout: Layout, tmp_path: Path
) -> None:
    first, second = make_image(layout, seed=1), make_image(layout, seed=2)
    with running() as double:
        place = Repository("a/b", double.host)
        for image in (first, second):
            Registry().push(layout, image.digest, Reference(place, None, image.digest))
        double.tags["a/b"] = {}
        accepted = []
        for number in range(50):
            moving(double, iter([first, *[second] * 100]))
            other = Layout(tmp_path / str(number))
            pulled = Registry().pull(Reference(place, Tag("1.0.0")), other)
            assert validate_image(other, pulled.digest) == []
            accepted.append(pulled.digest)
        print(f"C6: {accepted.count(second.digest)} of 50 pulls accepted the second image")
        assert accepted == [first.digest] * 50


def test_c6_a_promotion_looks_once_and_a_tag_that_moved_is_refused(layout: Layout) -> None:
    """What a gate is told is what the tag stands for: the same image, or the reason to refuse."""
    first, second = make_image(layout, seed=1), make_image(layout, seed=2)
    with running() as double:
        place = Repository("a/b", double.host)
        for image in (first, second):
            Registry().push(layout, image.digest, Reference(place, None, image.digest))
        double.tags["a/b"] = {}
        record = {
            "digest": str(first.digest),
            "registry": f"{place}@{first.digest}",
            "published": {"tag": "1.0.0"},
        }
        images = ImagePublisher(layout, str(place), Access())
        for served in (first, second):
            moving(double, iter([served, *[second] * 100]))
            before = len(double.seen)
            assert images.resolve(record) == served.digest
            assert len(double.seen) - before == 1, "it was asked more than once"
    assert json.dumps(record)
