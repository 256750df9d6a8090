"""A run from beginning to end, as an image starts it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import nbformat
import pytest

from tests.adapters.notebook_image import cell
from tests.runtime.notebook_runs import Runtime

RICH = """
from IPython.display import HTML, clear_output, display
print("gone"); clear_output()
handle = display(HTML("<b>first</b>"), display_id=True)
handle.update(HTML("<i>second</i>"))
class Picture:
    def _repr_png_(self): return b"\\x89PNG"
display(Picture())
print("a", end=""); print("b")
42
"""


def test_a_notebook_runs_and_everything_it_shows_is_kept(runtime: Runtime, tmp_path: Path) -> None:
    runtime.package(
        [
            cell("# Title", kind="markdown"),
            cell("rate = 0.5\nname = 'none'", "parameters"),
            cell(RICH),
            cell("import asyncio\nawait asyncio.sleep(0)\nasyncio.get_running_loop() is not None"),
            cell("raise RuntimeError('never')", "skip"),
            cell("import helper, sys\nprint(helper.TEN, open('deep/data.csv').read(), sys.argv)"),
            cell("%time total = 1 + 1\nprint(rate, name, file=sys.stderr)"),
            cell("accuracy = rate * 2\nbest = accuracy", "metrics"),
            cell("assert accuracy == 1.5", "check"),
            cell("task = asyncio.ensure_future(asyncio.sleep(0, 'done'))"),
            cell("print(await task)\nopen('made.txt', 'w').write('x');"),
        ],
        files={"helper.py": b"TEN = 10\n", "deep/data.csv": b"a,b"},
        parameters=[
            {"name": "rate", "type": "float", "default": 0.5},
            {"name": "name", "type": "str", "default": "none"},
        ],
    )
    run = runtime.run(tmp_path / "work", "-p", "rate=0.75", "--parameters", '{"name": "O\'Brien"}')
    assert run.code == 0, run.log
    result = run.result
    assert result["phase"] == "Succeeded"
    assert (result["cell"], result["completed"], result["cells"]) == (11, 11, 11)
    assert result["metrics"] == {"accuracy": 1.5, "best": 1.5}
    assert result["checks"] == [{"cell": 9, "passed": True, "message": ""}]
    assert result["writes_outside"] == []
    assert result["network"] == []

    cells = run.cells
    assert cells[2]["metadata"]["tags"] == ["injected-parameters"]
    assert cells[2]["source"] == '# Parameters\nname = "O\'Brien"\nrate = 0.75'
    rich = cells[3]["outputs"]
    assert [o["output_type"] for o in rich] == [
        "display_data",
        "display_data",
        "stream",
        "execute_result",
    ]
    assert rich[0]["data"]["text/html"] == "<i>second</i>"
    assert rich[1]["data"]["image/png"] == "iVBORw=="
    assert rich[2]["text"] == "ab\n"
    assert rich[3]["data"] == {"text/plain": "42"}
    assert cells[4]["outputs"][0]["data"]["text/plain"] == "True"
    assert cells[5]["execution_count"] is None
    assert run.text(7) == "10 a,b ['']\n"
    assert "Wall time" in run.text(8)
    assert run.text(8, "stderr") == "0.75 O'Brien\n"
    assert run.text(12) == "done\n"
    executed = json.dumps({**notebook_of(run.work), "cells": cells})
    nbformat.validate(nbformat.reads(executed, as_version=4))

    kinds = [(event["event"], event.get("cell")) for event in run.events]
    assert kinds[:3] == [("started", None), ("cell-started", 2), ("cell-finished", 2)]
    assert ("metric", 8) in kinds
    assert ("check", 9) in kinds
    assert kinds[-1] == ("finished", 11)
    assert "[cell 6/11]" in run.log
    assert not [path for path in run.work.iterdir() if path.name.startswith(".ipython")]


def notebook_of(work: Path) -> dict[str, object]:
    return dict(json.loads((work / ".modelpack/executed.ipynb").read_text()))


def test_a_failing_cell_ends_the_run_and_is_named(runtime: Runtime, tmp_path: Path) -> None:
    runtime.package(
        [
            cell("def divide(a):\n    return a / 0"),
            cell("x = 1\n\ndivide(x)\n"),
            cell("print('never')"),
        ]
    )
    run = runtime.run(tmp_path / "work")
    assert run.code == 1
    assert run.result["phase"] == "Failed"
    assert run.result["error"] == {
        "cell": 2,
        "ename": "ZeroDivisionError",
        "evalue": "division by zero",
        "line": 3,
    }
    error = run.cells[1]["outputs"][0]
    assert (error["output_type"], error["ename"]) == ("error", "ZeroDivisionError")
    assert "\x1b[" in "".join(error["traceback"])
    assert "\x1b[" not in run.log
    assert run.cells[2]["execution_count"] is None
    assert run.result["completed"] == 1


def test_an_error_that_is_meant_is_shown_and_the_run_goes_on(
    runtime: Runtime, tmp_path: Path
) -> None:
    runtime.package(
        [
            cell("int('one')", "raises-exception"),
            cell("total = 3", "metrics"),
            cell("assert total == 4", "check", "raises-exception"),
        ]
    )
    run = runtime.run(tmp_path / "work")
    assert run.cells[0]["outputs"][0]["ename"] == "ValueError"
    assert run.result["error"] is None
    assert run.result["metrics"] == {"total": 3}
    assert run.result["phase"] == "Failed"  # a check stays a check
    assert [check["passed"] for check in run.result["checks"]] == [False]


def test_checks_fail_without_ending_the_run(runtime: Runtime, tmp_path: Path) -> None:
    runtime.package(
        [
            cell("score = 0.4"),
            cell("assert (\n    score > 0.5\n)", "check"),
            cell("assert score > 0.9, 'too low'", "check"),
            cell("undefined", "check"),
            cell("score", "metrics"),
        ]
    )
    run = runtime.run(tmp_path / "work")
    assert run.code == 1
    assert run.result["error"] is None
    assert [check["message"] for check in run.result["checks"]] == [
        "assert ( score > 0.5 )",
        "too low",
        "NameError: name 'undefined' is not defined",
    ]
    assert run.result["metrics"] == {"score": 0.4}


def test_modules_that_are_not_there_are_named(runtime: Runtime, tmp_path: Path) -> None:
    source = """
