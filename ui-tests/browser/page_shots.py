"""Takes pictures of the pages: ``python -m browser.page_shots DIR`` in ui-tests."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from browser.conftest import ARGUMENTS
from browser.labserver import REPOSITORY
from browser.page_server import PageServer

LONG = "customer-churn-with-a-very-long-name-that-nobody-would-type-twice"


def shots(page: Any, server: PageServer, directory: Path, ident: str, tail: str) -> None:
    """Go through the pages and take a picture of each."""
    paths = {
        "front": "",
        "promotion": f"promotions/{ident}",
        "package": "packages/fraud",
        "history": "history",
        "jurisdiction": "jurisdiction",
        "audit": "audit",
        "signed-in": "signed-in",
        "error": "promotions/nothing",
    }
    for name, path in paths.items():
        page.goto(server.pages + path)
        page.screenshot(path=directory / f"{name}-{tail}.png", full_page=True)


def main(directory: Path) -> None:
    """Write one picture for each page, person, theme and width."""
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]
    from promoting import OMAR
    from reviewed_team import POLICY, fill, release, waiting

    directory.mkdir(parents=True, exist_ok=True)
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        full, empty = Path(temporary) / "full", Path(temporary) / "empty"
        world = fill(full)
        release(world, "1.0.0", LONG, why="First release.")
        ident = waiting(world)
        other = POLICY.replace("owner_card: true", "owner_card: false").replace(
            "needed: 1", "needed: 2"
        )
        world.releases.propose_policy(OMAR, other, "Nobody reads the cards; four eyes do.")
        empty.mkdir()
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        cases = [
            (full, "rita", "light", 1120), (full, "rita", "dark", 1120),
            (full, "rita", "light", 360), (full, "ben", "dark", 360),
            (full, "ben", "light", 1120), (empty, "-", "light", 1120),
        ]  # fmt: skip
        for data_dir, person, theme, width in cases:
            with PageServer(data_dir, person) as server:
                context = browser.new_context(
                    viewport={"width": width, "height": 800}, color_scheme=theme, locale="en-GB"
                )
                server.log_in(context)
                name = f"{data_dir.name}-{person}-{theme}-{width}"
                shots(context.new_page(), server, directory, ident, name)
                context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
