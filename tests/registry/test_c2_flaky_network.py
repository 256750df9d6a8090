"""Row C2: pushes over a network that breaks, and rows of the same kind for pulls."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from jupyter_modelpack.adapters.registry import Access, Registry, World
from jupyter_modelpack.errors import BackendUnavailable, ModelPackError, RegistryError
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Reference, Repository, Tag
from jupyter_modelpack.oci.validate import validate_image
from jupyter_modelpack.services.packaging_types import Transfer
from tests.registry.double import Double, running
from tests.registry.faults import Fault, Seen
from tests.registry.images import Pace, make_evidence, make_image

PUSHES = 300 if os.environ.get("MODELPACK_TEST_FULL") else 30
CHUNK = 32 << 10
STATUSES = (408, 429, 500, 502, 503, 504)


class Weather:
    """Decides, by a seed, what goes wrong with which request."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._share = self._chance.choice((0.05, 0.1, 0.2))
        # One in ten registries goes away for good at some moment.
        self._ends = self._chance.randint(3, 40) if seed % 10 == 0 else None
        self.faults = 0
        self.kinds: set[str] = set()

    def __call__(self, seen: Seen, headers: dict[str, str]) -> Fault | None:
        if self._ends is not None:
            self._ends -= 1
            if self._ends < 0:
                return Fault(status=503)
        if self._chance.random() > self._share:
            return None
        self.faults += 1
        length = int(headers.get("Content-Length", 0))
        kind = self._chance.choice(("status", "reset", "middle", "lost", "short", "stall"))
        self.kinds.add(kind)
        if kind == "status":
            status = self._chance.choice(STATUSES)
            after = (("Retry-After", str(self._chance.randint(0, 3))),) if status == 429 else ()
            return Fault(status, after)
        if kind == "middle":
            return Fault(reset_after=self._chance.randint(0, length))
        if kind == "lost":
            return Fault(lost=True)
        if kind == "short":
            return Fault(truncate=self._chance.randint(0, 200))
        return Fault(reset_after=0, stall=0.02 if kind == "stall" else 0.0)


def attempt(double: Double, layout: Layout, digest: Digest, seed: int) -> Transfer | None:
    """Push, and return what was moved, or None when a clear error said that it was not."""
    access = Access(chunk_bytes=CHUNK, attempts=8, parallel=3, answer_seconds=20.0)
    registry = Registry(access, World(pace=Pace(seed)))
    place = Repository(f"flaky/{seed}", double.host)
    try:
        moved = registry.push(layout, digest, Reference(place, Tag("1.0.0")))
        registry.push_referrers(layout, digest, place)
    except (RegistryError, BackendUnavailable) as error:
        assert error.message.endswith(".") and error.advice
        return None
    return moved


def test_c2_flaky_pushes_end_in_the_right_digest_or_a_clear_error(layout: Layout) -> None:
    image = make_image(layout, sizes=(150_000, 40_000, 260_000))
    make_evidence(layout, image)
    right, refused, faults, ratios, kinds = 0, 0, 0, [], set()
    for seed in range(PUSHES):
        with running(referrers=seed % 2 == 0, mount=False) as double:
            weather = Weather(seed)
            double.fault = weather
            moved = attempt(double, layout, image.digest, seed)
            double.fault = lambda seen, headers: None
            faults, kinds = faults + weather.faults, kinds | weather.kinds
            if moved is None:
                refused += 1
                continue
            right += 1
            ratios.append(moved.wire / moved.total)
            place = Repository(f"flaky/{seed}", double.host)
            assert double.tags[place.path]["1.0.0"] == image.digest
            other = Layout(layout.path.parent / f"pulled-{seed}")
            Registry().pull(Reference(place, Tag("1.0.0")), other)
            assert validate_image(other, image.digest) == []
            assert len(Registry().referrers(Reference(place, None, image.digest))) == 2
    print(
        f"C2: {PUSHES} pushes, {faults} faults of {len(kinds)} kinds: {right} right, {refused} "
        f"clear errors, 0 wrong; bytes sent {sum(ratios) / len(ratios):.2f}x on average, "
        f"{max(ratios):.2f}x at most"
    )
    assert right + refused == PUSHES and right >= 0.85 * PUSHES
    assert max(ratios) <= 1.5 and faults > PUSHES


