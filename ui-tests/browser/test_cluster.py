"""A real cluster from the panel: its graph, its log, stop, again, and the notebook with its plot.

``MODELPACK_TEST_SHOTS=DIR`` keeps a picture of the panel at each step.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from browser.axe import faults
from browser.conftest import notebook, write_notebook
from browser.driver import PANEL, open_lab, open_panel, panel
from browser.labserver import BUILT, LabServer
from browser.test_journey import package
from tests.judges import require_cluster
from tests.kubernetes.clusters import Namespace

pytestmark = [pytest.mark.browser, pytest.mark.systems]

LONG = 120_000
AGAIN = re.compile("^Run .* again$")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
# A picture without a plotting package: what is small is packaged, sent and pulled quickly.
PLOT = """import struct, zlib
from IPython.display import Image, display
def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
def line(y):
    return b"\\0" + bytes(0 if y > 120 - read[x * len(read) // 240] else 255 for x in range(240))
shape = struct.pack(">IIBBBBB", 240, 120, 8, 0, 0, 0, 0)
rows = zlib.compress(b"".join(line(y) for y in range(120)))
parts = chunk(b"IHDR", shape) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
display(Image(data=b"\\x89PNG\\r\\n\\x1a\\n" + parts))
last = read[-1]"""
MEASURED = """import time
read = []
for n in range(rounds):
    read.append(n * n % 80)
    print("reading", n, flush=True)
    time.sleep(0.2)"""
CELLS = notebook(
    "rounds = 5",
    "print('from the first step')\nunit = 1",
    MEASURED,
    PLOT,
    "last",
    tags={
        1: ["pipeline-parameters"],
        2: ["step:load"],
        3: ["step:measure", "prev:load"],
        4: ["step:draw", "prev:measure"],
        5: ["pipeline-metrics"],
    },
)


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[str, Namespace]]:
    """A folder of its own in the registry, and a namespace of its own."""
    cluster = require_cluster()
    namespace = Namespace()
    yield f"{cluster.registry}/browser-{uuid.uuid4().hex[:8]}", namespace
    namespace.remove()


@pytest.fixture(scope="module")
def lab(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[str, Namespace]
) -> Iterator[LabServer]:
    """A JupyterLab that publishes to the registry and runs on the cluster."""
    if not (BUILT / "package.json").exists():
        pytest.skip("The front end is not built: run jlpm build:prod.")
    registry, namespace = place
    root = tmp_path_factory.mktemp("cluster")
    write_notebook(root / "survey.ipynb", CELLS)
    settings = [
        f"--ModelPack.registry={registry}",
        f"--ModelPack.kubernetes_namespace={namespace.name}",
    ]
    with LabServer(
        root, tmp_path_factory.mktemp("lab"), with_server_part=True, settings=settings
    ) as server:
        yield server


RUNS = ".jp-ModelpackPanel-runs > ul > li"


def newest(page: Any) -> Any:
    """The line of the newest run."""
    return panel(page).locator(RUNS).first


def wait_for_runs(page: Any, number: int) -> None:
    """Wait until so many runs are listed."""
    page.wait_for_function(
        "([line, number]) => document.querySelectorAll(line).length === number",
        arg=[f"{PANEL} {RUNS}", number],
        timeout=LONG,
    )


def submit(page: Any, rounds: int | None = None) -> None:
    """Fill in the form and send it."""
    form = panel(page).get_by_role("form", name="Run survey 1.0.0")
    form.get_by_label("Where").select_option("kubernetes")
    if rounds is not None:
        form.get_by_label("rounds").fill(str(rounds))
    form.get_by_role("button", name="Run", exact=True).click()


def stop(page: Any) -> None:
    """Stop the newest run, and wait until it is over."""
    newest(page).get_by_role("button", name=re.compile("^Stop the run")).click()
    newest(page).get_by_role("button", name=AGAIN).wait_for(timeout=LONG)


@contextlib.contextmanager
def image_away(repository: str, digest: str) -> Iterator[None]:
    """Take an image out of the registry, and put the same bytes back."""
    host, _, name = repository.partition("/")
    url = f"http://{host}/v2/{name}/manifests/{digest}"
    kind = {"Accept": MANIFEST, "Content-Type": MANIFEST}
    with urllib.request.urlopen(urllib.request.Request(url, headers=kind), timeout=30) as answer:
        manifest = answer.read()
    for method, body in (("DELETE", None), ("PUT", manifest)):
        request = urllib.request.Request(url, method=method, headers=kind, data=body)
        urllib.request.urlopen(request, timeout=30).close()
        if method == "DELETE":
            yield


def step(line: Any, name: str, phase: str) -> Any:
    """The box of a step in this phase."""
    return line.get_by_role("button", name=re.compile(f"^{name}: {phase}"))


def test_a_tagged_notebook_runs_on_the_cluster(
    page: Any, lab: LabServer, place: tuple[str, Namespace]
) -> None:
    clock = Clock(page)
    open_lab(page, lab, "survey.ipynb", workspace="survey")
    graph = open_panel(page).get_by_role("group", name="Pipeline of 3 steps")
    graph.get_by_role("button", name="measure: cell 3, after load").wait_for()
    assert faults(page, PANEL) == []
    clock("the graph before anything is sent")
    package(page)
    panel(page).get_by_role("heading", name="survey 1.0.0").wait_for(timeout=LONG)
    panel(page).get_by_role("button", name="Run…").click()
    clock("packaged and published")

    # The registry has lost the image: the panel says so, and nothing runs.
    digest = panel(page).locator(".jp-ModelpackPanel-digest code").get_attribute("title")
    with image_away(f"{place[0]}/survey", str(digest)):
        submit(page)
        line = newest(page)
        line.get_by_text("The registry does not have the image").wait_for(timeout=LONG)
        line.get_by_text("Publish the package to that registry").wait_for()
        assert faults(page, PANEL) == []
        clock("that the image is missing is said")
        stop(page)

    # One that would go on for minutes: its log grows, and it is stopped.
    submit(page, rounds=3000)
    wait_for_runs(page, 2)
    line = newest(page)
    step(line, "measure", "running").wait_for(timeout=LONG)
    clock("the second step runs")
    step(line, "load", "done").wait_for()
    step(line, "draw", "waiting").wait_for()
    line.get_by_role("button", name="Log").click()
    log = line.get_by_role("log")
    log.get_by_text("from the first step").wait_for()
    before = log.inner_text().count("reading")
    page.wait_for_function(
        "([log, before]) => log.textContent.split('reading').length - 1 > before",
        arg=[log.element_handle(), before + 3],
        timeout=LONG,
    )
    clock(f"the log grew from {before} to {log.inner_text().count('reading')} lines")
    assert faults(page, PANEL) == []
    stop(page)
    step(line, "measure", "stopped").wait_for()
    clock("stopped")

    # The same package with its own value, to its end; then once more.
    panel(page).get_by_label("rounds").fill("5")
    submit(page)
    wait_for_runs(page, 3)
    step(newest(page), "draw", "done").wait_for(timeout=LONG)
    newest(page).get_by_text("Kubernetes").wait_for()
    clock("the second run is done")
    newest(page).get_by_role("button", name=AGAIN).click()
    wait_for_runs(page, 4)
    step(newest(page), "draw", "done").wait_for(timeout=LONG)
    clock("it ran again")

    newest(page).get_by_role("button", name="Open the notebook as it ran").click()
    opened = page.frame_locator(".jp-ModelpackPreview iframe")
    plot = opened.get_by_role("img")
    plot.wait_for()
    size = "image => image.complete && [image.naturalWidth, image.naturalHeight]"
    assert plot.evaluate(size) == [240, 120]
    opened.get_by_text("reading 4").wait_for()
    clock("its notebook is open, with the plot")


class Clock:
    """Prints what took how long."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._shots = os.environ.get("MODELPACK_TEST_SHOTS", "")
        self._number = 0
        self._last = time.monotonic()

    def __call__(self, what: str) -> None:
        print(f"{time.monotonic() - self._last:5.1f} s  {what}")
        if self._shots:
            self._number += 1
            name = f"{self._number}-{what.replace(' ', '-')}.png"
            self._page.screenshot(path=Path(self._shots) / name)
        self._last = time.monotonic()
