"""Publishing: our client beside ``skopeo copy`` of the same bytes to the same kind of registry."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from bench.packaging import ROUNDS, Ours
from bench.report import Report
from jupyter_modelpack.adapters.registry import Access, Registry
from jupyter_modelpack.oci.archive import export_oci_archive
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.reference import Reference, Repository
from tests.registry.real import BINARY, start_real

Push = Callable[[str], object]


def measure(home: Path, ours: Ours, report: Report) -> None:
    """Push an image to an empty registry, by turns; then the next one, of which little is new."""
    missing = [tool for tool in ("skopeo", BINARY) if shutil.which(tool) is None]
    if missing:
        report.leave_out("(d) publishing", f"needs {' and '.join(missing)}")
        return
    first, second = (Digest.parse(each["digest"]) for each in (ours.first, ours.second))
    layout = Layout(ours.data_dir / "store")
    sources = {digest: _layout_of(layout, digest, home) for digest in (first, second)}

    def we(digest: Digest) -> Push:
        return lambda host: Registry(Access()).push(
            layout, digest, Reference(Repository.parse(f"{host}/bench"), None, digest)
        )

    def they(digest: Digest) -> Push:
        return lambda host: subprocess.run(
            ["skopeo", "--insecure-policy", "copy", "-q", "--preserve-digests",
             "--dest-tls-verify=false", f"oci:{sources[digest]}", f"docker://{host}/bench:{digest.short}"],
            check=True,
        )  # fmt: skip

    taken: dict[str, list[tuple[float, float]]] = {"ours": [], "theirs": []}
    for number in range(ROUNDS):
        for name, push in (("ours", we), ("theirs", they)):
            taken[name].append(_both(home / f"push-{name}-{number}", push(first), push(second)))
    (whole, again), (their_whole, their_again) = (
        [statistics.median(each) for each in zip(*taken[name], strict=True)]
        for name in ("ours", "theirs")
    )
    report.add("(d) skopeo copy of the image, same digest", their_whole, "s")
    report.add("(d) our push of it", whole, "s")
    report.add("(d) our push / skopeo copy", whole / their_whole, "x", most=1)
    report.add("(d) the next image: our push / skopeo copy", again / their_again, "x", most=1)


def _both(folder: Path, first: Push, second: Push) -> tuple[float, float]:
    """Return the seconds of two pushes in turn to a registry that is empty at first."""
    folder.mkdir()
    with start_real(folder) as registry:
        seconds = []
        for push in (first, second):
            began = time.monotonic()
            push(registry.host)
            seconds.append(time.monotonic() - began)
    shutil.rmtree(folder)
    return seconds[0], seconds[1]


def _layout_of(layout: Layout, digest: Digest, home: Path) -> Path:
    """Return a layout with this image alone, which is what skopeo reads."""
    archive, folder = home / "image.tar", home / f"layout-{digest.short}"
    with archive.open("wb") as stream:
        export_oci_archive(layout, digest, "modelpack.local/bench:1", stream)
    folder.mkdir()
    subprocess.run(["tar", "xf", str(archive), "-C", str(folder)], check=True)
    archive.unlink()
    return folder
