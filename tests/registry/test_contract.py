"""What every registry must be able to do with us: the double, docker-registry, and one by name."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from jupyter_modelpack.adapters.registry import Access, Registry
from jupyter_modelpack.errors import Conflict, InvalidInput, NotFound
from jupyter_modelpack.oci.descriptor import INDEX, MANIFEST
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Reference, Repository, Tag
from jupyter_modelpack.oci.validate import validate_image
from jupyter_modelpack.services.packaging_types import Transfer
from tests.registry.images import PROVENANCE, SBOM, make_evidence, make_image


@pytest.fixture
def place(server: str) -> Iterator[Repository]:
    """A repository that nobody else uses, emptied afterwards where that can be done."""
    repository = Repository(f"registry-tests/{uuid.uuid4().hex}", server)
    yield repository
    with httpx.Client(base_url=f"http://{server}/v2/{repository.path}") as client:
        listed = client.get("/tags/list")
        for tag in (listed.json().get("tags") or []) if listed.status_code == 200 else []:
            accept = {"Accept": f"{MANIFEST}, {INDEX}"}
            found = client.head(f"/manifests/{tag}", headers=accept)
            client.delete(f"/manifests/{found.headers.get('Docker-Content-Digest', '')}")


@pytest.fixture
def registry() -> Registry:
    return Registry(Access(chunk_bytes=100_000))


def test_what_is_pulled_is_what_was_pushed(
    registry: Registry, place: Repository, layout: Layout, tmp_path: Path
) -> None:
    image = make_image(layout, sizes=(0, 90_000, 350_000))
    told: list[Transfer] = []
    reference = Reference(place, Tag("1.0.0"))
    pushed = registry.push(layout, image.digest, reference, told.append)
    assert pushed.done == pushed.total > 440_000 and pushed.there == 0
    assert told[-1] == pushed
    assert registry.resolve(reference).digest == image.digest
    other = Layout(tmp_path / "other")
    pulled = registry.pull(reference, other)
    assert pulled.digest == image.digest
    assert validate_image(other, image.digest) == []
    assert registry.tags(place) == ("1.0.0",)


def test_what_is_there_is_not_sent_again(
    registry: Registry, place: Repository, layout: Layout
) -> None:
    image = make_image(layout)
    registry.push(layout, image.digest, Reference(place, Tag("1.0.0")))
    again = registry.push(layout, image.digest, Reference(place, Tag("1.0.1")))
    assert (again.done, again.wire, again.there) == (0, 0, again.total)
    assert registry.tags(place) == ("1.0.0", "1.0.1")


def test_a_blob_is_mounted_from_another_repository(
    registry: Registry, place: Repository, layout: Layout
) -> None:
    image = make_image(layout, seed=hash(place.path))
    registry.push(layout, image.digest, Reference(place, Tag("1.0.0")))
    beside = Repository(f"{place.path}-beside", place.host)
    sources = {layer.descriptor.digest: place for layer in image.layers}
    mounted = registry.push(layout, image.digest, Reference(beside, Tag("1.0.0")), sources=sources)
    layers = sum(layer.descriptor.size for layer in image.layers)
    assert mounted.there == layers and mounted.wire == mounted.total - layers


def test_evidence_is_found_beside_the_image(
    registry: Registry, place: Repository, layout: Layout
) -> None:
    image = make_image(layout)
    make_evidence(layout, image)
    registry.push(layout, image.digest, Reference(place, Tag("1.0.0")))
    pushed = registry.push_referrers(layout, image.digest, place)
    assert registry.push_referrers(layout, image.digest, place) == pushed
    by_digest = Reference(place, None, image.digest)
    found = registry.referrers(by_digest)
    assert {each.digest for each in found} == set(pushed) and len(found) == 2
    assert {each.artifact_type for each in found} == {PROVENANCE, SBOM}
    assert [e.artifact_type for e in registry.referrers(by_digest, SBOM)] == [SBOM]


def test_a_tag_of_a_version_never_moves_and_that_of_an_environment_does(
    registry: Registry, place: Repository, layout: Layout
) -> None:
    first, second = make_image(layout, seed=1), make_image(layout, seed=2)
    registry.push(layout, first.digest, Reference(place, Tag("1.0.0")))
    with pytest.raises(Conflict, match="another image"):
        registry.push(layout, second.digest, Reference(place, Tag("1.0.0")))
    assert registry.resolve(Reference(place, Tag("1.0.0"))).digest == first.digest
    for image in (first, second):
        registry.tag(layout, image.digest, place, "staging", moves=True)
        assert registry.resolve(Reference(place, Tag("staging"))).digest == image.digest


@pytest.mark.parametrize("tag", ["latest", "Latest", "v7", "v1"])
def test_a_floating_tag_is_never_given(
    registry: Registry, place: Repository, layout: Layout, tag: str
) -> None:
    image = make_image(layout)
    with pytest.raises(InvalidInput, match="never given"):
        registry.push(layout, image.digest, Reference(place, Tag(tag)))
    with pytest.raises(InvalidInput, match="never given"):
        registry.tag(layout, image.digest, place, tag, moves=True)
    assert registry.tags(place) == ()


def test_what_is_not_there_is_not_found(
    registry: Registry, place: Repository, layout: Layout
) -> None:
    nothing = Reference(place, None, Digest.of(b"nothing"))
    with pytest.raises(NotFound):
        registry.resolve(nothing)
    with pytest.raises(NotFound):
        registry.pull(Reference(place, Tag("1.0.0")), layout)
    assert registry.tags(place) == ()


def test_looking_whether_one_may_push_changes_nothing(
    registry: Registry, place: Repository
) -> None:
    assert registry.may_push(place) == ""
    assert registry.tags(place) == ()
