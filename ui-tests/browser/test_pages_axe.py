"""The service's own pages have no fault that axe knows, in both themes, wide and narrow."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from browser.axe import faults
from browser.labserver import REPOSITORY
from browser.page_server import PageServer

sys.path[:0] = [path for path in (str(REPOSITORY / "tests"),) if path not in sys.path]

import reviewed_team  # noqa: E402
from promoting import OMAR  # noqa: E402

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def team(tmp_path_factory: Any) -> tuple[Path, str]:
    """A team with a request that waits, and a change of its policy."""
    data_dir = tmp_path_factory.mktemp("axe") / "data"
    world = reviewed_team.fill(data_dir)
    ident = reviewed_team.waiting(world)
    other = reviewed_team.POLICY.replace("needed: 1", "needed: 2")
    world.releases.propose_policy(OMAR, other, "Four eyes see more.")
    world.ledger.close()
    return data_dir, ident


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_fault_on_any_page(team: Any, chromium: Any, theme: str) -> None:
    data_dir, ident = team
    paths = ("", f"promotions/{ident}", "packages/fraud", "history", "jurisdiction", "audit",
             "signed-in", "promotions/nothing")  # fmt: skip
    found = []
    for person, width in (("rita", 1120), ("ben", 360)):
        with PageServer(data_dir, person) as server:
            context = chromium.new_context(
                viewport={"width": width, "height": 800}, color_scheme=theme, locale="en-GB"
            )
            server.log_in(context)
            page = context.new_page()
            for path in paths:
                page.goto(server.pages + path)
                print(f"{theme}, {width} px, {path or 'front'}:", end=" ")
                found += [f"{path or 'front'}, {width} px: {each}" for each in faults(page)]
            context.close()
    assert found == []
