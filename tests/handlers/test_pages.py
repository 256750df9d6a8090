"""Pages: what people read, who may decide on them, and what a page that is out of date may do."""

from __future__ import annotations

import re
import time
from html import unescape
from urllib.parse import urlencode

import pytest
import reviewed_team
from promoting import OMAR, RITA
from tornado.httpclient import HTTPClientError

from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.services.promotions import Vote, Wish

PAGES = ("", "packages/fraud", "history", "audit", "audit?whole=true", "jurisdiction", "signed-in")


@pytest.fixture
def viewer(monkeypatch):
    """Who looks; a test may change it."""
    person = [RITA]
    monkeypatch.setattr("jupyter_modelpack.app.jupyter_user", lambda user: person[0])
    return person


@pytest.fixture
def team(data_dir, viewer, jp_serverapp):
    return reviewed_team.fill(data_dir)


@pytest.fixture
def read(client):
    """Return a page's status, text and headers."""

    async def fetch(path, **options):
        place, _, query = path.partition("?")
        params = dict(part.split("=") for part in query.split("&")) if query else {}
        answer = await client("GET", f"pages/{place}", params=params, **options)
        return answer.status, answer.body, answer.headers

    return fetch


@pytest.fixture
def send(client):
    """Send a form as a browser does and return the answer."""

    async def post(path, **fields):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await client(
            "POST", f"pages/{path}", body=urlencode(fields).encode(), headers=headers
        )

    return post


