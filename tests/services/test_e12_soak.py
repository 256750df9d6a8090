"""Row E12: a day of releases on a clock that runs ahead leaves nothing behind in the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
RELEASES = 5000 if os.environ.get("MODELPACK_TEST_FULL") else 40


def test_e12_a_day_leaves_nothing_behind(tmp_path: Path) -> None:
    count = int(os.environ.get("MODELPACK_E12_RELEASES", RELEASES))
    # Not as a module's main, which each process that it starts would read again.
    code = (
        "import pathlib, sys; from tests.services.soaking import main;"
        " main(pathlib.Path(sys.argv[1]), int(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "data"), str(count)]
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    # a short path: there is a socket in it, by which processes are started
    with tempfile.TemporaryDirectory(prefix="e12-") as temporary:
        done = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": path, "TMPDIR": temporary},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
    samples = [json.loads(line) for line in done.stdout.splitlines()]
    # The first fifth loads what is loaded once.
    first, last = samples[1], samples[-1]
    drift = last["rss"] / first["rss"] - 1
    print(
        f"E12: {last['releases']} releases in {last['hours']} h:"
        f" {first['rss'] >> 20} to {last['rss'] >> 20} MiB ({drift:+.1%}),"
        f" {last['fds']} files, {last['threads']} threads, {last['temporary']} temporary files"
    )
    assert last["releases"] == count and 23.9 <= last["hours"] <= 24.1
    assert {each["temporary"] for each in samples} == {0}
    assert last["fds"] == first["fds"] and last["threads"] == first["threads"]
    assert drift < 0.05
