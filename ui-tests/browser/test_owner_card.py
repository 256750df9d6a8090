"""The owner card is filled in beside the notebook, in JupyterLab's own form."""

from __future__ import annotations

import json
import time
from typing import Any

from browser.conftest import notebook, write_notebook
from browser.driver import open_lab
from browser.labserver import LabServer

CARD = {
    "name": "Churn team",
    "contact": "churn@example.org",
    "runbook": "Roll back, then call Ada.",
}


def test_the_owner_card_is_kept_in_the_notebook(page: Any, lab: LabServer) -> None:
    place = lab.root / "owned.ipynb"
    write_notebook(place, notebook("x = 1"))
    open_lab(page, lab, "owned.ipynb")
    page.locator(".jp-NotebookPanel .jp-Cell").first.click()
    page.get_by_role("tab", name="Property Inspector").click()
    form = page.locator(".jp-NotebookTools")
    form.get_by_text("Package: who answers for it").click()
    form.locator('input[name$="/modelpack/owner/runbook"]').wait_for()
    assert page.locator(".jp-mod-dirty").count() == 0, "looking at the form changes nothing"
    for key, text in CARD.items():
        field = form.locator(f'input[name$="/modelpack/owner/{key}"]')
        field.fill(text)
        field.press("Tab")
    end = time.monotonic() + 30
    found: Any = None
    while time.monotonic() < end:
        page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        found = json.loads(place.read_text())["metadata"].get("modelpack")
        if found == {"owner": CARD}:
            break
        page.wait_for_timeout(300)
    assert found == {"owner": CARD}
