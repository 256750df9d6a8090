"""Fixtures: one person's releases, and those of a team that approves."""

from __future__ import annotations

import pytest
from promoting import ADA, TEAM, open_world, signed


@pytest.fixture
def world(tmp_path, ledger):
    made = open_world(tmp_path, ledger=ledger)
    made.package("1.0.0")
    made.package("1.1.0")
    return made


@pytest.fixture
def team(tmp_path, ledger):
    made = open_world(tmp_path, ledger=ledger)
    made.finder.change = signed
    made.policy(TEAM)
    made.package("1.0.0", account=ADA.to_json())
    made.package("1.1.0", account=ADA.to_json())
    return made
