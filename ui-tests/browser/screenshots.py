"""Takes pictures of the panel: ``python -m browser.screenshots DIR [STATE ...]`` in ui-tests."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from browser import samples
from browser.conftest import ARGUMENTS, notebook, write_notebook
from browser.driver import open_lab, open_panel, panel, set_width
from browser.fake_server import FakeServer
from browser.labserver import LabServer

NARROW = {"done", "findings", "inside", "graph", "cluster", "cluster-form", "long", "runs"}
NARROW |= {"schedules", "schedule-form", "export", "options"}
Then = Callable[[Any], None]
LONG = "quarterly-churn-forecast-with-a-name-that-never-ends-2026-final-v2.ipynb"


def click(*names: str) -> Then:
    """Click buttons of the panel by name, one after another."""

    def act(page: Any) -> None:
        for name in names:
            panel(page).get_by_role("button", name=name).first.click()

    return act


def choose(form: str, label: str, option: str) -> Then:
    """Open a form, and choose from one of its lists."""

    def act(page: Any) -> None:
        click(form)(page)
        panel(page).get_by_label(label).select_option(option)

    return act


PLACES = [
    {"name": "kubernetes", "sentence": "The namespace team-churn."},
    {"name": "kubeflow", "sentence": "The namespace team-churn, in the experiment churn."},
]
VERY = "a-name-that-nobody-would-type-twice-and-that-never-seems-to-end"


def long_names() -> FakeServer:
    """Everything that has a name, with a long one."""
    parameters = [{"name": f"{VERY}_{n}".replace("-", "_"), "type": "str", "default": VERY * 2,
                   "cell": 3} for n in (1, 2)]  # fmt: skip
    version = "1.5.0-try-gradient-boosting-with-much-more-rounds.12"
    detail = samples.package(
        version,
        name=f"churn-{VERY}",
        parameters=parameters,
        metrics={f"area_under_the_curve_of_{VERY}".replace("-", "_"): 0.881234567, "n": 3},
        files=[{"path": f"data/{VERY}/{VERY}.parquet", "size": 1_234_567}],
        steps=samples.steps(),
    )
    running = samples.run(
        "Succeeded",
        "r-1",
        name=f"churn-{VERY}",
        parameters={parameters[0]["name"]: VERY},
        outputs=[{"path": f"{VERY}/{VERY}.csv", "size": 91_000}],
    )
    summary = samples.summary(version, name=f"churn-{VERY}")
    return FakeServer(
        inspection=samples.inspection(
            findings=[samples.finding("warning", f"`{VERY}/{VERY}.csv` is not there.", 112)],
            steps=samples.steps(),
        ),
        packages=[summary],
        details={version: detail},
        runs=[running],
    )


def states() -> dict[str, tuple[FakeServer, Then | None]]:
    """Every state worth a look: what the server says, and what is then clicked."""
    old = [
        samples.summary("1.2.0", created=samples.ago(days=2), metrics={"auc": 0.873}),
        samples.summary(
            "1.1.1",
            created=samples.ago(days=3),
            metrics={"auc": 0.869},
            verified={"phase": "Succeeded", "sealed": False, "text": "Ran with the network."},
        ),
    ]
    made: dict[str, Any] = {
        "inspection": samples.inspection(unchanged={"name": "churn", "version": "1.3.0"}),
        "packages": [samples.summary(), *old],
        "details": {"1.3.0": samples.package()},
        "log": samples.LOG,
    }
    failed = samples.build(
        "Failed",
        4,
        error={
            "code": "GATE_NOT_SATISFIED",
            "message": "The package does not run: cell 7 raised `KeyError: 'tenure'`.",
            "advice": "Run the notebook from the top in a fresh kernel, then package it again.",
        },
        findings=[samples.finding("blocking", "Raised `KeyError: 'tenure'` in the sealed run.", 7)],
    )
    broken = (
        503,
        {
            "error": {
                "code": "BACKEND_UNAVAILABLE",
                "message": "The kernel `python3.9-old` of this notebook is gone.",
                "advice": "Choose another kernel in the notebook and save it.",
            }
        },
    )
    tagged: dict[str, Any] = {
        "inspection": samples.inspection(
            unchanged={"name": "churn", "version": "1.3.0"}, steps=samples.steps()
        ),
        "packages": [samples.summary(), *old],
        "details": {"1.3.0": samples.package(steps=samples.steps())},
        "log": samples.LOG,
        "info": (200, {"version": "0.1.0", "isolation": None, "backends": PLACES}),
    }
    cluster = [
        samples.elsewhere("Pending", "k-4", cell=None, cells=None, events=[samples.MISSING]),
        samples.elsewhere("Running", "k-3"),
        samples.elsewhere("Running", "k-2", unknown_since=samples.ago(minutes=1)),
        samples.elsewhere("Succeeded", "k-1", cell=12),
    ]
    return {
        "graph": (
            FakeServer(inspection=samples.inspection(steps=samples.steps())),
            None,
        ),
        "cluster": (FakeServer(**tagged, runs=cluster), None),
        "schedules": (
            FakeServer(**tagged, schedules=samples.schedules(), runs=[samples.sent()]),
            click("Delete the schedule"),
        ),
        "schedule-form": (
            FakeServer(**tagged),
            choose("Schedule…", "How often", "Every week"),
        ),
        "cluster-form": (FakeServer(**tagged), click("Run…")),
        "cluster-failed": (
            FakeServer(
                **tagged,
                runs=[
                    samples.elsewhere(
                        "Failed",
                        "k-1",
                        cell=8,
                        error={
                            "code": "OUT_OF_MEMORY",
                            "message": "In cell 8: it needed more memory than its limit of 160Mi.",
                            "advice": "Raise the limit, or read the data in parts.",
                        },
                    )
                ],
            ),
            click("Log"),
        ),
        "long": (long_names(), None),
        "new": (FakeServer(inspection=samples.inspection()), None),
        "options": (
            FakeServer(inspection=samples.inspection(settings=["CHURN_REGION"])),
            click("Options"),
        ),
        "findings": (
            FakeServer(
                inspection=samples.inspection(findings=samples.FINDINGS),
                packages=old,
                details={"1.2.0": samples.package("1.2.0")},
            ),
            None,
        ),
        "running": (
            FakeServer(
                inspection=samples.inspection(findings=samples.FINDINGS[1:]),
                builds=[samples.build()],
                packages=old,
                details={"1.2.0": samples.package("1.2.0")},
                log=samples.LOG,
            ),
            click("Log"),
        ),
        "done": (FakeServer(**made, builds=[samples.built()]), None),
        "inside": (FakeServer(**made), click("What is inside")),
        "run": (FakeServer(**made), click("Run…")),
        "runs": (
            FakeServer(
                **made,
                runs=[
                    samples.run(),
                    samples.run("Succeeded", "r-2"),
                    samples.run(
                        "Failed",
                        "r-3",
                        error={"code": "FAILED", "message": "Cell 9 raised `ValueError`."},
                    ),
                ],
            ),
            None,
        ),
        "export": (FakeServer(**made), click("Export…")),
        "failed": (FakeServer(inspection=samples.inspection(), builds=[failed]), None),
        "error": (FakeServer(inspection=broken), None),
        "missing": (FakeServer(missing=True), None),
    }


def main(directory: Path) -> None:
    """Write one picture for each state and theme."""
    directory.mkdir(parents=True, exist_ok=True)
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium")
    wanted = sys.argv[2:]
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "root"
        for name in ("churn.ipynb", LONG):
            write_notebook(root / name, notebook(*[f"x = {n}" for n in range(1, 13)]))
        with (
            LabServer(root, Path(temporary) / "state", with_server_part=False) as lab,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
            for theme in ("light", "dark"):
                context = browser.new_context(
                    viewport={"width": 1400, "height": 1900}, locale="en-GB"
                )
                page = context.new_page()
                server = FakeServer()
                server.install(page)
                open_lab(page, lab, "churn.ipynb", theme=theme)
                for name, (state, then) in states().items():
                    if wanted and name not in wanted:
                        continue
                    server.__dict__.update(state.__dict__)
                    page.reload()
                    open_panel(page)
                    set_width(page, 360)
                    page.wait_for_timeout(900)
                    if then:
                        then(page)
                        page.wait_for_timeout(400)
                    panel(page).screenshot(path=directory / f"{name}-{theme}.png")
                    if name in NARROW:
                        set_width(page, 240)
                        panel(page).screenshot(path=directory / f"{name}-240-{theme}.png")
                    if name == "done":
                        page.screenshot(path=directory / f"lab-{theme}.png")
                context.close()
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
