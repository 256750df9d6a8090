"""Intake: what notebooks' servers send is checked again, and nothing that they say is believed."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import signal
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from reviewed_team import png

from jupyter_modelpack.adapters.ledger import open_ledger
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
from tests.hub import until
from tests.product import Product, document
from tests.service.lies import LIES, altered, failing
from tests.team import Person, parts, serving

PNG = base64.b64encode(png(8, 8)).decode()
PLOT = f"""x = seed + 1
print("x is", x)
class Plot:
    def _repr_png_(self):
        import base64
        return base64.b64decode("{PNG}")
Plot()"""
FULL = bool(os.environ.get("MODELPACK_TEST_FULL"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A package on Ada's machine, and her store."""
    home = tmp_path_factory.mktemp("ada")
    cells = (["parameters"], "seed = 1"), PLOT, (["check"], "assert x > 0")
    (home / "tiny.ipynb").write_text(json.dumps(document(*cells)), "utf-8")
    product = Product(home / "data", home)
    answer = product("package", str(home / "tiny.ipynb"), "--json")
    assert answer.code == 0, answer.err
    return answer.json, Layout(home / "data" / "store")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("service") / "data") as found:
        yield found


def changes(data: bytes, others: list[bytes]) -> dict[str, bytes]:
    middle = len(data) // 2
    return {
        "flipped": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
        "truncated": data[:-1],
        "appended": data + b"\0",
        "other blob": next(other for other in others if other != data),
    }


def test_b3_no_changed_blob_is_taken(service, made):
    record, layout = made
    ada, tried = Person(service, "ada"), 0
    found = parts(layout, record["digest"])
    whole = {part.digest: layout.read(part) for part in found}
    for part in found:
        for name, data in changes(whole[part.digest], list(whole.values())).items():
            answer = ada("PUT", f"blobs/{part.digest}", content=data)
            assert answer.status_code == 400, (part.digest, name, answer.text)
            assert "was sent is not" in answer.json()["error"]["message"]
            assert ada("HEAD", f"blobs/{part.digest}").status_code == 404
            tried += 1
    refused = ada.submit(record)
    assert refused["phase"] == "Failed"
    ingest = service.data_dir / "store" / "ingest"
    until(lambda: not list(ingest.iterdir()), "what was sent is still there")
    print(f"B3 over upload: {tried} changed blobs of {len(found)}, 0 taken")


def test_a_submission_becomes_a_release_of_the_caller(service, made):
    record, layout = made
    ada = Person(service, "ada")
    ada.upload(layout, record["digest"])
    claims = {"author": "rita", "account": {"provider": "plain", "username": "rita"}}
    lies = {**record, **claims, "version": "9.0.0", "verified": {}, "metrics": {"auc": 1}}
    ended = ada.submit(lies)
    assert ended["phase"] == "Succeeded", ended
    assert ended["package"] == {"name": "tiny", "version": "1.0.0", "digest": record["digest"]}
    kept = open_ledger(service.data_dir).packages.get("tiny", "1.0.0")
    assert (kept["author"], kept["account"]["username"]) == ("ada", "ada")
    assert (kept["pusher"]["username"], kept["verified"]["sealed"]) == ("ada", True)
    assert kept["metrics"] == {}
    assert kept["content"] == record["content"]
    assert kept["parameters"] == record["parameters"]
    assert str(Path(record["path"]).parent) not in json.dumps(kept)
    again = ada.submit(record)
    assert again["package"] == ended["package"]
    rita = Person(service, "rita").submit(record)
    assert rita["package"] == ended["package"]
    kept = open_ledger(service.data_dir).packages.get("tiny", "1.0.0")
    assert (kept["author"], kept["pusher"]["username"]) == ("ada", "rita")
    shown = ada("GET", "packages/tiny/1.0.0").json()
    assert shown["path"] == ""
    wish = {"name": "tiny", "version": "1.0.0", "environment": "dev", "reason": "new"}
    asked = ada("POST", "promotions", json=wish)
    assert (asked.status_code, asked.json()["phase"]) == (201, "Active"), asked.text
    # What the service's own run left is what reviewers look at.
    page = f"pages/promotions/{asked.json()['id']}"
    shown = ada("GET", page).text
    assert f'src="data:image/png;base64,{PNG}"' in shown and "No run of this release" not in shown
    assert "x is 2" in shown.partition('aria-label="Log"')[2]
    assert "x is 2" in ada("GET", f"{page}/notebook").text


