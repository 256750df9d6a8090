"""What a person does in JupyterLab, as functions on a page."""

from __future__ import annotations

import itertools
from typing import Any

from browser.labserver import LabServer

PANEL = "#jupyter-modelpack-panel"
_WORKSPACES = (f"page-{number}" for number in itertools.count(1))


def open_lab(
    page: Any,
    lab: LabServer,
    path: str | None = None,
    *,
    theme: str = "light",
    workspace: str = "",
) -> None:
    """Open JupyterLab, perhaps with a notebook, in one of its own themes.

    A workspace that remembers the notebook shows it before JupyterLab opens what the address names,
    which comes to the front whenever that is done: over what a test has opened meanwhile. In a
    workspace that remembers nothing, the notebook is there only once it has come to the front.
    """
    page.goto(lab.lab_url(path, workspace or next(_WORKSPACES)))
    ready(page)
    if path:
        page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
    if theme == "dark":
        page.evaluate(
            "() => window.jupyterapp.commands.execute('apputils:change-theme',"
            " {theme: 'JupyterLab Dark'})"
        )
        page.locator('body[data-jp-theme-light="false"]').wait_for(state="attached")


def ready(page: Any) -> None:
    """Wait until JupyterLab stands."""
    page.locator("#jupyterlab-splash").wait_for(state="detached")
    page.locator("#main").wait_for()


def open_panel(page: Any) -> Any:
    """Bring the panel into view, whatever the layout was left as."""
    ready(page)
    page.evaluate("() => window.jupyterapp.restored")
    body = page.locator(f"{PANEL} .jp-ModelpackPanel-body")
    for _ in range(20):
        page.evaluate("() => window.jupyterapp.commands.execute('modelpack:show-panel')")
        page.wait_for_timeout(300)
        # A layout that is restored late may have closed the side bar again.
        if body.is_visible():
            break
    body.wait_for()
    return panel(page)


def panel(page: Any) -> Any:
    """The panel."""
    return page.locator(PANEL)


def set_width(page: Any, width: int) -> None:
    """Make the panel this wide, as dragging its edge does."""
    box = page.locator("#jp-right-stack").bounding_box()
    handle = page.locator("#jp-main-split-panel > .lm-SplitPanel-handle").nth(1)
    grip = handle.bounding_box()
    x, y = grip["x"] + grip["width"] / 2, grip["y"] + 200
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + box["width"] - width, y, steps=4)
    page.mouse.up()
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
