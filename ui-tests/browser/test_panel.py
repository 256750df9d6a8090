"""The panel in a real browser and a real JupyterLab; our routes are answered by a stand-in."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from browser import samples
from browser.axe import faults
from browser.conftest import expect, notebook, write_notebook
from browser.driver import PANEL, open_lab, open_panel, panel, set_width
from browser.fake_server import FakeServer
from browser.labserver import LabServer

pytestmark = pytest.mark.browser

UNCHANGED = {"name": "churn", "version": "1.3.0"}


@pytest.fixture(autouse=True)
def churn(lab: LabServer) -> Path:
    """A notebook of twelve cells."""
    path = lab.root / "churn.ipynb"
    write_notebook(path, notebook(*[f"x{n} = {n}" for n in range(1, 13)]))
    return path


def start(page: Any, lab: LabServer, server: FakeServer, *, theme: str = "light") -> None:
    """Open the notebook with this stand-in behind it."""
    server.install(page)
    open_lab(page, lab, "churn.ipynb", theme=theme)


def test_nothing_loads_before_the_panel_or_the_button_is_used(page: Any, lab: LabServer) -> None:
    scripts: list[str] = []
    page.on("request", lambda request: scripts.append(request.url))
    server = FakeServer(inspection=samples.inspection())
    start(page, lab, server)
    before = {url for url in scripts if "extensions/jupyter-modelpack" in url}
    assert server.asked == []
    open_panel(page)
    panel(page).get_by_text("Not packaged yet.").wait_for()
    after = {url for url in scripts if "extensions/jupyter-modelpack" in url}
    print(f"before: {len(before)} files, no request to us; the panel: {len(after - before)} more")
    assert after - before


def test_one_click_packages_and_shows_the_result(page: Any, lab: LabServer) -> None:
    server = FakeServer(inspection=samples.inspection(), log=samples.LOG)

    def on_build(body: dict[str, Any]) -> tuple[int, Any]:
        assert body == {
            "path": "churn.ipynb",
            "verify": True,
            "network": False,
            "compression": "none",
        }
        server.builds = [samples.build()]
        return 201, server.builds[0]

    server.on_build = on_build
    start(page, lab, server)
    page.locator(".jp-NotebookPanel-toolbar").get_by_text("Package", exact=True).click()
    bar = panel(page).get_by_role("progressbar", name="Run it, sealed")
    bar.wait_for()
    expect(bar).to_have_attribute("aria-valuenow", "58")
    server.inspection = samples.inspection(unchanged=UNCHANGED)
    server.packages = [samples.summary()]
    server.details = {"1.3.0": samples.package()}
    server.builds = [samples.built()]
    panel(page).get_by_role("heading", name="churn 1.3.0").wait_for()
    panel(page).get_by_role("button", name="Nothing to package").wait_for()
    panel(page).get_by_role("button", name="Copy the digest").click()
    page.wait_for_function(
        "async digest => (await navigator.clipboard.readText()) === digest", arg=samples.DIGEST
    )
    assert server.count("POST builds") == 1


def test_a_finding_goes_to_its_cell(page: Any, lab: LabServer) -> None:
    start(page, lab, FakeServer(inspection=samples.inspection(findings=samples.FINDINGS)))
    open_panel(page).get_by_role("button", name="Go to cell 9").click()
    active = page.locator(".jp-Notebook .jp-Cell.jp-mod-active")
    active.filter(has_text="x9 = 9").wait_for()


def test_unsaved_changes_are_offered_to_be_saved(page: Any, lab: LabServer, churn: Path) -> None:
    server = FakeServer(inspection=samples.inspection())
    server.on_build = lambda _: (201, samples.build())
    start(page, lab, server)
    page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
    page.keyboard.type("planted = 1\n")
    open_panel(page).get_by_text("unsaved", exact=True).wait_for()
    panel(page).get_by_role("button", name="Package", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    assert server.count("POST") == 0
    panel(page).get_by_role("button", name="Package", exact=True).click()
    page.get_by_role("button", name="Save and package").click()
    panel(page).get_by_role("button", name="Stop packaging").wait_for()
    assert "planted = 1" in churn.read_text()


def test_a_refusal_names_the_cell(page: Any, lab: LabServer) -> None:
    server = FakeServer(inspection=samples.inspection())
    refused = samples.build(
        "Failed",
        1,
        findings=samples.FINDINGS[:1],
        error={"code": "GATE_NOT_SATISFIED", "message": "No.", "advice": ""},
    )
    server.on_build = lambda _: (201, refused)
    start(page, lab, server)
    open_panel(page).get_by_role("button", name="Package", exact=True).click()
    panel(page).get_by_text("Not packaged: 1 thing above stops it.").wait_for()
    panel(page).get_by_role("button", name="Go to cell 4").wait_for()


def test_the_file_browser_packages_a_notebook_that_is_not_open(page: Any, lab: LabServer) -> None:
    write_notebook(lab.root / "other.ipynb", notebook("y = 1"))
    server = FakeServer(inspection=samples.inspection("other.ipynb"))
    server.on_build = lambda _: (201, samples.build(path="other.ipynb"))
    start(page, lab, server)
    # JupyterLab selects the notebook that it opens, at times late; the menu is of what is selected.
    page.locator(".jp-DirListing-item", has_text="other.ipynb").click()
    page.locator(".jp-DirListing-item.jp-mod-selected", has_text="other.ipynb").wait_for()
    page.locator(".jp-DirListing-item", has_text="other.ipynb").click(button="right")
    page.locator(".lm-Menu").get_by_text("Package Notebook").click()
    panel(page).get_by_role("button", name="Stop packaging").wait_for()
    assert server.bodies[0]["path"] == "other.ipynb"
    panel(page).get_by_role("heading", name="other.ipynb").wait_for()


def test_the_server_part_may_be_missing(page: Any, lab: LabServer) -> None:
    server = FakeServer(missing=True)
    start(page, lab, server)
    open_panel(page).get_by_text("jupyter server extension enable jupyter_modelpack").wait_for()
    server.missing = False
    server.inspection = samples.inspection()
    panel(page).get_by_role("button", name="Look again").click()
    panel(page).get_by_text("Not packaged yet.").wait_for()


def test_a_run_and_its_notebook_run_no_script_here(page: Any, lab: LabServer) -> None:
    server = FakeServer(
        inspection=samples.inspection(unchanged=UNCHANGED),
        packages=[samples.summary()],
        details={"1.3.0": samples.package()},
        log=samples.LOG,
    )

    def on_run(body: dict[str, Any]) -> tuple[int, Any]:
        assert body["parameters"] == {"threshold": 0.5}
        assert body["network"] is False
        server.runs = [samples.run("Succeeded")]
        return 201, server.runs[0]

    server.on_run = on_run
    start(page, lab, server)
    open_panel(page).get_by_role("button", name="Run…").click()
    panel(page).get_by_label("threshold").fill("0.5")
    panel(page).get_by_label("threshold").press("Enter")
    panel(page).get_by_text("scores.csv").wait_for()
    panel(page).get_by_role("button", name="Log").last.click()
    panel(page).get_by_role("log").get_by_text("<img src=x").wait_for()
    panel(page).get_by_role("button", name="Open the notebook as it ran").click()
    page.frame_locator(".jp-ModelpackPreview iframe").get_by_text("As it ran").wait_for()
    assert page.evaluate("() => window.__pwned") is None


def test_what_did_not_come_back_from_the_cluster_is_said(page: Any, lab: LabServer) -> None:
    artifact = f"registry.example.org/runs/churn@sha256:{'ab' * 32}"
    path = "reports/monthly/a plot with quite a long name ä.html"
    ended = samples.sent(
        phase="Succeeded",
        outputs=[
            {"path": path, "size": 91_000},
            {"path": "model.bin", "size": 5_000_000_000, "left_behind": True},
        ],
        left_at={"artifact": artifact, "problem": ""},
    )
    server = FakeServer(
        inspection=samples.inspection(unchanged=UNCHANGED),
        packages=[samples.summary()],
        details={"1.3.0": samples.package()},
        runs=[ended],
    )
    start(page, lab, server)
    open_panel(page)
    files = panel(page).get_by_role("list", name="Files that the run wrote")
    files.get_by_text("5 GB, not here").wait_for()
    panel(page).get_by_title(artifact).wait_for()
    href = files.get_by_role("link").get_attribute("href")
    assert href.endswith(f"/jupyter-modelpack/runs/f-1/files?path={quote(path, safe='')}")


def test_a_release_is_scheduled_paused_and_deleted_by_keyboard(page: Any, lab: LabServer) -> None:
    places = [{"name": "kubeflow", "sentence": "The namespace team-churn."}]
    server = FakeServer(
        inspection=samples.inspection(unchanged=UNCHANGED),
        packages=[samples.summary()],
        details={"1.3.0": samples.package()},
        info=(200, {"version": "0.1.0", "isolation": None, "backends": places}),
        runs=[samples.sent()],
    )
    (nightly, *_) = samples.schedules()

    def on_schedule(body: dict[str, Any]) -> tuple[int, Any]:
        if body["schedule"]["timezone"] != "Asia/Tokyo":
            advice = "Say the time in UTC."
            return 400, {"error": {"code": "INVALID_INPUT", "message": "No.", "advice": advice}}
        assert body["schedule"] == {**nightly["schedule"], "catch_up": True}
        assert body["parameters"] == {}
        server.schedules = [nightly]
        return 201, nightly

    server.on_schedule = on_schedule
    start(page, lab, server)
    button = open_panel(page).get_by_role("button", name="Schedule…")
    button.press("Enter")
    form = panel(page).get_by_role("form", name="Schedule churn 1.3.0")
    form.get_by_label("Catch up on missed runs").press("Space")
    zone = form.get_by_label("Timezone")
    assert zone.input_value() == page.evaluate(
        "() => Intl.DateTimeFormat().resolvedOptions().timeZone"
    )
    zone.press("Enter")
    form.get_by_role("alert").get_by_text("Say the time in UTC.").wait_for()
    zone.fill("Asia/Tokyo")
    zone.press("Enter")
    switch = panel(page).get_by_role("switch", name=re.compile("Every day at 02:30, Asia.Tokyo"))
    switch.wait_for()
    expect(button).to_be_focused()
    switch.press("Space")
    panel(page).get_by_text("paused").wait_for()
    expect(switch).to_have_attribute("aria-checked", "false")
    panel(page).get_by_role("button", name=re.compile("^Delete the schedule")).press("Enter")
    expect(panel(page).get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    panel(page).get_by_text("Schedules", exact=True).wait_for(state="detached")
    assert server.schedules == [] and server.count("DELETE schedules") == 1
    panel(page).get_by_role("button", name=re.compile("^Go on with the run")).press("Enter")
    panel(page).get_by_text("Goes on from the steps that had failed.").wait_for()
    assert server.count("POST runs/f-1/retry") == 1


def test_the_panel_is_used_by_keyboard_alone(page: Any, lab: LabServer) -> None:
    server = FakeServer(inspection=samples.inspection(findings=samples.FINDINGS[1:]))
    server.on_build = lambda _: (201, samples.build())
    start(page, lab, server)
    open_panel(page)
    panel(page).get_by_role("button", name="Go to cell 2").wait_for()
    panel(page).get_by_role("button", name="Package", exact=True).focus()
    reached = []
    for _ in range(5):
        reached.append(page.evaluate("() => document.activeElement.textContent"))
        page.keyboard.press("Tab")
    assert reached == ["Package", "Options", "cell 2", "cell 9", "cell 1"]
    page.locator(".jp-Notebook").first.click()
    page.keyboard.press("Control+Alt+p")
    panel(page).get_by_role("button", name="Stop packaging").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_fault_at_any_width(page: Any, lab: LabServer, theme: str) -> None:
    server = FakeServer(
        inspection=samples.inspection(findings=samples.FINDINGS),
        builds=[samples.build()],
        packages=[samples.summary(), samples.summary("1.2.0")],
        details={"1.3.0": samples.package()},
        runs=[samples.run(), samples.run("Succeeded", "r-2"), samples.sent()],
        schedules=samples.schedules(),
        info=(200, {"version": "0.1.0", "isolation": None, "backends": [{"name": "kubeflow"}]}),
        log=samples.LOG,
    )
    start(page, lab, server, theme=theme)
    open_panel(page)
    panel(page).get_by_role("heading", name="churn 1.3.0").wait_for()
    for name in ("What is inside", "Delete the schedule", "Schedule…"):
        panel(page).get_by_role("button", name=name).first.click()
    panel(page).get_by_role("button", name="Log").first.click()
    panel(page).get_by_role("log").wait_for()
    for width in (280, 480):
        set_width(page, width)
        assert faults(page, PANEL) == []
        overflow = (
            panel(page)
            .locator(".jp-ModelpackPanel-body")
            .evaluate("body => body.scrollWidth - body.clientWidth")
        )
        assert overflow <= 0


def test_a_long_name_is_cut_in_the_middle(page: Any, lab: LabServer) -> None:
    name = "quarterly-churn-forecast-with-a-name-that-never-ends-2026-final-v2.ipynb"
    write_notebook(lab.root / name, notebook("x = 1"))
    FakeServer(inspection=samples.inspection(name)).install(page)
    open_lab(page, lab, name)
    open_panel(page)
    heading = panel(page).get_by_role("heading", name=name)
    heading.wait_for()
    assert heading.bounding_box()["height"] < 30
    assert heading.locator("span").first.get_attribute("title") == name
    assert re.search(r"v2\.ipynb$", heading.inner_text())


def test_a_panel_that_cannot_be_loaded_says_so_and_is_loaded_later(
    page: Any, lab: LabServer
) -> None:
    FakeServer(inspection=samples.inspection()).install(page)
    open_lab(page, lab, "churn.ipynb")
    code = re.compile("/jupyter-modelpack/static/")
    page.route(code, lambda route: route.fulfill(status=503))
    page.locator(".jp-NotebookPanel-toolbar").get_by_text("Package", exact=True).click()
    panel(page).get_by_text("The panel could not be loaded").wait_for()
    if folder := os.environ.get("MODELPACK_TEST_SHOTS"):
        panel(page).screenshot(path=Path(folder) / "not-loaded.png")
    page.unroute(code)
    panel(page).get_by_role("button", name="Try again").click()
    panel(page).get_by_role("button", name="Package", exact=True).wait_for()