def test_a_notebook_with_another_one_inside_is_read_from_the_image(service, tmp_path):
    train = document(
        (["pipeline-parameters"], "epochs = 3"),
        (["step:fit"], "score = sum(rows) * epochs"),
        (["check"], "assert score == 21"),
    )
    main = document(
        (["pipeline-parameters"], "epochs = 7"),
        (["step:load"], "rows = [1, 2]"),
        (["notebook:train"], ""),
        (["step:report"], "print(score)"),
    )
    main["cells"][2]["metadata"]["notebook_path"] = "train.ipynb"
    for name, content in (("main", main), ("train", train)):
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(content))
    product = Product(tmp_path / "data", tmp_path)
    answer = product("package", str(tmp_path / "main.ipynb"), "--json")
    assert answer.code == 0, answer.err
    record = answer.json
    ada = Person(service, "ada")
    ada.upload(Layout(tmp_path / "data" / "store"), record["digest"])
    ended = ada.submit(record)
    assert ended["phase"] == "Succeeded", ended
    kept = open_ledger(service.data_dir).packages.by_digest(None, record["digest"])
    assert [step["name"] for step in kept["steps"]] == ["load", "train_fit", "report"]
    for same in ("steps", "order", "common", "parameters", "content"):
        assert kept[same] == record[same], same
    assert [check["passed"] for check in kept["checks"]] == [True]


def test_two_people_at_once_make_one_release(service, made):
    record, _ = made
    with ThreadPoolExecutor(4) as pool:
        people = [Person(service, name) for name in ("ada", "ben", "rita", "ada")]
        ended = list(pool.map(lambda person: person.submit(record), people))
    assert {each["phase"] for each in ended} == {"Succeeded"}
    assert len({each["package"]["version"] for each in ended}) == 1
    assert len(open_ledger(service.data_dir).packages.list(name="tiny")) == 1


def test_nobody_without_a_login_sends_a_byte(service):
    digest = Digest.of(b"x" * 9_000_000)

    def pieces():
        for _ in range(9):
            yield b"x" * 1_000_000

    for head in ({}, {"Authorization": "Basic YWRhOmFkYQ=="}):
        url = service.route(f"blobs/{digest}")
        answer = httpx.put(url, content=pieces(), headers=head, timeout=60)
        assert answer.status_code == 403
        assert httpx.head(url, headers=head).status_code == 403
    assert Person(service, "ada")("HEAD", f"blobs/{digest}").status_code == 404
    assert Person(service, "ada")("PUT", "blobs/latest", content=b"x").status_code == 400


def test_uploads_are_not_held_in_memory_and_several_go_on_at_once(service):
    block = os.urandom(1 << 20)

    def send(number: int) -> int:
        head = bytes([number])
        total = 100
        hashed = hashlib.sha256(head)
        for _ in range(total):
            hashed.update(block)

        def pieces():
            yield head
            for _ in range(total):
                yield block

        size = {"Content-Length": str(1 + total * len(block))}
        person = Person(service, "ada")
        path = f"blobs/sha256:{hashed.hexdigest()}"
        return person("PUT", path, content=pieces(), headers=size).status_code

    before = peak(service.process.pid)
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(send, range(3))) == [201] * 3
    grown = peak(service.process.pid) - before
    print(f"3 uploads of 105 MB at once: the service grew by {grown / 1e6:.0f} MB")
    assert grown < 80e6


def peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024.0 * int(next(x for x in status.splitlines() if x.startswith("VmHWM")).split()[1])


