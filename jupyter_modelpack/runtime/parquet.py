"""Frames of pandas and polars as Parquet; what would not read back as it was is not kept."""

from __future__ import annotations

import datetime
import importlib
import sys
from pathlib import Path
from typing import Any, List, Optional

from .refusal import NotKept

# a cell of any other type may come back as another: lists as arrays, decimals with other digits
_FLAT = (type(None), bool, int, float, str, bytes, datetime.date)


def write_parquet(value: Any, folder: Path) -> Optional[str]:
    """Write a frame; return its format, None for other values. Raises NotKept and ImportError."""
    path = str(folder / "value.parquet")
    polars, pandas = sys.modules.get("polars"), sys.modules.get("pandas")
    if polars is not None and type(value) is polars.DataFrame:
        value.write_parquet(path)
        found = polars.read_parquet(path)
        if found.schema != value.schema or not found.equals(value):
            raise NotKept("Parquet would not keep the types of its columns")
        return "polars-parquet"
    if pandas is None or type(value) is not pandas.DataFrame:
        return None
    value.to_parquet(path)
    changed = what_changed(pandas.read_parquet(path), value)
    if changed:
        raise NotKept("Parquet would not keep {}".format(changed))
    return "parquet"


def read_parquet(module: str, folder: Path) -> Any:
    """Return the frame that was written, as one of ``pandas`` or ``polars``."""
    return importlib.import_module(module).read_parquet(str(folder / "value.parquet"))


def what_changed(found: Any, value: Any) -> str:
    """Return in words what is different in a pandas frame that was read back; empty if nothing."""
    if not _same_index(found.columns, value.columns):
        return "its column names"
    if not _same_index(found.index, value.index):
        return "its index"
    if list(map(_described, found.dtypes)) != list(map(_described, value.dtypes)):
        return "the types of its columns"
    if found.attrs != value.attrs or found.flags != value.flags:
        return "its attributes and flags"
    if not (found.equals(value) and all(_same_cells(found, value, at) for at in _objects(value))):
        return "its values"
    return ""


def _same_index(found: Any, value: Any) -> bool:
    return bool(
        found.equals(value)
        and _described(found.dtype) == _described(value.dtype)
        and list(found.names) == list(value.names)
        and getattr(found, "freq", None) == getattr(value, "freq", None)
    )


def _described(dtype: Any) -> Any:
    """Return the type with its categories in order, which pandas does not compare."""
    categories = getattr(dtype, "categories", None)
    return dtype if categories is None else (dtype, list(categories), list(map(type, categories)))


def _objects(value: Any) -> List[int]:
    return [at for at, dtype in enumerate(value.dtypes) if dtype == "O"]


def _same_cells(found: Any, value: Any, at: int) -> bool:
    """Compare types of cells too: to pandas, None and NaN are the same, and True and 1."""
    types = list(map(type, value.iloc[:, at]))
    return types == list(map(type, found.iloc[:, at])) and set(types).issubset(_FLAT)
