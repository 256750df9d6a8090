"""Fixtures: a real JupyterLab, a real Chromium, and a stand-in for our routes."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser.labserver import BUILT, LabServer

playwright_api = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed: no browser tests."
)

# Assertions on a page wait as long as everything else on it does.
expect = playwright_api.expect
expect.set_options(timeout=20_000)

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# What a kernel of this interpreter says of itself: opening the notebook then changes nothing in it.
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": sys.version_info.major},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": "{}.{}.{}".format(*sys.version_info[:3]),
}


def notebook(*sources: str, tags: dict[int, list[str]] | None = None) -> dict[str, Any]:
    """Return a Python notebook with these code cells; ``tags`` by cell number from 1."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {
                "name": "python3",
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
            },
            "language_info": LANGUAGE,
        },
        "cells": [
            {
                "id": f"cell-{number}",
                "cell_type": "code",
                "metadata": {"tags": (tags or {}).get(number, [])},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for number, source in enumerate(sources, 1)
        ],
    }


def write_notebook(path: Path, content: dict[str, Any]) -> None:
    """Write a notebook as Jupyter does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")


# For this folder only: Playwright keeps an event loop running, beside which others' tests fail.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """A running Chromium: the one that CHROMIUM names, else the one on the path."""
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not executable:
        pytest.skip("There is no Chromium here: set CHROMIUM to its path.")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A JupyterLab with the built extension, and its server part where that is there."""
    if not (BUILT / "package.json").exists():
        pytest.skip("The front end is not built: run jlpm build:prod.")
    root = tmp_path_factory.mktemp("notebooks")
    state = tmp_path_factory.mktemp("state")
    there = importlib.util.find_spec("jupyter_modelpack.app") is not None
    with LabServer(root, state, with_server_part=there) as server:
        yield server


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page of its own, wide enough for a notebook and the panel."""
    context = chromium.new_context(
        viewport={"width": 1400, "height": 900},
        permissions=["clipboard-read", "clipboard-write"],
        locale="en-GB",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()
