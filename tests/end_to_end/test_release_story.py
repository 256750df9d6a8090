"""Releases on the command line, alone: to production, back again, and the record."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from pathlib import Path

from tests.product import Product, document

PLACES = ("dev", "staging", "production")


def notebook(place: Path, number: int) -> str:
    cells = (["parameters"], "seed = 1"), f"x = seed + {number}", (["check"], "assert x > 0")
    place.write_text(json.dumps(document(*cells)), "utf-8")
    return str(place)


def test_the_solo_story_in_under_a_minute(tmp_path: Path) -> None:
    product, place = Product(tmp_path / "data", tmp_path), tmp_path / "tiny.ipynb"
    began = time.monotonic()

    def done(*words: str) -> None:
        answer = product(*words)
        assert answer.code == 0, (words, answer.err)

    for number, version in ((1, "1.0.0"), (2, "1.1.0")):
        done("package", notebook(place, number))
        between = datetime.now(timezone.utc).isoformat()
        for environment in PLACES:
            done("promote", f"tiny:{version}", "--to", environment, "--reason", "because")
    done("rollback", "tiny", "--in", "production", "--reason", "worse")
    then = product("history", "tiny", "--in", "production", "--at", between, "--json").json
    now = product("history", "tiny", "--in", "production", "--json").json["entries"]
    done("audit", "verify")
    took = time.monotonic() - began

    assert [entry["version"] for entry in then["entries"]] == ["1.0.0"]
    assert [(e["version"], e["kind"]) for e in now] == [
        ("1.0.0", "rollback"),
        ("1.1.0", "promotion"),
        ("1.0.0", "promotion"),
    ]
    assert product("promote", "tiny:1.1.0", "--to", "production").code == 0
    refused = product("promote", "tiny:1.0.0", "--to", "staging", "--json")
    assert (refused.code, refused.error["code"]) == (1, "GATE_NOT_SATISFIED")
    assert "must be in dev first" in refused.error["message"]
    assert product("promote", "tiny", "--to", "prod").code == 2
    status = product("status", "tiny", "--json").json["packages"]["tiny"]
    assert [e["holds"]["version"] for e in status["environments"]] == ["1.1.0"] * 3
    found = product("diff", "tiny:1.0.0", "tiny:1.1.0", "--json").json
    assert [cell["cell"] for cell in found["cells"]] == [2]
    tags = json.loads((tmp_path / "data" / "store" / "index.json").read_text())["manifests"]
    names = {m.get("annotations", {}).get("org.opencontainers.image.ref.name") for m in tags}
    assert {f"tiny:{each}" for each in (*PLACES, "1.0.0", "1.1.0")} <= names
    print(f"solo story: {took:.1f} s")
    assert took < 60


def test_the_folder_deployer_writes_all_at_once(tmp_path: Path) -> None:
    product, place = Product(tmp_path / "data", tmp_path), tmp_path / "tiny.ipynb"
    out = tmp_path / "out"
    assert product("package", notebook(place, 1)).code == 0
    words = ("--to", "dev", "--deployer", "folder", "--folder", str(out))
    answer = product("promote", "tiny", *words)
    assert answer.code == 0, answer.err
    card = json.loads((out / "dev" / "tiny" / "release.json").read_text())
    assert (card["version"], card["generation"], card["environment"]) == ("1.0.0", 1, "dev")
    assert card["digest"] in (out / "dev" / "tiny" / "job.yaml").read_text()
    # A damaged image is not deployed: its bytes are read again for every promotion.
    digest = product("show", "tiny", "--json").json["layers"][-1]["digest"]
    blob = tmp_path / "data" / "store" / "blobs" / "sha256" / digest[7:]
    blob.chmod(0o644)
    content = bytearray(blob.read_bytes())
    content[600] ^= 1
    blob.write_bytes(content)
    words = ("--to", "staging", "--deployer", "folder", "--folder", str(out))
    assert product("promote", "tiny", *words).code == 1
    assert not (out / "staging").exists()