def test_c2_flaky_pulls_end_in_the_right_bytes_or_a_clear_error(
    layout: Layout, tmp_path: Path
) -> None:
    image = make_image(layout, sizes=(150_000, 400_000))
    pulls, right = PUSHES // 2, 0
    with running() as double:
        place = Repository("flaky/pull", double.host)
        Registry().push(layout, image.digest, Reference(place, Tag("1.0.0")))
        for seed in range(pulls):
            double.fault = Weather(seed)
            other = Layout(tmp_path / str(seed))
            registry = Registry(Access(attempts=8), World(pace=Pace(seed)))
            try:
                pulled = registry.pull(Reference(place, Tag("1.0.0")), other)
            except ModelPackError as error:
                assert error.advice
                assert not other.has(image.digest), "a manifest without its layers"
                continue
            right += 1
            assert pulled.digest == image.digest and validate_image(other, image.digest) == []
    print(f"C2: {right} of {pulls} flaky pulls right, the others clear errors")
    assert right >= 0.8 * pulls


def test_c2_a_blob_goes_on_where_it_broke(layout: Layout) -> None:
    image = make_image(layout, sizes=(1_000_000,))
    with running() as double:
        broken: list[int] = []

        def fault(seen: Seen, headers: dict[str, str]) -> Fault | None:
            if seen.method == "PATCH" and len(broken) < 3:
                broken.append(1)
                return Fault(reset_after=150_000)
            return None

        double.fault = fault
        registry = Registry(Access(chunk_bytes=400_000), World(pace=Pace()))
        reference = Reference(Repository("a/b", double.host), Tag("1.0.0"))
        moved = registry.push(layout, image.digest, reference)
        starts = [s for s in double.seen if s.method == "PATCH"]
        assert len(broken) == 3 and len(starts) >= 5
        blob = sum(s.body for s in starts)
        assert blob == image.layers[0].descriptor.size, "not one byte twice"
        assert moved.wire <= 1.5 * moved.total + 3 * 400_000


@pytest.mark.parametrize(
    "rules", [{"keeps_partial": False}, {"chunks": False}, {"least_chunk": 700_000}]
)
def test_c2_registries_that_can_less_get_the_same_bytes(
    layout: Layout, rules: dict[str, object]
) -> None:
    image = make_image(layout, sizes=(1_000_000,))
    with running(**rules) as double:
        double.fault = lambda seen, headers: (
            Fault(reset_after=50_000)
            if seen.method in ("PATCH", "PUT")
            and sum(s.method == seen.method for s in double.seen) == 1
            else None
        )
        registry = Registry(Access(chunk_bytes=300_000), World(pace=Pace()))
        reference = Reference(Repository("a/b", double.host), Tag("1.0.0"))
        registry.push(layout, image.digest, reference)
        assert double.has("a/b", image.layers[0].descriptor.digest)
        sizes = [s.body for s in double.seen if s.method == "PATCH" and s.status == 202]
        if "least_chunk" in rules:
            assert max(sizes) >= 700_000


def test_c2_retry_after_is_kept_to_and_too_long_a_wait_is_said(layout: Layout) -> None:
    image = make_image(layout)
    with running() as double:
        reference = Reference(Repository("a/b", double.host), Tag("1.0.0"))
        asked = iter([Fault(429, (("Retry-After", "7"),))])
        double.fault = lambda seen, headers: next(asked, None)
        pace = Pace()
        Registry(Access(), World(pace=pace)).push(layout, image.digest, reference)
        assert pace.waited[0] >= 7.0
        double.fault = lambda seen, headers: Fault(503, (("Retry-After", "86400"),))
        with pytest.raises(RegistryError, match="asks to wait 86400 seconds"):
            Registry(Access(), World(pace=Pace())).resolve(reference)
        tries = len(double.seen)
        double.fault = lambda seen, headers: Fault(503)
        with pytest.raises(RegistryError, match="not able"):
            Registry(Access(attempts=4), World(pace=Pace())).resolve(reference)
        assert len(double.seen) - tries == 4, "no more attempts than allowed"
