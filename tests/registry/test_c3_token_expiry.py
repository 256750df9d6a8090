"""Row C3: tokens that live shorter than an upload, on the double's clock and on a real one."""

from __future__ import annotations

import time

import pytest

from jupyter_modelpack.adapters.registry import Access, Registry, World
from jupyter_modelpack.adapters.registry.credential import Credential
from jupyter_modelpack.errors import RegistryError
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Reference, Repository, Tag
from tests.registry.double import running
from tests.registry.faults import Seen
from tests.registry.images import Pace, make_image

ADA = Credential("ada", "correct horse")


def world(pace: Pace, credential: Credential = ADA) -> World:
    return World(pace=pace, credential=lambda host, path: credential)


@pytest.mark.parametrize("early", [False, True], ids=["refused in the middle", "renewed in time"])
def test_c3_a_token_of_2_s_and_an_upload_of_20_s(layout: Layout, early: bool) -> None:
    """Each chunk takes a second of one clock that both sides look at: 20 chunks, 20 seconds."""
    image = make_image(layout, sizes=(600_000, 400_000))
    pace = Pace()
    with running(bearer=True, user=ADA.username, password=ADA.secret, token_seconds=2.0) as double:
        # The client's own clock tells it in time; without that it finds out by being refused.
        double.clock = pace.monotonic
        patches: list[Seen] = []

        def slow(seen: Seen) -> None:
            if seen.method == "PATCH":
                patches.append(seen)
                pace.ahead += 1.0

        double.after = slow
        client = pace if early else _Standing()
        registry = Registry(Access(chunk_bytes=50_000, parallel=1), world(client))
        reference = Reference(Repository("a/b", double.host), Tag("1.0.0"))
        began = pace.ahead
        registry.push(layout, image.digest, reference)
        took = pace.ahead - began
        opened = [s for s in double.seen if s.method == "POST" and s.status == 202]
        refused = [s for s in patches if s.status == 401]
        blobs = [layer.descriptor.size for layer in image.layers]
        sent = sum(s.body for s in patches if s.status == 202)
        print(
            f"C3: {took:.0f} s of uploading, tokens of 2 s: {double.given} tokens, "
            f"{len(refused)} refusals in the middle, {len(opened)} uploads of 3 blobs"
        )
        assert took >= 20 and double.given >= 7
        assert len(opened) == 3, "an upload was begun again"
        assert sent == sum(blobs), "a finished chunk was sent again"
        assert double.tags["a/b"]["1.0.0"] == image.digest
        assert (len(refused) == 0) is early


class _Standing(Pace):
    """A client's clock that stands still: it believes that every token is good."""

    def monotonic(self) -> float:
        return 0.0


def test_c3_on_the_clock_of_this_machine(layout: Layout) -> None:
    image = make_image(layout, sizes=(300_000,))
    with running(
        bearer=True, user=ADA.username, password=ADA.secret, token_seconds=0.4, slow=0.05
    ) as double:
        registry = Registry(Access(chunk_bytes=20_000), world_now())
        began = time.monotonic()
        registry.push(layout, image.digest, Reference(Repository("a/b", double.host), Tag("1.0.0")))
        took = time.monotonic() - began
        opened = [s for s in double.seen if s.method == "POST" and s.status == 202]
        print(f"C3: {took:.1f} s with tokens of 0.4 s: {double.given} tokens")
        assert double.given >= 2 and len(opened) == 2


def world_now() -> World:
    return World(credential=lambda host, path: ADA)


def test_an_identity_token_is_exchanged(layout: Layout) -> None:
    image = make_image(layout)
    with running(
        bearer=True, user="nobody", password="none", identity_token="refresh me"
    ) as double:
        registry = Registry(Access(), world(Pace(), Credential(identity_token="refresh me")))
        reference = Reference(Repository("a/b", double.host), Tag("1.0.0"))
        registry.push(layout, image.digest, reference)
        assert double.tags["a/b"]["1.0.0"] == image.digest
        posts = [s for s in double.seen if s.path.startswith("/token")]
        assert posts and all(s.method == "POST" and not s.authorization for s in posts)


@pytest.mark.parametrize("bearer", [True, False])
def test_wrong_credentials_are_said_once_and_never_repeated_aloud(
    layout: Layout, bearer: bool
) -> None:
    with running(bearer=bearer, user="ada", password="right") as double:
        wrong = Credential("ada", "a wrong secret")
        registry = Registry(Access(), world(Pace(), wrong))
        with pytest.raises(RegistryError) as caught:
            registry.resolve(Reference(Repository("a/b", double.host), Tag("1.0.0")))
        assert "does not let ada" in caught.value.message
        assert "wrong secret" not in str(caught.value) + repr(wrong) + repr(caught.value.details)
        assert len(double.seen) <= 3, "asked again and again"
