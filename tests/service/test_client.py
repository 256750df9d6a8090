"""The client of the release service: nothing is lost when it is away, and nothing leaks."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from jupyter_modelpack.adapters.release_service.connection import Connection, Service
from jupyter_modelpack.adapters.release_service.publisher import Publisher
from jupyter_modelpack.adapters.release_service.witness import Witness
from jupyter_modelpack.errors import (
    BackendError,
    BackendUnavailable,
    Conflict,
    GateNotSatisfied,
    InvalidInput,
    ModelPackError,
    NotFound,
    NotPermitted,
)
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.audit import EMPTY, Checkpoint, Entry, follow
from jupyter_modelpack.release.canonical import parsed_instant
from jupyter_modelpack.release.event import Record

TOKEN = "token-that-is-secret-0123456789"
AT = parsed_instant("2026-11-17T12:00:00.000000Z")


@pytest.fixture
def token_file(tmp_path):
    place = tmp_path / "token"
    place.write_text(TOKEN + "\n")
    return str(place)


def answering(token_file: str, answer, url: str = "https://releases.example.org/x/") -> Connection:
    return Connection(Service(url, token_file), httpx.MockTransport(answer))


# The audit log, as a service that may lie shows it


def log(count: int, word: str = "did") -> list[Entry]:
    head, entries = EMPTY, []
    for number in range(count):
        record = Record(
            "test", Actor("os", "ada"), "churn", "dev", "", {"what": f"{word} {number}"}
        )
        entries.append(follow(head, None, record, AT))
        head = entries[-1].checkpoint
    return entries


class Told:
    """What the service says of its log; tests change it."""

    def __init__(self, entries):
        self.entries = entries
        self.asked = 0

    def __call__(self, request):
        self.asked += 1
        after = request.url.params["after"]
        head = self.entries[-1].checkpoint if self.entries else EMPTY
        rows = [] if after == "latest" else self.entries[int(after) : int(after) + 7]
        body = {"checkpoint": head.to_json(), "entries": [each.to_json() for each in rows]}
        return httpx.Response(200, json=body)


def test_d12_a_witness_finds_every_cut_and_rewrite(tmp_path, token_file):
    tried = found = 0
    for seen in (1, 5, 12, 20):
        whole = log(seen)
        lies = {f"cut to {n}": whole[:n] for n in range(seen)}
        for at in range(seen):
            head = whole[at - 1].checkpoint if at else EMPTY
            other = list(whole[:at])
            for n in range(at, seen + 3):
                record = Record("test", Actor("os", "eve"), "churn", "dev", "", {"what": f"x {n}"})
                other.append(follow(head, None, record, AT))
                head = other[-1].checkpoint
            lies[f"rewritten from {at}"] = other[:seen]
            lies[f"rewritten from {at} and grown"] = other
        for name, lie in lies.items():
            told = Told(whole)
            folder = tmp_path / f"{seen} {name}"
            witness = Witness(answering(token_file, told), folder)
            assert witness.look() == whole[-1].checkpoint
            told.entries = lie
            tried += 1
            with pytest.raises(BackendError, match="not the one that was seen") as error:
                witness.look()
            assert "Promote nothing" in error.value.advice
            assert f"{seen}:sha256:" in error.value.advice
            assert not witness.whole().whole
            with pytest.raises(BackendError):  # and it does not get used to it
                Witness(answering(token_file, told), folder).look()
            found += 1
    print(f"D12: {tried} cuts and rewrites of the service's log, {found} found by the client")


def test_a_log_that_grows_is_followed(tmp_path, token_file):
    entries = log(40)
    told = Told(entries[:3])
    witness = Witness(answering(token_file, told), tmp_path / "witness")
    for size in (3, 4, 4, 25, 40):
        told.entries = entries[:size]
        assert witness.look() == entries[size - 1].checkpoint
    assert witness.seen == Checkpoint(40, entries[-1].digest)
    assert witness.whole().whole
    (place,) = (tmp_path / "witness").iterdir()
    place.write_text("{")
    with pytest.raises(BackendError, match="cannot be read"):
        witness.look()


# Where a token goes


class Trap(BaseHTTPRequestHandler):
    """Notes every header that comes here."""

    seen: list[str] = []  # noqa: RUF012
    target = ""

    def answer(self):
        Trap.seen.append(str(self.headers))
        self.send_response(200 if not self.target else 307)
        if self.target:
            self.send_header("Location", self.target + self.path)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815

    def log_message(self, *args):
        return None


@pytest.fixture
def servers():
    trap = HTTPServer(("127.0.0.1", 0), Trap)
    redirect = type("Redirect", (Trap,), {"target": f"http://localhost:{trap.server_port}"})
    service = HTTPServer(("127.0.0.1", 0), redirect)
    threads = [threading.Thread(target=each.serve_forever) for each in (trap, service)]
    for each in threads:
        each.start()
    yield service, trap
    for each in (trap, service):
        each.shutdown()
        each.server_close()
    for each in threads:
        each.join()


def test_c4_credentials_follow_no_redirect(servers, token_file, caplog):
    service, _ = servers
    Trap.seen.clear()
    caplog.set_level("DEBUG")
    connection = Connection(Service(f"http://127.0.0.1:{service.server_port}/", token_file))
    for method in ("GET", "PUT", "POST", "DELETE", "HEAD"):
        with pytest.raises(BackendError, match="sends us somewhere else"):
            connection.send(method, ("environments",))
    assert len(Trap.seen) == 5  # the service alone: the other host was never asked
    assert all(TOKEN in each for each in Trap.seen)
    assert TOKEN not in caplog.text
    connection.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://releases.example.org/", "in the clear"),
        ("ftp://releases.example.org/", "not the address"),
        ("https://ada:secret@releases.example.org/", "not the address"),
        ("https://releases.example.org/?token=1", "not the address"),
        ("releases.example.org", "not the address"),
    ],
)
def test_addresses_that_are_none(url, message):
    with pytest.raises(InvalidInput, match=message) as error:
        Service(url)
    assert "secret" not in str(error.value)
    Service("http://releases.modelpack.svc/", allow_http=True)


def test_a_missing_token_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv("JUPYTERHUB_API_TOKEN", raising=False)
    for file in ("", str(tmp_path / "none")):
        connection = answering(file, lambda request: httpx.Response(200, json={}))
        with pytest.raises(NotPermitted, match="There is no token"):
            connection.get("policy")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", TOKEN)
    heads = []

    def answer(request):
        heads.append(request.headers["Authorization"])
        return httpx.Response(200, json={})

    answering("", answer).get("policy")
    assert heads == [f"token {TOKEN}"]


# What the service may answer


def said(code, message="It is so."):
    return {"error": {"code": code, "message": message, "advice": "Do it.", "details": {"a": 1}}}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, said("INVALID_INPUT"), InvalidInput),
        (403, said("NOT_PERMITTED"), NotPermitted),
        (404, said("PACKAGE_UNKNOWN"), NotFound),
        (409, said("CONFLICT"), Conflict),
        (409, said("GATE_NOT_SATISFIED"), GateNotSatisfied),
        (502, said("BACKEND_ERROR"), BackendError),
        (503, said("BACKEND_UNAVAILABLE"), BackendUnavailable),
        (500, said("BUG"), BackendError),
        (403, "<html>log in</html>", NotPermitted),
        (502, "<html>nginx</html>", BackendUnavailable),
        (500, "", BackendError),
        (418, {"error": []}, BackendError),
    ],
)
def test_errors_of_the_service_are_ours(token_file, status, body, kind):
    def answer(request):
        if isinstance(body, str):
            return httpx.Response(status, text=body)
        return httpx.Response(status, json=body)

    with pytest.raises(ModelPackError) as error:
        answering(token_file, answer).get("policy")
    assert type(error.value) is kind
    assert error.value.advice
    if isinstance(body, dict) and body["error"]:
        assert error.value.message == "It is so."
        assert error.value.code == body["error"]["code"] or status == 500
        assert error.value.details["a"] == 1


def test_a_service_that_is_away_is_one_sentence(token_file):
    def answer(request):
        raise httpx.ConnectError("All connection attempts failed", request=request)

    with pytest.raises(BackendUnavailable) as error:
        answering(token_file, answer).get("policy")
    assert str(error.value) == (
        "The release service at https://releases.example.org/x/ cannot be reached: it does not"
        " answer. Nothing is lost: try again when it is back."
    )


def test_publishing_sends_only_what_is_not_there(tmp_path, token_file, made_image):
    layout, record, parts = made_image
    there, sent = {str(parts[1].digest)}, []

    def answer(request):
        path = request.url.path
        if "blobs/" in path:
            digest = path.rpartition("/")[2]
            if request.method == "HEAD":
                return httpx.Response(200 if digest in there else 404)
            there.add(digest)
            sent.append(len(request.read()))
            return httpx.Response(201)
        done = request.method == "GET"
        package = {"name": "churn", "version": "1.2.0", "digest": record["digest"]}
        state = {"phase": "Succeeded" if done else "Running", "package": package if done else None}
        return httpx.Response(200, json={"id": "1", "sentence": "", "error": None, **state})

    told = []
    publisher = Publisher(answering(token_file, answer), layout)
    made = publisher.publish(record, lambda text, progress: told.append(text))
    assert (made.name, made.version) == ("churn", "1.2.0")
    assert sorted(sent) == sorted(p.size for p in parts if p.digest != parts[1].digest)
    assert made.sent.there == parts[1].size
    again = publisher.publish(record)
    assert (again.sent.sent, len(sent)) == (0, len(parts))  # the manifest alone is sent again
    assert told


@pytest.fixture
def made_image(tmp_path: Path):
    from jupyter_modelpack.oci.config import ImageConfig
    from jupyter_modelpack.oci.image import write_image
    from jupyter_modelpack.oci.layer import write_layers
    from jupyter_modelpack.oci.tree import File, Tree

    layout = Layout(tmp_path / "store")
    trees = [
        Tree(name, kind, (File(f"app/{name}", content=name.encode() * 500),))
        for name, kind in (("data", "data"), ("code", "code"))
    ]
    layers = write_layers(trees, layout)
    image = write_image(layers, ImageConfig(("/x",), (), {}), layout)
    record = {"name": "churn", "digest": str(image.digest), "lock": {}, "version": "1.0.0"}
    parts = [image.manifest, image.config, *(each.descriptor for each in image.layers)]
    return layout, json.loads(json.dumps(record)), parts
