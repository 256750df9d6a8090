"""Five notebooks of different kinds package, verify and run; what they show is the truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.product import EXAMPLES, Product

CONTRACT = {
    "name",
    "version",
    "digest",
    "image_id",
    "size",
    "layers",
    "findings",
    "seconds",
    "reused_layers",
    "pipeline",
    "release",
}
SECONDS = {"inspect", "environment", "image", "verify", "publish", "job", "total"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_packages_runs_sealed_and_reproduces(product: Product, name: str) -> None:
    record = product.made(name)
    assert set(record) >= CONTRACT
    assert set(record["seconds"]) >= SECONDS
    assert record["version"] == "1.0.0"
    assert [f for f in record["findings"] if f["severity"] != "note"] == []
    assert record["verified"]["phase"] == "Succeeded"
    assert record["verified"]["sealed"] is True
    assert record["verified"]["reproduction"]["differ"] == []
    assert all(check["passed"] for check in record["checks"])
    print(f"{name}: {record['size'] / 1e6:.0f} MB, {record['seconds']}")


def test_metrics_and_checks_are_the_notebooks_own(product: Product) -> None:
    record = product.made("churn")
    assert record["metrics"]["rows"] == 1500
    assert 0.75 < record["metrics"]["auc"] < 1
    assert [check["cell"] for check in record["checks"]] == [8, 9]
    assert {p["name"]: p["type"] for p in record["parameters"]} == {
        "test_share": "float",
        "learning_rate": "float",
        "seed": "int",
    }
    assert [f["path"] for f in record["files"]] == ["customers.csv"]
    assert [(p["kind"], p["cell"], p["since"]) for p in record["parts"]] == [
        ("check", 8, "1.0.0"),
        ("check", 9, "1.0.0"),
    ]
    assert "The team's own part" in product("show", "churn").out


def test_local_modules_are_inside(product: Product) -> None:
    paths = {f["path"] for f in product.made("prices")["files"] if f["kind"] == "code"}
    assert paths == {"features.py", "pricing/__init__.py", "pricing/estimate.py"}


def test_a_run_takes_parameters_and_keeps_what_it_wrote(product: Product, tmp_path: Path) -> None:
    product.made("churn")
    answer = product("run", "churn", "-p", "seed=11", "--output", str(tmp_path), "--json")
    assert answer.code == 0, answer.err
    run: dict[str, Any] = answer.json
    assert run["phase"] == "Succeeded"
    assert run["isolation"]["sealed"] is True
    assert (tmp_path / "scores.csv").stat().st_size > 10_000
    assert "scores.csv" in [output["path"] for output in run["outputs"]]
    executed = json.loads(Path(run["executed_notebook"]).read_text())
    injected = [
        c for c in executed["cells"] if "injected-parameters" in c["metadata"].get("tags", ())
    ]
    assert "".join(injected[0]["source"]).strip().endswith("seed = 11")


def test_plots_are_in_the_executed_notebook(product: Product, tmp_path: Path) -> None:
    product.made("plots")
    run = product("run", "plots", "--output", str(tmp_path), "--json").json
    executed = json.loads(Path(run["executed_notebook"]).read_text())
    pictures = [
        output
        for cell in executed["cells"]
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 3


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("seed=eleven", "seed"),
        ("sed=11", "no parameter sed"),
    ],
)
def test_a_wrong_parameter_is_wrong_use(product: Product, given: str, says: str) -> None:
    product.made("churn")
    answer = product("run", "churn", "-p", given, "--json")
    assert answer.code == 2
    assert says in answer.error["message"]


def test_a_failed_check_fails_the_run(product: Product, tmp_path: Path) -> None:
    product.made("sales-report")
    answer = product("run", "sales-report", "-p", "quarter=7", "--output", str(tmp_path), "--json")
    assert answer.code == 1
    assert answer.json["phase"] == "Failed"
    assert [c["cell"] for c in answer.json["checks"] if not c["passed"]] == [7]


def test_the_same_content_is_the_same_release(product: Product) -> None:
    first = product.made("churn")
    again = product("package", str(product.examples / "churn.ipynb"), "--json").json
    assert (again["version"], again["digest"]) == (first["version"], first["digest"])
    assert again["reused_layers"] == len(again["layers"])
    listed = product("list", "churn", "--json").json["packages"]
    assert [p["version"] for p in listed] == ["1.0.0"]


def test_an_edited_cell_makes_a_minor_version_and_one_new_layer(product: Product) -> None:
    first = product.made("churn")
    path = product.examples / "edited" / "churn.ipynb"
    path.parent.mkdir(exist_ok=True)
    text = (product.examples / "churn.ipynb").read_text()
    path.write_text(text.replace("max_iter=80", "max_iter=90"))
    (path.parent / "customers.csv").write_bytes((product.examples / "customers.csv").read_bytes())
    answer = product("package", str(path), "--json")
    assert answer.code == 0, answer.err
    record = answer.json
    assert record["version"] == "1.1.0"
    assert record["why"] == "Minor: 1 cell changed, same parameters."
    assert record["reused_layers"] == len(record["layers"]) - 1
    changed = {layer["digest"] for layer in record["layers"]} - {
        layer["digest"] for layer in first["layers"]
    }
    assert len(changed) == 1


def test_the_store_verifies_and_collects(product: Product) -> None:
    product.made("churn")
    assert product("store", "verify", "--json").json == {"problems": []}
    assert product("store", "gc", "--older-than", "0", "--json").code == 0
    assert product("store", "verify", "--json").json == {"problems": []}
