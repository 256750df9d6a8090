from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack import errors
from jupyter_modelpack.cli import main as cli
from jupyter_modelpack.cli import terminal
from jupyter_modelpack.cli.arguments import pairs


def run(monkeypatch: pytest.MonkeyPatch, error: BaseException, *words: str) -> int:
    def command(_: Any) -> int:
        raise error

    monkeypatch.setattr(cli, "_lazily", lambda _: command)
    return cli.main(["list", *words])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidInput("no"), 2),
        (errors.NotFound("package", "churn"), 2),
        (errors.NotPermitted("no"), 1),
        (errors.Conflict("no"), 1),
        (errors.GateNotSatisfied("no"), 1),
        (errors.Aborted("stopped"), 1),
        (errors.StoreError("full"), 3),
        (errors.RegistryError("no"), 3),
        (errors.BackendError("no"), 3),
        (errors.BackendUnavailable("no"), 3),
        (KeyboardInterrupt(), 1),
        (ZeroDivisionError("x"), 3),
    ],
)
def test_each_error_has_its_exit_code(
    error: BaseException,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, error) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1, "an error is one line"
    assert "Traceback" not in told.err


def test_errors_are_json_for_programs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = errors.InvalidInput("Not so.", field="path", advice="But so.")
    assert run(monkeypatch, error, "--json") == 2
    assert json.loads(capsys.readouterr().err) == {
        "error": {
            "code": "INVALID_INPUT",
            "message": "Not so.",
            "advice": "But so.",
            "details": {"field": "path"},
        }
    }


@pytest.mark.parametrize(
    "words",
    [
        ["package", "x.ipynb", "--source", "base"],
        ["package", "x.ipynb", "--registry", "host/repo"],
        ["run", "churn", "--backend", "kubernetes"],
        ["run", "churn", "--detach"],
        ["inspect", "no-such.ipynb"],
        ["run", "churn"],
        ["show", "sha256:12"],
        ["show", "churn:"],
        ["export", "churn", "--format", "kubeflow", "-o", "x.yaml"],
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*words, "--data-dir", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert 10 < len(told.err) < 300
    assert "Traceback" not in told.err


def test_an_empty_list_says_how_to_begin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["list", "--data-dir", str(tmp_path)]) == 0
    assert "jupyter modelpack package NOTEBOOK" in capsys.readouterr().out
    assert cli.main(["list", "--json", "--data-dir", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == {"packages": []}


def test_pairs() -> None:
    assert pairs(["a=1", "b=x=y", " c = "], "-p") == {"a": "1", "b": "x=y", "c": " "}
    for bad in ("a", "=1", ""):
        with pytest.raises(errors.InvalidInput):
            pairs([bad], "-p")


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (18_200, "18 kB"), (2_300_000, "2.3 MB"),
     (347_000_000, "347 MB"), (5_250_000_000, "5.2 GB")],
)  # fmt: skip
def test_sizes(count: int, text: str) -> None:
    assert terminal.size(count) == text


def test_durations() -> None:
    assert terminal.seconds(4.94) == "4.9 s"
    assert terminal.seconds(125) == "2 min 5 s"
