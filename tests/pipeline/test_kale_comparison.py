"""Steps and edges are those of Kale 2.3.0's own compiler, for notebooks that Kale accepts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from jupyter_modelpack.adapters.jobs import compile_one
from jupyter_modelpack.notebook.inspection import Inspection, inspect
from jupyter_modelpack.notebook.sealed import sealed_notebook
from jupyter_modelpack.notebook.snapshot import take_snapshot
from tests.pipeline.kale_notebooks import OLD_BLOCKS, PROJECT, REFUSED, in_new_words
from tests.pipeline.kale_venv import VERSION, kale_makes

Edges = dict[str, set[str]]


@pytest.fixture(scope="module")
def kale(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    given = {name: in_new_words(notebook) for name, notebook in {**PROJECT, **REFUSED}.items()}
    given["as-it-was"] = OLD_BLOCKS
    return kale_makes(given, tmp_path_factory.mktemp("kale"))


def read(notebook: Mapping[str, Any]) -> Inspection:
    content = json.dumps(notebook).encode()
    return inspect(take_snapshot(lambda: content, "trial.ipynb", wait=lambda _: None))


def record_of(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a package's record that its pipeline is compiled from."""
    inspection = read(notebook)
    assert not inspection.blocked, [finding.message for finding in inspection.findings]
    return {
        "name": "trial",
        "version": "1.0.0",
        "digest": "sha256:" + "ab" * 32,
        "parameters": [parameter.to_json() for parameter in inspection.parameters],
        "steps": [step.to_json() for step in inspection.graph.steps],
        "pipeline_settings": inspection.graph.settings.to_json(),
    }


def tasks_of(protocol: Mapping[str, Any]) -> dict[str, list[str]]:
    tasks = protocol["root"]["dag"]["tasks"]
    return {name: task.get("dependentTasks", []) for name, task in tasks.items()}


def needed(edges: Mapping[str, Any]) -> Edges:
    """Return the edges that no longer way makes needless: what a graph means, however drawn."""
    plain = {name.removesuffix("-step"): {b.removesuffix("-step") for b in before}
             for name, before in edges.items()}  # fmt: skip

    def above(name: str) -> set[str]:
        return {far for b in plain[name] for far in (b, *above(b))}

    return {
        name: {b for b in before if not any(b in above(other) for other in before)}
        for name, before in plain.items()
    }


@pytest.mark.parametrize("name", PROJECT)
def test_steps_and_edges_are_kales(name: str, kale: Mapping[str, Any]) -> None:
    theirs, record = kale[name], record_of(PROJECT[name])
    assert "refused" not in theirs, theirs
    graph = {step["name"]: sorted(step["after"]) for step in record["steps"]}
    assert graph == theirs["graph"]
    protocol = next(yaml.safe_load_all(compile_one(record, "kubeflow")))
    assert needed(tasks_of(protocol)) == needed(theirs["tasks"])
    print(f"{name}: {len(graph)} steps, {sum(map(len, graph.values()))} edges, as Kale {VERSION}")


@pytest.mark.parametrize("name", REFUSED)
def test_what_kale_refuses_is_a_finding_that_names_the_cell(
    name: str, kale: Mapping[str, Any]
) -> None:
    assert "refused" in kale[name], kale[name]
    found = [f for f in read(REFUSED[name]).findings if f.code == "pipeline-tag"]
    assert found and found[0].severity == "blocking" and found[0].cell, found
    print(f"{name}: Kale: {kale[name]['refused']!r}; ours: {found[0].message!r}")


def test_kale_itself_no_longer_reads_the_tags_of_1_x(kale: Mapping[str, Any]) -> None:
    assert "Unrecognized tag" in kale["as-it-was"]["refused"]
    assert [step.name for step in read(OLD_BLOCKS).graph.steps] == [
        "load_data",
        "choose",
        "report",
    ]


@pytest.mark.parametrize("name", [*PROJECT, "as-it-was"])
def test_the_packaged_notebook_has_the_same_steps(name: str) -> None:
    found = read({**PROJECT, "as-it-was": OLD_BLOCKS}[name])
    content = sealed_notebook(found.snapshot)
    again = inspect(take_snapshot(lambda: content, "trial.ipynb"))
    assert again.graph.common == found.graph.common
    for one, other in zip(again.graph.steps, found.graph.steps, strict=True):
        assert (one.name, one.cells, one.after) == (other.name, other.cells, other.after)
        assert (one.inputs, one.outputs, one.metrics) == (
            other.inputs,
            other.outputs,
            other.metrics,
        )
