"""Row A9: 25 targets inside, named in every place where a registry can name one; nobody comes."""

from __future__ import annotations

import pytest

from jupyter_modelpack.adapters.registry import Access, Registry
from jupyter_modelpack.adapters.registry.reach import zone_of
from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Reference, Repository, Tag
from tests.registry.double import running
from tests.registry.handler import Handler
from tests.registry.hostile import PUBLIC, Dialer, Names, Trap, trap, world
from tests.registry.images import make_image

REGISTRY = "registry.example.com"
# PORT is the trap's: a target that got through would be counted there or among the addresses.
TARGETS = (
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.169.254:PORT/",
    "http://[fe80::1]:PORT/",
    "http://[fd00:ec2::254]/",
    "http://100.100.100.200/",
    "http://127.0.0.1:PORT/",
    "http://127.1.2.3:PORT/",
    "http://localhost:PORT/",
    "http://[::1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[64:ff9b::7f00:1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7f.1:PORT/",
    "http://017700000001:PORT/",
    "http://127.1:PORT/",
    "http://0.0.0.0:PORT/",
    "http://[::]:PORT/",
    "http://10.0.0.7:PORT/",
    "http://192.168.1.1:PORT/",
    "http://100.64.0.9:PORT/",
    "http://inside.example.com:PORT/",
    "http://mixed.example.com:PORT/",
)
NAMES = {
    "localhost": ["127.0.0.1"],
    "inside.example.com": ["10.0.0.7"],
    "mixed.example.com": [PUBLIC, "127.0.0.1"],
    REGISTRY: [PUBLIC],
}
PLACES = ("registry", "realm", "Location of an upload", "Location of a chunk", "redirect", "page")


@pytest.mark.parametrize("place", PLACES)
def test_a9_nobody_is_led_inside(place: str, layout: Layout) -> None:
    image = make_image(layout, sizes=(60_000,))
    refused = 0
    assert len(TARGETS) == 25
    with trap() as caught:
        for target in TARGETS:
            url = target.replace("PORT", str(caught.port))
            dialled = led(place, url, caught, layout, image.digest)
            assert set(dialled) <= {PUBLIC}, f"{place}: {url} led to {dialled}"
            refused += 1
        print(f"A9: {refused} of {len(TARGETS)} {place} refused, {caught.connections} connections")
        assert caught.connections == 0 and caught.requests == []


def led(place: str, url: str, caught: Trap, layout: Layout, image: Digest) -> list[str]:
    """Let a registry on the internet lead to ``url``; return the addresses that were dialled."""
    with running() as double:
        dialer = Dialer(double.port)
        names = Names({name: [found] for name, found in NAMES.items()})
        access = Access(insecure=True, chunk_bytes=20_000, strangers=place == "registry")
        registry = Registry(access, world(names, dialer))
        host = url.removeprefix("http://").partition("/")[0] if place == "registry" else REGISTRY
        if place == "realm":
            double.rules.bearer, double.rules.realm = True, url
        elif place == "Location of an upload":
            double.rules.location_prefix = url.rstrip("/")
        else:
            double.override = lambda handler: misled(handler, place, url)
        with pytest.raises(ModelPackError) as error:
            repository = Repository("a/b", host)
            if place in ("redirect", "registry"):
                registry.resolve(Reference(repository, Tag("1.0.0")))
            elif place == "page":
                registry.tags(repository)
            else:
                registry.push(layout, image, Reference(repository, Tag("1.0.0")))
        assert error.value.message
        return dialer.dialled


def misled(handler: Handler, place: str, url: str) -> bool:
    if place == "Location of a chunk" and handler.command == "PATCH":
        list(handler.body())
        handler.answer(202, {"Location": url, "Range": "0-19999"})
    elif place == "redirect":
        handler.answer(307, {"Location": url})
    elif place == "page":
        head = {"Link": f'<{url}>; rel="next"', "Content-Type": "application/json"}
        handler.answer(200, head, b'{"tags": ["1.0.0"]}')
    else:
        return False
    return True


def test_a9_a_name_that_moves_inside_after_it_was_looked_up_changes_nothing(
    layout: Layout,
) -> None:
    """The connection is made to the address that was checked, and each look is checked."""
    with running() as double, trap() as caught:
        dialer = Dialer(double.port)
        names = Names({REGISTRY: [[PUBLIC], [PUBLIC], ["127.0.0.1"]]})
        registry = Registry(Access(insecure=True), world(names, dialer))
        double.override = lambda handler: misled(
            handler, "redirect", f"http://{REGISTRY}:{caught.port}/"
        )
        with pytest.raises(ModelPackError, match="not a place"):
            registry.resolve(Reference(Repository("a/b", REGISTRY), Tag("1.0.0")))
        assert caught.connections == 0


def test_a9_what_is_inside_may_lead_to_its_own_kind_of_place(layout: Layout) -> None:
    image = make_image(layout)
    with running() as double:
        double.rules.location_prefix = f"http://localhost:{double.port}"
        reference = Reference(Repository("a/b", double.host), Tag("1.0.0"))
        Registry().push(layout, image.digest, reference)
        assert double.tags["a/b"]["1.0.0"] == image.digest


@pytest.mark.parametrize(
    ("address", "zone"),
    [
        ("8.8.8.8", "public"),
        ("2606:4700::1111", "public"),
        ("10.1.2.3", "private"),
        ("fd12::1", "private"),
        ("::1", "loopback"),
        ("fe80::1%eth0", "never"),
        ("::ffff:169.254.169.254", "never"),
        ("224.0.0.1", "never"),
        ("255.255.255.255", "never"),
        ("not an address", "never"),
    ],
)
def test_zones(address: str, zone: str) -> None:
    assert zone_of(address) == zone
