"""Values between steps: each is a folder with ``format.json`` and one file in a format by type.

Frames are Parquet (or columns of arrays and text where pyarrow is not there), arrays ``.npy``
without pickles, models what their library writes, plain values JSON; the rest is pickled, as is
what would not read back as it was, with a note that says so.
"""

from __future__ import annotations

import importlib
import io
import json
import pickle
import sys
import types
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple

from .frames import read_columns, write_columns
from .models import read_model, write_model
from .parquet import read_parquet, write_parquet
from .refusal import NotKept

_PLAIN = (type(None), bool, int, float, str)
_ABSENT = "absent"


class ValueNotHandedOn(Exception):
    """A value cannot be written for the next step, or what was written cannot be read."""


class Handover:
    """What a step takes before its own cells run and gives when they have run.

    ``loads`` are variable and folder, ``saves`` the artifact's name, variable and folder.
    """

    def __init__(
        self,
        loads: Iterable[Tuple[str, str]] = (),
        saves: Iterable[Tuple[str, str, str]] = (),
    ) -> None:
        self._loads = tuple(loads)
        self._saves = tuple(saves)
        self.described: Dict[str, Dict[str, str]] = {}

    def take(self, variables: Dict[str, Any]) -> None:
        """Set the variables that steps before gave; raises ValueNotHandedOn."""
        for name, folder in self._loads:
            load(name, Path(folder), variables)

    @property
    def notes(self) -> List[str]:
        """What a person should know of the formats that were used."""
        found = self.described.values()
        return [
            "`{variable}` is handed on as {format}: {note}.".format(**described)
            for described in found
            if described.get("note")
        ]

    def give(self, variables: Mapping[str, Any]) -> None:
        """Write the variables that later steps take; raises ValueNotHandedOn."""
        for artifact, name, folder in self._saves:
            self.described[artifact] = {
                "variable": name,
                **save(variables, name, Path(folder)),
            }


