"""One step of a pipeline: its own cells, with what it takes and what it gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.runtime.handover import ValueNotHandedOn, load, save
from tests.adapters.notebook_image import cell
from tests.runtime.notebook_runs import Runtime

CELLS = (
    cell("seed = 3", "parameters"),
    cell("import math\ndef double(x):\n    return 2 * x", "imports"),
    cell("rows = [seed, 2]\nlimit = math.inf", "step:load"),
    cell("print('never')", "skip"),
    cell("total = double(sum(rows))\nassert limit > total", "step:total", "prev:load"),
    cell("assert total > minimum, 'too small'\nminimum", "check"),
)
STEPS = [
    {"name": "load", "cells": [3]},
    {"name": "total", "cells": [5, 6], "metrics": ["total"]},
]
PARAMETERS = [
    {"name": "seed", "type": "int", "default": 3, "cell": 1},
]


@pytest.fixture
def image(tmp_path: Path) -> Runtime:
    runtime = Runtime(tmp_path / "image")
    cells = (cell("seed = 3\nminimum = 1", "parameters"), *CELLS[1:])
    parameters = [*PARAMETERS, {"name": "minimum", "type": "int", "default": 1, "cell": 1}]
    runtime.package(cells, parameters=parameters, checks=[6], common=[1, 2], steps=STEPS)
    return runtime


def test_values_go_from_step_to_step_in_processes_of_their_own(
    image: Runtime, tmp_path: Path
) -> None:
    saves = [w for n in ("rows", "limit") for w in ("--save", f"v_{n}", n, str(tmp_path / n))]
    first = image.run(tmp_path / "one", "--step", "load", "-p", "seed=5", *saves)
    assert first.code == 0, first.log
    assert [c["source"] for c in first.cells][-1] == CELLS[2]["source"]
    assert len(first.cells) == 4  # parameters, those of this run, imports, and its own
    loads = [w for n in ("rows", "limit") for w in ("--load", n, str(tmp_path / n))]
    executor = {"outputs": {"outputFile": str(tmp_path / "out.json")}}
    second = image.run(
        tmp_path / "two", "--step", "total", *loads, "--executor-input", json.dumps(executor)
    )
    assert second.code == 0, second.log
    assert second.result["metrics"] == {"total": 14}
    assert second.result["checks"] == [{"cell": 6, "passed": True, "message": ""}]
    assert (tmp_path / "out.json").exists()


def test_a_failed_check_fails_the_step(image: Runtime, tmp_path: Path) -> None:
    image.run(tmp_path / "one", "--step", "load", "--save", "v", "rows", str(tmp_path / "rows"))
    words = ["--load", "rows", str(tmp_path / "rows"), "--load", "limit", str(tmp_path / "none")]
    lost = image.run(tmp_path / "two", "--step", "total", *words)
    assert lost.code == 1 and "`limit` of the step before cannot be read" in lost.log
    save({"limit": 10**6}, "limit", tmp_path / "none")
    done = image.run(tmp_path / "three", "--step", "total", *words, "-p", "minimum=100")
    assert done.code == 1
    assert done.result["checks"][0]["passed"] is False


def test_an_unknown_step_is_refused_with_those_there_are(image: Runtime, tmp_path: Path) -> None:
    done = image.run(tmp_path / "one", "--step", "evaluate")
    assert done.code == 2
    assert "There is no step evaluate. There is: load, total." in done.log


def test_what_cannot_be_given_fails_the_step_and_is_named(tmp_path: Path) -> None:
    runtime = Runtime(tmp_path / "image")
    runtime.package(
        [cell("lines = open('/etc/passwd')")], common=[], steps=[{"name": "a", "cells": [1]}]
    )
    words = ["--step", "a", "--save", "v", "lines", str(tmp_path / "lines")]
    done = runtime.run(tmp_path / "work", *words)
    assert done.code == 1
    assert done.result["error"]["ename"] == "ValueNotHandedOn"
    assert "`lines` cannot be handed to another step, because it is an open file" in done.log


NOTEBOOKS = (
    cell("epochs = 7", "parameters"),
    cell("def scaled(x):\n    return -x", "functions"),
    cell("rows = [1, 2]", "step:load"),
    cell("", "notebook:train"),
    cell("told = [score, scaled(1), epochs]", "step:report"),
    cell("# train.ipynb", kind="markdown"),
    cell("epochs = 3\nrate = 10", "parameters"),
    cell("def scaled(x):\n    return rate * x", "functions"),
    cell("score = sum(map(scaled, rows)) * epochs", "step:fit"),
    cell("assert scaled(1) == rate and epochs != 3", "check"),
)


@pytest.fixture
def two_notebooks(tmp_path: Path) -> Runtime:
    """An image of a notebook and of another one inside, numbered behind it."""
    runtime = Runtime(tmp_path / "image")
    runtime.package(
        NOTEBOOKS,
        parameters=[{"name": "epochs", "type": "int", "default": 7, "cell": 1}],
        checks=[10],
        common=[1, 2],
        steps=[
            {"name": "load", "cells": [3]},
            {"name": "train_fit", "cells": [9, 10], "common": [7, 1, 8], "metrics": ["score"]},
            {"name": "report", "cells": [5]},
        ],
        order=[1, 2, 3, 7, 1, 8, 9, 10, 1, 2, 5],
    )
    return runtime


@pytest.mark.parametrize(("given", "epochs"), [((), 7), (("-p", "epochs=2"), 2)])
def test_steps_of_two_notebooks_keep_their_own_names(
    given: tuple[str, ...], epochs: int, two_notebooks: Runtime, tmp_path: Path
) -> None:
    save({"rows": [1, 2]}, "rows", tmp_path / "rows")
    fit = two_notebooks.run(
        tmp_path / "fit",
        *("--step", "train_fit", "--load", "rows", str(tmp_path / "rows"), *given),
        *("--save", "score", "score", str(tmp_path / "score")),
    )
    assert fit.code == 0, fit.log
    # its functions, and the run's parameters above its own defaults
    assert fit.result["metrics"] == {"score": 30 * epochs}
    words = ("--step", "report", "--load", "score", str(tmp_path / "score"), *given)
    report = two_notebooks.run(
        tmp_path / "report", *words, "--save", "t", "told", str(tmp_path / "told")
    )
    assert report.code == 0, report.log
    read: dict[str, Any] = {}
    load("told", tmp_path / "told", read)
    assert read["told"] == [30 * epochs, -1, epochs]


@pytest.mark.parametrize(("given", "epochs"), [((), 7), (("-p", "epochs=2"), 2)])
def test_a_run_of_the_whole_takes_the_cells_in_the_order_of_the_steps(
    given: tuple[str, ...], epochs: int, two_notebooks: Runtime, tmp_path: Path
) -> None:
    runtime = two_notebooks
    path = runtime.root / "app/files/test.ipynb"
    document = json.loads(path.read_text())
    document["cells"][4]["source"] += "\nprint(told)"
    path.write_text(json.dumps(document))
    done = runtime.run(tmp_path / "work", *given)
    assert done.code == 0, done.log
    assert done.result["checks"] == [{"cell": 10, "passed": True, "message": ""}]
    started = [e["cell"] for e in done.events if e["event"] == "cell-started"]
    assert started == [1, 2, 3, 7, 1, 8, 9, 10, 1, 2, 5]
    assert str([30 * epochs, -1, epochs]) in done.log


def passed(value: Any, folder: Path) -> tuple[str, Any]:
    """Return the format that a value was written in, and what was read."""
    kind = save({"x": value}, "x", folder)["format"]
    read: dict[str, Any] = {}
    load("x", folder, read)
    return kind, read.get("x")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "json"),
        (2**70, "json"),
        (float("inf"), "json"),
        ("text \ud800 \u2028 '", "json"),
        ({"a": [1, 2.5, {"b": None}]}, "json"),
        ((1, 2), "cloudpickle"),
        ({1: 2}, "cloudpickle"),
        ({3, 4}, "cloudpickle"),
        (b"bytes", "cloudpickle"),
        (json, "reference"),
        (json.dumps, "reference"),
        (dict, "reference"),
        (True, "json"),
    ],
)
def test_plain_values_keep_value_and_type(value: Any, kind: str, tmp_path: Path) -> None:
    found, read = passed(value, tmp_path / "x")
    assert (found, read, type(read)) == (kind, value, type(value))


def test_arrays_are_written_without_pickles(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    for at, array in enumerate(
        [numpy.arange(6.0).reshape(2, 3), numpy.array(["a", "bc"]), numpy.zeros(0, "datetime64[s]")]
    ):
        kind, read = passed(array, tmp_path / str(at))
        assert kind == "npy" and read.dtype == array.dtype
        numpy.testing.assert_array_equal(read, array)
    assert passed(numpy.float32(1.5), tmp_path / "scalar") == ("npy-scalar", numpy.float32(1.5))
    kind, read = passed(numpy.array([{}, 2], dtype=object), tmp_path / "objects")
    assert kind == "cloudpickle" and list(read) == [{}, 2]


def test_frames_arrive_as_they_were(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    numpy = pytest.importorskip("numpy")
    plain = pandas.DataFrame({"a": [1, 2], "b": [0.5, numpy.nan], "c": ["x", "ü"]})
    frames = {
        "plain": plain,
        "rows taken": plain.iloc[[1]],
        "named index": plain.set_index("c"),
        "times": pandas.DataFrame({"t": pandas.date_range("2026-01-01", periods=3)}),
        "numbers as names": pandas.DataFrame(numpy.eye(2)),
        "empty": plain.iloc[:0],
        "categories": plain.astype({"c": "category"}),
        "mixed": pandas.DataFrame({"m": [1, "a", None]}),
        "two levels": plain.groupby(["a", "c"]).sum(),
        "missing text": pandas.DataFrame({"s": ["a", None]}),
    }
    kinds = {}
    for name, frame in frames.items():
        kinds[name], read = passed(frame, tmp_path / name)
        pandas.testing.assert_frame_equal(read, frame)
    print(kinds)
    assert kinds["plain"] in ("parquet", "columns")
    assert {kinds[name] for name in ("rows taken", "times")} <= {"parquet", "columns"}


def test_models_are_written_by_their_library(tmp_path: Path) -> None:
    sklearn = pytest.importorskip("sklearn.linear_model")
    xgboost = pytest.importorskip("xgboost")
    import numpy as np

    rows, answers = np.arange(20.0).reshape(10, 2), np.array([0, 1] * 5)
    for model in (
        sklearn.LogisticRegression().fit(rows, answers),
        xgboost.XGBClassifier(n_estimators=3).fit(rows, answers),
    ):
        folder = tmp_path / type(model).__name__
        kind, read = passed(model, folder)
        assert kind == "model" and type(read) is type(model)
        np.testing.assert_allclose(read.predict_proba(rows), model.predict_proba(rows))
        assert not list(folder.glob("*.pkl"))
    booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(rows, answers), 3)
    kind, read = passed(booster, tmp_path / "booster")
    assert kind == "model" and (tmp_path / "booster" / "value.json").exists()
    assert read.save_config() == booster.save_config()


def test_a_step_says_when_the_usual_format_would_change_a_value(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    runtime = Runtime(tmp_path / "image")
    code = (
        "import pandas\n"
        "rows = pandas.DataFrame({'a': [1]}).set_flags(allows_duplicate_labels=False)"
    )
    runtime.package([cell(code)], common=[], steps=[{"name": "a", "cells": [1]}])
    executor = {
        "outputs": {
            "outputFile": str(tmp_path / "out.json"),
            "artifacts": {"v": {"artifacts": [{"name": "v", "uri": str(tmp_path / "rows")}]}},
        }
    }
    words = ["--step", "a", "--save", "v", "rows", str(tmp_path / "rows")]
    done = runtime.run(tmp_path / "work", *words, "--executor-input", json.dumps(executor))
    assert done.code == 0, done.log
    told = json.loads((tmp_path / "out.json").read_text())["artifacts"]["v"]["artifacts"][0]
    assert told["metadata"]["note"].endswith("would not keep its attributes and flags")
    assert f"`rows` is handed on as cloudpickle: {told['metadata']['note']}." in done.log


def test_a_value_that_is_not_there_stays_away_and_no_file_holds_a_generator(
    tmp_path: Path,
) -> None:
    assert save({}, "x", tmp_path / "none")["format"] == "absent"
    read: dict[str, Any] = {}
    load("x", tmp_path / "none", read)
    assert read == {}
    import threading

    for value in ((item for item in "ab"), threading.Lock()):
        with pytest.raises(ValueNotHandedOn, match="`x` cannot be handed to another step"):
            save({"x": value}, "x", tmp_path / "refused")
