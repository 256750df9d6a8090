"""Takes pictures of lanes and reviews: ``python -m browser.release_shots DIR`` in ui-tests."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from browser import samples
from browser.conftest import ARGUMENTS, notebook, write_notebook
from browser.driver import open_lab, open_panel, panel, set_width
from browser.labserver import LabServer
from browser.release_server import ReleaseServer, for_the_reviewer, promotion
from browser.test_releases import REVIEW, lane, open_review, packaged

LONG = "model = HistGradientBoostingClassifier(\n    max_iter={},\n    learning_rate={})\n"


def rich(*, reviewer: bool = True) -> dict[str, Any]:
    """A promotion with more to read."""
    full = for_the_reviewer() if reviewer else promotion()
    before = "import pandas as pd\n" * 6 + LONG.format(200, 0.1) + "model.fit(X, y)\n" * 5
    after = "import pandas as pd\n" * 6 + LONG.format(400, 0.05) + "model.fit(X, y)\n" * 5
    full["difference"]["cells"].insert(0, {"cell": 3, "before": before, "after": after})
    return full


def drive(page: Any, server: ReleaseServer, directory: Path, theme: str) -> None:
    """Go through the states and take a picture of each."""

    def shot(name: str) -> None:
        page.wait_for_timeout(500)
        panel(page).screenshot(path=directory / f"{name}-{theme}.png")

    open_panel(page)
    lane(page, "staging").wait_for()
    shot("lanes")
    set_width(page, 280)
    shot("lanes-280")
    lane(page, "staging").get_by_role("button", name="Promote 1.3.0 to staging").click()
    shot("promote-280")
    set_width(page, 360)
    lane(page, "production").get_by_role("button", name="What production asks for").click()
    shot("promote")
    lane(page, "staging").get_by_role("button", name="Roll back staging").click()
    lane(page, "production").get_by_role("button", name="History of production").click()
    shot("history")
    server.lane("production")["waiting"] = promotion()
    server.promotions = [for_the_reviewer(), rich()]
    server.promotions[0] |= {"id": "f", "name": "fraud", "version": "2.0.0", "requested_by": "ben"}
    page.reload()
    open_panel(page)
    panel(page).get_by_text("Waiting for you").wait_for()
    shot("waiting")
    set_width(page, 280)
    shot("waiting-280")
    open_review(page, rich()["id"])
    page.evaluate("() => window.jupyterapp.shell.collapseRight()")
    page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    page.wait_for_timeout(800)
    page.locator(REVIEW).screenshot(path=directory / f"review-{theme}.png")
    page.set_viewport_size({"width": 620, "height": 1700})
    page.wait_for_timeout(800)
    page.locator(REVIEW).screenshot(path=directory / f"review-narrow-{theme}.png")


def main(directory: Path) -> None:
    """Write one picture for each state and theme."""
    directory.mkdir(parents=True, exist_ok=True)
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "root"
        write_notebook(root / "churn.ipynb", notebook(*[f"x = {n}" for n in range(1, 13)]))
        with (
            LabServer(root, Path(temporary) / "state", with_server_part=False) as lab,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
            for theme in ("light", "dark"):
                size = {"width": 1400, "height": 1450}
                page = browser.new_context(viewport=size, locale="en-GB").new_page()
                server = ReleaseServer(**packaged(inspection=samples.inspection()))
                server.install(page)
                open_lab(page, lab, "churn.ipynb", theme=theme)
                drive(page, server, directory, theme)
                page.context.close()
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
