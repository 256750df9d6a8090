"""Runs end when they must: abort, time, memory, too many processes, and whatever they leave."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.notebook_image import cell
from tests.adapters.sandbox_runs import (
    LEVELS,
    QUICK,
    SEALED,
    maker,
    processes_with,
    require,
    run,
)

FORKS = """
import os, signal, subprocess, sys, time
code = "import os, signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
for number in range(3):
    subprocess.Popen([sys.executable, "-c", code, MARKER])
subprocess.Popen([sys.executable, "-c", code, MARKER], start_new_session=True)
if os.fork() == 0:  # a daemon: a new session, and an orphan
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-c", code, MARKER])
    os._exit(0)
os.wait()
time.sleep(0.3)
"""


def gone(marker: str) -> bool:
    for _ in range(40):
        if not processes_with(marker):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("level", QUICK)
def test_e1_nothing_outlives_a_runner_that_is_killed(level: str, tmp_path: Path) -> None:
    require(level)
    marker = f"marker-{uuid.uuid4().hex}"
    digest = maker().image([cell(f"MARKER = {marker!r}" + FORKS + "time.sleep(600)")])
    program = f"""
from pathlib import Path
from jupyter_modelpack.adapters.sandbox import RunRequest, run_image
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.layout import Layout
run_image(Layout({str(maker().layout.path)!r}), Digest({str(digest)!r}),
          RunRequest(Path({str(tmp_path / "work")!r})), isolation={level!r})
"""
    runner = subprocess.Popen([sys.executable, "-c", program])
    until = time.monotonic() + 30
    while len(processes_with(marker)) < 5 and time.monotonic() < until:
        assert runner.poll() is None
        time.sleep(0.05)
    runner.kill()
    runner.wait()
    assert gone(marker)
    print(f"E1: {level}: the runner was killed, none of 5 processes is left")


@pytest.mark.parametrize("level", LEVELS)
def test_abort_ends_every_process(level: str, tmp_path: Path) -> None:
    marker = f"marker-{uuid.uuid4().hex}"
    started: list[float] = []
    seen: list[int] = []

    def look(text: str) -> None:
        if "READY" in text:
            seen.append(len(processes_with(marker)))
            started.append(time.monotonic())

    ran = run(
        level,
        [
            cell("first = 1\nfirst"),
            cell(f"MARKER = {marker!r}" + FORKS + "print('READY')\ntime.sleep(600)"),
        ],
        tmp_path / "work",
        on_log=look,
        cancelled=lambda: bool(started),
    )
    took = time.monotonic() - started[0]
    assert gone(marker)
    assert seen[0] >= 5
    assert ran.result.phase == "Aborted", ran.text
    assert ran.result.cell == 2
    assert ran.result.executed_notebook is not None
    assert '"text/plain": "1"' in ran.result.executed_notebook.read_text()
    print(f"{level}: {seen[0]} processes ended {took:.2f} s after the abort")


@pytest.mark.parametrize("level", QUICK)
def test_what_a_finished_run_leaves_behind_is_ended(level: str, tmp_path: Path) -> None:
    marker = f"marker-{uuid.uuid4().hex}"
    ran = run(level, [cell(f"MARKER = {marker!r}" + FORKS)], tmp_path / "work")
    assert ran.result.phase == "Succeeded", ran.text
    assert gone(marker)
    assert ran.result.seconds < 10


@pytest.mark.parametrize("level", [*QUICK, "docker"])
def test_the_time_limit(level: str, tmp_path: Path) -> None:
    ran = run(
        level,
        [cell("1"), cell("2"), cell("import time\ntime.sleep(600)"), cell("4")],
        tmp_path / "work",
        time_limit=1.5,
    )
    assert ran.result.reached_limit
    assert ran.result.phase == "Failed"
    assert (ran.result.cell, ran.result.cells) == (2, 4)
    assert ran.result.executed_notebook is not None


def test_a_run_that_cannot_be_interrupted_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_modelpack.adapters.sandbox.supervisor.GRACE", 0.3)
    # a call into C that never gives Python back: no clock and no signal handler of ours runs
    stuck = "import ctypes\nprint('stuck')\nctypes.PyDLL(None).sleep(600)"
    ran = run("bubblewrap", [cell("1"), cell(stuck)], tmp_path / "work", time_limit=1.0)
    assert ran.result.reached_limit, ran.text
    assert (ran.result.cell, ran.result.cells) == (1, 2)
    assert ran.result.error is not None
    assert (ran.result.error["cell"], ran.result.error["ename"]) == (2, "TimeLimit")
    assert ran.result.executed_notebook is not None


@pytest.mark.parametrize("level", QUICK)
def test_memory_of_one_process(level: str, tmp_path: Path) -> None:
    ran = run(
        level,
        [cell("1"), cell("data = bytearray(400 << 20)"), cell("3")],
        tmp_path / "work",
        memory_limit=200 << 20,
    )
    assert ran.result.phase == "Failed"
    assert ran.result.error is not None
    assert (ran.result.error["ename"], ran.result.error["cell"]) == ("MemoryError", 2)


@pytest.mark.parametrize("level", QUICK)
def test_memory_of_all_processes_together(level: str, tmp_path: Path) -> None:
    marker = f"marker-{uuid.uuid4().hex}"
    code = "data = bytearray(b'x') * (90 << 20); import time; time.sleep(600)"
    source = "import subprocess, sys, time\nfor _ in range(5):\n"
    source += f"    subprocess.Popen([sys.executable, '-c', {code!r}, {marker!r}])\ntime.sleep(600)"
    begun = time.monotonic()
    ran = run(level, [cell(source)], tmp_path / "work", memory_limit=200 << 20)
    assert ran.result.phase == "Failed", ran.text
    assert ran.result.error is not None
    assert (ran.result.error["ename"], ran.result.error["cell"]) == ("OutOfMemory", 1)
    assert "200 MiB" in ran.result.error["evalue"]
    assert gone(marker)
    assert time.monotonic() - begun < 20


def test_podman_limits_the_memory_of_all_together(tmp_path: Path) -> None:
    code = "data = bytearray(b'x') * (90 << 20); import time; time.sleep(2)"
    source = f"""