def hidden(page):
    """The hidden fields of the form in a page."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return {name: unescape(value) for name, value in found}


def words(page):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", page)))


async def test_every_page_answers_with_a_strict_policy(team, read):
    ident = reviewed_team.waiting(team)
    for path in (*PAGES, f"promotions/{ident}", "nothing/at/all"):
        status, page, headers = await read(path)
        if path.startswith("nothing"):
            continue
        assert status == 200, (path, page)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|javascript:", page), path
        assert page.count("<h1") == 1 and 'lang="en"' in page


async def test_what_waits_is_only_what_this_person_can_decide(team, viewer, read):
    _, page, _ = await read("")
    assert "fraud 2.0.0 → production" in words(page) and "1 to decide" in page
    for other in (reviewed_team.BEN, Actor("jupyter", "rita")):
        viewer[0] = other
        _, page, _ = await read("")
        assert "to decide" not in page and "Nothing waits for you" in page
    viewer[0] = reviewed_team.BEN
    _, page, _ = await read("")
    assert "What you asked for" in page


async def test_the_review_has_difference_evidence_and_run(team, read):
    _, page, _ = await read(f"promotions/{reviewed_team.waiting(team)}")
    text = words(page)
    order = ["What is different", "Metrics", "How it ran", "What production asks for"]
    places = [text.index(part) for part in (*order, "Evidence", "Who made what", "Approve as Rita")]
    assert places == sorted(places)
    assert "removed: - cutoff = 0.5" in text and "added: + threshold = 0.42" in text
    assert "▲ 0.014" in text and "▼ 0.01" in text and "<polyline" in page
    assert "Added the check in cell 7: A Ada" in text
    assert "fitting 100 %" in text and "fitting  10 %" not in page and "\x1b" not in page
    assert page.count('src="data:image/png;base64,') == 1
    assert '<iframe sandbox=""' in page and "allow-same-origin" not in page
    assert "Rita or Omar. Not Ben" in text


async def test_the_notebook_runs_nothing(team, client):
    answer = await client("GET", f"pages/promotions/{reviewed_team.waiting(team)}/notebook")
    policy = answer.headers["Content-Security-Policy"]
    assert answer.status == 200 and "sandbox;" in policy and "default-src 'none'" in policy
    assert "script" not in policy and "<script" not in answer.body


async def test_a_reviewer_approves_and_is_sent_back(team, viewer, read, send):
    ident = reviewed_team.waiting(team)
    _, page, _ = await read(f"promotions/{ident}")
    seen = hidden(page)
    assert set(seen) >= {"_xsrf", "digest", "policy", "generation"}
    answer = await send(f"promotions/{ident}/decision", decision="approve", comment="Yes.", **seen)
    assert (answer.status, answer.headers["Location"].rpartition("/")[2]) == (303, ident)
    assert team.promotions.get(ident).phase == "Active"
    _, page, _ = await read(f"promotions/{ident}")
    assert "“Yes.”" in words(page) and "Approve as" not in page and "Production has run it" in page


async def test_reject_and_withdraw(team, viewer, read, send):
    ident = reviewed_team.waiting(team)
    seen = hidden((await read(f"promotions/{ident}"))[1])
    assert (await send(f"promotions/{ident}/withdrawal")).status == 403
    answer = await send(f"promotions/{ident}/decision", decision="reject", comment="No.", **seen)
    assert (answer.status, team.promotions.get(ident).phase) == (303, "Rejected")
    viewer[0] = reviewed_team.BEN
    made = team.releases.ask(Wish("churn", "1.0.0", "staging", ""), reviewed_team.BEN)
    assert (await send(f"promotions/{made['id']}/withdrawal", reason="x")).status == 409


async def test_the_author_is_told_why_and_who_can(team, viewer, read, send):
    viewer[0] = reviewed_team.BEN
    ident = reviewed_team.waiting(team)
    _, page, _ = await read(f"promotions/{ident}")
    assert "Approve as" not in page
    assert "You cannot approve this: Ben made it, asked for it and pushed it last" in words(page)
    waiting = team.promotions.get(ident)
    fields = {"digest": waiting.candidate.digest, "policy": waiting.policy, "generation": 2}
    answer = await send(f"promotions/{ident}/decision", decision="approve", comment="c", **fields)
    assert answer.status == 403 and "Rita or Omar can." in answer.body
    viewer[0] = Actor("hub", "rita", verified=True)  # a token that a kernel holds too
    answer = await send(f"promotions/{ident}/decision", decision="approve", comment="c", **fields)
    assert answer.status == 403 and "code in a notebook" in answer.body
    assert team.promotions.get(ident).phase == "Waiting"


async def test_d10_stale_pages_decide_nothing(team, read, send):
    """Whatever has moved since the page was drawn, the form on it is refused and says so."""
    ident = reviewed_team.waiting(team)
    seen = hidden((await read(f"promotions/{ident}"))[1])
    other = "sha256:" + "0" * 64
    stale = {
        "the bytes have changed": {"digest": other},
        "the policy has changed": {"policy": other},
        "what production runs has changed": {"generation": "1"},
    }
    for decision in ("approve", "reject"):
        for sentence, change in stale.items():
            form = {**seen, **change, "decision": decision, "comment": "My long comment."}
            answer = await send(f"promotions/{ident}/decision", **form)
            assert answer.status == 409 and sentence in answer.body, (sentence, answer.body)
            assert "My long comment." in answer.body and "Look again" in answer.body
            assert team.promotions.get(ident).phase == "Waiting"
    # Production really moves: the page that was open before can do nothing.
    back = team.releases.ask(Wish("fraud", "1.3.0", "production", "oh", "rollback"), OMAR)
    assert back["phase"] == "Active"
    answer = await send(f"promotions/{ident}/decision", decision="approve", comment="", **seen)
    assert answer.status == 409 and team.promotions.get(ident).phase != "Active"
    print(f"D10: {2 * len(stale) + 1} stale forms, 0 decisions")


async def test_roll_back_with_a_reason_and_a_tick(team, viewer, read, send):
    _, page, _ = await read("packages/fraud")
    assert "Roll back production" in page and "1.4.0" in page
    form = {"environment": "production", "version": "1.3.0", "generation": "2"}
    path = "packages/fraud/rollbacks"
    assert "not ticked" in (await send(path, reason="Recall fell", **form)).body
    assert (await send(path, sure="yes", reason=" ", **form)).status == 400
    stale = await send(path, sure="yes", reason="Recall fell", **{**form, "generation": "1"})
    assert stale.status == 409 and "has changed since you looked" in stale.body
    viewer[0] = reviewed_team.BEN
    assert (await send(path, sure="yes", reason="Recall fell", **form)).status == 403
    _, page, _ = await read("packages/fraud")
    assert "only Rita or Omar may roll back here" in page
    viewer[0] = RITA
    assert (await send(path, sure="yes", reason="Recall fell", **form)).status == 303
    _, page, _ = await read("packages/fraud")
    assert "rolled back to it: “Recall fell”" in words(page)


async def test_a_browser_without_the_token_of_the_form_is_refused(team, jp_fetch, jp_serverapp):
    """A login by cookie: what another site makes the browser send lacks the form's token."""
    ident = reviewed_team.waiting(team)
    login = await jp_fetch("api/status")
    cookies = "; ".join(c.split(";")[0] for c in login.headers.get_list("Set-Cookie"))
    waiting = team.promotions.get(ident)
    fields = {"decision": "approve", "digest": waiting.candidate.digest, "policy": waiting.policy}
    for token in ({}, {"_xsrf": ""}, {"_xsrf": "wrong"}, {"_xsrf": "2|0|0|0"}):
        with pytest.raises(HTTPClientError) as refused:
            await jp_fetch(
                f"jupyter-modelpack/pages/promotions/{ident}/decision",
                method="POST",
                body=urlencode({**fields, "generation": "2", **token}),
                headers={"Authorization": "", "Cookie": cookies},
            )
        assert refused.value.code == 403
    assert team.promotions.get(ident).phase == "Waiting"


