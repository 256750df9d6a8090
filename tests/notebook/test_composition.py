"""Notebooks inside a pipeline: their steps, values and findings, and the one document of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.inspection import Inspection, inspect
from jupyter_modelpack.notebook.places import in_words, placed
from jupyter_modelpack.notebook.sealed import cell_digests, sealed_notebook
from jupyter_modelpack.notebook.snapshot import take_snapshot
from tests.notebook.folders import composed, reference
from tests.notebook.notebooks import code, markdown
from tests.pipeline.kale_notebooks import kale

TRAIN = kale(
    markdown("# Training"),
    code("import math", "imports"),
    code("epochs = 3\nrate = 0.5", "pipeline-parameters"),
    code("def scaled(row):\n    return row * rate", "functions"),
    code("fitted = [scaled(row) * epochs for row in rows]", "step:fit"),
    code("score = math.fsum(fitted)", "step:rate_it", "prev:fit"),
    code("assert score > 0", "check"),
    code("print(score)", "pipeline-metrics"),
)
MAIN = kale(
    code("import json", "imports"),
    code("epochs = 7\nname = 'x'", "pipeline-parameters"),
    code("def scaled(row):\n    return -row", "functions"),
    code("rows = [1, 2, epochs]", "step:load"),
    reference("train"),
    code("note = name"),
    code("text = json.dumps([score, scaled(1), note])", "step:report"),
)
BOTH = {"main": MAIN, "train": TRAIN}


def told(found: Inspection) -> list[tuple[str, str, int | None]]:
    return [(f.severity, f.message, f.cell) for f in found.findings]


def edges(found: Inspection) -> dict[str, tuple[str, ...]]:
    return {step.name: step.after for step in found.graph.steps}


def test_steps_of_the_other_notebook_are_steps_of_the_pipeline(tmp_path: Path) -> None:
    found = composed(tmp_path, BOTH)
    assert told(found) == []
    assert edges(found) == {
        "load": (),
        "train_fit": ("load",),
        "train_rate_it": ("train_fit",),
        "report": ("train_rate_it",),
    }
    load, fit, rated, report = found.graph.steps
    assert [(i.variable, i.source) for i in fit.inputs] == [("rows", "load")]
    assert [(i.variable, i.source) for i in report.inputs] == [("score", "train_rate_it")]
    assert load.outputs == ("rows",) and rated.outputs == rated.metrics == ("score",)
    assert report.cells == (6, 7), "the cell behind the notebook waits for the step that follows"
    # its own cells have numbers behind a heading in the image, and the parameters come twice:
    # the notebook's own first, then those of the pipeline, whose values win
    assert fit.notebook == rated.notebook == "train.ipynb" and not load.notebook
    assert fit.cells == (13,) and rated.cells == (14, 15)
    assert fit.common == (10, 11, 2, 12)
    assert [p.name for p in found.parameters] == ["epochs", "name"]
    assert found.checks == (15,)
    assert found.graph.order == (1, 2, 3, 4, 10, 11, 2, 12, 13, 14, 15, 16, 1, 2, 3, 6, 7)
    assert [step["notebook"] for step in found.to_json()["steps"] if "notebook" in step] == [
        "train.ipynb"
    ] * 2


def test_the_document_in_the_image_says_the_same(tmp_path: Path) -> None:
    found = composed(tmp_path, BOTH)
    content = sealed_notebook(found.snapshot)
    packaged = take_snapshot(lambda: content, "/main.ipynb")
    again = inspect(packaged)
    assert again.to_json()["steps"] == found.to_json()["steps"]
    assert (again.checks, again.metrics, again.graph.order) == (
        found.checks,
        found.metrics,
        found.graph.order,
    )
    assert told(again) == []
    assert sealed_notebook(packaged) == content
    assert cell_digests(packaged) == cell_digests(found.snapshot)
    assert json.loads(content)["cells"][7]["source"] == "# train.ipynb"


def test_another_part_is_another_notebook(tmp_path: Path) -> None:
    before = composed(tmp_path, BOTH).snapshot
    (tmp_path / "train.ipynb").write_text(json.dumps(kale(code("score = 1", "step:fit"))))
    after = composed(tmp_path, {"main": MAIN}).snapshot
    assert before.content == after.content and before.digest != after.digest


def test_a_mark_without_a_heading_hides_no_cell() -> None:
    mark = {"modelpack": {"part": "train", "notebook": "train.ipynb"}}
    hidden = kale(code("key = 'AKIA' + 'X'", "step:a"), code("import os", metadata=mark))
    found = inspect(take_snapshot(lambda: json.dumps(hidden).encode(), "main.ipynb"))
    assert len(found.snapshot.cells) == 2 and not found.snapshot.parts


def test_notebooks_are_in_order_by_their_values_and_at_once_without(tmp_path: Path) -> None:
    use = kale(code("total = sum(rows)", "step:add"))
    make = kale(code("rows = [1]", "step:make"))
    other = kale(code("extra = 1", "step:a"), code("more = 2", "step:b"))
    found = composed(
        tmp_path,
        {
            "main": kale(
                reference("use"), reference("make"), reference("other"), code("total", "step:end")
            ),
            "use": use,
            "make": make,
            "other": other,
        },
    )
    assert told(found) == []
    assert edges(found) == {
        "make_make": (),
        "use_add": ("make_make",),
        "other_a": (),
        "other_b": (),
        "end": ("use_add", "other_a", "other_b"),
    }


def test_a_notebook_without_step_tags_is_one_step(tmp_path: Path) -> None:
    plain = kale(code("size = 2", "parameters"), "import math", "area = math.pi * size**2")
    found = composed(tmp_path, {"main": kale(reference("plain")), "plain": plain})
    assert told(found) == []
    (step,) = found.graph.steps
    assert (step.name, step.cells, step.common) == ("plain", (4, 5), (3,))


def test_files_and_modules_of_both_are_packaged(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a")
    (tmp_path / "b.csv").write_text("b")
    (tmp_path / "own.py").write_text("x = 1")
    sub = kale(code("import own\nimport os\nb = open('b.csv').read()\nos.environ['B']", "step:b"))
    main = kale(code("a = open('a.csv').read()", "step:a"), reference("sub"))
    found = composed(tmp_path, {"main": main, "sub": sub})
    assert [file.path for file in found.data] == ["a.csv", "b.csv"]
    assert found.local == ("own.py",)
    assert {item.module for item in found.imports} == {"own", "os"}
    assert "B" in found.settings


def test_findings_of_the_other_notebook_name_it(tmp_path: Path) -> None:
    bad = kale(
        code("import missing_thing\npassword = 'hunter2-Zq81-long-enough'", "step:a"),
        code("x = unknown + 1", "step:b", "prev:nowhere"),
    )
    found = composed(tmp_path, {"main": kale(reference("bad")), "bad": bad})
    messages = [finding.message for finding in found.findings]
    assert all(message.startswith("bad.ipynb, cell ") for message in messages), messages
    assert {f.cell for f in found.findings} == {None}
    secret = next(f for f in found.findings if f.code == "secret")
    assert secret.severity == "blocking" and secret.details["notebook"] == "bad.ipynb"
    assert secret.details["cell"] == 1 and "hunter2" not in json.dumps(found.to_json())
    assert any("cell 2" in m and "`unknown`" in m for m in messages)
    assert any("cell 2" in m and "no such step" in m for m in messages)


def with_volumes(notebook: dict[str, Any], *names: str) -> dict[str, Any]:
    volumes = [
        {"name": name, "mount_point": f"/{n}", "type": "pvc", "expose_as_env_var": True}
        for n, name in enumerate(names)
    ]
    metadata = {**notebook["metadata"], "kubeflow_notebook": {"volumes": volumes}}
    return {**notebook, "metadata": metadata}


def test_volumes_count_where_the_pipeline_is_packaged(tmp_path: Path) -> None:
    both = {"main": with_volumes(MAIN, "data"), "train": with_volumes(TRAIN, "data", "models")}
    found = composed(tmp_path, both)
    said = "The volume models in the settings of train.ipynb for Kale is not mounted."
    assert told(found) == [("warning", said, None)]
    assert [volume.name for volume in found.graph.settings.volumes] == ["data"]


def test_two_volumes_with_one_variable_stop_the_package(tmp_path: Path) -> None:
    found = composed(tmp_path, {**BOTH, "main": with_volumes(MAIN, "my-data", "my.data")})
    said = "KALE_VOLUME_MY_DATA would say where two volumes are: my-data and my.data."
    assert told(found) == [("blocking", said, None)]


def nested() -> dict[str, Any]:
    return {
        "main": kale(reference("middle")),
        "middle": kale(reference("leaf")),
        "leaf": kale(code("x = 1", "step:x")),
    }


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "missing": ({"main": kale(reference("train"))}, "The notebook `./train.ipynb` is not there."),
    "no path": (
        {"main": kale(reference("train", None))},
        "The cell names the notebook train, but not its file.",
    ),
    "path is a number": (
        {"main": kale(reference("train", 3))},
        "The cell names the notebook train, but not its file.",
    ),
    "above": ({"main": kale(reference("train", "../train.ipynb"))}, "outside of this folder"),
    "above, hidden": (
        {"main": kale(reference("train", "a/../../train.ipynb"))},
        "outside of this folder",
    ),
    "absolute": ({"main": kale(reference("train", "/etc/train.ipynb"))}, "as an absolute path"),
    "home": ({"main": kale(reference("train", "~/train.ipynb"))}, "as an absolute path"),
    "address": ({"main": kale(reference("train", "http://x/t.ipynb"))}, "outside of this folder"),
    "other folder": ({"main": kale(reference("train", "sub/train.ipynb"))}, "in another folder"),
    "itself": ({"main": kale(reference("me", "./main.ipynb"))}, "names itself"),
    "circle": (
        {"main": kale(reference("train")), "train": kale(reference("main"))},
        "so the pipeline would not end.",
    ),
    "two levels": (nested(), "so the pipeline has two levels."),
    "code": ({**BOTH, "main": kale(reference("train", source="x = 1"))}, "and also has code"),
    "twice": (
        {**BOTH, "main": kale(code("rows = [1]", "step:a"), *[reference("train")] * 2)},
        "Two notebooks in the pipeline are called train.",
    ),
    "no name": ({**BOTH, "main": kale(reference("", "train.ipynb"))}, "tag has no name"),
    "with options": (
        {"main": kale(code("", "notebook:train", "limit:cpu:1", metadata={"notebook_path": "t"}))},
        "limit:cpu:1 has no step: tag beside it.",
    ),
    "lost cell": (
        {**BOTH, "main": kale(code("rows = [1]", "step:a"), reference("train"), "x = 1")},
        "Cell 3 comes after a notebook: cell and belongs to no step.",
    ),
    "lost before another": (
        {
            **BOTH,
            "main": kale(
                code("rows = [1]", "step:a"),
                reference("train"),
                "x = 1",
                reference("again", "train.ipynb"),
                code("y = 1", "step:b"),
            ),
        },
        "Cell 3 comes after a notebook: cell and belongs to no step.",
    ),
    "further down": (
        {**BOTH, "main": kale(code("rows = [score]", "step:a"), reference("train"))},
        "a uses `score` of train, which is further down.",
    ),
    "made twice": (
        {
            **BOTH,
            "other": kale(code("score = 1", "step:s")),
            "main": kale(
                code("rows = [1]", "step:a"),
                reference("train"),
                reference("other"),
                code("score", "step:b"),
            ),
        },
        "b uses `score`, which train and other all make.",
    ),
    "wait for each other": (
        {
            "main": kale(reference("one"), reference("two")),
            "one": kale(code("a = b", "step:x")),
            "two": kale(code("b = a", "step:y")),
        },
        "The notebooks one and two wait for each other's values.",
    ),
    "same names": (
        {**BOTH, "main": kale(code("rows = [1]", "step:train_fit"), reference("train"))},
        "The steps train_fit and train_fit would have the same name in Kubernetes.",
    ),
    "another language": (
        {
            "main": kale(reference("r")),
            "r": {**TRAIN, "metadata": {"kernelspec": {"name": "ir", "language": "R"}}},
        },
        "`r.ipynb` is written in r, and only Python can be packaged.",
    ),
    "another language, without tags": (
        {
            "main": kale(reference("r")),
            "r": {**kale("x <- 1"), "metadata": {"language_info": {"name": "R"}}},
        },
        "`r.ipynb` is written in r, and only Python can be packaged.",
    ),
    "nothing in it": (
        {"main": kale(reference("empty")), "empty": kale(markdown("# later"), code("1", "skip"))},
        "`empty.ipynb` has no code that runs.",
    ),
    "not a notebook": (
        {"main": kale(reference("x")), "x": [1]},
        "cannot be a part of the pipeline",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_a_blocking_finding(name: str, tmp_path: Path) -> None:
    notebooks, says = REFUSED[name]
    found = [f for f in composed(tmp_path, notebooks).findings if f.severity == "blocking"]
    assert any(says in f.message for f in found), [f.message for f in found]
    assert all(f.advice for f in found)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (outside / "train.ipynb").write_text(json.dumps(TRAIN))
    (inside / "train.ipynb").symlink_to(outside / "train.ipynb")
    found = composed(inside, {"main": kale(reference("train"))})
    assert found.blocked and not found.snapshot.parts
    assert told(found)[0][1] == "The notebook `./train.ipynb` leads out of this folder."
    assert b"fitted" not in sealed_notebook(found.snapshot)


def test_a_reference_that_nobody_read_stops_the_package() -> None:
    found = inspect(take_snapshot(lambda: json.dumps(MAIN).encode(), "main.ipynb"))
    assert ("blocking", "The notebook train was not read.", 5) in told(found)


def test_cells_of_a_run_are_named_by_their_own_numbers(tmp_path: Path) -> None:
    snapshot = composed(tmp_path, BOTH).snapshot
    said = "The check in cell 15 failed: too low"
    assert in_words(said, snapshot) == "The check in cell 7 of train.ipynb failed: too low"
    assert (
        in_words("Cell 7 failed. Cell 99 did not.", snapshot) == "Cell 7 failed. Cell 99 did not."
    )
    found = placed(Finding("check-failed", "blocking", said, 15), snapshot)
    assert (found.message, found.cell) == (in_words(said, snapshot), None)
    assert found.details == {"notebook": "train.ipynb", "cell": 7}
