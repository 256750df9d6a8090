"""What is refused before anything runs: exit code 2, one sentence, and a result that says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.adapters.notebook_image import cell
from tests.runtime.notebook_runs import Runtime

PARAMETERS = [
    {"name": "n", "type": "int", "default": 1},
    {"name": "flag", "type": "bool", "default": False},
]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-p", "n=three"], "takes a whole number, not 'three'"),
        (["-p", "flag=perhaps"], "takes true or false"),
        (["-p", "m=1"], "There is no parameter m. There is: flag, n."),
        (["-p", "n"], "is not NAME=VALUE"),
        (["--parameters", '{"n": true}'], "takes a whole number, not True"),
        (["--parameters", "[1]"], "must be a JSON object"),
        (["--parameters", "@nowhere.json"], "cannot be read"),
    ],
)
def test_wrong_parameters(words: list[str], said: str, runtime: Runtime, tmp_path: Path) -> None:
    runtime.package([cell("n = 1\nflag = False", "parameters")], parameters=PARAMETERS)
    run = runtime.run(tmp_path / "work", *words)
    assert run.code == 2
    assert said in run.log
    assert "Traceback" not in run.log
    assert said in run.result["error"]["evalue"]
    assert run.result["phase"] == "Errored"


def test_an_input_that_is_not_given(runtime: Runtime, tmp_path: Path) -> None:
    runtime.package([cell("print(open('big.csv').read())")], inputs=[{"path": "big.csv"}])
    run = runtime.run(tmp_path / "missing")
    assert (run.code, "big.csv is not part of the image" in run.log) == (2, True)
    work = tmp_path / "given"
    work.mkdir()
    (work / "big.csv").write_text("mine")
    run = runtime.run(work)
    assert (run.code, run.text(1)) == (0, "mine\n")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"name": 1}', b'{"notebook": "gone.ipynb"}'])
def test_a_broken_image_is_said_to_be_one(content: bytes, runtime: Runtime, tmp_path: Path) -> None:
    runtime.package([cell("1")])
    (runtime.root / "app/modelpack.json").write_bytes(content)
    run = runtime.run(tmp_path / "work")
    assert run.code == 3
    assert "in the image" in run.log
    assert "Traceback" not in run.log


def test_kubeflow_gives_parameters_and_takes_metrics(runtime: Runtime, tmp_path: Path) -> None:
    runtime.package(
        [cell("n = 1\nflag = False", "parameters"), cell("score = n / 4", "metrics")],
        parameters=PARAMETERS,
    )
    outputs = tmp_path / "outputs"
    given = {
        "inputs": {"parameterValues": {"count": "9007199254740993", "flag": None}},
        "outputs": {
            "outputFile": str(outputs / "executor.json"),
            "artifacts": {
                "metrics": {
                    "artifacts": [
                        {"name": "m", "uri": "u", "type": {"schemaTitle": "system.Metrics"}}
                    ]
                },
                "executed_notebook": {
                    "artifacts": [
                        {"name": "e", "uri": "v", "type": {"schemaTitle": "system.Artifact"}}
                    ]
                },
            },
        },
    }
    words = ["--executor-input", json.dumps(given), "--parameter-names", '{"count": "n"}']
    words += ["--metrics", str(outputs / "deep/metrics")]
    words += ["--executed-notebook", str(outputs / "run.ipynb")]
    run = runtime.run(tmp_path / "work", *words)
    assert run.code == 0, run.log
    metrics = json.loads((outputs / "deep/metrics").read_text())
    assert metrics == {"score": 9007199254740993 / 4}
    assert len(json.loads((outputs / "run.ipynb").read_text())["cells"]) == 3
    report = json.loads((outputs / "executor.json").read_text())["artifacts"]
    assert report["metrics"]["artifacts"][0]["metadata"] == metrics
    assert report["executed_notebook"]["artifacts"][0]["metadata"] == {}
