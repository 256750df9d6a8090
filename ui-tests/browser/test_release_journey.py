"""Promotion for real, by one person: JupyterLab, our server, its ledger and Chromium."""

from __future__ import annotations

import time
from typing import Any

import pytest

from browser.driver import open_lab, panel
from browser.labserver import LabServer
from browser.test_journey import LONG, package
from browser.test_journey import lab as lab
from browser.test_releases import REVIEW, lane

pytestmark = pytest.mark.browser


def promote(page: Any, version: str, environment: str) -> float:
    """Promote as a person does; returns the seconds until the lane shows it."""
    label = f"Promote {version} to {environment}"
    lane(page, environment).get_by_role("button", name=label).click()
    form = panel(page).get_by_role("form", name=label)
    form.get_by_label("Why").fill(f"First report for {environment}")
    began = time.monotonic()
    form.get_by_label("Why").press("Enter")
    lane(page, environment).get_by_text("active", exact=True).wait_for()
    return time.monotonic() - began


def test_one_person_takes_a_package_to_staging(page: Any, lab: LabServer) -> None:
    open_lab(page, lab, "sales-report.ipynb")
    package(page)
    panel(page).get_by_role("heading", name="sales-report 1.0.0").wait_for(timeout=LONG)
    panel(page).get_by_text("Nothing runs in production yet.").wait_for()
    for environment in ("dev", "staging"):
        print(f"{environment}: {promote(page, '1.0.0', environment):.1f} s until the lane shows it")
    lane(page, "staging").get_by_role("button", name="History of staging").click()
    panel(page).get_by_text("“First report for staging”").wait_for()
    assert panel(page).get_by_role("alert").count() == 0
    assert page.locator(REVIEW).count() == 0
