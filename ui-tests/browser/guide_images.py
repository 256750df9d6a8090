"""Pictures for the user guide, of the real thing: run ``python -m browser.guide_images DIR``."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from browser.conftest import ARGUMENTS
from browser.driver import open_lab, panel
from browser.labserver import REPOSITORY, LabServer
from browser.test_journey import LONG, edit, package

SAMPLE_KEY = "AKIA" + "Q3ZP7XWK2MTL9RVB"


def main(out: Path) -> None:
    """Package the churn example in a browser and take a picture of each state."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder) / "examples"
        shutil.copytree(REPOSITORY / "examples", root)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        with LabServer(root, Path(folder) / "state", with_server_part=True) as lab:
            page = browser.new_context(
                viewport={"width": 1360, "height": 900}, reduced_motion="reduce", locale="en-GB"
            ).new_page()
            page.set_default_timeout(30_000)
            # A machine that does much else answers late at times, which is no part of the story.
            late = page.locator(".jp-Dialog", has_text="Server Connection Error")
            page.add_locator_handler(late, lambda: late.get_by_text("Close").click())
            open_lab(page, lab, "churn.ipynb", workspace="guide")
            _journey(page, out)
            page.evaluate(
                "() => window.jupyterapp.commands.execute('apputils:change-theme',"
                " {theme: 'JupyterLab Dark'})"
            )
            page.wait_for_timeout(1500)
            _whole(page, out / "lab-dark.png")
            _panel(page, out / "done-dark.png")
        browser.close()


def _journey(page: Any, out: Path) -> None:
    package(page)
    panel(page).get_by_text("of 10", exact=False).wait_for(timeout=LONG)
    _panel(page, out / "running-light.png")
    panel(page).get_by_role("heading", name="churn 1.0.0").wait_for(timeout=LONG)
    panel(page).get_by_role("button", name="Nothing to package").wait_for(timeout=LONG)
    page.wait_for_timeout(500)
    _whole(page, out / "lab-light.png")
    _panel(page, out / "done-light.png")
    edit(page, 2, f'import pandas as pd\n!pip install seaborn\naws_key = "{SAMPLE_KEY}"')
    package(page)
    panel(page).get_by_text("Not packaged:", exact=False).wait_for(timeout=LONG)
    page.wait_for_timeout(1500)
    _panel(page, out / "findings-light.png")
    edit(page, 2, "import pandas as pd\nfrom sklearn.ensemble import"
         " HistGradientBoostingClassifier\nfrom sklearn.metrics import roc_auc_score\n"
         "from sklearn.model_selection import train_test_split")  # fmt: skip
    edit(page, 7, "auc = round(roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]), 4)\n"
         'rows = len(customers)\nprint(f"auc {auc}")')  # fmt: skip
    package(page)
    panel(page).get_by_role("heading", name="churn 1.1.0").wait_for(timeout=LONG)
    panel(page).get_by_role("button", name="Nothing to package").wait_for(timeout=LONG)


def _panel(page: Any, path: Path) -> None:
    page.locator(".jp-Dialog").wait_for(state="detached")
    panel(page).screenshot(path=path)


def _whole(page: Any, path: Path) -> None:
    panel(page).get_by_role("heading").first.click()  # whatever lies over it is closed for that
    page.locator(".jp-Dialog").wait_for(state="detached")
    page.screenshot(path=path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
