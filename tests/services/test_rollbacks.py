"""Rolling back through the services, over a real ledger."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from promoting import ADA, RITA, TEAM, YOU, open_world, signed
from promotion_moves import ask, everywhere, holds, together, whole

from jupyter_modelpack.errors import (
    BackendError,
    Conflict,
    InvalidInput,
    ModelPackError,
    NotPermitted,
)
from jupyter_modelpack.services.promotions import Wish


def test_d9_rollback(world):
    everywhere(world, "1.0.0")
    with pytest.raises(InvalidInput, match="reason"):
        world.promotions.ask(Wish("churn", "1.0.0", "production", " ", "rollback"), YOU)
    with pytest.raises(Conflict, match="has never run"):
        ask(world, "1.1.0", "production", kind="rollback")
    everywhere(world, "1.1.0")
    before = world.ledger.packages.get("churn", "1.0.0")["digest"]
    generation = world.ledger.promotions.lane("churn", "production").slot.generation
    answers = together(
        20,
        lambda _: ask(world, "1.0.0", "production", kind="rollback", generation=generation),
    )
    done = {each.id for each in answers if not isinstance(each, ModelPackError)}
    assert len(done) == 1, "two rollbacks at once are one"
    slot = world.ledger.promotions.lane("churn", "production").slot
    assert (str(slot.digest), slot.generation) == (before, generation + 1)
    whole(world)


def test_d9_rollback_needs_its_own_permission_and_never_loops(tmp_path, ledger):
    class Broken:
        calls = 0

        def deploy(self, order, record, files):
            Broken.calls += 1
            if order.version == "1.0.0" and order.generation > 1:
                raise OSError("no route")

    world = open_world(tmp_path, ledger=ledger, deployer=Broken())
    world.finder.change = signed
    world.policy(TEAM.replace("needed: 1, from", "needed: 0, from"))
    for version in ("1.0.0", "1.1.0"):
        world.package(version)
        for place in ("dev", "production"):
            ask(world, version, place, ADA)
    calls = Broken.calls
    with pytest.raises(NotPermitted, match="may not roll back"):
        ask(world, "1.0.0", "production", ADA, kind="rollback")
    with pytest.raises(BackendError, match="was not changed"):
        ask(world, "1.0.0", "production", RITA, kind="rollback")
    assert Broken.calls == calls + 1, "nothing is tried again by itself"
    assert holds(world) == "1.1.0"
    assert world.promotions.list("churn")[0].phase in ("Errored", "Active")
    whole(world)


def test_d9_rollback_during_a_promotion_is_refused(tmp_path, ledger):
    started, go_on = threading.Event(), threading.Event()

    class Slow:
        def deploy(self, order, record, files):
            if order.version == "1.2.0":
                started.set()
                assert go_on.wait(20)

    world = open_world(tmp_path, ledger=ledger, deployer=Slow())
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        world.package(version)
    ask(world)
    ask(world, "1.1.0")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(ask, world, "1.2.0")
        assert started.wait(20)
        with pytest.raises(Conflict, match=r"1\.2\.0 is being brought into dev right now"):
            ask(world, kind="rollback")
        [being] = world.promotions.list("churn", is_open=True)
        with pytest.raises(Conflict, match="too late to withdraw"):
            world.promotions.withdraw(being.id, YOU)
        go_on.set()
        assert running.result().phase == "Active"
    assert ask(world, kind="rollback").phase == "Active"
    whole(world)