def test_a_blob_that_is_too_large_is_refused(tmp_path, made):
    record, layout = made
    with serving(tmp_path / "data", settings={"ReleaseService.upload_bytes": 1000}) as small:
        ada = Person(small, "ada")
        large = max(parts(layout, record["digest"]), key=lambda part: part.size)
        told = ada("PUT", f"blobs/{large.digest}", content=b"x" * 5000)
        assert (told.status_code, told.json()["error"]["details"]["field"]) == (400, "size")

        def pieces():
            yield b"x" * 3_000_000

        untold = ada("PUT", f"blobs/{large.digest}", content=pieces())
        assert untold.status_code == 400
        ingest = tmp_path / "data" / "store" / "ingest"
        until(lambda: not list(ingest.iterdir()), "what was sent is still there")


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_images_that_lie_are_refused(service, made, lie):
    record, layout = made
    digest = altered(layout, record["digest"], lie)
    ben = Person(service, "ben")
    ben.upload(layout, digest)
    ended = ben.submit({**record, "digest": digest})
    assert ended["phase"] == "Failed", ended
    assert LIES[lie] in ended["sentence"]
    assert ended["error"]["advice"] or lie is failing
    assert open_ledger(service.data_dir).packages.by_digest(None, digest) is None


@pytest.mark.parametrize(
    ("more", "phase"),
    [
        ({"lock": {"python": "3.11"}}, 400),
        ({"name": "../etc"}, 400),
        ({"name": "other"}, "Failed"),
        ({"digest": str(Digest.of(b"nothing"))}, "Failed"),
        ({"digest": "latest"}, 400),
    ],
)
def test_records_that_lie_are_refused(service, made, more, phase):
    record, layout = made
    ada = Person(service, "ada")
    ada.upload(layout, record["digest"])
    said = {**record, **more}
    if phase == 400:
        assert ada("POST", "submissions", json={"record": said}).status_code == 400
    else:
        assert ada.submit(said)["phase"] == phase


def test_another_lock_is_refused(service, made):
    record, layout = made
    ada = Person(service, "ada")
    lock = {**record["lock"], "python": "3.9.9"}
    named = {**record, "lock": lock}
    # the same bytes are a release already, whatever is said of them; under a new name they are read
    digest = altered(layout, record["digest"], lambda files, manifest: None)
    ada.upload(layout, digest)
    ended = ada.submit({**named, "digest": digest})
    assert (ended["phase"], "packages are not those of it" in ended["sentence"]) == ("Failed", True)


def test_the_same_content_in_other_bytes_is_the_same_release(service, made):
    record, layout = made
    ada = Person(service, "ada")
    ada.upload(layout, record["digest"])
    first = ada.submit(record)
    digest = altered(layout, record["digest"], lambda files, manifest: None)
    assert digest != record["digest"]
    ada.upload(layout, digest)
    assert ada.submit({**record, "digest": digest})["package"] == first["package"]


def test_a_killed_service_goes_on_with_what_was_sent(tmp_path, made):
    record, layout = made
    killed = 0
    steps = ("image", "contents", "run", "record") if FULL else ("contents", "run")
    for step in steps:
        place = tmp_path / step / "data"
        with serving(place) as service:
            ada = Person(service, "ada")
            ada.upload(layout, record["digest"])
            ident = ada("POST", "submissions", json={"record": record}).json()["id"]
            kill_at(service, ada, ident, step)
        killed += let_the_lease_run_out(place)
        with serving(place) as again:
            ended = Person(again, "ada").ended(ident)
            assert ended["phase"] == "Succeeded", (step, ended)
            assert len(open_ledger(place).packages.list()) == 1
    print(f"intake: killed in {killed} of {len(steps)} steps, all finished by the next service")
    assert killed


def let_the_lease_run_out(data_dir: Path) -> int:
    """Put the end of a dead worker's claim into the past, and return how many claims there were."""
    with contextlib.closing(sqlite3.connect(data_dir / "ledger.sqlite")) as database, database:
        late = "UPDATE work SET lease_until = 1 WHERE phase = 'Running'"
        return database.execute(late).rowcount


def kill_at(service, ada, ident, step):
    """Kill the service and its worker when a submission has come to a step, or is past it."""
    done = threading.Event()
    while not done.is_set():
        found = ada("GET", f"submissions/{ident}").json()
        if found["step"] == step or found["phase"] not in ("Pending", "Running"):
            done.set()
    children = Path(f"/proc/{service.process.pid}/task").glob("*/children")
    workers = [int(pid) for place in children for pid in place.read_text().split()]
    for pid in (service.process.pid, *workers):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
