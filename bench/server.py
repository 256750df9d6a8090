"""How much longer a Jupyter server takes to load with the extension than without it."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.report import Report

ROUNDS = 7
_PROGRAM = """
import sys, time
from jupyter_server.serverapp import ServerApp
began = time.perf_counter()
app = ServerApp()
app.initialize(
    argv=["--ServerApp.port=0", "--ServerApp.open_browser=False", "--ServerApp.allow_root=True"],
    find_extensions=False,
    new_httpserver=False,
)
if sys.argv[1] == "with":
    app.extension_manager.add_extension("jupyter_modelpack", enabled=True)
    app.extension_manager.link_extension("jupyter_modelpack")
    app.extension_manager.load_extension("jupyter_modelpack")
print(time.perf_counter() - began)
"""


def measure(home: Path, report: Report) -> None:
    """Start servers in turn with and without the extension, and compare the medians."""
    taken: dict[str, list[float]] = {"without": [], "with": []}
    for _ in range(ROUNDS):
        for kind, seconds in taken.items():
            seconds.append(_start(kind, home))
    more = statistics.median(taken["with"]) - statistics.median(taken["without"])
    report.add("server load without the extension", statistics.median(taken["without"]), "s")
    report.add("server load: more with the extension", more * 1000, "ms", most=60)


def _start(kind: str, home: Path) -> float:
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_NO_CONFIG": "1",
    }
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, kind],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"no server after {time.monotonic() - began:.0f} s: {done.stderr}")
    return float(done.stdout.split()[-1])
