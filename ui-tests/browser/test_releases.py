"""Promotion, review and history in a real browser; our routes are answered by a stand-in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from browser import samples
from browser.axe import faults
from browser.conftest import expect, notebook, write_notebook
from browser.driver import PANEL, open_lab, open_panel, panel, set_width
from browser.fake_server import FakeServer
from browser.labserver import LabServer
from browser.release_server import ReleaseServer, for_the_reviewer, golden, promotion

pytestmark = pytest.mark.browser

REVIEW = ".jp-ModelpackReview"
PROMOTION = golden("promotion")["id"]


@pytest.fixture(autouse=True)
def churn(lab: LabServer) -> Path:
    """A notebook of twelve cells."""
    path = lab.root / "churn.ipynb"
    write_notebook(path, notebook(*[f"x{n} = {n}" for n in range(1, 13)]))
    return path


def packaged(**other: Any) -> dict[str, Any]:
    """A notebook whose newest package is 1.3.0."""
    old = [
        samples.summary(version, metrics={"auc": auc})
        for version, auc in (("1.2.0", 0.861), ("1.1.1", 0.855), ("1.1.0", 0.84))
    ]
    return {
        "inspection": samples.inspection(),
        "packages": [samples.summary(), *old],
        "details": {"1.3.0": samples.package()},
    } | other


def start(page: Any, lab: LabServer, server: FakeServer, *, theme: str = "light") -> Any:
    """Open the notebook and the panel with this stand-in behind them."""
    server.install(page)
    open_lab(page, lab, "churn.ipynb", theme=theme)
    return open_panel(page)


def lane(page: Any, name: str) -> Any:
    """The lane of an environment."""
    return panel(page).get_by_role("listitem", name=name, exact=True)


def open_review(page: Any, ident: str = PROMOTION) -> Any:
    """Open the page of a promotion by its command."""
    page.evaluate(
        "id => window.jupyterapp.commands.execute('modelpack:open-review', { id })", ident
    )
    page.locator(f"{REVIEW} h2").wait_for()
    return page.locator(REVIEW)


def saves(request: Any, ident: str) -> bool:
    """Whether JupyterLab remembers the page of a promotion with this."""
    return "/api/workspaces/" in request.url and ident in (request.post_data or "")


def test_the_first_line_says_what_production_runs(page: Any, lab: LabServer) -> None:
    start(page, lab, ReleaseServer(**packaged()))
    line = panel(page).locator(".jp-ModelpackPanel-lead")
    expect(line).to_have_text(
        "Production runs 1.2.0. This notebook differs in 3 cells and 1 package."
    )
    expect(line.locator("strong")).to_have_text("1.2.0")


def test_a_server_without_these_routes_shows_nothing_of_it(page: Any, lab: LabServer) -> None:
    start(page, lab, FakeServer(**packaged()))
    panel(page).get_by_role("heading", name="churn 1.3.0").wait_for()
    for words in ("Where it lives", "Waiting for you", "Production runs"):
        assert panel(page).get_by_text(words).count() == 0
    assert panel(page).get_by_role("alert").count() == 0


def test_promoting_asks_why_and_follows_without_a_reload(page: Any, lab: LabServer) -> None:
    server = ReleaseServer(**packaged())
    start(page, lab, server)
    lane(page, "staging").get_by_role("button", name="Promote 1.3.0 to staging").click()
    form = panel(page).get_by_role("form", name="Promote 1.3.0 to staging")
    expect(form.get_by_role("listitem")).to_have_count(3)
    form.get_by_role("button", name="Promote 1.3.0 to staging").click()
    form.get_by_text("Say why in a few words.").wait_for()
    assert server.count("POST") == 0
    form.get_by_label("Why").fill("Better recall on new customers")
    form.get_by_label("Why").press("Enter")
    lane(page, "staging").get_by_text("deploying").wait_for()
    assert server.bodies == [
        {
            "name": "churn",
            "version": "1.3.0",
            "environment": "staging",
            "reason": "Better recall on new customers",
            "generation": 4,
        }
    ]
    server.arrive("staging", "1.3.0")
    lane(page, "staging").get_by_text("active").wait_for(timeout=4000)
    expect(form).to_have_count(0)


def test_no_button_is_grey_without_its_reason(page: Any, lab: LabServer) -> None:
    start(page, lab, ReleaseServer(**packaged()))
    production = lane(page, "production")
    button = production.get_by_role("button", name="Promote 1.3.0 to production")
    expect(button).to_have_attribute("aria-disabled", "true")
    reason = page.locator(f"[id='{button.get_attribute('aria-describedby')}']")
    expect(reason).to_contain_text("Rita or Omar approve, not you")
    button.focus()
    button.press("Enter")
    assert panel(page).get_by_role("form").count() == 0
    production.get_by_role("button", name="What production asks for").click()
    production.get_by_text("Promote it to staging, and come back tomorrow.").wait_for()


def test_a_refusal_stays_beside_the_reason(page: Any, lab: LabServer) -> None:
    error = {
        "code": "GATE_NOT_SATISFIED",
        "message": "Staging moved in the meantime.",
        "advice": "Look at what it runs now, and ask again.",
    }
    start(page, lab, ReleaseServer(**packaged(), refuse=(409, {"error": error})))
    lane(page, "staging").get_by_role("button", name="Promote 1.3.0 to staging").click()
    form = panel(page).get_by_role("form", name="Promote 1.3.0 to staging")
    form.get_by_label("Why").fill("Because")
    form.get_by_label("Why").press("Enter")
    form.get_by_text("Staging moved in the meantime.").wait_for()
    expect(form.get_by_label("Why")).to_have_value("Because")


def test_rolling_back_offers_what_was_there(page: Any, lab: LabServer) -> None:
    server = ReleaseServer(**packaged())
    start(page, lab, server)
    lane(page, "staging").get_by_role("button", name="Roll back staging").click()
    form = panel(page).get_by_role("form", name="Roll back staging")
    form.get_by_label("Version").select_option("1.1.0")
    form.get_by_label("Why").fill("1.2.0 loses rows")
    form.get_by_role("button", name="Roll staging back to 1.1.0").click()
    lane(page, "staging").get_by_text("deploying").wait_for()
    assert server.count("POST rollbacks") == 1
    assert server.bodies[-1]["version"] == "1.1.0"


def test_the_history_of_an_environment_and_of_a_moment(page: Any, lab: LabServer) -> None:
    start(page, lab, ReleaseServer(**packaged()))
    lane(page, "production").get_by_role("button", name="History of production").click()
    entries = panel(page).get_by_role("list", name="History of production")
    entries.get_by_text("ada asked, rita approved").wait_for()
    entries.get_by_text("rolled back", exact=True).wait_for()
    panel(page).get_by_label("What was in production at").fill("2026-11-19T12:00")
    entries.get_by_text("1.2.0").wait_for(state="detached")
    assert entries.get_by_role("listitem").count() == 1  # never an empty list in between


def test_the_author_sees_it_wait_and_cannot_approve(page: Any, lab: LabServer) -> None:
    server = ReleaseServer(**packaged(), promotions=[promotion()])
    server.lane("production")["waiting"] = promotion()
    start(page, lab, server)
    production = lane(page, "production")
    production.get_by_text("Waiting for approval: Rita or Omar approve.").wait_for()
    assert panel(page).get_by_text("Waiting for you").count() == 0
    production.get_by_role("button", name="See the difference").click()
    review = page.locator(REVIEW)
    review.get_by_text("You cannot approve this: Ada made it and asked for it.").wait_for()
    assert review.get_by_role("button", name="Approve").count() == 0
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        production.get_by_role("button", name="Withdraw").click()
    assert server.count(f"DELETE promotions/{PROMOTION}") == 1


def test_the_reviewer_reads_the_difference_and_approves(page: Any, lab: LabServer) -> None:
    server = ReleaseServer(**packaged(), promotions=[for_the_reviewer()])
    start(page, lab, server)
    waiting = panel(page).get_by_role("region", name="Waiting for you")
    waiting.get_by_role("button", name="Review churn 1.3.0 for production").click()
    review = page.locator(REVIEW)
    review.get_by_role("heading", name="churn 1.3.0 → production").wait_for()
    cell = review.get_by_role("figure", name="cell 4").inner_text()
    assert "- model = LogisticRegression()" in cell
    assert "+ model = GradientBoostingClassifier(random_state=seed)" in cell
    expect(review.get_by_role("img", name="auc over the releases")).to_have_count(1)
    review.get_by_text("as ada").wait_for()
    order = [review.inner_text().index(word) for word in ("CELLS", "EVIDENCE", "Approve")]
    assert order == sorted(order)
    review.get_by_role("button", name="Reject").click()
    review.get_by_text("Say what is wrong with it.").wait_for()
    review.get_by_label("Comment").fill("Read it, looks right.")
    review.get_by_role("button", name="Approve").click()
    review.get_by_text("churn 1.3.0 is in production now.").wait_for()
    read = {key: golden("promotion")[key] for key in ("digest", "policy", "generation")}
    said = {"decision": "approve", "comment": "Read it, looks right."}
    assert server.bodies[-1] == said | read
    waiting.wait_for(state="detached", timeout=8000)


def test_a_decision_is_announced(page: Any, lab: LabServer) -> None:
    server = ReleaseServer(**packaged(), promotions=[promotion()])
    server.lane("production")["waiting"] = promotion()
    start(page, lab, server)
    lane(page, "production").get_by_text("waiting", exact=True).wait_for()
    said = {"by": "rita", "decision": "reject", "comment": "Recall fell.", "at": None}
    server.promotions[0] |= {"phase": "Rejected", "approvals": [said]}
    server.lane("production")["waiting"] = None
    words = "rita rejected churn 1.3.0 for production: “Recall fell.”"
    lane(page, "production").get_by_text(words).wait_for(timeout=8000)
    page.evaluate("() => window.jupyterapp.commands.execute('apputils:display-notifications')")
    page.locator(".jp-Notification-List", has_text=words).wait_for()


def test_the_page_runs_nothing_and_hides_nothing(page: Any, lab: LabServer) -> None:
    hostile = for_the_reviewer()
    attack = "<img src=x onerror='window.__pwned = 1'><script>window.__pwned = 1</script>"
    hostile["reason"] = attack
    hostile["difference"]["cells"] = [
        {"cell": 1, "before": None, "after": f'{attack}\nif user != "x\u202e\u2066":  # ok'},
    ]
    hostile["difference"]["packages"] = [{"name": attack, "before": "1", "after": "2"}]
    start(page, lab, ReleaseServer(**packaged(), promotions=[hostile]))
    review = open_review(page)
    expect(review.get_by_role("figure", name="cell 1")).to_contain_text("⟨U+202E⟩⟨U+2066⟩")
    assert review.locator("img:not([role]), script, iframe").count() == 0
    assert page.evaluate("() => window.__pwned") is None


def test_the_page_is_there_again_after_a_reload(page: Any, lab: LabServer) -> None:
    start(page, lab, ReleaseServer(**packaged(), promotions=[promotion()]))
    with page.expect_response(lambda answer: saves(answer.request, PROMOTION)):
        open_review(page)
        open_review(page)
        expect(page.locator(REVIEW)).to_have_count(1)
    page.reload()
    page.locator(f"{REVIEW} h2").wait_for(state="attached")


def test_the_lanes_are_used_by_keyboard_alone(page: Any, lab: LabServer) -> None:
    server = ReleaseServer(**packaged())
    start(page, lab, server)
    lane(page, "staging").get_by_role("button", name="Promote 1.3.0 to staging").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Escape")
    expect(panel(page).get_by_role("form")).to_have_count(0)
    expect(lane(page, "staging")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    lane(page, "staging").get_by_text("deploying").wait_for()
    assert server.bodies[-1]["reason"] == "By keyboard"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_fault_in_lanes_and_review(page: Any, lab: LabServer, theme: str) -> None:
    server = ReleaseServer(**packaged(), promotions=[for_the_reviewer()])
    start(page, lab, server, theme=theme)
    lane(page, "staging").get_by_role("button", name="Promote 1.3.0 to staging").click()
    lane(page, "production").get_by_role("button", name="What production asks for").click()
    lane(page, "production").get_by_role("button", name="History of production").click()
    panel(page).get_by_text("ada asked, rita approved").wait_for()
    body = panel(page).locator(".jp-ModelpackPanel-body")
    for width in (280, 480):
        set_width(page, width)
        assert faults(page, PANEL) == []
        assert body.evaluate("body => body.scrollWidth - body.clientWidth") <= 0
    review = open_review(page)
    assert faults(page, REVIEW) == []
    assert review.evaluate("page => page.scrollWidth - page.clientWidth") <= 0
    change = re.compile(r"auc\s+0.861\s+0.881\s+▲ 0.02")
    expect(review).to_contain_text(change, use_inner_text=True)
