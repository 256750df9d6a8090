"""How long the panel takes to open in Chromium on 10,000 releases and 100,000 audit entries.

The releases are all of one notebook, and so are the entries of its history. The server gives the
newest page of each; what it takes for that is measured in ``releases.py``, and here each answer
comes after the 50 ms that it may take.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

from bench.report import Report

REPOSITORY = Path(__file__).resolve().parents[1]
RELEASES = 10_000
ENTRIES = 100_000
PAGE = 50  # what the server gives of a long list, unless more is asked for
SERVER = 50  # ms
ROUNDS = 5

# Answers from memory what our routes would, with the time that the server may take.
_ANSWER = """
const answers = ANSWERS, wait = WAIT, fetched = window.fetch;
window.fetch = async (input, init) => {
  const { pathname } = new URL(input.url ?? input, location.href);
  const [, route] = pathname.split('/jupyter-modelpack/');
  if (pathname.includes('/lab/') || route === undefined) {
    return fetched(input, init);
  }
  const found = answers[route] ?? answers[route.split('/')[0] + '/'];
  await new Promise(resolve => setTimeout(resolve, wait));
  return new Response(found ?? '{}', {
    status: found ? 200 : 404,
    headers: { 'Content-Type': 'application/json' }
  });
};
"""
# From the click to the last part that a person looks for, drawn.
_OPEN = """async () => {
  const began = performance.now();
  const opened = window.jupyterapp.commands.execute('modelpack:show-panel');
  const there = () =>
    document.querySelectorAll('#jupyter-modelpack-panel .jp-ModelpackPanel-lane').length &&
    document.querySelectorAll('#jupyter-modelpack-panel .jp-ModelpackPanel-package').length;
  while (!there()) {
    await new Promise(resolve => requestAnimationFrame(resolve));
  }
  await opened;
  return performance.now() - began;
}"""
_HISTORY = """async () => {
  const link = document.querySelector('[aria-label="History of production"]');
  const began = performance.now();
  link.click();
  while (!document.querySelector('.jp-ModelpackPanel-entry')) {
    await new Promise(resolve => requestAnimationFrame(resolve));
  }
  return performance.now() - began;
}"""


def measure(home: Path, report: Report) -> None:
    """Open the panel in fresh pages, and report the medians."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    built = REPOSITORY / "jupyter_modelpack" / "labextension" / "package.json"
    missing = [
        what
        for what, there in (
            ("Playwright is not installed", importlib.util.find_spec("playwright")),
            ("there is no Chromium", chromium),
            ("the front end is not built", built.exists()),
        )
        if not there
    ]
    if missing:
        report.leave_out("the panel in Chromium", "; ".join(missing))
        return
    sys.path.insert(0, str(REPOSITORY / "ui-tests"))
    opening, history = _rounds(home, str(chromium))
    report.add(f"panel opens on {RELEASES:,} releases", opening, "ms", most=300)
    report.add(f"its history of {ENTRIES:,} entries", history, "ms")


def _rounds(home: Path, chromium: str) -> tuple[float, float]:
    from browser.conftest import ARGUMENTS, notebook, write_notebook
    from browser.labserver import LabServer
    from playwright.sync_api import sync_playwright

    write_notebook(home / "panel" / "churn.ipynb", notebook(*[f"x = {n}" for n in range(12)]))
    script = _ANSWER.replace("ANSWERS", json.dumps(_answers())).replace("WAIT", str(SERVER))
    taken: list[tuple[float, float]] = []
    with (
        LabServer(home / "panel", home / "panel-state", with_server_part=False) as lab,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for number in range(ROUNDS):
            page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
            page.set_default_timeout(120_000)
            page.add_init_script(script)
            taken.append(_round(page, lab.lab_url("churn.ipynb", f"round-{number}")))
            page.context.close()
        browser.close()
    return tuple(statistics.median(each) for each in zip(*taken, strict=True))  # type: ignore[return-value]


def _round(page: Any, url: str) -> tuple[float, float]:
    page.goto(url)
    page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
    page.evaluate("() => window.jupyterapp.restored")
    # JupyterLab starts a kernel for the notebook, which is not what is measured here.
    page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
    page.wait_for_load_state("networkidle")
    return page.evaluate(_OPEN), page.evaluate(_HISTORY)


def _answers() -> dict[str, str]:
    """The golden answers, with as many releases and entries as are asked for."""

    def golden(name: str) -> Any:
        return json.loads((REPOSITORY / "tests" / "contract" / f"{name}.json").read_text())

    summary = golden("packages")["packages"][0]
    entry = golden("history")["entries"][0]
    answers = {
        "info": golden("info"),
        "inspection": golden("inspection"),
        "builds": {"builds": [golden("build_done")]},
        "packages": {
            "packages": [
                summary | {"version": f"1.{RELEASES - n}.0", "why": "Minor: 1 cell changed."}
                for n in range(PAGE)
            ],
            "next": str(RELEASES - PAGE),
        },
        "packages/": golden("package"),
        "runs": {"runs": [golden("run")]},
        "environments": golden("environments"),
        "promotions": {"promotions": [golden("promotions")["promotions"][0]]},
        "history": {"entries": [entry] * PAGE, "next": str(ENTRIES - PAGE)},
    }
    return {route: json.dumps(answer) for route, answer in answers.items()}