NOT_THERE = {
    "promotions/nothing": 404,
    "promotions/nothing/notebook": 404,
    "packages/nothing": 404,
    "history?name=nothing": 404,
    "history?environment=prod": 404,
    "history?at=noon": 400,
    "?before=x": 400,
    "audit?before=-1": 400,
    "audit?whole=maybe": 400,
    "static/..%2Fbase.html": 404,
    "static/nothing.js": 404,
}


async def test_what_is_not_there_is_a_page_that_says_so(team, read):
    for path, status in NOT_THERE.items():
        code, page, headers = await read(path)
        assert code == status and '<div role="alert"><h1>' in page and "Traceback" not in page, path
        assert headers["Content-Type"].startswith("text/html")


async def test_empty_states_say_what_to_do_next(client, read, jp_serverapp):
    for path in ("", "history", "audit", "jurisdiction", "signed-in"):
        status, page, _ = await read(path)
        assert status == 200, page
        assert "unverified" in page
    assert "press Package" in words((await read(""))[1])
    assert "anyone" not in words((await read("jurisdiction"))[1])


@pytest.mark.parametrize("size", ["solo", "team", "regulated"])
async def test_the_jurisdiction_of_every_ready_made_policy(data_dir, read, size, jp_serverapp):
    from promoting import open_world

    from jupyter_modelpack.release.policy_text import ready_made

    open_world(data_dir).policy(ready_made(size))
    text = words((await read("jurisdiction"))[1])
    wanted = {
        "solo": ["Nobody has to approve", "Everyone may ask for a release to enter production"],
        "team": ["1 person has to approve: Rita or Omar", "it was in staging for a day"],
        "regulated": ["2 people have to approve: someone in model-validators", "for a week"],
    }
    for sentence in (*wanted[size], "There is no other “latest”", "may change the policy"):
        assert sentence in text, sentence


