"""Steps, edges, and values between steps, from tags and from what the cells define and use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.notebook.notebooks import Kernel, code, inspected
from tests.product import ROOT


def steps(*cells: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    return {step.name: step for step in inspected(*cells, **more).graph.steps}


def told(*cells: str | dict[str, Any], **more: Any) -> list[tuple[str, str, int | None]]:
    """Return severity, message and cell of what is said about the pipeline."""
    return [
        (f.severity, f.message, f.cell)
        for f in inspected(*cells, **more).findings
        if f.code.startswith("pipeline")
    ]


def taken(step: Any) -> dict[str, str]:
    return {item.variable: item.source for item in step.inputs}


def test_a_notebook_without_tags_has_no_steps_of_its_own() -> None:
    assert not inspected("x = 1", code("y = x", "parameters")).graph
    assert told(code("x = 1", "limit:cpu:1"), code("y = 1", "imports")) == []


def test_untagged_cells_join_and_common_cells_are_apart() -> None:
    found = inspected(
        code("seed = 1", "parameters"),
        code("import math", "imports"),
        "import json",
        code("x = seed", "step:one"),
        "x += 1",
        code("print(x)", "skip"),
        code("", "step:"),
        code("assert x", "check"),
        code("y = x", "step:two", "prev:one"),
    )
    assert found.graph.common == (1, 2, 3)
    assert [step.cells for step in found.graph.steps] == [(4, 5, 7, 8), (9,)]
    assert taken(found.graph.steps[1]) == {"x": "one"}


def test_a_value_comes_from_the_last_step_that_makes_or_changes_it() -> None:
    found = steps(
        code("def grow(rows, by):\n    rows.append(by)", "functions"),
        code("rows = [1]\nother = 2", "step:make"),
        code("rows.append(2)", "step:change", "prev:make"),
        code("print(len(rows), other)", "step:look", "prev:change"),
        code("grow(rows, other)", "step:grow", "prev:look"),
        code("total = sum(rows) + other", "step:total", "prev:grow"),
    )
    assert taken(found["look"]) == {"rows": "change", "other": "make"}
    assert taken(found["total"]) == {"rows": "grow", "other": "make"}
    assert found["change"].outputs == ("rows",)
    assert found["look"].outputs == ()


def test_values_that_functions_need_cross_too() -> None:
    found = steps(
        code("def scaled(x):\n    return x * factor", "functions"),
        code("factor = 3", "step:make"),
        code("y = scaled(2)", "step:use", "prev:make"),
    )
    assert taken(found["use"]) == {"factor": "make"}


def test_two_that_change_a_value_side_by_side_are_told() -> None:
    cells = (
        code("x = [1]", "step:a"),
        code("x.append(2)", "step:b", "prev:a"),
        code("x.append(3)", "step:c", "prev:a"),
        code("print(x)", "step:d", "prev:b", "prev:c"),
    )
    assert told(*cells) == [
        ("warning", "The steps b and c both change `x`; d gets the one of c.", 4)
    ]


def test_a_value_of_a_step_that_does_not_come_before_stops_the_package() -> None:
    cells = (code("x = 1", "step:a"), code("y = x", "step:b"))
    sentence = "The step b uses `x` of the step a, but does not come after it."
    assert told(*cells) == [("blocking", sentence, 2)]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("open('rows.csv')", "an open file"),
        ("(x for x in 'ab')", "a generator"),
        ("threading.Lock()", "a lock"),
        ("sqlite3.connect(':memory:')", "a live connection"),
        ("ThreadPoolExecutor(2)", "a pool of workers"),
    ],
)
def test_a_finding_names_what_cannot_cross(value: str, what: str) -> None:
    found = told(
        code(
            "import sqlite3, threading\nfrom concurrent.futures import ThreadPoolExecutor",
            "imports",
        ),
        code(f"held = {value}", "step:a"),
        code("print(held)", "step:b", "prev:a"),
        files=None,
    )
    sentence = f"`held` is {what}, which the step a cannot hand to another step."
    assert ("warning", sentence, 2) in found


def test_code_crosses_by_cloudpickle_only() -> None:
    cells = (
        code("double = lambda x: 2 * x", "step:a"),
        code("print(double(2))", "step:b", "prev:a"),
    )
    assert told(*cells, kernel=Kernel()) == []
    (found,) = told(*cells, kernel=Kernel(lacks=frozenset({"cloudpickle"})))
    assert "only by cloudpickle" in found[1]


def test_metrics_are_recorded_by_the_step_that_makes_them() -> None:
    found = steps(
        code("a = 1", "step:one"),
        code("b = a", "step:two", "prev:one"),
        code("c = b", "step:three", "prev:two"),
        code("print(a)\nb\n(c)", "pipeline-metrics"),
        code("ratio = c / b", "pipeline-metrics"),
    )
    assert [found[name].metrics for name in ("one", "two", "three")] == [("a",), ("b",), ("c",)]
    assert found["three"].cells == (3, 5)


@pytest.mark.parametrize(
    ("tag", "says"),
    [
        ("limit:cpu:lots", "'lots' is no limit for cpu."),
        ("limit:memory:1.5Gi", "'1.5Gi' is no limit for memory."),
        ("limit:nvidia.com/gpu:none", "'none' is no limit for nvidia.com/gpu."),
        ("limit:disk:4Gi", "Kubeflow has no limit for disk, so it is left out."),
        ("image:other:1", "The step in cell 1 runs other:1, not the packaged image."),
        ("prev:one", "The step one waits for itself, through prev:one."),
    ],
)
def test_wrong_tags_are_findings_that_name_the_cell(tag: str, says: str) -> None:
    assert [(message, cell) for _, message, cell in told(code("x = 1", "step:one", tag))] == [
        (says, 1)
    ]


def test_circles_names_and_lost_cells_are_findings() -> None:
    found = told(
        "early = 1",
        code("a = 1", "step:a", "prev:b"),
        code("b = 1", "step:b", "prev:a"),
        code("c = 1", "step:load_it"),
        code("d = 1", "step:load__it"),
        code("e = 1", "step:a", "prev:load_it"),
    )
    sentences = [message for _, message, _ in found]
    assert "The step a waits for itself, through prev:b." in sentences
    assert "The steps load_it and load__it would have the same name in Kubernetes." in sentences
    assert "Cell 6 goes on with the step a; its prev: tags do not count." in sentences
    assert any(s.startswith("Cell 1 belongs to no step") for s in sentences)


def test_the_golden_graph_is_what_the_example_gives() -> None:
    golden = json.loads((ROOT / "tests/contract/pipeline.json").read_text())
    path = ROOT / "examples/pipeline.ipynb"
    from jupyter_modelpack.notebook.inspection import inspect
    from jupyter_modelpack.notebook.snapshot import take_snapshot

    before = path.read_bytes()
    found = inspect(take_snapshot(path.read_bytes, path.name))
    assert {"steps": json.loads(json.dumps(found.to_json()["steps"]))} == golden
    assert path.read_bytes() == before, "the notebook was touched"
