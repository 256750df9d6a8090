"""A run that is stopped, or takes too long, still writes what it has."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.adapters.notebook_image import cell
from tests.runtime.notebook_runs import Run, Runtime, environment

WAITS = {
    "sleeping": "import time\nprint('begun', flush=True)\ntime.sleep(60)",
    "awaiting": "import asyncio\nprint('begun', flush=True)\nawait asyncio.sleep(60)",
    "computing": "print('begun', flush=True)\nwhile True: pass",
    "catching all": (
        "import time\nprint('begun', flush=True)\n"
        "while True:\n    try: time.sleep(60)\n    except BaseException: pass"
    ),
}


@pytest.mark.parametrize("how", WAITS)
def test_the_time_limit_ends_it_and_says_how_far_it_came(
    how: str, runtime: Runtime, tmp_path: Path
) -> None:
    runtime.package([cell("done = 1\nprint(done)"), cell(WAITS[how]), cell("print('never')")])
    begun = time.monotonic()
    run = runtime.run(tmp_path / "work", "--time-limit", "0.8")
    took = time.monotonic() - begun
    assert run.code == 4, run.log
    assert took < (9 if how == "catching all" else 4)
    assert run.result["phase"] == "Failed"
    assert run.result["reached_limit"] is True
    assert (run.result["cell"], run.result["cells"]) == (1, 3)
    assert run.result["error"]["ename"] == "TimeLimit"
    assert run.result["error"]["cell"] == 2
    assert run.text(1) == "1\n"
    assert run.text(2) == "begun\n"
    print(f"{how}: ended {took - 0.8:.1f} s after the limit")


def test_sigterm_ends_it(runtime: Runtime, tmp_path: Path) -> None:
    runtime.package([cell("done = 1"), cell(WAITS["sleeping"])])
    work = tmp_path / "work"
    work.mkdir()
    process = subprocess.Popen(
        runtime.command("run"), cwd=work, env=environment(work), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    while b"begun" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 143
    process.stdout.close()
    run = Run(143, "", work)
    assert run.result["phase"] == "Aborted"
    assert run.result["cell"] == 2
    assert run.text(2) == "begun\n"


def test_a_signal_that_does_not_wake_the_cell_ends_it(runtime: Runtime, tmp_path: Path) -> None:
    """It came just before the cell began to wait: as here, where another thread is given it."""
    source = """
import signal, threading, time
def signalled(): signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
threading.Timer(0.2, signalled).start()
time.sleep(45)
"""
    runtime.package([cell(source)])
    run = runtime.run(tmp_path / "work")
    assert (run.code, run.result["phase"]) == (143, "Aborted"), run.log
    assert run.result["seconds"] < 30, "the cell slept on"


def test_children_of_the_notebook_are_ended_by_sigterm_as_usual(
    runtime: Runtime, tmp_path: Path
) -> None:
    source = """
import multiprocessing, os, time
def work(number): return number * 2
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(work, range(3)))
ended = set()
for _ in range(50):
    pid = os.fork()
    if pid == 0:
        time.sleep(5)
        os._exit(0)
    os.kill(pid, 15)
    ended.add(os.WTERMSIG(os.waitpid(pid, 0)[1]))
print(ended)
"""
    runtime.package([cell(source)])
    run = runtime.run(tmp_path / "work")
    assert run.code == 0, run.log
    assert run.text(1).replace("\r", "") == "[0, 2, 4]\n{15}\n"
    assert os.path.exists(run.work / ".modelpack/executed.ipynb")
