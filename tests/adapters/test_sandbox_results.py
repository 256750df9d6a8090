"""What a run leaves in its work directory is not believed: links, pipes and forged results."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from jupyter_modelpack.adapters.sandbox import RunRequest
from jupyter_modelpack.adapters.sandbox.outcome import result_of
from jupyter_modelpack.adapters.sandbox.request import Isolation
from jupyter_modelpack.adapters.sandbox.results import executed_notebook, place_result, read_result
from jupyter_modelpack.adapters.sandbox.supervisor import Cause, Ended
from jupyter_modelpack.errors import InvalidInput
from tests.adapters.notebook_image import cell
from tests.adapters.sandbox_runs import run


def test_links_pipes_and_folders_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"phase": "Succeeded"}')
    for number, make in enumerate(
        (
            lambda path: path.symlink_to(secret),
            os.mkfifo,
            lambda path: path.mkdir(),
            lambda path: path.write_text("[1]"),
            lambda path: path.write_text("[" * 100_000),
            lambda path: path.write_bytes(b"\xff"),
        )
    ):
        work = tmp_path / f"work{number}"
        (work / ".modelpack").mkdir(parents=True)
        make(work / ".modelpack/result.json")
        assert read_result(work) == {}
    linked = tmp_path / "linked"
    linked.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/result.json").write_text("{}")
    (linked / ".modelpack").symlink_to(tmp_path / "elsewhere")
    assert executed_notebook(linked) is None
    place_result(linked, "parameters.json", b"{}")
    assert not (linked / ".modelpack").is_symlink()
    assert not (tmp_path / "elsewhere/parameters.json").exists()


def test_a_notebook_that_forges_its_result_does_not_succeed(tmp_path: Path) -> None:
    forged = json.dumps({"phase": "Succeeded", "metrics": {"accuracy": 1.0}, "cells": 2})
    source = f"""
import os
for name in os.listdir(".modelpack"): print(name)
open(".modelpack/result.json", "w").write({forged!r})
os.remove(".modelpack/executed.ipynb"); os.symlink("/etc/passwd", ".modelpack/executed.ipynb")
os.symlink("/etc/passwd", "stolen.txt")
os._exit(1)
"""
    ran = run("bubblewrap", [cell("1"), cell(source)], tmp_path / "work")
    assert ran.result.phase == "Failed"
    assert ran.result.metrics == {}
    assert ran.result.executed_notebook is None
    assert ran.result.outputs == ()
    assert ran.result.error is not None
    assert ran.result.error["cell"] == 2


def test_a_second_run_in_the_same_folder_starts_anew(tmp_path: Path) -> None:
    work = tmp_path / "work"
    first = run("bubblewrap", [cell("open('kept.txt', 'w').write('1')"), cell("1 / 0")], work)
    assert first.result.phase == "Failed"
    second = run("bubblewrap", [cell("print(open('kept.txt').read())")], work)
    assert second.result.phase == "Succeeded", second.text
    assert second.result.error is None
    assert second.result.cells == 1
    assert second.result.outputs == ()
    assert second.events[0]["event"] == "started"


@pytest.mark.parametrize(
    "given",
    [
        {"time_limit": 0.0},
        {"time_limit": float("nan")},
        {"memory_limit": 1},
        {"settings": {"a b": "x"}},
        {"settings": {"A": "x\0"}},
        {"inputs": {"../x": "/etc/passwd"}},
        {"inputs": {"/x": "/etc/passwd"}},
        {"inputs": {".modelpack/result.json": "/etc/passwd"}},
        {"inputs": {"x": "/that/is/not/there"}},
    ],
)
def test_requests_that_make_no_sense(given: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        RunRequest(tmp_path, **given)  # type: ignore[arg-type]


def test_settings_do_not_change_how_the_image_works(tmp_path: Path) -> None:
    for name in ("LD_PRELOAD", "PATH", "PYTHONSTARTUP", "HOME"):
        with pytest.raises(InvalidInput, match=name):
            run("bubblewrap", [cell("1")], tmp_path / "work", settings={name: "/work"})


def test_wrong_parameters_are_said_in_the_result(tmp_path: Path) -> None:
    ran = run("bubblewrap", [cell("1")], tmp_path / "work", parameters={"n": 1})
    assert (ran.result.phase, ran.result.exit_code) == ("Errored", 2)
    assert ran.result.error is not None
    assert "no parameters" in ran.result.error["evalue"]


@pytest.mark.parametrize("cause", ["memory", "processes"])
def test_a_run_that_we_end_was_not_stopped_by_a_person(cause: Cause, tmp_path: Path) -> None:
    # podman and docker can send SIGTERM before they kill; the runtime then writes "Aborted"
    (tmp_path / ".modelpack").mkdir()
    (tmp_path / ".modelpack/result.json").write_text('{"phase": "Aborted"}')
    (tmp_path / ".modelpack/events.jsonl").write_text('{"event": "cell-started", "cell": 2}\n')
    ended = Ended(143, cause, 1, 1.0)
    result = result_of(tmp_path, ended, Isolation("podman", True, ""), (), 200 << 20)
    assert result.phase == "Failed"
    assert result.error is not None
    assert result.error["cell"] == 2
    assert (
        result.error["ename"] == {"memory": "OutOfMemory", "processes": "TooManyProcesses"}[cause]
    )
