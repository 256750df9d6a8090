"""F4 at the service: a marked secret stops a release, and who may answer for it, three ways."""

from __future__ import annotations

from collections import Counter

import pytest

from jupyter_modelpack.adapters.ledger.overview import Overview
from jupyter_modelpack.services.promotions import Wish
from tests.plain_login import PlainLogin, actor
from tests.product import Product
from tests.service.served import account, serving

POLICY = """
version: 1
name: marked
environments:
  - {name: dev, ask: everyone, approvals: {needed: 0}, roll_back: {from: everyone}}
  - name: production
    ask: everyone
    approvals: {needed: 0}
    roll_back: {from: everyone}
    override_secrets: {groups: [reviewers, data-science]}
policy_changes:
  ask: {groups: [reviewers]}
  approvals: {needed: 1, from: {groups: [reviewers]}}
"""
MARK = {
    "code": "secret-allowed", "severity": "note", "cell": 2, "line": 1, "details": {},
    "message": "This looks like an AWS key.", "advice": "Allowed in the cell: a sample",
}  # fmt: skip
WHY = "it is the documented sample"
BEN = actor("ben", signed_in=True)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("f4")
    (folder / "policy.yaml").write_text(POLICY, "utf-8")
    with serving(folder, PlainLogin()) as found:
        yield found


def waiting(served, version: str) -> str:
    """Put a marked release of Ada's into dev and return Ben's request for production."""
    served.world.package(version, account=account("ada", "plain"), findings=[MARK])
    served.world.releases.ask(Wish("churn", version, "dev", ""), BEN)
    asked = served.world.releases.ask(Wish("churn", version, "production", ""), BEN)
    assert asked["phase"] == "Waiting", asked
    return asked["id"]


def rest(served, ident: str, token: str, comment: str = WHY, **more):
    body = {"decision": "approve", "comment": comment, "override": True, **more}
    path = f"jupyter-modelpack/promotions/{ident}/decision"
    head = {"Authorization": f"token {token}"}
    return served.ask("POST", path, json=body, headers=head)


def recorded(served) -> list:
    entries = Overview(served.world.ledger.database).entries(1000)
    return [each.record for each in entries if each.record.kind == "promotion.overridden"]


def test_f4_over_rest(served):
    ident, tried = waiting(served, "1.0.0"), Counter()
    other = {"digest": "sha256:" + "0" * 64}
    for token, comment, more, code in (
        ("rita!", "", {}, 400),  # no reason
        ("rita!", WHY, other, 409),  # other bytes
        ("ada!", WHY, {}, 403),  # the author
        ("ben!", WHY, {}, 403),  # who asked
        ("rita", WHY, {}, 403),  # a token that code in a notebook has
        ("rita!", WHY, {"override": False}, 409),  # a plain yes
    ):
        answer = rest(served, ident, token, comment, **more)
        assert answer.status_code == code, (token, answer.text)
        tried[code] += 1
    assert recorded(served) == []
    assert served.world.promotions.get(ident).phase == "Waiting"
    done = rest(served, ident, "rita!")
    assert (done.status_code, done.json()["phase"]) == (200, "Active"), done.text
    (kept,) = done.json()["approvals"]
    assert (kept["by"], kept["override"], kept["counts"]) == ("rita", True, True)
    (entry,) = recorded(served)
    assert (entry.actor.username, entry.data["comment"]) == ("rita", WHY)
    assert entry.data["digest"] == done.json()["digest"]
    # The next build of it is other bytes, and waits again.
    assert waiting(served, "1.0.1") and len(recorded(served)) == 1
    print(f"F4: {sum(tried.values())} overrides refused over REST ({dict(tried)}), 1 accepted")


def test_f4_on_the_page(served):
    ident = waiting(served, "2.0.0")
    path = f"jupyter-modelpack/pages/promotions/{ident}"
    rita, ben = ({"Authorization": f"token {name}!"} for name in ("rita", "ben"))
    shown = served.ask("GET", path, headers=rita).text
    assert "Marked as no secret" in shown and "Allowed in the cell: a sample" in shown
    assert 'value="override"' in shown and 'value="approve"' not in shown
    assert 'value="override"' not in served.ask("GET", path, headers=ben).text
    binding = served.world.promotions.get(ident).binding
    form = {
        "decision": "override", "comment": WHY, "digest": str(binding.digest),
        "policy": str(binding.policy), "generation": str(binding.generation),
    }  # fmt: skip
    refused = served.ask("POST", f"{path}/decision", data={**form, "comment": ""}, headers=rita)
    assert refused.status_code == 400 and "needs a reason" in refused.text
    assert served.ask("POST", f"{path}/decision", data=form, headers=ben).status_code == 403
    assert served.ask("POST", f"{path}/decision", data=form, headers=rita).status_code == 303
    assert served.world.promotions.get(ident).phase == "Active"
    assert "answered for its marked secrets" in served.ask("GET", path, headers=rita).text


def test_f4_on_the_command_line(served, tmp_path):
    ident, product = waiting(served, "3.0.0"), Product(tmp_path / "data", tmp_path)
    token = tmp_path / "token"
    said = {}
    for name, words in (("ben!", ["--comment", WHY]), ("rita!", []), ("rita!", ["--comment", WHY])):
        token.write_text(name)
        said[name, bool(words)] = product(
            "approve", ident, "--override-secrets", *words, "--json",
            "--service", served.address.url, env={"MODELPACK_SERVICE_TOKEN_FILE": str(token)},
        )  # fmt: skip
    assert "ben asked for it" in said["ben!", True].error["message"].lower()
    assert said["rita!", False].error["code"] == "INVALID_INPUT"
    assert said["rita!", True].json["phase"] == "Active", said["rita!", True].err
