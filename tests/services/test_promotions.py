"""Promotion through the services, over a real ledger: what is recorded, and what is refused."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from promoting import ADA, OMAR, RITA, TEAM, YOU, Clock, open_world, person, signed
from promotion_moves import ask, entries, everywhere, holds, together, whole

from jupyter_modelpack.errors import (
    Conflict,
    GateNotSatisfied,
    InvalidInput,
    ModelPackError,
    NotFound,
    NotPermitted,
)
from jupyter_modelpack.release.audit import verify
from jupyter_modelpack.services.promotions import Vote

COLUMNS = ("id", "name", "environment", "phase", "revision", "asked", "open_for", "record")


def test_the_solo_story(world):
    everywhere(world, "1.0.0")
    everywhere(world, "1.1.0")
    assert holds(world) == "1.1.0"
    back = ask(world, "1.0.0", "production", kind="rollback")
    assert (back.phase, back.kind, holds(world)) == ("Active", "rollback", "1.0.0")
    shown = world.releases.history("churn", "production")
    assert [(e["version"], e["kind"]) for e in shown] == [
        ("1.0.0", "rollback"),
        ("1.1.0", "promotion"),
        ("1.0.0", "promotion"),
    ]
    then = world.releases.history("churn", "production", shown[1]["at"])
    assert [each["version"] for each in then] == ["1.1.0"]
    assert {each["phase"] for each in world.told} == {"Deploying", "Active", "Superseded"}
    assert all(set(each) == {"kind", "id", "phase", "step"} for each in world.told)
    whole(world)


def test_what_a_person_sees_before_asking(world):
    view = world.releases.show("churn", YOU)
    assert [e["promote"]["allowed"] for e in view["environments"]] == [True, False, False]
    assert view["environments"][0]["promote"]["version"] == "1.1.0"
    assert "must be in dev first" in view["environments"][1]["promote"]["sentence"]
    assert view["badge"] == "Nothing runs in production yet."
    ask(world, "1.1.0")
    view = world.releases.show("churn", YOU)
    assert view["environments"][0]["promote"]["sentence"] == "Dev runs 1.1.0 already."
    assert view["environments"][1]["promote"]["allowed"]
    assert view["environments"][0]["rollback"]["to"] == []


def test_a_gate_refuses_and_says_why(world):
    with pytest.raises(GateNotSatisfied) as refused:
        ask(world, to="staging")
    assert "cannot enter staging yet: must be in dev first." in refused.value.message
    assert {c["answer"] for c in refused.value.details["checks"]} == {"pass", "fail"}
    world.finder.change = lambda facts: replace(facts, blobs=None)
    with pytest.raises(GateNotSatisfied):
        ask(world)
    phases = [p.phase for p in world.promotions.list("churn")]
    assert sorted(phases) == ["Errored", "Failed"], "refused requests are recorded"
    assert holds(world, "dev") is None
    whole(world)


def test_unexpected_trouble_refuses(world):
    def broken(facts):
        raise ZeroDivisionError

    world.finder.change = broken
    with pytest.raises(GateNotSatisfied):
        ask(world)
    assert holds(world, "dev") is None


def test_team_policy_on_one_machine_refuses_in_plain_words(tmp_path, ledger):
    world = open_world(tmp_path, ledger=ledger)
    world.package()
    world.policy(TEAM)
    with pytest.raises(NotPermitted) as refused:
        ask(world)
    assert refused.value.message == (
        "You is an unverified identity, and this policy needs a second person."
    )
    assert "solo policy" in refused.value.advice
    view = world.releases.show("churn", YOU)
    assert not any(e["promote"]["allowed"] for e in view["environments"])
    assert entries(world)[-1]["kind"] == "policy.installed"


def test_approval_by_a_second_person(team):
    ask(team, who=ADA)
    waiting = ask(team, to="production", who=ADA)
    assert waiting.phase == "Waiting"
    view = team.releases.get(waiting.id, ADA)
    assert view["sentence"] == "Waiting for approval: Rita or Omar approve."
    assert view["checks"][-1]["outcome"] == "waiting"
    assert not view["may"]["approve"]["allowed"]
    assert view["may"]["withdraw"]["allowed"]
    assert re.match(r"The first release there: \d+ cells?", view["difference"]["sentence"])
    with pytest.raises(NotPermitted, match="Ada made it, asked for it and pushed it last"):
        team.promotions.answer(waiting.id, ADA, Vote(True))
    with pytest.raises(NotPermitted, match="unverified"):
        team.promotions.answer(waiting.id, replace(RITA, verified=False), Vote(True))
    with pytest.raises(NotPermitted, match="not among those"):
        team.promotions.answer(waiting.id, person("eve"), Vote(True))
    active = team.promotions.answer(waiting.id, RITA, Vote(True, "read it"))
    assert (active.phase, holds(team)) == ("Active", "1.0.0")
    [entry] = team.releases.history("churn", "production")
    assert (entry["by"], entry["approved_by"]) == ("ada", ["rita"])
    whole(team)


def test_reject_and_withdraw(team):
    ask(team, who=ADA)
    first = ask(team, to="production", who=ADA)
    assert team.promotions.answer(first.id, OMAR, Vote(False, "recall fell")).phase == "Rejected"
    second = ask(team, to="production", who=ADA)
    with pytest.raises(NotPermitted):
        team.promotions.withdraw(second.id, RITA)
    assert team.promotions.withdraw(second.id, ADA).phase == "Withdrawn"
    with pytest.raises(Conflict):
        team.promotions.answer(second.id, RITA, Vote(True))
    with pytest.raises(NotFound):
        team.promotions.withdraw("nothing", ADA)
    assert holds(team) is None
    whole(team)


def test_d4_a_yes_is_bound_to_what_was_seen(team):
    ask(team, who=ADA)
    waiting = ask(team, to="production", who=ADA)
    other = "sha256:" + "0" * 64
    tried = 0
    for vote in (
        Vote(True, digest=other),
        Vote(True, policy=other),
        Vote(True, generation=7),
        Vote(False, digest=other),
    ):
        with pytest.raises(Conflict, match="Not recorded"):
            team.promotions.answer(waiting.id, RITA, vote)
        tried += 1
    team.policy(TEAM.replace("needed: 1", "needed: 0"))
    with pytest.raises(Conflict, match="not the approved one"):
        team.promotions.answer(waiting.id, RITA, Vote(True))
    team.policy(TEAM)
    # The first yes is there, and then the image turns out to be another: the last round refuses.
    team.finder.change = lambda facts: replace(
        signed(facts), blobs=replace(facts.blobs, digests=False)
    )
    with pytest.raises(GateNotSatisfied):
        team.promotions.answer(waiting.id, RITA, Vote(True))
    assert holds(team) is None
    print(f"D4: {tried + 2} approvals of something else, 0 promotions")


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "version: 1",
        "version: 2\nname: x\nenvironments: [{name: dev}]",
        "a: [",
        "\x00",
        TEAM.replace("needed: 1", "needed: 0"),
        TEAM.replace("[rita, omar]", "[ada]"),
        TEAM.replace("production", "prod"),
        TEAM.replace("gates: {ran_before: true}", "gates: {}"),
    ],
)
def test_d5_only_the_approved_policy_counts(team, text):
    ask(team, who=ADA)
    if text is None:
        (team.data_dir / "policy.yaml").unlink()
    else:
        team.policy(text)
    for who in (ADA, RITA, YOU, person("eve")):
        for place in ("dev", "production"):
            with pytest.raises((InvalidInput, Conflict, NotPermitted, NotFound)) as refused:
                ask(team, "1.1.0", place, who)
            assert len(str(refused.value)) < 300
        with pytest.raises(ModelPackError):
            team.releases.adopt_policy(who, "mine is better")
    assert (holds(team, "dev"), holds(team)) == ("1.0.0", None)
    assert [e["kind"] for e in entries(team) if e["kind"].startswith("policy")] == [
        "policy.installed"
    ]


def test_a_policy_change_is_recorded(world):
    ask(world)
    text = (world.data_dir / "policy.yaml").read_text()
    world.policy(text.replace("name: solo", "name: mine"))
    with pytest.raises(Conflict, match="not the approved one"):
        ask(world, "1.1.0")
    assert world.releases.adopt_policy(YOU, "another name")["name"] == "mine"
    assert ask(world, "1.1.0").phase == "Active"
    kinds = [e["kind"] for e in entries(world) if e["kind"].startswith("policy")]
    assert kinds == ["policy.installed", "policy.asked", "policy.changed"]
    world.policy(TEAM)
    with pytest.raises(NotPermitted, match="nobody could use it"):
        world.releases.adopt_policy(YOU, "team now")
    whole(world)


def test_d7_concurrent_promotes_leave_one_digest(tmp_path, ledger):
    world = open_world(tmp_path, ledger=ledger, now=Clock())
    for number in range(10):
        world.package(f"1.{number}.0")
    ask(world)
    answers = together(100, lambda number: ask(world, f"1.{number % 10}.0", generation=1))
    kinds = Counter(type(each).__name__ for each in answers)
    assert set(kinds) <= {"Promotion", "Conflict"}, kinds
    active = [p for p in world.promotions.list("churn") if p.phase == "Active"]
    assert len(active) == 1
    assert (
        str(active[0].candidate.digest) == world.ledger.promotions.lane("churn", "dev").slot.digest
    )
    assert world.ledger.promotions.lane("churn", "dev").slot.generation == 2
    assert not world.promotions.list("churn", is_open=True)
    whole(world)
    print(f"D7: 100 promotes of 10 releases: 1 current digest; {dict(kinds)}")


def test_d7_concurrent_clicks_are_one_promotion(world):
    answers = together(100, lambda _: ask(world, generation=0))
    made = {each.id for each in answers if not isinstance(each, ModelPackError)}
    assert len(made) == 1
    assert len(world.promotions.list("churn")) == 1
    assert all(isinstance(each, Conflict) or each.id in made for each in answers)
    whole(world)
    print(f"D7: 100 clicks on one release: {len(made)} promotion")


def test_d10_an_outdated_view_is_a_conflict(world):
    ask(world)
    tried = 0
    for generation in (0, 2, 99):
        for kind, version in (("promote", "1.1.0"), ("rollback", "1.0.0")):
            with pytest.raises(Conflict):
                ask(world, version, kind=kind, generation=generation)
            tried += 1
    assert ask(world, "1.1.0", generation=1).phase == "Active"
    print(f"D10: {tried} of {tried} outdated views refused")


def test_what_a_killed_process_left_is_taken_up(world, tmp_path):
    class Killed(BaseException):
        pass

    class Dies:
        def deploy(self, order, record, files):
            raise Killed

    clock = Clock()
    dying = open_world(tmp_path, ledger=world.ledger, now=clock, deployer=Dies())
    with pytest.raises(Killed):
        ask(dying)
    [left] = dying.promotions.list("churn", is_open=True)
    assert left.phase == "Deploying"
    assert open_world(tmp_path, ledger=world.ledger, now=clock).promotions.recover() == 1
    again = dying.promotions.get(left.id)
    assert (again.phase, again.attempt) == ("Active", 2)
    whole(world)


def test_what_was_left_is_found_behind_many_that_wait(team):
    ask(team, who=ADA)
    waiting = ask(team, to="production", who=ADA)
    store = team.ledger.promotions
    table = sa.table("promotions", *map(sa.column, COLUMNS))
    with team.ledger.database.writing() as connection:
        row = connection.execute(sa.select(table).where(table.c.id == waiting.id)).one()
        for number in range(250):
            ident, name = f"{number:032x}", f"other{number}"
            record = row.record.replace(waiting.id, ident).replace('"churn"', f'"{name}"')
            more = {"id": ident, "name": name, "asked": "2030", "open_for": None, "record": record}
            connection.execute(table.insert().values(**{**row._mapping, **more}))
        left = row.record.replace('"Waiting"', '"Checking"')
        this = table.update().where(table.c.id == waiting.id)
        connection.execute(this.values(phase="Checking", record=left))
    assert store.get(waiting.id).phase == "Checking"
    assert team.promotions.recover() == 1
    assert store.get(waiting.id).phase == "Waiting"


def test_what_this_process_is_carrying_out_is_left_to_it(tmp_path, ledger):
    class Meanwhile:
        """A server that has just started takes up what was left, while a person promotes."""

        def deploy(self, order, record, files):
            taken.append(world.promotions.recover())

    taken: list[int] = []
    world = open_world(tmp_path, ledger=ledger, deployer=Meanwhile())
    world.package("1.0.0")
    done = ask(world)
    assert (done.phase, done.attempt, taken) == ("Active", 1, [0])


def test_the_log_finds_edits(world):
    everywhere(world, "1.0.0")
    rows = entries(world)
    assert verify(rows).whole
    for number in range(len(rows)):
        cut = [row for at, row in enumerate(rows) if at != number]
        found = verify(cut, world.ledger.audit.checkpoints())
        assert not found.whole, f"without entry {number + 1}"


def test_a_clock_that_goes_back_changes_nothing(tmp_path, ledger):
    clock = Clock()
    world = open_world(tmp_path, ledger=ledger, now=clock)
    for version in ("1.0.0", "1.1.0"):
        world.package(version)
    ask(world, "1.0.0")
    before = (entries(world), world.promotions.list())
    clock.now -= timedelta(days=10)
    with pytest.raises(Conflict, match="This server's clock says 7 November 2026") as caught:
        ask(world, "1.1.0")
    assert caught.value.advice
    assert (entries(world), world.promotions.list()) == before
    clock.now += timedelta(days=10)
    assert ask(world, "1.1.0").phase == "Active"
    times = [entry["at"] for entry in entries(world)]
    assert times == sorted(times)
    whole(world)
