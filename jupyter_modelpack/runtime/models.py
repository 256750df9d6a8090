"""Trained models in the format that their own library writes."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any, Optional


def write_model(value: Any, folder: Path) -> Optional[str]:
    """Write a model of XGBoost, LightGBM or scikit-learn; return ``model``, None for others."""
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    described = {"module": kind.__module__, "class": kind.__qualname__}
    if library == "xgboost" and callable(getattr(value, "save_model", None)):
        value.save_model(str(folder / "value.json"))
        described["with"] = "xgboost"
    elif library == "lightgbm" and kind.__qualname__ == "Booster":
        value.save_model(str(folder / "value.txt"))
        described["with"] = "lightgbm"
    elif _is_estimator(value, library) and _dumped(value, folder / "value.joblib"):
        described["with"] = "joblib"
    else:
        return None
    (folder / "model.json").write_text(json.dumps(described), encoding="utf-8")
    return "model"


def read_model(folder: Path) -> Any:
    """Return the model that was written."""
    described = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    if described["with"] == "joblib":
        return importlib.import_module("joblib").load(str(folder / "value.joblib"))
    kind = getattr(importlib.import_module(described["module"]), described["class"])
    if described["with"] == "lightgbm":
        return kind(model_file=str(folder / "value.txt"))
    model = kind()
    model.load_model(str(folder / "value.json"))
    return model


def _is_estimator(value: Any, library: str) -> bool:
    base = sys.modules.get("sklearn.base")
    return base is not None and isinstance(value, base.BaseEstimator) and library != "__main__"


def _dumped(value: Any, path: Path) -> bool:
    """Write by joblib, unless the notebook's own code is inside, which only cloudpickle holds."""
    try:
        importlib.import_module("joblib").dump(value, str(path))
        own = b"__main__" in path.read_bytes()
    except Exception:
        own = True
    if own and path.exists():
        path.unlink()
    return not own
