"""Notebooks inside a pipeline are in the order that Kale 2.3.0's own compiler gives them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.notebook.folders import composed, reference
from tests.notebook.notebooks import code
from tests.notebook.test_composition import MAIN, REFUSED, TRAIN
from tests.pipeline.kale_notebooks import kale
from tests.pipeline.kale_venv import VERSION, kale_makes

PARTS = {
    # without the cell of assertions, whose tag is not Kale's
    "train": {
        **TRAIN,
        "cells": [c for c in TRAIN["cells"] if "check" not in c["metadata"].get("tags", ())],
    },
    "producer": kale(
        code("raw = [1, 2, 3]", "step:load"), code("dataset = raw * 2", "step:double", "prev:load")
    ),
    "consumer": kale(code("print(len(dataset))", "step:consume")),
    "wide": kale(
        code("base = [1]", "step:start"),
        code("left = base * 2", "step:left", "prev:start"),
        code("right = base * 3", "step:right", "prev:start"),
    ),
}
ACCEPTED = {
    "both_ways": MAIN,
    "consumer_first": kale(reference("consumer"), reference("producer")),
    "at_once": kale(reference("producer"), reference("wide")),
    "between_steps": kale(
        code("print('first')", "step:first"),
        reference("wide"),
        reference("producer"),
        code("print(len(dataset))", "step:last"),
        code("print('end')", "step:end"),
    ),
}
BOTH_REFUSE = ("missing", "no path", "itself", "circle", "two levels", "code", "lost cell")
BOTH_REFUSE += ("lost before another", "further down", "made twice", "wait for each other")
BOTH_REFUSE += ("with options",)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    folder = tmp_path_factory.mktemp("kale")
    for name, content in PARTS.items():
        (folder / f"{name}.ipynb").write_text(json.dumps(content))
    refused = {
        f"{name}/{part}": content
        for name in BOTH_REFUSE
        for part, content in REFUSED[name][0].items()
    }
    return kale_makes({**ACCEPTED, **refused}, folder)


def above(edges: Mapping[str, Any], name: str) -> set[str]:
    return {far for near in edges[name] for far in (near, *above(edges, near))}


def flat(found: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return for each of Kale's steps, nested ones too, all that have run before it."""

    def plain(name: str) -> str:
        return name.removesuffix("-step").replace("-", "_")

    units = {plain(name): [plain(b) for b in before] for name, before in found["tasks"].items()}
    nested = {
        plain(unit): {plain(n): [plain(b) for b in before] for n, before in tasks.items()}
        for unit, tasks in found["nested"].items()
    }

    def steps(unit: str) -> set[str]:
        return {f"{unit}_{name}" for name in nested[unit]} if unit in nested else {unit}

    before: dict[str, set[str]] = {}
    for unit in units:
        outside = {name for other in above(units, unit) for name in steps(other)}
        for name in nested.get(unit, {"": []}):
            inside = {f"{unit}_{other}" for other in (above(nested[unit], name) if name else ())}
            before[f"{unit}_{name}" if name else unit] = outside | inside
    return before


@pytest.mark.parametrize("name", ACCEPTED)
def test_all_that_runs_before_a_step_is_what_kale_runs(
    name: str, theirs: Mapping[str, Any], tmp_path: Path
) -> None:
    assert "refused" not in theirs[name], theirs[name]
    ours = composed(tmp_path, {name: ACCEPTED[name], **PARTS})
    assert not ours.blocked, [finding.message for finding in ours.findings]
    graph = {step.name: step.after for step in ours.graph.steps}
    assert {step: above(graph, step) for step in graph} == flat(theirs[name])
    print(f"{name}: {len(graph)} steps in the order of Kale {VERSION}")


@pytest.mark.parametrize("name", BOTH_REFUSE)
def test_what_kale_refuses_is_a_blocking_finding(
    name: str, theirs: Mapping[str, Any], tmp_path: Path
) -> None:
    notebooks, _ = REFUSED[name]
    found = composed(tmp_path, notebooks)
    refused = theirs[f"{name}/{next(iter(notebooks))}"]
    assert "refused" in refused and found.blocked
    print(f"{name}: Kale: {refused['refused']!r}; ours: {found.findings[0].message!r}")
