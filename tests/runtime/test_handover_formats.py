"""Values cross from process to process as they were, with the libraries that really write them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.runtime.contents import HOME
from tests.cached_venv import cached_python
from tests.runtime.conftest import pyenv_python
from tests.runtime.notebook_runs import Runtime

PROGRAM = Path(__file__).with_name("handover_program.py")
PACKAGES = ("numpy", "pandas", "pyarrow", "polars", "lightgbm", "xgboost-cpu", "scikit-learn")
PACKAGES += ("scipy", "cloudpickle")

FORMATS = {
    "plain": "parquet",
    "index of two levels": "parquet",
    "column: categories": "parquet",
    "column: timezone": "parquet",
    "column: nullable": "parquet",
    "empty": "parquet",
    "a name twice": "columns",
    "index by day": "cloudpickle",
    "truth as names": "columns",
    "objects: lists in mappings": "cloudpickle",
    "polars: categories": "polars-parquet",
    "polars: timezone": "polars-parquet",
    "array: fractions": "npy",
    "array: aligned fields": "cloudpickle",
    "array: objects": "cloudpickle",
    "sparse: csr_matrix": "cloudpickle",
    "LightGBM": "model",
    "XGBoost": "model",
    "LGBMClassifier": "model",
    "XGBClassifier": "model",
    "XGBRegressor with code of the notebook": "cloudpickle",
    "a line with a lambda": "cloudpickle",
    "lazy": "cloudpickle",
}


@pytest.mark.parametrize("version", ["own", "3.8"])
def test_values_are_read_as_they_were_written(version: str, tmp_path: Path) -> None:
    base = sys.executable if version == "own" else str(pyenv_python(version))
    name = f"handover-{sys.version_info[1] if version == 'own' else version}"
    python = cached_python(name, PACKAGES, base)
    image = Runtime(tmp_path / "image").root / HOME
    saved = told(python, image, "save", tmp_path / "values")
    values = saved["written"]
    different = {n: w for n, w in told(python, image, "load", tmp_path / "values").items() if w}
    counted = Counter(facts["format"] for facts in values.values())
    print(f"{len(values)} values on Python {version}: {dict(counted)}; differ: {different}")
    assert not different
    assert {name: values[name]["format"] for name in FORMATS} == FORMATS
    assert "value.txt" in values["LightGBM"]["files"]
    assert "value.pkl" not in [
        f for n in FORMATS if FORMATS[n] == "model" for f in values[n]["files"]
    ]
    assert values["index by day"]["note"] == "Parquet would not keep its index"
    assert values["truth as names"]["note"] == "Parquet would not keep its column names"
    assert "Duplicate column names" in values["a name twice"]["note"]
    assert "note" not in values["plain"]
    for name, words in saved["refused"].items():
        assert words.startswith("`x` cannot be handed to another step, because it is"), name


def told(python: Path, image: Path, verb: str, folder: Path) -> dict[str, Any]:
    """Run the program with an image's runtime, and return what it prints."""
    done = subprocess.run(
        [str(python), "-B", str(PROGRAM), verb, str(folder)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONPATH": str(image)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (line,) = [text for text in done.stdout.splitlines() if text.startswith("FOUND ")]
    return dict(json.loads(line.removeprefix("FOUND ")))
