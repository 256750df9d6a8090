"""What a run leaves in a registry, on the double with faults and logins, and what a judge reads."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.runtime import deposit
from jupyter_modelpack.runtime.deposit import Deposit, NotDeposited
from jupyter_modelpack.runtime.report import File
from tests.registry.double import Double, running
from tests.registry.faults import Fault


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deposit.time, "sleep", lambda seconds: None)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def files(tmp_path: Path) -> list[File]:
    found = []
    for path, content in (("model.bin", os.urandom(3 << 20)), ("plots/a b.csv", b"a,b\n")):
        place = tmp_path / path
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content)
        found.append(File(path, len(content), place))
    return found


def login(folder: Path, host: str, **entry: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / ".dockerconfigjson").write_text(json.dumps({"auths": {host: entry}}))
    return folder


def at(double: Double, login: Path | None = None) -> Deposit:
    return Deposit(f"http://{double.host}/runs/churn", login, "run-1")


def kept(double: Double) -> dict[str, bytes]:
    """Return path -> content, as a client that knows ORAS's titles reads them."""
    _, data = double.manifests["runs/churn"][double.tags["runs/churn"]["run-1"]]
    manifest = json.loads(data)
    assert manifest["artifactType"] == deposit.ARTIFACT
    assert manifest["config"]["mediaType"] == deposit.EMPTY
    return {
        layer["annotations"][deposit.TITLE]: double.blobs[layer["digest"]]
        for layer in manifest["layers"]
    }


def test_files_are_left_with_their_paths(files: list[File]) -> None:
    with running() as double:
        digest = at(double).put(files)
        assert double.tags["runs/churn"]["run-1"] == digest
        assert kept(double) == {each.path: each.place.read_bytes() for each in files}
        before = double.received
        assert at(double).put(files) == digest
        assert double.received - before < 2000, "a file that is there was sent again"


def test_logins(files: list[File], tmp_path: Path) -> None:
    pair = base64.b64encode(b"ada:correct horse").decode()
    for bearer in (False, True):
        with running(user="ada", password="correct horse", bearer=bearer) as double:
            folder = login(tmp_path / "login", double.host, auth=pair)
            at(double, folder).put(files)
            assert len(kept(double)) == 2
            for wrong in (None, login(tmp_path / "no", double.host, username="ada", password="x")):
                told = at(double, wrong).told(files)
                assert double.host in told["problem"] and "correct horse" not in str(told)


def test_a_token_that_ends_in_the_middle(files: list[File], tmp_path: Path) -> None:
    """The upload is begun anew with another token."""
    with running(user="ada", password="pw", bearer=True, token_seconds=100.0) as double:
        ended: list[str] = []

        def end(seen: Any) -> None:
            if seen.method == "POST" and not ended:
                ended.extend(double.tokens)
                double.tokens.clear()

        double.after = end
        at(double, login(tmp_path / "login", double.host, username="ada", password="pw")).put(files)
        assert len(kept(double)) == 2 and double.given >= 2 and ended


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(reset_after=0), Fault(lost=True)])
def test_what_goes_away_is_tried_again(files: list[File], fault: Fault) -> None:
    with running() as double:
        count = iter(range(1000))

        def sometimes(seen: Any, headers: dict[str, str]) -> Fault | None:
            return fault if next(count) % 4 == 1 else None

        double.fault = sometimes
        at(double).put(files)
        assert len(kept(double)) == 2


def test_a_registry_that_is_not_there_is_said(files: list[File]) -> None:
    with running() as double:
        gone = at(double)
    assert "refused" in gone.told(files)["problem"]
    with running() as double:
        double.fault = lambda seen, headers: Fault(status=507)
        assert "HTTP 507" in at(double).told(files)["problem"]


def test_a_login_goes_to_nobody_else(files: list[File], tmp_path: Path) -> None:
    """Neither where an upload leads, nor where a redirect leads, which is not followed."""
    with running() as other, running(user="ada", password="pw") as double:
        folder = login(tmp_path / "login", double.host, username="ada", password="pw")
        double.rules.location_prefix = f"http://{other.host}"
        at(double, folder).told(files)
        assert other.seen and not any(each.authorization for each in other.seen)
        other.seen.clear()
        double.rules.location_prefix = ""
        moved = (("Location", f"http://{other.host}/v2/"),)
        double.fault = lambda seen, headers: Fault(status=307, headers=moved)
        with pytest.raises(NotDeposited, match="HTTP 307"):
            at(double, folder).put(files)
        assert not other.seen


def test_what_changes_or_cannot_be_read_is_left_out(files: list[File], tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    more = [File("link", 1, tmp_path / "link"), File("gone", 1, tmp_path / "gone")]
    with running() as double:

        def change(seen: Any) -> None:
            if seen.method == "POST":
                with files[0].place.open("r+b") as stream:
                    stream.write(os.urandom(16))

        double.after = change
        at(double).put([*files, *more])
        assert list(kept(double)) == ["plots/a b.csv"]


def test_no_more_than_the_limit(files: list[File], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deposit, "MOST_BYTES", 1000)
    with running() as double:
        at(double).put(files)
        assert list(kept(double)) == ["plots/a b.csv"]


def test_a_run_that_wrote_nothing() -> None:
    with running() as double:
        digest = at(double).put([])
        assert digest == double.tags["runs/churn"]["run-1"]
        _, data = double.manifests["runs/churn"][digest]
        assert "sha256:" + hashlib.sha256(data).hexdigest() == digest
