"""A pandas frame as columns: numbers and times as arrays without pickles, text as JSON."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional

from .parquet import what_changed
from .refusal import NotKept

_ARRAYS = "biufcmM"
_MOST = 10_000


def write_columns(value: Any, folder: Path) -> Optional[str]:
    """Write a pandas frame; return ``columns``, None when it has no such form. Raises NotKept."""
    pandas = sys.modules.get("pandas")
    if pandas is None or type(value) is not pandas.DataFrame or not _write(value, folder):
        return None
    changed = what_changed(read_columns(folder), value)
    if changed:
        raise NotKept("columns would not keep {}".format(changed))
    return "columns"


def _write(frame: Any, folder: Path) -> bool:
    numpy = importlib.import_module("numpy")
    pandas = importlib.import_module("pandas")
    if len(frame.columns) > _MOST or frame.columns.nlevels > 1 or frame.index.nlevels > 1:
        return False
    if not all(isinstance(name, (str, int)) for name in frame.columns):
        return False
    arrays: Dict[str, Any] = {}
    columns: List[Any] = []
    listed = [frame.iloc[:, at] for at in range(len(frame.columns))]
    index = None
    if type(frame.index) is not pandas.RangeIndex:
        index = pandas.Series(frame.index)
        listed.append(index)
    for at, column in enumerate(listed):
        if getattr(column.dtype, "kind", "O") in _ARRAYS and isinstance(column.dtype, numpy.dtype):
            arrays[str(at)] = column.to_numpy()
            columns.append({"array": str(at)})
        elif all(type(item) is str for item in column):
            columns.append({"text": list(column), "dtype": str(column.dtype)})
        else:
            return False
    described = {
        "names": [_plain(name) for name in frame.columns],
        "columns": columns,
        "label": str(frame.columns.dtype),
        "range": None if index is not None else _range(frame.index),
        "index": frame.index.name if isinstance(frame.index.name, str) else None,
        "heading": frame.columns.name if isinstance(frame.columns.name, str) else None,
    }
    (folder / "value.json").write_text(json.dumps(described), encoding="utf-8")
    numpy.savez(str(folder / "value.npz"), **arrays)
    return True


def read_columns(folder: Path) -> Any:
    """Return the frame that was written."""
    numpy = importlib.import_module("numpy")
    pandas = importlib.import_module("pandas")
    described = json.loads((folder / "value.json").read_text(encoding="utf-8"))
    with numpy.load(str(folder / "value.npz"), allow_pickle=False) as arrays:
        listed = [
            pandas.Series(arrays[column["array"]])
            if "array" in column
            else pandas.Series(column["text"], dtype=column["dtype"])
            for column in described["columns"]
        ]
    steps = described["range"]
    index = pandas.RangeIndex(*steps) if steps else pandas.Index(listed.pop())
    index.name = described["index"]
    for column in listed:
        column.index = index
    frame = pandas.DataFrame(dict(enumerate(listed)), index=index)
    frame.columns = pandas.Index(described["names"], dtype=described["label"])
    frame.columns.name = described["heading"]
    return frame


def _range(index: Any) -> List[int]:
    return [int(index.start), int(index.stop), int(index.step)]


def _plain(name: Any) -> Any:
    return name if isinstance(name, str) else int(name)
