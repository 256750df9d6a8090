"""Reading: a notebook of thirty cells, the headers of all libraries here, and their closure."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from nbconvert import PythonExporter

from bench.report import Report, quickest
from jupyter_modelpack.adapters.elf import read_elf
from jupyter_modelpack.notebook.inspection import inspect
from tests.environment.test_native_image import ask, closures, image_library, shared_objects
from tests.notebook.notebooks import Kernel, document, folder, snapshot
from tests.notebook.test_inspection import TYPICAL


def measure(report: Report) -> None:
    """Compare each with what others need for less: a script, the same headers, and ldd."""
    _inspection(report)
    _headers(report)
    _closure(report)


def _inspection(report: Report) -> None:
    cells = TYPICAL * 3
    taken = snapshot(*cells)
    node = nbformat.reads(json.dumps(document(*cells)), as_version=4)
    export = PythonExporter()
    inspection = quickest(
        lambda: inspect(taken, kernel=Kernel(), files=folder("data/customers.csv"))
    )
    script = quickest(lambda: export.from_notebook_node(node))
    report.add("inspection of thirty cells", inspection * 1000, "ms", most=100)
    report.add("inspection / nbconvert to a script", inspection / script, "x")


def _headers(report: Report) -> None:
    objects = [file.host_path for file in shared_objects(sysconfig.get_path("platlib"), "x")]
    ours = quickest(lambda: [read_elf(path) for path in objects])
    theirs = quickest(lambda: [_judged(path) for path in objects])
    report.add(f"headers of {len(objects)} libraries / pyelftools", ours / theirs, "x", most=0.2)


def _judged(path: str) -> list[str]:
    with Path(path).open("rb") as stream:
        segments = ELFFile(stream).iter_segments()
        dynamic = [each for each in segments if isinstance(each, DynamicSegment)]
        return [str(tag) for each in dynamic for tag in each.iter_tags()]


def _closure(report: Report) -> None:
    ldd = shutil.which("ldd")
    if ldd is None:
        report.leave_out("closure / ldd", "there is no ldd here")
        return
    site = sysconfig.get_path("platlib")
    python = ask(sys.executable)
    objects = [file.host_path for file in shared_objects(site, "x")]
    ours = quickest(lambda: closures(python, {site: f"{image_library(python)}/site-packages"}), 2)
    theirs = quickest(
        lambda: subprocess.run([ldd, *objects], capture_output=True, check=False, timeout=600), 1
    )
    report.add(f"closure of {len(objects)} libraries / ldd", ours / theirs, "x", most=0.3)