def save(variables: Mapping[str, Any], name: str, folder: Path) -> Dict[str, str]:
    """Write a variable into a new folder; return its ``format`` and ``type`` in words.

    A ``note`` says why the format that its type has did not do. A variable that does not exist is
    noted as absent. Raises ValueNotHandedOn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    described = {"format": _ABSENT, "type": ""}
    if name in variables:
        value = variables[name]
        kind, note = _write(value, name, folder)
        described = {"format": kind, "type": _type(value), **({"note": note} if note else {})}
    (folder / "format.json").write_text(json.dumps(described), encoding="utf-8")
    return described


def load(name: str, folder: Path, variables: Dict[str, Any]) -> None:
    """Set a variable to what a step before wrote; raises ValueNotHandedOn."""
    try:
        described = json.loads((folder / "format.json").read_text(encoding="utf-8"))
        kind = str(described["format"])
        if kind != _ABSENT:
            variables[name] = _READERS[kind](folder)
    except Exception as error:
        raise ValueNotHandedOn(
            "`{}` of the step before cannot be read: {}: {}.".format(
                name, type(error).__name__, error
            )
        ) from error


def _write(value: Any, name: str, folder: Path) -> Tuple[str, str]:
    """Write a value in the first format that keeps it; return the format and a note."""
    _refuse(value, name)
    note = ""
    for write in (
        _write_reference,
        _write_json,
        write_parquet,
        write_columns,
        _write_array,
        write_model,
    ):
        kind, told = _tried(write, value, folder)
        if kind:
            return kind, note
        note = note or told
    return _write_pickle(value, name, folder), note


def _tried(
    write: Callable[[Any, Path], Optional[str]], value: Any, folder: Path
) -> Tuple[str, str]:
    """Return the format, or why a library could not write its own value, of which nothing stays."""
    try:
        return write(value, folder) or "", ""
    except ImportError:
        told = ""  # the format is not in this image
    except NotKept as error:
        told = str(error)
    except BaseException as error:
        _go_on_after(error)
        told = "{}: {}".format(type(error).__name__, str(error).strip().partition("\n")[0])
    for path in folder.iterdir():
        path.unlink()
    return "", told


def _refuse(value: Any, name: str) -> None:
    """Refuse what a pickle would hold, but as something else."""
    if isinstance(value, io.IOBase) and not isinstance(value, (io.BytesIO, io.StringIO)):
        raise _cannot(name, value, "an open file")
    if isinstance(value, types.GeneratorType):
        raise _cannot(name, value, "a generator")


def _write_reference(value: Any, folder: Path) -> Optional[str]:
    """Write modules, and functions and classes of modules, as their names."""
    if isinstance(value, types.ModuleType):
        names = [value.__name__, ""]
    elif isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
        names = [str(getattr(value, "__module__", "")), value.__qualname__]
    else:
        return None
    try:
        if names[0] == "__main__" or _resolve(names) is not value:
            return None
    except (ImportError, AttributeError, ValueError):
        return None
    (folder / "value.json").write_text(json.dumps(names), encoding="utf-8")
    return "reference"


def _resolve(names: List[str]) -> Any:
    found: Any = importlib.import_module(names[0])
    for part in names[1].split(".") if names[1] else ():
        found = getattr(found, part)
    return found


def _write_json(value: Any, folder: Path) -> Optional[str]:
    try:
        if not _is_plain(value):
            return None
        text = json.dumps(value)
    except (RecursionError, ValueError):
        return None
    (folder / "value.json").write_text(text, encoding="utf-8")
    return "json"


def _is_plain(value: Any) -> bool:
    if type(value) in _PLAIN:
        return True
    if type(value) is list:
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(type(key) is str and _is_plain(item) for key, item in value.items())
    return False


def _write_array(value: Any, folder: Path) -> Optional[str]:
    numpy = sys.modules.get("numpy")
    if numpy is None or not (type(value) is numpy.ndarray or isinstance(value, numpy.generic)):
        return None
    if value.dtype.hasobject or value.dtype.isalignedstruct or value.dtype.metadata:
        return None  # the file would need a pickle, or leaves that out
    numpy.save(str(folder / "value.npy"), value, allow_pickle=False)
    return "npy" if type(value) is numpy.ndarray else "npy-scalar"


def _write_pickle(value: Any, name: str, folder: Path) -> str:
    kind, dump = _pickler()
    try:
        with (folder / "value.pkl").open("wb") as stream:
            dump(value, stream)
        if kind == "pickle":
            pickle.loads((folder / "value.pkl").read_bytes())
    except BaseException as error:
        _go_on_after(error)
        what = "code of the notebook" if _is_code(value) else ""
        raise _cannot(name, value, what) from error
    return kind


def _go_on_after(error: BaseException) -> None:
    """Raise what ends the run; a library written in Rust panics with no Exception."""
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error


def _pickler() -> Tuple[str, Callable[[Any, Any], None]]:
    try:
        return "cloudpickle", importlib.import_module("cloudpickle").dump
    except ImportError:
        return "pickle", pickle.dump


def _is_code(value: Any) -> bool:
    return isinstance(value, (type, types.FunctionType)) or type(value).__module__ == "__main__"


def _cannot(name: str, value: Any, what: str) -> ValueNotHandedOn:
    advice = "Make it in the step that uses it."
    if what == "code of the notebook":
        advice = "Tag the cell that defines it with functions, or add cloudpickle to the image."
    kind = "{} ({})".format(what, _type(value)) if what else "a {}".format(_type(value))
    return ValueNotHandedOn(
        "`{}` cannot be handed to another step, because it is {}. {}".format(name, kind, advice)
    )


def _type(value: Any) -> str:
    kind = type(value)
    return "{}.{}".format(kind.__module__, kind.__qualname__).replace("builtins.", "")


def _read_json(folder: Path) -> Any:
    return json.loads((folder / "value.json").read_text(encoding="utf-8"))


def _read_array(folder: Path) -> Any:
    numpy = importlib.import_module("numpy")
    return numpy.load(str(folder / "value.npy"), allow_pickle=False)


def _read_pickle(folder: Path) -> Any:
    with (folder / "value.pkl").open("rb") as stream:
        return pickle.load(stream)


_READERS: Dict[str, Callable[[Path], Any]] = {
    "reference": lambda folder: _resolve(_read_json(folder)),
    "json": _read_json,
    "parquet": lambda folder: read_parquet("pandas", folder),
    "polars-parquet": lambda folder: read_parquet("polars", folder),
    "columns": read_columns,
    "npy": _read_array,
    "npy-scalar": lambda folder: _read_array(folder)[()],
    "model": read_model,
    "cloudpickle": _read_pickle,
    "pickle": _read_pickle,
}