import subprocess, sys
started = [subprocess.Popen([sys.executable, "-c", {code!r}]) for _ in range(5)]
print("ENDED", sorted(each.wait() for each in started))
"""
    ran = run("podman", [cell(source)], tmp_path / "work", memory_limit=200 << 20)
    # The kernel ends one of them, or the notebook itself is refused the memory to start the next.
    refused = (ran.result.error or {}).get("ename") in ("MemoryError", "OutOfMemory", "OSError")
    assert refused or "ENDED [-9, " in ran.text, ran.text


def test_too_many_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_modelpack.adapters.sandbox.supervisor.MOST_PROCESSES", 20)
    source = "import os, time\nfor _ in range(40):\n    if os.fork() == 0: time.sleep(600)\n"
    ran = run("bubblewrap", [cell(source + "time.sleep(600)")], tmp_path / "work")
    assert ran.result.error is not None
    assert ran.result.error["ename"] == "TooManyProcesses"


@pytest.mark.parametrize("level", SEALED)
def test_log_and_events_come_while_it_runs(level: str, tmp_path: Path) -> None:
    times: dict[str, float] = {}

    def on_event(event: Mapping[str, Any]) -> None:
        times.setdefault(f"{event['event']} {event.get('cell')}", time.monotonic())

    def on_log(_: str) -> None:
        times.setdefault("log", time.monotonic())

    cells = [cell("print('one')"), cell("import time\ntime.sleep(1)\nprint('two')"), cell("3")]
    ran = run(level, cells, tmp_path / "work", on_log=on_log, on_event=on_event)
    assert ran.result.phase == "Succeeded"
    assert times["finished 3"] - times["log"] > 0.8
    assert times["cell-finished 2"] - times["cell-started 2"] > 0.8
    kinds = [event["event"] for event in ran.events]
    assert kinds == ["started", *["cell-started", "cell-finished"] * 3, "finished"]


@pytest.mark.parametrize(
    ("source", "ename", "said"),
    [
        ("import ctypes\nctypes.string_at(0)", "Crashed", "segmentation fault"),
        ("import os\nos._exit(0)", "Ended", "exit code 0"),
        ("import os\nos.kill(os.getpid(), 9)", "Crashed", "killed"),
    ],
)
def test_a_python_that_ends_is_told_with_its_cell(
    source: str, ename: str, said: str, tmp_path: Path
) -> None:
    ran = run("bubblewrap", [cell("a = 1", "metrics"), cell(source)], tmp_path / "work")
    assert ran.result.phase == "Failed"
    assert ran.result.error is not None
    assert (ran.result.error["cell"], ran.result.error["ename"]) == (2, ename)
    assert said in ran.result.error["evalue"]
    assert ran.result.metrics == {"a": 1}
