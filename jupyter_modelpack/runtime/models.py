"""Trained models in the format that their own library writes."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any, Dict, Optional

from .refusal import NotKept


def write_model(value: Any, folder: Path) -> Optional[str]:
    """Write a model; return ``model``, None for other values. Raises NotKept.

    Boosters are written by XGBoost and LightGBM with all that they keep in memory; scikit-learn's
    estimators, and those of other libraries that are made like them, by joblib.
    """
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    if library == "xgboost" and kind.__qualname__ == "Booster":
        value.save_model(str(folder / "value.json"))
        kept: Dict[str, Any] = {"with": "xgboost", "settings": value.save_config()}
    elif library == "lightgbm" and kind.__qualname__ == "Booster":
        kept = {"with": "lightgbm", "settings": _settings(value)}
        value.save_model(str(folder / "value.txt"), num_iteration=-1)
    elif _is_estimator(value, library) and _dumped(value, folder / "value.joblib"):
        kept = {"with": "joblib"}
    else:
        return None
    described = {"module": kind.__module__, "class": kind.__qualname__, **kept}
    (folder / "model.json").write_text(json.dumps(described), encoding="utf-8")
    return "model"


def read_model(folder: Path) -> Any:
    """Return the model that was written."""
    described = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    if described["with"] == "joblib":
        return importlib.import_module("joblib").load(str(folder / "value.joblib"))
    kind = getattr(importlib.import_module(described["module"]), described["class"])
    if described["with"] == "lightgbm":
        model = kind(model_file=str(folder / "value.txt"))
        vars(model).update(described["settings"])
        return model
    model = kind()
    model.load_model(str(folder / "value.json"))
    model.load_config(described["settings"])
    return model


def _settings(booster: Any) -> Dict[str, Any]:
    """Return what LightGBM's text leaves out and its pickles keep."""
    names = ("best_iteration", "best_score", "params")
    settings = {name: getattr(booster, name) for name in names}
    if json.loads(json.dumps(settings)) != settings:
        raise NotKept("LightGBM's text would not keep the settings of the model")
    return settings


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
