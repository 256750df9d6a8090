"""Sealing: evidence for a release of 200 packages, and a sealed run after an edit of one cell."""

from __future__ import annotations

import time
from pathlib import Path

from bench.report import Report, quickest
from jupyter_modelpack.adapters.sandbox import RunRequest, run_image
from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.services.evidence import attest
from tests.adapters.notebook_image import cell
from tests.adapters.sandbox_runs import maker
from tests.release.evidence_case import BUILDER, LOCKED, OPTIONS, key, make_case

ROUNDS = 5


def measure(home: Path, report: Report) -> None:
    """Measure both as the shortest of five."""
    _evidence(home / "evidence", report)
    _second_run(home / "runs", report)


def _evidence(home: Path, report: Report) -> None:
    case = make_case(home)
    many = [
        {"name": f"p{n}", "version": "1.0", "origin": "index", "digest": Digest.of(b"%d" % n)}
        for n in range(200)
    ]
    record = {**case.record, "lock": {**LOCKED, "distributions": many}}
    seconds = quickest(lambda: attest(record, OPTIONS, case.layout, key(1), BUILDER))
    report.add("evidence for 200 packages", seconds * 1000, "ms", most=60)


def _second_run(home: Path, report: Report) -> None:
    images = maker()
    took = []
    try:
        for number in range(ROUNDS + 1):
            digest = images.image([cell(f"edited = {number}")])
            request = RunRequest(home / str(number))
            began = time.perf_counter()
            result = run_image(images.layout, digest, request, isolation="bubblewrap")
            took.append(time.perf_counter() - began)
            assert result.phase == "Succeeded"
    except ModelPackError as error:
        report.leave_out("sealed run after an edit", error.message)
        return
    report.add("sealed run after an edit of one cell", min(took[1:]), "s", most=0.7)
