"""Row C5: 30 bad replies of a registry: an error in a sentence, little memory, nothing kept."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_modelpack.adapters.registry import Access, Registry, World
from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.oci.descriptor import CONFIG, INDEX, LAYER, MANIFEST
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Reference, Repository, Tag
from tests.registry.double import Double, running
from tests.registry.handler import Handler
from tests.registry.hostile import ADA
from tests.registry.images import Pace, make_image

BLOB = b"x" * 50_000
JSON = {"Content-Type": "application/json"}
MOST = 200 << 20

Reply = Callable[[Handler], bool]


def manifest(**changes: object) -> bytes:
    layer = {"mediaType": LAYER, "digest": str(Digest.of(BLOB)), "size": len(BLOB)}
    whole: dict[str, object] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": str(Digest.of(b"{}")), "size": 2},
        "layers": [layer],
    }
    return json.dumps({**whole, **changes}).encode()


def layers(*listed: object) -> bytes:
    return manifest(layers=list(listed))


def on(part: str, status: int, headers: dict[str, str], body: bytes = b"", *methods: str) -> Reply:
    def reply(handler: Handler) -> bool:
        if part not in handler.path or handler.command not in (methods or ("GET", "HEAD")):
            return False
        list(handler.body())
        handler.answer(status, headers, body)
        return True

    return reply


def shown(body: bytes, kind: str = MANIFEST, **headers: str) -> Reply:
    return on("/manifests/", 200, {"Content-Type": kind, **headers}, body)


def endless(part: str, kind: str, size: str | None) -> Reply:
    """Promise or send far more than anybody should read."""

    def reply(handler: Handler) -> bool:
        if part not in handler.path or handler.command != "GET":
            return False
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        if size is None:
            handler.send_header("Transfer-Encoding", "chunked")
        else:
            handler.send_header("Content-Length", size)
        handler.end_headers()
        piece = b"a" * (1 << 20)
        try:
            for _ in range(600):  # 600 MB, if anybody reads it
                head = b"%x\r\n" % len(piece) if size is None else b""
                handler.wfile.write(head + piece + (b"\r\n" if head else b""))
        except OSError:
            pass
        handler.close_connection = True
        return True

    return reply


WRONG = str(Digest.of(b"another"))
OTHER = b"y" * len(BLOB)
PULLS: dict[str, Reply] = {
    "another digest in the header": shown(manifest(), **{"Docker-Content-Digest": WRONG}),
    "a manifest of 10 GB": endless("/manifests/", MANIFEST, str(10 << 30)),
    "a manifest without end": endless("/manifests/", MANIFEST, None),
    "a blob of another size": on("/blobs/sha256", 200, {}, BLOB + b"more"),
    "a blob that is too short": on("/blobs/sha256", 200, {}, BLOB[:-1]),
    "a blob without end": endless("/blobs/sha256", "application/octet-stream", None),
    "a blob of other bytes": on("/blobs/sha256", 200, {}, OTHER),
    "another part of a blob": on(
        "/blobs/sha256", 206, {"Content-Range": "bytes 7-9/10"}, BLOB
    ),
    "no JSON": shown(b"<html>"),
    "a list": shown(b"[]"),
    "JSON 100,000 levels deep": shown(b"[" * 100_000),
    "no layers": shown(b'{"config": {}, "mediaType": "%s"}' % MANIFEST.encode()),
    "layers that are text": shown(manifest(layers="all of them")),
    "a negative size": shown(layers({"mediaType": LAYER, "digest": WRONG, "size": -1})),
    "a size that is text": shown(layers({"mediaType": LAYER, "digest": WRONG, "size": "1"})),
    "a digest that is a path": shown(
        layers({"mediaType": LAYER, "digest": "sha256:../../../etc/passwd", "size": 1})
    ),
    "a digest of another kind": shown(
        layers({"mediaType": LAYER, "digest": "md5:" + "0" * 32, "size": 1})
    ),
    "one blob of two sizes": shown(
        layers(*({"mediaType": LAYER, "digest": WRONG, "size": n} for n in (1, 2)))
    ),
    "an image of petabytes": shown(
        layers({"mediaType": LAYER, "digest": WRONG, "size": 1 << 50})
    ),
    "a hundred thousand layers": shown(
        layers(*({"mediaType": LAYER, "digest": WRONG, "size": 1} for _ in range(20_000)))
    ),
    "another media type in the header": shown(manifest(), "text/plain"),
    "an index": shown(b'{"mediaType": "%s", "manifests": []}' % INDEX.encode(), INDEX),
    "redirects in a circle": on("/blobs/sha256", 307, {"Location": "/v2/a/b/blobs/sha256:1"}),
    "a redirect to nowhere": on("/blobs/sha256", 307, {}),
    "a redirect to a file": on("/blobs/sha256", 307, {"Location": "file:///etc/passwd"}),
    "an error of 1 GB": on("/manifests/", 418, JSON, b"a" * (8 << 20)),
    "an error that repeats the password": on(
        "/manifests/", 403, JSON, json.dumps(
            {"errors": [{"code": "DENIED", "message": f"no {ADA.secret}\x1b[31m"}]}
        ).encode(),
    ),
}  # fmt: skip
PUSHES: dict[str, Reply] = {
    "a manifest kept under another digest": on(
        "/manifests/", 201, {"Docker-Content-Digest": WRONG}, b"", "PUT"
    ),
    "a blob kept under another digest": on(
        "/uploads/", 201, {"Docker-Content-Digest": WRONG}, b"", "PUT"
    ),
    "an upload that never gets further": on(
        "/uploads/", 202, {"Location": "/v2/a/b/blobs/uploads/1", "Range": "0-0"}, b"", "PATCH"
    ),
    "more than was sent": on(
        "/uploads/", 202, {"Location": "/v2/a/b/blobs/uploads/1", "Range": "0-999999"}, b"", "PATCH"
    ),
    "an upload at no place": on("/uploads/", 202, {}, b"", "POST"),
}  # fmt: skip
TOKENS: dict[str, Reply] = {
    "a token of 1 GB": endless("/token", "application/json", None),
    "no token": on("/token", 200, JSON, b'{"expires_in": 3}'),
    "a token with another header in it": on("/token", 200, JSON, b'{"token": "a\\r\\nHost: evil"}'),
    "a token that is a number": on("/token", 200, JSON, b'{"token": 7}'),
}


def ready(double: Double) -> None:
    double.keep("a/b", b"{}")
    double.keep("a/b", BLOB)
    double.keep_manifest("a/b", manifest(), MANIFEST, "1.0.0")


@pytest.mark.parametrize("name", [*PULLS, *PUSHES, *TOKENS])
def test_c5_a_bad_reply_is_an_error_in_a_sentence(
    name: str, layout: Layout, tmp_path: Path
) -> None:
    image = make_image(layout, sizes=(60_000,))
    with running(bearer=name in TOKENS) as double:
        ready(double)
        double.override = {**PULLS, **PUSHES, **TOKENS}[name]
        if name in TOKENS:
            double.override = lambda handler: "/token" in handler.path and TOKENS[name](handler)
        access = Access(chunk_bytes=20_000 if "gets further" in name or "more" in name else 1 << 20)
        world = World(pace=Pace(), credential=lambda host, path: ADA)
        registry = Registry(access, world)
        reference = Reference(Repository("a/b", double.host), Tag("1.0.0"))
        other = Layout(tmp_path / "other")
        before = files(tmp_path)
        with pytest.raises(ModelPackError) as caught:
            if name in PUSHES:
                there = Repository("a/b", double.host)
                registry.push(layout, image.digest, Reference(there, Tag("2.0.0")))
            else:
                registry.pull(reference, other)
        message = str(caught.value)
        assert caught.value.message.endswith(".") and len(message) < 600, message
        assert ADA.secret not in message and "\x1b" not in message
        assert all(len(blob.name) == 64 for blob in (other.path / "blobs/sha256").iterdir())
        assert not any((other.path / "ingest").iterdir()), "something half written stayed"
        known = {str(other.path), str(layout.path)}
        new = files(tmp_path) - before
        assert all(any(f.startswith(place) for place in known) for f in new), "a file outside"
        assert not other.has(Digest.of(OTHER)), "other bytes were kept"


def files(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*")}


def test_c5_there_are_30_of_them() -> None:
    assert len(PULLS) + len(PUSHES) + len(TOKENS) >= 30


def test_c5_memory_stays_under_200_mib(tmp_path: Path) -> None:
    """All bad pulls and tokens, one after another, in a process of their own that is measured."""
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM)
    worst = {}
    for name in ("a manifest of 10 GB", "a manifest without end", "a blob without end",
                 "a token of 1 GB", "an error of 1 GB"):  # fmt: skip
        with running(bearer=name in TOKENS) as double:
            ready(double)
            reply = {**PULLS, **TOKENS}[name]
            double.override = (
                (lambda handler, reply=reply: "/token" in handler.path and reply(handler))
                if name in TOKENS
                else reply
            )
            told = subprocess.run(
                [sys.executable, str(program), double.host, str(tmp_path / "store")],
                capture_output=True, text=True, check=True, timeout=120,
            ).stdout.split()  # fmt: skip
        worst[name] = int(told[-1]) << 10
    print("C5: " + ", ".join(f"{name}: {top >> 20} MiB" for name, top in worst.items()))
    assert max(worst.values()) < MOST


_PROGRAM = """
import re, sys
from jupyter_modelpack.adapters.registry import Access, Registry
from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Reference
try:
    Registry(Access(attempts=1)).pull(
        Reference.parse(sys.argv[1] + "/a/b:1.0.0"), Layout(sys.argv[2])
    )
except ModelPackError:
    # getrusage would count what the process was forked from
    print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""
