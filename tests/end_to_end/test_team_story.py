"""Two people and a release service, on the command line and over REST: the story of a team."""

from __future__ import annotations

import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.hub import until
from tests.product import Product, document
from tests.team import POLICY, Person, serving


def notebook(place: Path, number: int) -> str:
    cells = (["parameters"], "seed = 1"), f"x = seed + {number}", (["check"], "assert x > 0")
    place.write_text(json.dumps(document(*cells)), "utf-8")
    return str(place)


class Machine:
    """Somebody's machine, whose command line is a client of the service."""

    def __init__(self, home: Path, name: str, url: str) -> None:
        home.mkdir()
        (home / "token").write_text(name)
        self.home = home
        self.product = Product(home / "data", home)
        self.env = {
            "MODELPACK_SERVICE_URL": url,
            "MODELPACK_SERVICE_TOKEN_FILE": str(home / "token"),
        }

    def __call__(self, *words: str, fails: bool = False):
        answer = self.product(*words, "--json", env=self.env)
        assert (answer.code != 0) is fails, (words, answer.err, answer.out)
        return answer.error if fails else answer.json


def holds(person: Person, place: str) -> str:
    shown = person("GET", "environments?name=tiny").json()["environments"]
    found = next(each for each in shown if each["name"] == place)["holds"]
    return found["version"] if found else ""


def test_the_story_of_two_people(tmp_path):
    with serving(tmp_path / "service" / "data") as service:
        ada = Machine(tmp_path / "ada", "ada", service.url)
        rita = Machine(tmp_path / "rita", "rita", service.url)
        first = ada("package", notebook(ada.home / "tiny.ipynb", 1))
        assert first["version"] == "1.0.0"
        # What is only on Ada's machine is published when she asks for it.
        for place in ("dev", "staging"):
            assert ada("promote", "tiny", "--to", place, "--reason", "new")["phase"] == "Active"
        asked = ada("promote", "tiny", "--to", "production", "--reason", "new")
        assert (asked["phase"], asked["requested_by"]) == ("Waiting", "ada")
        own = Person(service, "ada", signed_in=True)
        refused = own("POST", f"promotions/{asked['id']}/decision", json={"decision": "approve"})
        assert refused.status_code == 403
        assert "Ada" in refused.json()["error"]["message"]
        # Rita's token is one that code in her kernel may hold: it reads, and decides nothing.
        for words in (("approve", asked["id"]), ("reject", asked["id"], "--reason", "no")):
            told = rita(*words, fails=True)
            assert told["code"] == "NOT_PERMITTED"
            assert f"{service.url}jupyter-modelpack/pages/" in told["advice"]
        seen = rita("status", "tiny")["packages"]["tiny"]["environments"][2]["waiting"]
        assert seen["id"] == asked["id"]
        signed_in = Person(service, "rita", signed_in=True)
        shown = signed_in("GET", f"promotions/{asked['id']}").json()
        assert shown["evidence"]["path"] == ""
        assert shown["evidence"]["author"] == "ada"
        bound = {"digest": shown["digest"], "policy": shown["policy"], "generation": 0}
        people = [Person(service, name) for name in ("ada", "rita")]
        with ThreadPoolExecutor(2) as pool:
            began = time.monotonic()

            def sees(person: Person) -> float:
                until(lambda: holds(person, "production") == "1.0.0", "production holds it")
                return time.monotonic() - began

            waiting = [pool.submit(sees, person) for person in people]
            body = {"decision": "approve", "comment": "fine", **bound}
            done = signed_in("POST", f"promotions/{asked['id']}/decision", json=body)
            assert done.json()["phase"] == "Active", done.text
            approved = time.monotonic() - began
            seconds = [each.result() for each in waiting]
        late = max(seconds) - approved
        print(f"both saw production {max(0, late):.2f} s after the approval ({approved:.2f} s)")
        assert late < 2

        second = ada("package", notebook(ada.home / "tiny.ipynb", 2))
        assert second["version"] == "1.1.0"
        for place in ("dev", "staging", "production"):
            asked = ada("promote", "tiny", "--to", place, "--reason", "better")
        body = {"decision": "approve"}
        signed_in("POST", f"promotions/{asked['id']}/decision", json=body)
        assert holds(people[0], "production") == "1.1.0"
        told = rita("rollback", "tiny", "--in", "production", "--reason", "worse", fails=True)
        assert "sign" in told["message"]
        wish = {"name": "tiny", "version": "1.0.0", "environment": "production", "reason": "worse"}
        back = signed_in("POST", "rollbacks", json=wish)
        assert (back.status_code, back.json()["phase"]) == (201, "Active"), back.text
        entries = ada("history", "tiny", "--in", "production")["entries"]
        assert [(e["version"], e["kind"], e["by"]) for e in entries] == [
            ("1.0.0", "rollback", "rita"),
            ("1.1.0", "promotion", "ada"),
            ("1.0.0", "promotion", "ada"),
        ]
        assert entries[2]["approved_by"] == ["rita"]
        assert ada("audit", "verify")["whole"]
        found = rita("diff", "tiny:1.0.0", "tiny:1.1.0")
        assert [cell["cell"] for cell in found["cells"]] == [2]
        assert {each["version"] for each in rita("list")["packages"]} == {"1.0.0", "1.1.0"}
        assert rita("show", "tiny:1.1.0")["author"] == "ada"

        # A log that was cut behind everybody's back is noticed by whoever saw it.
        database = sqlite3.connect(service.data_dir / "ledger.sqlite")
        with database:
            database.execute("DELETE FROM audit WHERE sequence > 3")
            database.execute("DELETE FROM checkpoints WHERE size > 3")
        database.close()
        told = ada("promote", "tiny:1.1.0", "--to", "dev", "--reason", "again", fails=True)
        assert "is not the one that was seen here" in told["message"]
        assert "Promote nothing" in told["advice"]

    # The service is away: the package is made all the same, and nothing is lost.
    third = ada.product("package", notebook(ada.home / "tiny.ipynb", 3), "--json", env=ada.env)
    assert third.code == 0, third.err
    told = ada("promote", "tiny", "--to", "dev", "--reason", "again", fails=True)
    assert told["code"] == "BACKEND_UNAVAILABLE"
    assert "cannot be reached" in told["message"]
    assert ada.product("list", "--json").json["packages"][0]["version"] == third.json["version"]


