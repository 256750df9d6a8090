"""Row C4: ways in which a registry can lead elsewhere; no credential goes along."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable

import pytest

from jupyter_modelpack.adapters.registry import Access, Registry, World
from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.oci.descriptor import CONFIG, LAYER, MANIFEST
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Reference, Repository, Tag
from tests.registry.double import Double, running
from tests.registry.handler import Handler
from tests.registry.hostile import ADA, trap
from tests.registry.images import Pace, make_image

Shape = Callable[[Handler, str], bool]


def redirect(status: int) -> Shape:
    def shape(handler: Handler, there: str) -> bool:
        if handler.command != "GET" or "/blobs/sha256" not in handler.path:
            return False
        handler.answer(status, {"Location": f"{there}/blob"})
        return True

    return shape


def manifest_elsewhere(handler: Handler, there: str) -> bool:
    if "/manifests/" not in handler.path:
        return False
    handler.answer(302, {"Location": f"{there}/manifest"})
    return True


def upload_elsewhere(handler: Handler, there: str) -> bool:
    if handler.command != "POST" or "/uploads/" not in handler.path:
        return False
    handler.answer(202, {"Location": f"{there}/upload"})
    return True


def chunk_elsewhere(handler: Handler, there: str) -> bool:
    if handler.command != "PATCH":
        return False
    list(handler.body())
    handler.answer(202, {"Location": f"{there}/chunk", "Range": "0-9999"})
    return True


def without_scheme(handler: Handler, there: str) -> bool:
    if handler.command != "POST" or "/uploads/" not in handler.path:
        return False
    handler.answer(202, {"Location": there.removeprefix("http:") + "/upload"})
    return True


def with_name_in_it(handler: Handler, there: str) -> bool:
    if handler.command != "POST" or "/uploads/" not in handler.path:
        return False
    handler.answer(202, {"Location": there.replace("http://", "http://ada:x@") + "/upload"})
    return True


def next_page(handler: Handler, there: str) -> bool:
    if "/tags/list" not in handler.path:
        return False
    head = {"Link": f'<{there}/tags?n=1>; rel="next"', "Content-Type": "application/json"}
    handler.answer(200, head, b'{"tags": ["1.0.0"]}')
    return True


def foreign_layer(handler: Handler, there: str) -> bool:
    """A layer that the manifest says is to be had elsewhere: it never is."""
    if handler.command != "GET" or "/blobs/sha256" not in handler.path:
        return False
    handler.error(404, "BLOB_UNKNOWN")
    return True


SHAPES: dict[str, Shape] = {
    "blob redirected by 302": redirect(302),
    "blob redirected by 307": redirect(307),
    "blob redirected by 308": redirect(308),
    "manifest redirected": manifest_elsewhere,
    "upload elsewhere": upload_elsewhere,
    "chunk elsewhere": chunk_elsewhere,
    "elsewhere without a scheme": without_scheme,
    "elsewhere with a name in it": with_name_in_it,
    "next page elsewhere": next_page,
    "foreign layer": foreign_layer,
}


@pytest.mark.parametrize("challenged", [False, True], ids=["plain", "with a challenge there"])
@pytest.mark.parametrize("bearer", [True, False], ids=["bearer", "basic"])
@pytest.mark.parametrize("name", SHAPES)
def test_c4_no_credential_goes_elsewhere(
    name: str, bearer: bool, challenged: bool, layout: Layout
) -> None:
    image = make_image(layout, sizes=(60_000,))
    assert len(SHAPES) == 10
    with (
        running(bearer=bearer, user=ADA.username, password=ADA.secret) as double,
        trap() as caught,
    ):
        there = f"http://127.0.0.1:{caught.port}"
        if challenged:
            wanted = f'Bearer realm="{there}/token",service="x"'
            caught.reply = (401, {"WWW-Authenticate": wanted})
        repository = Repository("a/b", double.host)
        reference = Reference(repository, Tag("1.0.0"))
        prepare(double, name, there)
        world = World(pace=Pace(), credential=lambda host, path: ADA)
        registry = Registry(Access(chunk_bytes=10_000, attempts=2), world)
        double.override = signed_in(double, SHAPES[name], there)
        with contextlib.suppress(ModelPackError):
            if "page" in name:
                registry.tags(repository)
            elif "blob" in name or "manifest" in name or "layer" in name:
                registry.pull(reference, layout)
            else:
                registry.push(layout, image.digest, reference)
        told = [r for r in caught.requests if "authorization" in map(str.lower, r[2])]
        print(
            f"C4: {name}: {len(caught.requests)} requests elsewhere, {len(told)} with credentials"
        )
        assert told == [] and not any("token" in path for _, path, _ in caught.requests)
        assert any(seen.authorization for seen in double.seen), "the registry itself was told"
        if name not in ("elsewhere with a name in it", "next page elsewhere", "foreign layer"):
            assert caught.requests, "the shape led nowhere, so that nothing was shown"


def signed_in(double: Double, shape: Shape, there: str) -> Callable[[Handler], bool]:
    """Return the shape as a registry shows it to those who have signed in."""

    def override(handler: Handler) -> bool:
        if handler.parts.path == "/token" or not handler.headers.get("Authorization"):
            return False
        return shape(handler, there)

    return override


def prepare(double: Double, name: str, there: str) -> None:
    config, layer = b"{}", b"what is in it"
    part = {"mediaType": LAYER, "digest": str(Digest.of(layer)), "size": len(layer)}
    if name == "foreign layer":
        part["urls"] = [f"{there}/layer"]
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": str(Digest.of(config)), "size": 2},
        "layers": [part],
    }
    double.keep("a/b", config)
    double.keep("a/b", layer)
    double.keep_manifest("a/b", json.dumps(manifest).encode(), MANIFEST, "1.0.0")


def test_c4_a_realm_elsewhere_is_told_what_the_protocol_says_and_no_more(layout: Layout) -> None:
    """The name and password go to the realm (Docker's protocol), the token only to the registry."""
    with running(bearer=True) as double, trap() as caught:
        double.rules.realm = f"http://127.0.0.1:{caught.port}/token"
        caught.reply = (302, {"Location": f"http://127.0.0.1:{caught.port}/again"})
        registry = Registry(Access(attempts=1), World(credential=lambda host, path: ADA))
        with pytest.raises(ModelPackError):
            registry.resolve(Reference(Repository("a/b", double.host), Tag("1.0.0")))
        assert [path.partition("?")[0] for _, path, _ in caught.requests] == ["/token"]


def test_c4_a_plain_realm_of_another_machine_is_told_nothing() -> None:
    with running(bearer=True) as double:
        double.rules.realm = "http://93.184.215.14/token"
        registry = Registry(Access(attempts=1), World(credential=lambda host, path: ADA))
        with pytest.raises(ModelPackError, match="over plain HTTP"):
            registry.resolve(Reference(Repository("a/b", double.host), Tag("1.0.0")))


def test_plain_http_is_for_this_machine_only() -> None:
    from jupyter_modelpack.adapters.registry.endpoint import Endpoint

    def scheme(host: str, **said: object) -> str:
        return Endpoint.of(Repository("a", host), Access(**said)).scheme

    assert scheme("localhost:5000") == scheme("127.0.0.1:5000") == scheme("[::1]:5000") == "http"
    assert scheme("localhost:5000", ca="ca.pem") == "https"
    assert scheme("registry.example.com") == scheme("10.0.0.5:5000") == "https"
    assert scheme("10.0.0.5:5000", insecure=True) == "http"
    hub = Endpoint.of(Repository("churn", "docker.io"), Access())
    assert hub.url("manifests", "1") == "https://registry-1.docker.io/v2/library/churn/manifests/1"
