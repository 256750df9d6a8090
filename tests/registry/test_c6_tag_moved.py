"""Row C6: a tag that stands for A when it is asked first and for B afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from jupyter_modelpack.adapters.publisher import ImagePublisher
from jupyter_modelpack.adapters.registry import Access, Registry
from jupyter_modelpack.errors import GateNotSatisfied
from jupyter_modelpack.oci.image import Image
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Reference, Repository, Tag
from jupyter_modelpack.oci.validate import validate_image
from jupyter_modelpack.services.promotions import Wish
from tests.promoting import YOU, open_world
from tests.registry.double import Double, running
from tests.registry.handler import Handler
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


def test_c6_no_promotion_accepts_what_a_tag_stands_for_afterwards(
    layout: Layout, tmp_path: Path
) -> None:
    first, second = make_image(layout, seed=1), make_image(layout, seed=2)
    world = open_world(tmp_path / "world")
    held: list[str | None] = []
    with running() as double:
        place = Repository("a/b", double.host)
        for image in (first, second):
            Registry().push(layout, image.digest, Reference(place, None, image.digest))
        double.tags["a/b"] = {}
        images = ImagePublisher(layout, str(place), Access())
        published = {
            "registry": f"{place}@{first.digest}",
            "digest": str(first.digest),
            "published": {"tag": "1.0.0"},
        }
        world.finder.change = lambda facts: replace(facts, resolved=images.resolve(published))
        for number in range(50):
            name = f"model-{number}"
            world.package(name=name, **published)
            # The first answer of all is A, and every later one is B.
            moving(double, iter([first, *[second] * 100]))
            for to in ("dev", "staging"):
                with suppress(GateNotSatisfied):
                    world.promotions.ask(Wish(name, "1.0.0", to, "because"), YOU)
            for to in ("dev", "staging"):
                pointer = world.ledger.promotions.lane(name, to).slot.pointer
                held.append(str(pointer.digest) if pointer else None)
    print(
        f"C6: 50 promotions twice, {held.count(str(second.digest))} accepted the second image,"
        f" {held.count(str(first.digest))} were of the first"
    )
    assert held == [str(first.digest), None] * 50
    world.ledger.close()