try:
    import not_there_at_all
except ImportError as error:
    raise ImportError("Install it") from error
"""
    runtime.package([cell(source)])
    run = runtime.run(tmp_path / "work")
    assert run.result["missing_modules"] == ["not_there_at_all"]
    assert run.result["error"]["module"] == "not_there_at_all"


@pytest.mark.parametrize(
    ("source", "ename", "line"),
    [
        ("x = 1\nif x\n  pass", "SyntaxError", 2),
        ("input('name? ')", "InputNotPossible", 1),
        ("import getpass; getpass.getpass()", "InputNotPossible", 1),
        ("import sys\nsys.exit(3)", "SystemExit", 2),
        ("%%nothing_of_this_name\nls", "UsageError", 1),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", 1),
    ],
)
def test_what_else_ends_a_run(
    source: str, ename: str, line: int, runtime: Runtime, tmp_path: Path
) -> None:
    runtime.package([cell(source), cell("print('never')")])
    run = runtime.run(tmp_path / "work")
    assert run.code == 1
    assert (run.result["error"]["ename"], run.result["error"]["line"]) == (ename, line)
    assert "ipython-input" not in run.result["error"]["evalue"]
    assert run.cells[1]["execution_count"] is None


def test_leaving_early_is_fine_unless_checks_are_left(runtime: Runtime, tmp_path: Path) -> None:
    runtime.package([cell("exit()"), cell("print('never')")])
    run = runtime.run(tmp_path / "fine")
    assert (run.code, run.result["phase"]) == (0, "Succeeded")
    runtime.package([cell("import sys; sys.exit()"), cell("assert True", "check")])
    run = runtime.run(tmp_path / "unchecked")
    assert (run.code, run.result["phase"]) == (1, "Failed")
    assert "checks in cell 2" in run.result["error"]["evalue"]


def test_threads_and_odd_output_do_not_hold_the_run(runtime: Runtime, tmp_path: Path) -> None:
    runtime.package(
        [
            cell("import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()"),
            cell("import sys\nprint('\\ud800 x' * 2)\nsys.stdout.buffer.write(b'\\xff\\n')"),
            cell("import subprocess\nsubprocess.run(['echo', 'child'], stdout=sys.stdout)"),
            cell("class Bad:\n    def __repr__(self): raise ValueError('no')\nBad()"),
            cell("for _ in range(90): print('y' * 100_000)"),
            cell("float('nan')", "metrics"),
        ]
    )
    run = runtime.run(tmp_path / "work")
    assert run.code == 0, run.log[-2000:]
    assert "child" in run.log
    assert run.text(2).startswith("\\ud800 x")
    assert len(run.text(5)) < 9_000_000
    assert "only in the log" in run.text(5)


def test_describe_prints_the_manifest(runtime: Runtime, tmp_path: Path) -> None:
    runtime.package([cell("1")], settings=["HOME"])
    done = runtime.run(tmp_path / "work", "--help")
    assert done.code == 0
    shown = subprocess.run(runtime.command("describe"), check=True, capture_output=True)
    assert json.loads(shown.stdout)["notebook"] == "test.ipynb"
