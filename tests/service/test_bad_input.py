"""What is missing or away at the service: one clear sentence, and nothing changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone

import httpx
import pytest

from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.policy_text import ready_made
from jupyter_modelpack.services.promotions import Wish
from tests.hub import ROOT, post, running_hub, stop, until
from tests.hub_settings import POLICY
from tests.service.served import account, paged, proxied, serving
from tests.shelf_workshop import shelf_world

ADA = Actor("proxy", "ada", verified=True, signed_in=True)
RITA = proxied("rita", "reviewers")
READ = "jupyter-modelpack/environments?name=churn"
YES = {"decision": "approve"}
TEAM = POLICY.replace("jupyterhub", "proxy")


def waiting(world, policy=TEAM):
    world.policy(policy)
    world.package("1.0.0", account=account("ada"))
    for place in ("dev", "staging", "production"):
        last = world.releases.ask(Wish("churn", "1.0.0", place, ""), ADA)
    return last["id"], f"jupyter-modelpack/promotions/{last['id']}/decision"


def rows(world):
    return len(list(world.ledger.audit.rows()))


def refused(answer, status, words):
    error = answer.json()["error"]
    assert answer.status_code == status, answer.text
    assert words in error["message"], error
    assert error["message"].count("\n") == 0 and len(error["message"]) < 240
    print(f"{status}: {error['message']} {error['advice']}")
    return error


# Groups


def test_a_group_counts_only_while_the_login_says_so(tmp_path):
    with serving(tmp_path) as served:
        ident, place = waiting(served.world)
        before = rows(served.world)
        for groups in ("", "data-science", "Reviewers", "reviewers2"):
            head = paged(served, proxied("rita", groups))
            refused(served.ask("POST", place, headers=head, json=YES), 403, "not among those")
        assert (rows(served.world), served.world.promotions.get(ident).phase) == (before, "Waiting")
        done = served.ask("POST", place, headers=paged(served, RITA), json=YES)
        assert done.json()["phase"] == "Active", done.text


def test_two_people_of_a_group_whose_membership_is_forgotten_meanwhile(tmp_path):
    policy = TEAM.replace("needed: 1, from: {groups: [reviewers]}}\n    roll", "needed: 2, from: {groups: [reviewers]}}\n    roll")  # fmt: skip # noqa: E501
    with serving(tmp_path) as served:
        ident, place = waiting(served.world, policy)
        first = served.ask("POST", place, headers=paged(served, RITA), json=YES)
        assert first.json()["phase"] == "Waiting"
        served.application.settings["identity_provider"]._membership._seen.clear()  # hours pass
        second = paged(served, proxied("zoe", "reviewers"))
        answer = served.ask("POST", place, headers=second, json=YES)
        assert answer.json()["phase"] == "Waiting", "nobody knows which groups Rita is in now"
        # Rita comes back and says it again: now both are known
        answer = served.ask("POST", place, headers=paged(served, RITA), json=YES)
        assert (answer.status_code, answer.json()["phase"]) == (200, "Active"), answer.text
        assert served.world.promotions.get(ident).phase == "Active"


@pytest.fixture
def own_hub(tmp_path):
    """A Hub that a test may stop."""
    folder = tmp_path / "hub"
    folder.mkdir()
    with running_hub(folder) as found:
        yield found


def test_a_deleted_group_and_a_hub_that_is_away(own_hub, tmp_path):
    with own_hub.serve(tmp_path / "data", workshop="shelf_workshop:open_workshop") as service:
        world = shelf_world(service.data_dir)
        ada = Actor("jupyterhub", "ada", verified=True, signed_in=True)
        world.package("1.0.0", account=account("ada", "jupyterhub"))
        for place in ("dev", "staging", "production"):
            ident = world.releases.ask(Wish("churn", "1.0.0", place, ""), ada)["id"]
        decision = f"promotions/{ident}/decision"
        before = rows(world)
        with own_hub.signed_in("rita") as rita:
            assert own_hub.api("DELETE", "groups/reviewers").status_code == 204
            route = service.route("environments?name=churn")
            refused(post(rita, own_hub, decision, YES), 403, "not among those who may approve")
            assert (rows(world), world.promotions.get(ident).phase) == (before, "Waiting")
            stop(own_hub.process)
            until(lambda: rita.get(route).status_code == 503, "the Hub is away, and it is not said")
            refused(rita.get(route), 503, "JupyterHub does not answer")
            refused(post(rita, own_hub, decision, YES), 503, "JupyterHub does not answer")
            head = {"Authorization": "token any"}
            refused(httpx.get(route, headers=head), 503, "JupyterHub does not answer")
            page = httpx.get(f"{service.url}oauth_callback?code=x&state=y")
            assert page.status_code == 403
            assert "This login was not begun here" in page.text
        assert (rows(world), world.promotions.get(ident).phase) == (before, "Waiting")
        world.ledger.close()


# The policy, the clock, the database


@pytest.mark.parametrize(
    ("text", "words"),
    [("version: [", "line"), ("", "policy"), ("version: 1\nname: x\nmore: 1\n", "more")],
)
def test_a_policy_that_cannot_be_read_refuses(tmp_path, text, words):
    with serving(tmp_path) as served:
        ident, place = waiting(served.world)
        before = rows(served.world)
        served.world.policy(text)
        head = paged(served, RITA)
        error = refused(served.ask("POST", place, headers=head, json=YES), 400, "")
        assert words in error["message"]
        shown = served.ask("GET", READ, headers=RITA).json()
        assert shown["policy"]["sentence"] == error["message"]
        assert (rows(served.world), served.world.promotions.get(ident).phase) == (before, "Waiting")


def test_an_edited_policy_is_not_in_force(tmp_path):
    with serving(tmp_path) as served:
        ident, place = waiting(served.world)
        served.world.policy(TEAM.replace("groups: [reviewers]", "people: [leo]"))
        before = rows(served.world)
        for head in (RITA, proxied("leo")):
            answer = served.ask("POST", place, headers=paged(served, head), json=YES)
            assert answer.status_code in (403, 409), answer.text
        assert (rows(served.world), served.world.promotions.get(ident).phase) == (before, "Waiting")


def test_a_clock_that_went_back_refuses(tmp_path):
    with serving(tmp_path) as served:
        ident, place = waiting(served.world)
        before = rows(served.world)
        promotions = served.wiring.releases.promotions
        early = datetime.now(timezone.utc) - timedelta(days=2)
        object.__setattr__(promotions._out, "now", lambda: early)
        answer = served.ask("POST", place, headers=paged(served, RITA), json=YES)
        wish = {"name": "churn", "version": "1.0.0", "environment": "dev", "reason": ""}
        asked = served.ask(
            "POST", "jupyter-modelpack/promotions", headers=paged(served, RITA), json=wish
        )
        refused(answer, 409, "clock")
        refused(asked, 409, "clock")
        assert (rows(served.world), served.world.promotions.get(ident).phase) == (before, "Waiting")


def test_a_database_that_is_gone_refuses(tmp_path):
    with serving(tmp_path / "data") as served:
        ident, place = waiting(served.world)
        before = rows(served.world)
        ledger, away = tmp_path / "data" / "ledger.sqlite", tmp_path / "away"
        ledger.rename(away)
        ledger.mkdir()
        for method, path, body in (("GET", READ, None), ("POST", place, YES)):
            answer = served.ask(method, path, headers=paged(served, RITA), json=body)
            refused(answer, 507, "cannot be used")
        ledger.rmdir()
        away.rename(ledger)
        assert (rows(served.world), served.world.promotions.get(ident).phase) == (before, "Waiting")


# Starting


def start(tmp_path, *words):
    done = subprocess.run(
        [sys.executable, "-m", "jupyter_modelpack", "service", "--json", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
    )
    line = done.stderr.strip().splitlines()[-1]
    print(done.returncode, line)
    return done.returncode, json.loads(line)["error"]


def settings(tmp_path, **more):
    (tmp_path / "secret").write_text("a long enough secret")
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "policy.yaml").write_text(TEAM)
    chosen = {
        "ReleaseService.login": "header",
        "HeaderLogin.secret_file": tmp_path / "secret",
        "ReleaseService.port": 0,
        "ReleaseService.data_dir": tmp_path / "data",
        **more,
    }
    return [f"--{name}={value}" for name, value in chosen.items()]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"ReleaseService.login": ""}, 2, "how people log in"),
        ({"ReleaseService.login": "guess"}, 2, "There is no login"),
        ({"HeaderLogin.secret_file": "/nowhere"}, 2, "secret"),
        ({"ReleaseService.public_url": "ftp://x/"}, 2, "not the address"),
        ({"ReleaseService.certfile": "/nowhere"}, 2, "TLS certificate"),
        ({"ReleaseService.ip": "192.0.2.1"}, 3, "cannot listen"),
    ],
)
def test_a_service_that_cannot_be_right_does_not_start(tmp_path, change, code, words):
    found, error = start(tmp_path, *settings(tmp_path, **change))
    assert (found, words in error["message"]) == (code, True)


def test_a_service_without_a_policy_or_a_database_does_not_start(tmp_path):
    words = settings(tmp_path)
    (tmp_path / "data" / "policy.yaml").unlink()
    code, error = start(tmp_path, *words)
    assert (code, error["message"]) == (2, "There is no policy, so nobody could do anything.")
    (tmp_path / "data" / "policy.yaml").write_text(TEAM)
    shutil.rmtree(tmp_path / "data" / "ledger.sqlite", ignore_errors=True)
    for left in (tmp_path / "data").glob("ledger.sqlite*"):
        left.unlink()
    (tmp_path / "data" / "ledger.sqlite").mkdir()
    code, error = start(tmp_path, *words)
    assert (code, "ledger" in error["message"]) == (3, True)


def test_a_policy_for_a_second_person_works_here_and_is_refused_alone(tmp_path):
    """The same policy that Jupyter's own login refuses lets two people release at the service."""
    with serving(tmp_path) as served:
        ident, place = waiting(served.world)
        own = served.ask("POST", place, headers=paged(served, proxied("ada")), json=YES)
        refused(own, 403, "made it")
        done = served.ask("POST", place, headers=paged(served, RITA), json=YES)
        assert done.json()["phase"] == "Active"
        assert served.world.promotions.get(ident).phase == "Active"
    alone = shelf_world(tmp_path / "alone")
    alone.policy(ready_made("team"))
    alone.package("1.0.0")
    from jupyter_modelpack.errors import NotPermitted

    with pytest.raises(NotPermitted, match="unverified"):
        alone.releases.ask(Wish("churn", "1.0.0", "dev", ""), Actor("os", "you"))
    alone.ledger.close()


def test_sigterm_ends_it_cleanly(tmp_path):
    from tests.hub import running_service

    traits = {
        "ReleaseService.login": "header",
        "HeaderLogin.secret_file": str(tmp_path / "secret"),
        "ReleaseService.port": 0,
        "ReleaseService.info_file": str(tmp_path / "info.json"),
    }
    settings(tmp_path)
    began = time.monotonic()
    with running_service(tmp_path / "data", traits) as service:
        assert json.loads((tmp_path / "info.json").read_text())["url"] == service.url
        head = {"kubeflow-userid": "rita", "x-modelpack-proxy-secret": "a long enough secret"}
        answer = httpx.get(service.route("info"), headers=head)
        assert answer.status_code == 200
        assert service.stop() == 0
    print(f"started, asked and ended in {time.monotonic() - began:.1f} s")
    log = service.log.read_text()
    assert "Traceback" not in log
    assert "a long enough secret" not in log