async def test_a_change_of_the_policy_is_decided_on_its_page(team, viewer, read, send):
    text = reviewed_team.POLICY.replace("owner_card: true", "owner_card: false")
    made = team.releases.propose_policy(OMAR, text, "<b>nobody reads cards</b>")
    assert "A proposed change of who may do what waits for you" in words((await read(""))[1])
    _, page, _ = await read("jurisdiction")
    said = words(page)
    assert "“<b>nobody reads cards</b>”" in said and "<b>nobody" not in page
    assert "Production: promote: somebody is named who answers for it" in said
    assert "removed: - gates: {ran_before: true, owner_card: true}" in said
    assert "Approve as Rita" in said
    place = f"policy/changes/{made['id']}/decision"
    viewer[0] = OMAR
    said = words((await read("jurisdiction"))[1])
    assert "You cannot decide on this" in said and "Approve as" not in said
    refused = await send(place, decision="approve", digest=made["digest"])
    assert refused.status == 403 and "asked for it" in refused.body
    viewer[0] = Actor("hub", "rita", verified=True)  # a token that a kernel holds too
    refused = await send(place, decision="approve", digest=made["digest"])
    assert refused.status == 403
    viewer[0] = RITA  # but it is not the text that she saw
    refused = await send(place, decision="approve", digest=made["before"], comment="My comment.")
    assert refused.status == 409 and "My comment." in refused.body
    assert str(team.releases.policies.in_force().digest) == made["before"]
    await send(place, decision="approve", digest=made["digest"], comment="they do not")
    said = words((await read("jurisdiction"))[1])
    assert "It came into force." in said and "Approve as" not in said
    assert str(team.releases.policies.in_force().digest) == made["digest"]


async def test_a_policy_that_cannot_be_read_is_said_on_the_pages(team, read):
    team.policy("version: 1\nname: [")
    for path in ("", "jurisdiction"):
        _, page, _ = await read(path)
        assert 'role="alert"' in page and "Nothing may be promoted" in page.replace(
            "nothing", "Nothing"
        )
    status, page, _ = await read(f"promotions/{reviewed_team.waiting(team)}")
    assert status == 200 and "Approve as" not in page and "The policy cannot be read" in page


async def test_every_phase_has_a_page(team, viewer, read):
    phases = set()
    ident = reviewed_team.waiting(team)
    team.releases.answer(ident, RITA, Vote(False, "no"))
    from jupyter_modelpack.errors import ModelPackError

    with pytest.raises(ModelPackError):  # refused, and recorded as Failed
        team.releases.ask(Wish("churn", "1.0.0", "production", ""), reviewed_team.BEN)
    for promotion in team.promotions.list():
        status, page, _ = await read(f"promotions/{promotion.id}")
        assert status == 200, (promotion.phase, page)
        phases.add(promotion.phase)
    assert phases >= {"Active", "Superseded", "Rejected", "Failed"}
    print(f"pages of {len(phases)} phases: {', '.join(sorted(phases))}")


async def test_the_state_changes_with_a_decision(team, client):
    before = (await client("GET", "pages/state")).body["state"]
    assert (await client("GET", "pages/state")).body["state"] == before
    team.releases.answer(reviewed_team.waiting(team), RITA, Vote(True))
    assert (await client("GET", "pages/state")).body["state"] != before
    reviewed_team.release(team, "3.0.0")
    assert (await client("GET", "pages/state")).body["state"].endswith(".8")


async def test_ten_thousand_releases_answer_quickly(team, read):
    import sqlalchemy as sa

    from jupyter_modelpack.adapters.ledger.schema import packages

    with team.ledger.database.reading() as connection:
        row = dict(connection.execute(sa.select(packages)).mappings().first())
    rows = [
        {**row, "id": 100 + n, "name": f"p{n % 200}" if n % 2 else "fraud", "version": f"7.{n}.0",
         "digest": f"sha256:{n:064d}"}
        for n in range(10_000)
    ]  # fmt: skip
    with team.ledger.database.writing() as connection:
        connection.execute(packages.insert(), rows)
    await read("")
    took = {}
    for path in (
        "",
        "packages/fraud",
        "history",
        "audit",
        f"promotions/{reviewed_team.waiting(team)}",
    ):
        began = time.perf_counter()
        status, page, _ = await read(path)
        took[path.split("/")[0] or "front"] = time.perf_counter() - began
        assert status == 200
        if path in ("", "packages/fraud"):
            assert len(page) < 200_000 and ">Older</a>" in page
    older = re.search(r"packages/fraud\?before=(\d+)", (await read("packages/fraud"))[1])
    assert older is not None
    _, page, _ = await read(f"packages/fraud?before={older[1]}")
    assert "older ones" in page
    told = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in took.items())
    print(f"10,000 releases: {told}")
    assert max(took.values()) < 5  # far above what is printed; a whole list takes longer
