"""A7: nothing that anybody wrote becomes a program on the pages, in the fields that there are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser.labserver import REPOSITORY
from browser.page_server import PageServer

sys.path[:0] = [path for path in (str(REPOSITORY / "tests"),) if path not in sys.path]

import reviewed_team  # noqa: E402
from hostile_texts import FEW, PAYLOADS  # noqa: E402
from promoting import OMAR, open_world  # noqa: E402

from jupyter_modelpack.services.promotions import Vote, Wish  # noqa: E402

pytestmark = pytest.mark.browser
FIELDS = (
    *("notebook name", "cell source", "parameter", "metric name", "comment", "reason", "author"),
    *("package name", "finding text", "log line", "output", "check message", "owner"),
)
TRIED = PAYLOADS if os.environ.get("MODELPACK_TEST_FULL") else PAYLOADS[:FEW]
MARK = "window.__pwned"


def fill(data_dir: Path) -> dict[int, tuple[str, str]]:
    """Write each payload into every field; return the promotion and the package of each."""
    data_dir.mkdir()
    world = open_world(data_dir)
    world.policy(reviewed_team.POLICY)
    found = {}
    reviewed_team.release(world, "1.0.0", "before")
    for number, text in enumerate(TRIED):
        name = f"p{number}"
        finding = {"code": "x", "severity": "warning", "cell": 1, "line": 1, "message": text,
                   "advice": text, "details": {}}  # fmt: skip
        more = {
            "notebook": text, "path": f"/{text}", "author": text, "why": text,
            "sources": [text, "x = 1"], "metrics": {text: 1.5, "text": text},
            "parameters": [{"name": text, "type": "str", "default": text}],
            "distributions": [{"name": text, "version": text, "size": 1}],
            "findings": [finding], "checks": [{"cell": 1, "passed": True, "message": text}],
            "parts": [{"kind": text, "cell": 1, "digest": "", "by": text, "since": text}],
            "owner": {"name": text, "contact": text, "runbook": text},
            "verified": {"phase": "Succeeded", "sealed": True, "text": text},
        }  # fmt: skip
        digest = reviewed_team.release(world, "1.0.0", name, **more)
        said = [
            {"output_type": "stream", "name": "stdout", "text": text},
            {"output_type": "display_data", "metadata": {}, "data": {"text/html": text}},
            {"output_type": "display_data", "metadata": {}, "data": {"image/svg+xml": text}},
            {"output_type": "display_data", "metadata": {}, "data": {"text/markdown": text}},
            {"output_type": "display_data", "metadata": {},
             "data": {"application/javascript": text}},
        ]  # fmt: skip
        notebook = reviewed_team.executed(*said)
        notebook["cells"][0]["source"] = text
        notebook["cells"][1]["source"] = text
        reviewed_team.keep_proof(data_dir, digest, text + "\n", notebook)
        for environment in ("dev", "staging"):
            world.releases.ask(Wish(name, "1.0.0", environment, text), reviewed_team.BEN)
        asked = world.releases.ask(Wish(name, "1.0.0", "production", text), reviewed_team.BEN)
        world.releases.answer(asked["id"], OMAR, Vote(False, text))
        found[number] = (asked["id"], name)
    world.ledger.close()
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory: Any) -> tuple[Path, dict[int, tuple[str, str]]]:
    data_dir = tmp_path_factory.mktemp("a7") / "data"
    return data_dir, fill(data_dir)


@pytest.fixture
def server(written: Any) -> Iterator[PageServer]:
    with PageServer(written[0]) as running:
        yield running


def executions(page: Any) -> int:
    """How many frames of a page were taken over, once what they load has loaded or failed."""
    page.wait_for_timeout(60)  # no promise: in a sandboxed page, its timers never fire
    return sum(bool(frame.evaluate("() => window.__pwned === 1")) for frame in page.frames)


def test_a7_nothing_on_the_pages_runs(page: Any, server: PageServer, written: Any) -> None:
    server.log_in(page.context)
    page.context.add_init_script("window.__pwned = 0")
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    taken, looked, seen = 0, 0, 0
    paths = ["", "history", "audit"]
    for ident, name in written[1].values():
        paths += [f"promotions/{ident}", f"packages/{name}", f"promotions/{ident}/notebook"]
    for path in paths:
        page.goto(server.pages + path)
        if path.startswith("promotions/") and not path.endswith("/notebook"):
            for fold in page.locator("details.fold > summary").all():
                fold.click()
            frame = page.locator("iframe")
            assert frame.get_attribute("sandbox") == ""
        page.keyboard.press("Tab")
        taken += executions(page)
        looked += 1
        seen += MARK in page.content()
    # The texts are there to be read, so the pages did show them.
    assert seen > len(TRIED) and not dialogs
    print(f"A7: {len(TRIED)} payloads x {len(FIELDS)} fields on {looked} pages: {taken} executions")
    assert taken == 0


def test_a7_what_a_stranger_puts_into_addresses_and_forms(
    page: Any, server: PageServer, written: Any
) -> None:
    from urllib.parse import quote

    server.log_in(page.context)
    page.context.add_init_script("window.__pwned = 0")
    taken = 0
    for number, text in enumerate(TRIED):
        safe = quote(text, safe="")
        addresses = (
            *(f"history?name={safe}", f"history?at={safe}", f"packages/{safe}"),
            *(f"promotions/{safe}", f"?before={safe}"),
        )
        page.goto(server.pages + addresses[number % len(addresses)])
        taken += executions(page)
    print(f"A7: {len(TRIED)} payloads in addresses of 5 shapes: {taken} executions")
    assert taken == 0


def test_a7_the_canary_can_fail(page: Any) -> None:
    """The same look does find what runs, so that no executions means something."""
    page.set_content(f"<h1>x</h1><script>{PAYLOADS[0][8:-9]}</script>")
    assert executions(page) == 1


def test_the_frame_has_no_origin_of_its_own_to_lend(
    page: Any, server: PageServer, written: Any
) -> None:
    server.log_in(page.context)
    ident = written[1][0][0]
    page.goto(server.pages + f"promotions/{ident}/notebook")
    assert page.evaluate("() => window.origin") == "null"
    with pytest.raises(Exception, match="sandboxed"):
        page.evaluate("() => document.cookie")
