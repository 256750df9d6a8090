"""A notebook with Kale's tags, packaged and run step by step by kfp's own local DockerRunner."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.judges import ComponentRun, image_of, run_component_with_docker_runner
from tests.product import Product, document

pytestmark = pytest.mark.systems


def exported(product: Product, record: Mapping[str, Any], folder: Path) -> tuple[bytes, Path]:
    """Return a package's pipeline and its image archive."""
    release = f"{record['name']}:{record['version']}"
    paths = {"kubeflow": folder / "pipeline.yaml", "oci-archive": folder / "image.tar"}
    for kind, path in paths.items():
        answer = product("export", release, "--format", kind, "-o", str(path))
        assert answer.code == 0, answer.err
    return paths["kubeflow"].read_bytes(), paths["oci-archive"]


def metadata(done: ComponentRun, step: str) -> Mapping[str, Any]:
    return dict(done.outputs[f"{step}_metrics"].metadata)


def test_frames_arrays_and_models_pass_through_a_diamond(
    product: Product, engine: str, tmp_path: Path
) -> None:
    record = product.made("pipeline")
    pipeline, archive = exported(product, record, tmp_path)
    assert image_of(pipeline).endswith(str(record["digest"]))
    done = run_component_with_docker_runner(pipeline, archive, {}, tmp_path / "kfp")
    assert done.succeeded, done.log
    found = {}
    for step in record["steps"]:
        found.update(metadata(done, step["name"]))
    # the steps give what the whole notebook gave when it was run in one piece
    assert found == pytest.approx(record["metrics"])
    written = {
        json.loads(path.read_text())["format"] for path in (tmp_path / "kfp").rglob("format.json")
    }
    print(f"{len(record['steps'])} steps, values as {sorted(written)}, metrics {found}")
    assert {"json", "npy", "model"} <= written and written & {"parquet", "columns"}
    assert not written & {"pickle", "cloudpickle"}
    notebook = json.loads(Path(done.outputs["choose_executed_notebook"].path).read_text())
    assert any("LogisticRegression" in str(cell.get("outputs")) for cell in notebook["cells"])


def test_a_chain_of_1_x_passes_values_and_stops_where_a_check_fails(
    product: Product, engine: str, tmp_path: Path
) -> None:
    path = tmp_path / "chain.ipynb"
    cells = (
        (("imports",), "import statistics"),
        (("pipeline-parameters",), "wanted = 3"),
        (("block:load_rows",), "rows = {'east': [1, 2, 3], 'west': (4, 5)}"),
        (("skip",), "print('only here')"),
        (("block:",), "rows['north'] = [wanted]"),
        (("block:count", "prev:load_rows"), "sizes = {k: len(v) for k, v in rows.items()}"),
        (("check",), "assert sum(sizes.values()) >= wanted, 'too few rows'"),
        (("block:tell", "prev:count"), "print('mean', statistics.mean(sizes.values()))"),
    )
    path.write_text(json.dumps(document(*cells)))
    answer = product("package", str(path), "--json")
    assert answer.code == 0, answer.err + answer.out
    pipeline, archive = exported(product, answer.json, tmp_path)
    tasks = next(yaml.safe_load_all(pipeline))["root"]["dag"]["tasks"]
    assert set(tasks) == {"load-rows", "count", "tell"}
    done = run_component_with_docker_runner(pipeline, archive, {}, tmp_path / "kfp")
    assert done.succeeded, done.log
    # the engine may lose the log of a quick container; what the steps wrote is there
    told = Path(done.outputs["tell_executed_notebook"].path).read_text()
    assert "mean 2" in told
    bad = run_component_with_docker_runner(pipeline, archive, {"wanted": 99}, tmp_path / "bad")
    assert not bad.succeeded
    written = {path.parent.name: path for path in (tmp_path / "bad").rglob("executed_notebook")}
    assert set(written) == {"load-rows", "count"}, "a step ran after the one that failed"
    assert "too few rows" in written["count"].read_text()


def test_steps_of_another_notebook_run_in_the_same_image(
    product: Product, engine: str, tmp_path: Path
) -> None:
    (tmp_path / "weights.csv").write_text("2\n3\n")
    train = document(
        (("imports",), "import csv\nimport math"),
        (("pipeline-parameters",), "epochs = 3\nrate = 0.5"),
        (("functions",), "def scaled(row):\n    return row * rate"),
        (("step:fit",), "weights = [float(r[0]) for r in csv.reader(open('weights.csv'))]"),
        (("step:score", "prev:fit"), "score = math.fsum(map(scaled, rows + weights)) * epochs"),
        (("check",), "assert epochs != 3 and score > 0, 'its own epochs count'"),
        (("pipeline-metrics",), "print(score)"),
    )
    main = document(
        (("pipeline-parameters",), "epochs = 7"),
        (("functions",), "def scaled(row):\n    return -row"),
        (("step:load",), "rows = [1, 2]"),
        (("notebook:train",), "# the training"),
        (("step:report",), "told = f'score {score} {scaled(1)} {epochs}'\nprint(told)"),
    )
    main["cells"][3]["metadata"]["notebook_path"] = "./train.ipynb"
    (tmp_path / "train.ipynb").write_text(json.dumps(train))
    path = tmp_path / "main.ipynb"
    path.write_text(json.dumps(main))
    answer = product("package", str(path), "--json")
    assert answer.code == 0, answer.err + answer.out
    record = answer.json
    # the sealed run of the whole took the cells in the order of the steps
    assert record["metrics"] == {"score": 28.0}
    assert [check["passed"] for check in record["checks"]] == [True]
    pipeline, archive = exported(product, record, tmp_path)
    tasks = next(yaml.safe_load_all(pipeline))["root"]["dag"]["tasks"]
    assert set(tasks) == {"load", "train-fit", "train-score", "report"}
    for epochs in (7, 2):
        given = {"epochs": epochs} if epochs != 7 else {}
        done = run_component_with_docker_runner(pipeline, archive, given, tmp_path / f"kfp{epochs}")
        assert done.succeeded, done.log
        assert metadata(done, "train_score") == {"score": 4.0 * epochs}
        told = Path(done.outputs["report_executed_notebook"].path).read_text()
        assert f"score {4.0 * epochs} -1 {epochs}" in told
    again = product("package", str(path), "--json")
    assert again.json["version"] == record["version"], "the same notebooks are the same release"
    train["cells"][2]["source"] = "def scaled(row):\n    return row * rate * 2"
    (tmp_path / "train.ipynb").write_text(json.dumps(train))
    changed = product("package", str(path), "--json")
    assert changed.json["version"] != record["version"]
    assert changed.json["metrics"] == {"score": 56.0}
