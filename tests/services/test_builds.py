"""Builds and runs as use cases, without a server, a ledger or a process."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace

import pytest
from fake_workshop import golden

from jupyter_modelpack.errors import (
    Aborted,
    BackendError,
    GateNotSatisfied,
    InvalidInput,
    NotFound,
    StoreError,
)
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.services.builds import BuildOrder, Builds, carry_out_build
from jupyter_modelpack.services.packaging_types import STEPS, PackageResult, StepReport
from jupyter_modelpack.services.runs import RunRequest, Runs, carry_out_run
from jupyter_modelpack.services.work import LogChunk, Work, ended, new_build_state, new_run_state


class Queue:
    def __init__(self):
        self.works = []
        self.last = None

    def enter(self, new):
        same = [w for w in self.works if w.fingerprint and w.fingerprint == new.fingerprint]
        if same:
            return same[0]
        self.works.append(new)
        return new

    def get(self, kind, ident):
        return next(work for work in self.works if work.id == ident)

    def list(self, kind, **_):
        return self.works

    def latest(self, fingerprint):
        return self.last

    def ask_stop(self, kind, ident, now):
        return self.get(kind, ident)


class Notebooks:
    content, touched = "sha256:a", False

    def digest(self, path):
        return self.content

    def touched_since(self, path, moment):
        return self.touched


class Workers:
    kicks, stopped = 0, ()

    def kick(self):
        self.kicks += 1

    def stop(self, ident):
        self.stopped = (*self.stopped, ident)


class Logs:
    chunk = LogChunk(0, "text", 4, complete=True)

    def read(self, ident, offset):
        return self.chunk


class Desk:
    def __init__(self):
        self.saved, self.logged, self.bugs = [], [], []

    def save(self, state, step="", *, now=True):
        self.saved.append((step, now))

    def log(self, text):
        self.logged.append(text)

    def bug(self, error):
        self.bugs.append(error)


@pytest.fixture
def world():
    clock = itertools.count(100)
    made = SimpleNamespace(queue=Queue(), notebooks=Notebooks(), workers=Workers(), logs=Logs())
    ids = (f"id-{number}" for number in itertools.count())
    made.builds = Builds(
        made.queue, made.logs, made.notebooks, made.workers, lambda: next(clock), lambda: next(ids)
    )
    return made


def order(**more):
    return BuildOrder(**{"path": "/n/Churn Model.ipynb", "shown_path": "Churn Model.ipynb", **more})


def test_equal_orders_are_one_build(world):
    first = world.builds.start(order())
    assert world.builds.start(order(live_modules=("pandas",), requested_by="ben")) == first
    assert first.name == "churn-model"
    others = [order(verify=False), order(network=True), order(compression="gzip"), order(name="x")]
    assert len({world.builds.start(each).id for each in others} | {first.id}) == 5
    world.notebooks.content = "sha256:b"
    assert world.builds.start(order()) != first
    assert world.workers.kicks == 7


def test_a_click_right_after_the_end_is_about_that_build(world):
    done = Work("old", "build", 90.0, phase="Succeeded", finished=98.0)
    world.queue.last = done
    assert world.builds.start(order()) == done
    world.notebooks.touched = True
    assert world.builds.start(order()) != done
    world.notebooks.touched = False
    for other in (
        Work("old", "build", 90.0, phase="Failed", finished=98.0),
        Work("old", "build", 10.0, phase="Succeeded", finished=20.0),
    ):
        world.queue.last = other
        assert world.builds.start(order()) != other


def test_settings_are_given_by_name_and_no_value_is_kept(world, monkeypatch):
    monkeypatch.setenv("API_URL", "https://canary.example.org")
    plain = world.builds.start(order())
    given = world.builds.start(order(settings=("API_URL",)))
    assert given.id != plain.id and given.request["settings"] == ["API_URL"]
    assert "canary" not in repr(given)
    for name, says in (
        ("GONE", "The setting GONE is not set where JupyterLab runs."),
        ("LD_PRELOAD", "would change how the image works"),
        ("A B", "no name of a setting"),
    ):
        with pytest.raises(InvalidInput, match=says) as refused:
            world.builds.start(order(settings=(name,)))
        assert refused.value.advice
    asked, made = [], PackageResult("churn", "1.0.0", Digest.of(b""), {})
    packager = SimpleNamespace(package=lambda request, *_: asked.append(request) or made)
    assert carry_out_build(given, packager, Desk(), lambda: False)[0] == "Succeeded"
    assert asked[0].settings == {"API_URL": "https://canary.example.org"}
    monkeypatch.delenv("API_URL")
    phase, state = carry_out_build(given, packager, Desk(), lambda: False)
    assert (phase, state["error"]["code"], len(asked)) == ("Failed", "INVALID_INPUT", 1)


def test_a_name_must_be_one(world):
    with pytest.raises(InvalidInput):
        world.builds.start(order(name="../x"))
    assert world.queue.works == []


@pytest.mark.parametrize(
    ("phase", "at_end", "complete"),
    [("Running", True, False), ("Succeeded", False, False), ("Succeeded", True, True)],
)
def test_a_log_is_complete_when_the_work_is_over_and_all_is_read(world, phase, at_end, complete):
    world.queue.works.append(Work("b", "build", 1.0, phase=phase))
    world.logs.chunk = LogChunk(0, "text", 4, complete=at_end)
    assert world.builds.log("b", 0).complete is complete


def build():
    request = {"name": None, "verify": True, "network": False, "compression": "none"}
    return Work(
        "b", "build", 1.0, path="/n/churn.ipynb", request={**request, "live_modules": ["numpy"]},
        state=new_build_state(), requested_by="ada",
    )  # fmt: skip


class Packager:
    def __init__(self, error=None):
        self.error = error

    def package(self, request, progress, cancelled):
        assert (request.live_modules, request.requested_by) == (("numpy",), "ada")
        progress.step(StepReport("read", "Running"))
        progress.step(StepReport("read", "Running", None, "half", 0.5))
        progress.log("reading")
        progress.step(StepReport("read", "Succeeded", 0.1, "12 cells"))
        progress.step(StepReport("verify", "Running"))
        progress.findings((Finding("x", "note", "Said."),))
        if self.error:
            raise self.error
        return PackageResult("churn", "1.0.0", Digest.of(b""), {}, unchanged=True)


def test_a_build_is_carried_out():
    desk = Desk()
    phase, state = carry_out_build(build(), Packager(), desk, lambda: False)
    assert (phase, state["package"]) == ("Succeeded", {"name": "churn", "version": "1.0.0"})
    assert state["unchanged"]
    assert desk.logged == ["reading"]
    # Only what merely goes on in a step may wait.
    assert desk.saved == [
        ("read", True),
        ("read", False),
        ("read", True),
        ("verify", True),
        ("", True),
    ]
    assert [step["name"] for step in state["steps"]] == list(STEPS)


@pytest.mark.parametrize(
    ("error", "phase", "code"),
    [
        (GateNotSatisfied("No."), "Failed", "GATE_NOT_SATISFIED"),
        (InvalidInput("What?", field="path"), "Failed", "INVALID_INPUT"),
        (NotFound("kernel", "r"), "Failed", "KERNEL_UNKNOWN"),
        (Aborted("Stopped."), "Aborted", "ABORTED"),
        (StoreError("Full."), "Errored", "STORE_ERROR"),
        (BackendError("Broke."), "Errored", "BACKEND_ERROR"),
        (RuntimeError("canary"), "Errored", "BUG"),
        (MemoryError(), "Errored", "BUG"),
    ],
)
def test_a_build_ends_in_its_errors_phase(error, phase, code):
    desk = Desk()
    ended_in, state = carry_out_build(build(), Packager(error), desk, lambda: False)
    assert (ended_in, state["error"]["code"]) == (phase, code)
    assert "canary" not in str(state)
    phases = {step["name"]: step["phase"] for step in state["steps"]}
    assert (phases["read"], phases["verify"], phases["job"]) == ("Succeeded", phase, "Pending")
    assert desk.bugs == [error]


def test_an_ended_state_has_no_running_step():
    for name in ("build_running", "build_done", "build_refused"):
        state = ended(golden(name), "Errored", {"code": "X"})
        assert not [step for step in state["steps"] if step["phase"] == "Running"]


class Records:
    def __init__(self, record):
        self.record = record

    def get(self, name, version):
        return self.record


def runs(world, record, tmp_path):
    return Runs(
        world.queue, world.logs, Records(record), world.workers, lambda content: "page", tmp_path,
        lambda: 1.0, lambda: "r",
    )  # fmt: skip


def test_large_inputs_are_given_to_a_run_from_where_they_were(world, tmp_path):
    record = {**golden("package"), "path": str(tmp_path / "churn.ipynb")}
    service = runs(world, record, tmp_path)
    with pytest.raises(InvalidInput, match=r"history-2025\.parquet"):
        service.start(RunRequest("churn", "1.3.0"))
    large = tmp_path / "history-2025.parquet"
    large.write_bytes(b"x")
    run = service.start(RunRequest("churn", "1.3.0", {"threshold": 1}))
    assert run.request["inputs"] == {"history-2025.parquet": str(large)}
    with pytest.raises(InvalidInput, match="no parameter colour"):
        service.start(RunRequest("churn", "1.3.0", {"colour": 1}))


def test_a_page_is_only_made_of_what_is_in_the_runs_folder(world, tmp_path):
    inside, outside = tmp_path / "runs" / "r" / "n.ipynb", tmp_path / "n.ipynb"
    inside.parent.mkdir(parents=True)
    for place in (inside, outside):
        place.write_bytes(b"{}")
    (inside.parent / "link.ipynb").symlink_to(outside)
    service = runs(world, golden("package"), tmp_path / "runs")
    places = {inside: True, outside: False, inside.parent / "link.ipynb": False,
              inside.parent / ".." / ".." / "n.ipynb": False, None: False}  # fmt: skip
    for place, shown in places.items():
        state = {"executed_notebook": str(place) if place else None}
        world.queue.works = [Work("r", "run", 1.0, phase="Succeeded", state=state)]
        if shown:
            assert service.page("r") == "page"
        else:
            with pytest.raises(NotFound):
                service.page("r")


@pytest.mark.parametrize(
    ("result", "code", "words"),
    [
        ({"phase": "Succeeded"}, None, ""),
        ({"phase": "Aborted", "cell": 2}, "ABORTED", "The run was stopped."),
        (
            {"phase": "Failed", "error": {"cell": 3, "ename": "ValueError", "evalue": "no"}},
            "RUN_FAILED",
            "Cell 3 failed: ValueError: no",
        ),
        (
            {"phase": "Failed", "checks": [{"cell": 5, "passed": False, "message": "auc is low"}]},
            "CHECK_FAILED",
            "The check in cell 5 failed: auc is low",
        ),
        ({"phase": "Errored"}, "RUN_FAILED", "The run failed."),
    ],
)
def test_a_run_ends_in_a_sentence(result, code, words):
    class Runner:
        def run(self, order, on_event, on_log, cancelled):
            assert order.work_dir == Path("/runs/r/work")
            on_event({"event": "cell-started", "cell": 1, "cells": 9})
            on_event({"event": "unknown"})
            return result

    request = {"parameters": {}, "network": False, "inputs": {}}
    run = Work("r", "run", 1.0, request=request, state=new_run_state({}))
    desk = Desk()
    phase, state = carry_out_run(run, Runner(), Path("/runs"), desk, lambda: False)
    assert phase == result["phase"]
    assert desk.saved == [("cell 1", False)]
    if code is None:
        assert state["error"] is None
    else:
        assert (state["error"]["code"], state["error"]["message"]) == (code, words)
