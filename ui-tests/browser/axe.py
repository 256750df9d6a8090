"""What axe, the judge of accessibility, finds on a page."""

from __future__ import annotations

from typing import Any

from browser.labserver import REPOSITORY

_SCRIPT = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"


def faults(page: Any, where: str = "html") -> list[str]:
    """Return each rule that what is ``where`` breaks with the first place, and print how many hold.

    ``where`` is a CSS selector.
    """
    assert _SCRIPT.exists(), "axe-core is not installed: run jlpm install."
    page.evaluate(_SCRIPT.read_text())  # not as a script of the page: its policy may allow none
    found = page.evaluate("where => axe.run(where)", where)
    print(f"{where}: {len(found['passes'])} rules passed, {len(found['violations'])} broken")
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found["violations"]]