@pytest.mark.parametrize("answer", ["approve", "reject"])
def test_a_policy_change_is_proposed_and_approved(tmp_path, answer):
    stricter = POLICY.replace("name: team", "name: strict").replace(
        "name: staging, ask: everyone, approvals: {needed: 0}",
        "name: staging, ask: everyone, approvals: {needed: 1, from: {groups: [reviewers]}}",
    )
    with serving(tmp_path / "service" / "data") as service:
        ada = Machine(tmp_path / "ada", "ada", service.url)
        file = tmp_path / "strict.yaml"
        file.write_text(stricter, "utf-8")
        words = ("policy", "propose", "--file", str(file))
        assert ada(*words, fails=True)["code"] == "INVALID_INPUT"  # no reason
        file.write_text("nonsense: [", "utf-8")
        assert ada(*words, "--reason", "x", fails=True)["code"] == "INVALID_INPUT"
        file.write_text(stricter, "utf-8")
        change = ada(*words, "--reason", "safer")
        assert change["phase"] == "Waiting"
        assert ada("policy", "show")["name"] == "team"
        told = ada("policy", "approve", change["id"], fails=True)
        assert "jupyter-modelpack/pages/" in told["advice"]
        route = f"policy/changes/{change['id']}/decision"
        for name, status in (("ada", 403), ("ben", 403), ("rita", 200)):
            person = Person(service, name, signed_in=True)
            given = person("POST", route, json={"decision": answer, "digest": change["digest"]})
            assert given.status_code == status, (name, given.text)
        view = ada("policy", "show")
        in_file = (service.data_dir / "policy.yaml").read_text("utf-8")
        expected = "strict" if answer == "approve" else "team"
        assert (view["name"], view["in_force"]) == (expected, True)
        assert f"name: {expected}" in in_file
        # Editing the file oneself refuses everything, until it is undone.
        (service.data_dir / "policy.yaml").write_text(POLICY.replace("needed: 1", "needed: 0"))
        assert ada("policy", "show")["in_force"] is False
        assert ada("audit", "verify")["whole"]
