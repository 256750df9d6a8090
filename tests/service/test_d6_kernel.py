"""D6: code in a reviewer's kernel tries everything that it finds, and approves nothing."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import httpx
import pytest

from jupyter_modelpack.adapters.identity.sessions import COOKIE
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.services.promotions import Wish
from tests.hub import post
from tests.service.served import account
from tests.shelf_workshop import shelf_world

ADA = Actor("jupyterhub", "ada", verified=True, signed_in=True)
ATTACK = (Path(__file__).parent / "kernel_attack.py").read_text("utf-8")


@pytest.fixture
def waiting(hub, tmp_path):
    """A service on which a promotion of Ada's waits for a reviewer."""
    with hub.serve(tmp_path / "data", workshop="shelf_workshop:open_workshop") as service:
        world = shelf_world(service.data_dir)
        for version in ("1.0.0", "1.1.0"):
            world.package(version, account=account("ada", "jupyterhub"))
            world.releases.ask(Wish("churn", version, "dev", ""), ADA)
        world.releases.ask(Wish("churn", "1.1.0", "staging", ""), ADA)
        asked = world.releases.ask(Wish("churn", "1.1.0", "production", ""), ADA)
        yield service, world, asked["id"]
        world.ledger.close()


def test_d6_code_in_a_kernel_cannot_approve(hub, waiting):
    service, world, ident = waiting
    with hub.signed_in("rita") as rita:  # her browser is logged in meanwhile
        before = len(list(world.ledger.audit.rows()))
        words = json.dumps([service.url, hub.url, ident, COOKIE])
        said = hub.run_code("rita", f"ATTACK = {words}\n{ATTACK}")
        found = json.loads(said.split("RESULT ", 1)[1])
        ways = Counter(found["tried"])
        print(f"D6: {found['named']} tokens, {len(found['tried'])} requests, {len(ways)} ways:")
        print(f"    {dict(ways)}")
        print(f"    {len(found['through'])} not refused, 0 approvals")
        assert found["through"] == []
        assert found["named"] >= 1
        assert len(ways) >= 10
        assert len(list(world.ledger.audit.rows())) == before, "something was recorded"
        assert world.promotions.get(ident).phase == "Waiting"
        # the token that the kernel really has is good: it reads, and says who it is
        seen = hub.run_code("rita", "import os; print(os.environ['JUPYTERHUB_API_TOKEN'])")
        head = {"Authorization": f"token {seen.strip()}"}
        shown = httpx.get(service.route("environments?name=churn"), headers=head)
        assert shown.json()["identity"]["username"] == "rita"
        # and Rita herself approves, in her browser
        done = post(rita, hub, f"promotions/{ident}/decision", {"decision": "approve"})
        assert (done.status_code, done.json()["phase"]) == (200, "Active"), done.text
    assert os.environ.get("JUPYTERHUB_API_TOKEN") is None
