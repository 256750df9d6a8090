"""One click for real: JupyterLab, our server, a worker process, the sandbox and Chromium."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser.conftest import expect, notebook, write_notebook
from browser.driver import open_lab, open_panel, panel
from browser.labserver import BUILT, REPOSITORY, LabServer

pytestmark = pytest.mark.browser

LONG = 180_000


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A JupyterLab on copies of the examples, with nothing packaged yet."""
    if not (BUILT / "package.json").exists():
        pytest.skip("The front end is not built: run jlpm build:prod.")
    root = tmp_path_factory.mktemp("examples") / "root"
    shutil.copytree(
        REPOSITORY / "examples",
        root,
        ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"),
    )
    with LabServer(root, tmp_path_factory.mktemp("lab"), with_server_part=True) as server:
        yield server


def package(page: Any) -> None:
    """Click Package in the toolbar, and save what Jupyter itself changed, if it asks."""
    page.locator(".jp-NotebookPanel-toolbar").get_by_text("Package", exact=True).click()
    save = page.get_by_role("button", name="Save and package")
    started = panel(page).get_by_role("heading", name="Packaging")
    save.or_(started).first.wait_for()
    if save.is_visible():
        save.click()


def edit(page: Any, number: int, source: str) -> None:
    """Give a cell another source, as typing does."""
    page.evaluate(
        """([index, source]) => {
            const { notebook } = window.jupyterapp.shell.currentWidget.content
              ? { notebook: window.jupyterapp.shell.currentWidget.content } : {};
            notebook.widgets[index].model.sharedModel.setSource(source);
        }""",
        [number - 1, source],
    )


def test_package_edit_package_again_and_a_planted_key(page: Any, lab: LabServer) -> None:
    began = time.monotonic()
    open_lab(page, lab, "churn.ipynb", workspace="churn")
    package(page)
    panel(page).get_by_role("heading", name="churn 1.0.0").wait_for(timeout=LONG)
    panel(page).get_by_text("Ran sealed: no network, nothing written outside.").first.wait_for()
    panel(page).get_by_text("2 of your checks passed").wait_for()
    panel(page).get_by_role("button", name="Nothing to package").wait_for()
    print(f"first package at the glass after {time.monotonic() - began:.1f} s")

    edit(page, 6, "model = HistGradientBoostingClassifier(max_iter=70).fit(X_train, y_train)")
    began = time.monotonic()
    package(page)
    panel(page).get_by_role("heading", name="churn 1.1.0").wait_for(timeout=LONG)
    panel(page).get_by_text("1 cell changed, same parameters").wait_for()
    print(f"after a one-cell edit: {time.monotonic() - began:.1f} s")

    key = "AKIA" + "Q3ZP7XWK2MTL9RVB"
    edit(page, 2, f'import pandas as pd\naws_key = "{key}"')
    package(page)
    refusal = panel(page).get_by_text("AWS", exact=False).first
    refusal.wait_for(timeout=LONG)
    chip = panel(page).get_by_role("button", name="cell 2").first
    chip.wait_for()
    chip.click()
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex === 1"
    )
    assert panel(page).get_by_role("heading", name="churn 1.2.0").count() == 0
    assert key not in panel(page).inner_text()
    assert key not in lab.log


def test_a_run_with_another_parameter_shows_its_metrics_and_files(
    page: Any, lab: LabServer, tmp_path: Path
) -> None:
    place = lab.root / "sales-report.ipynb"
    notebook = json.loads(place.read_text("utf-8"))
    last = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"][-1]
    last["source"] = [*last["source"], "\nopen('a b.html', 'w').write(f'<b>{region}</b>')"]
    place.write_text(json.dumps(notebook), "utf-8")
    open_lab(page, lab, "sales-report.ipynb", workspace="sales-report")
    package(page)
    panel(page).get_by_role("heading", name="sales-report 1.0.0").wait_for(timeout=LONG)
    panel(page).get_by_role("button", name="Run…").click()
    form = panel(page)
    form.get_by_label("region").fill("north")
    form.get_by_role("button", name="Run", exact=True).click()
    panel(page).get_by_text("Succeeded", exact=False).or_(
        panel(page).get_by_text("done", exact=False)
    ).first.wait_for(timeout=LONG)
    files = panel(page).get_by_role("list", name="Files that the run wrote")
    with page.expect_download() as saved:
        files.get_by_role("link", name="a b.html").click()
    saved.value.save_as(tmp_path / "saved")
    assert saved.value.suggested_filename == "a b.html"
    assert (tmp_path / "saved").read_text("utf-8") == "<b>north</b>"


def test_a_setting_is_given_by_its_name(page: Any, lab: LabServer) -> None:
    reads = "import os\nprint('the', os.environ['SALES_REGION'], 'pole')"
    write_notebook(lab.root / "region.ipynb", notebook(reads))
    open_lab(page, lab, "region.ipynb", workspace="region")
    package(page)
    panel(page).get_by_text("Cell 1 failed in the sealed run").first.wait_for(timeout=LONG)
    panel(page).get_by_text("Tick it under Options").first.wait_for()
    panel(page).get_by_role("button", name="Options").click()
    panel(page).get_by_label("Give it SALES_REGION").check()
    package(page)
    panel(page).get_by_role("heading", name="region 1.0.0").wait_for(timeout=LONG)
    panel(page).get_by_role("button", name="Run…").click()
    panel(page).get_by_label("Give it SALES_REGION").check()
    panel(page).get_by_role("button", name="Run", exact=True).click()
    again = panel(page).get_by_role("button", name=re.compile("^Run .* again$"))
    again.wait_for(timeout=LONG)
    again.click()
    expect(again).to_have_count(2, timeout=LONG)
    panel(page).get_by_role("button", name="Log").first.click()
    panel(page).get_by_role("log").get_by_text("the north pole").wait_for()

    edit(page, 1, reads + "\nprint('cold')")
    options = panel(page).get_by_role("button", name="Options")
    options.wait_for()
    if not panel(page).get_by_label("Only trying? Name it").is_visible():
        options.click()
    panel(page).get_by_label("Only trying? Name it").fill("try-cold")
    package(page)
    panel(page).get_by_role("heading", name="region 1.1.0-try-cold.1").wait_for(timeout=LONG)


def test_a_reload_in_the_middle_misses_nothing(page: Any, lab: LabServer) -> None:
    open_lab(page, lab, "plots.ipynb", workspace="plots")
    package(page)
    panel(page).get_by_role("button", name="Stop").wait_for()
    page.reload()
    open_panel(page)
    panel(page).get_by_role("heading", name="plots 1.0.0").wait_for(timeout=LONG)


def test_a_stopped_build_leaves_nothing_half_done(page: Any, lab: LabServer) -> None:
    path = lab.root / "slow.ipynb"
    churn = json.loads((REPOSITORY / "examples" / "sales-report.ipynb").read_text())
    churn["cells"][-1]["source"] = "import time\ntime.sleep(100)"
    churn["cells"][-1]["metadata"] = {}
    Path(path).write_text(json.dumps(churn))
    open_lab(page, lab, "slow.ipynb", workspace="slow")
    package(page)
    panel(page).get_by_text("cell 8 of 8", exact=False).wait_for(timeout=LONG)
    panel(page).get_by_role("button", name="Stop").click()
    panel(page).get_by_text("stopped", exact=False).first.wait_for(timeout=LONG)
    assert panel(page).get_by_role("heading", name="slow 1.0.0").count() == 0
