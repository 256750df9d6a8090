"""The extension loads with the server, and loading it is light."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("sqlalchemy", "nbconvert", "kfp", "kubernetes", "rich", "IPython")
MOST = 50  # modules, ours and others
PROGRAM = """
import json, sys, time
import jupyter_server.serverapp
before = set(sys.modules)
began = time.perf_counter()
from jupyter_modelpack import _jupyter_server_extension_points
_jupyter_server_extension_points()
print(json.dumps([time.perf_counter() - began, sorted(set(sys.modules) - before)]))
"""


def test_loading_imports_nothing_heavy():
    best, new = 9.0, []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        seconds, new = json.loads(done.stdout)
        best = min(best, seconds)
    heavy = [name for name in new if name.split(".")[0] in HEAVY]
    assert heavy == []
    foreign = [name for name in new if not name.startswith(("jupyter_modelpack", "jupyter_server"))]
    print(f"load: {best * 1000:.0f} ms, {len(new)} modules, {len(foreign)} of others: {foreign}")
    assert len(new) < MOST


def test_a_data_file_enables_the_extension():
    place = ROOT / "jupyter-config" / "server-config" / "jupyter_modelpack.json"
    enabled = json.loads(place.read_text("utf-8"))
    assert enabled == {"ServerApp": {"jpserver_extensions": {"jupyter_modelpack": True}}}


async def test_nothing_is_made_before_the_first_request(jp_serverapp, data_dir):
    extension = jp_serverapp.extension_manager.extension_points["jupyter_modelpack"].app
    assert extension.name == "jupyter_modelpack"
    assert not data_dir.exists()
