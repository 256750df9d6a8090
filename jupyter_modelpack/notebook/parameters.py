"""Parameters: the plain values that the `parameters` cell assigns and a run may override."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from jupyter_modelpack.notebook.constants import written
from jupyter_modelpack.notebook.source import CellCode
from jupyter_modelpack.notebook.tags import has_tag

_BY_ANNOTATION = {"int", "float", "str", "bool", "list", "dict"}
_LIMIT = 2**63
_OPTIONAL = ("Optional[", "typing.Optional[")


@dataclass(frozen=True)
class Parameter:
    """A value that a run may override; ``type`` is int, float, str, bool, list, dict or none.

    ``default`` is JSON; a tuple or a set is a list there. ``none`` is a None without an annotation.
    """

    name: str
    type: str
    default: Any
    cell: int
    line: int = 1
    comment: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that the manifest and the REST interface carry."""
        return {
            "name": self.name,
            "type": self.type,
            "default": self.default,
            "cell": self.cell,
            "comment": self.comment,
        }


@dataclass(frozen=True)
class ComputedParameter:
    """A name that the `parameters` cell computes, so that a run cannot offer it as a field."""

    name: str
    cell: int
    line: int


def read_parameters(
    codes: Iterable[CellCode],
) -> tuple[tuple[Parameter, ...], tuple[ComputedParameter, ...]]:
    """Return the parameters of a notebook in order, the last assignment of a name counting."""
    plain: dict[str, Parameter] = {}
    computed: dict[str, ComputedParameter] = {}
    for code in codes:
        if code.tree is None or not has_tag(code.cell, "parameters"):
            continue
        for statement in code.tree.body:
            for name, value, annotation in _assignments(statement):
                number = code.cell.number
                plain.pop(name, None)
                computed.pop(name, None)
                found = _literal(value)
                if found is None:
                    computed[name] = ComputedParameter(name, number, statement.lineno)
                    continue
                kind, default = _typed(found[0], annotation)
                comment = _comment(code, statement)
                plain[name] = Parameter(name, kind, default, number, statement.lineno, comment)
    return tuple(plain.values()), tuple(computed.values())


def _assignments(statement: ast.stmt) -> list[tuple[str, ast.expr, str]]:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        if statement.value is None:
            return []
        return [(statement.target.id, statement.value, ast.unparse(statement.annotation))]
    if isinstance(statement, ast.Assign):
        pairs: list[tuple[str, ast.expr, str]] = []
        for target in statement.targets:
            if isinstance(target, ast.Name):
                pairs.append((target.id, statement.value, ""))
            elif (
                isinstance(target, ast.Tuple)
                and isinstance(statement.value, ast.Tuple)
                and len(target.elts) == len(statement.value.elts)
            ):
                pairs.extend(
                    (name.id, value, "")
                    for name, value in zip(target.elts, statement.value.elts, strict=True)
                    if isinstance(name, ast.Name)
                )
        return [pair for pair in pairs if not pair[0].startswith("_")]
    return []


def _literal(value: ast.expr) -> tuple[Any] | None:
    try:
        read = ast.literal_eval(value)
        return (_json(read),)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _json(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return written(value)
    if isinstance(value, int) and abs(value) < _LIMIT:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_json(item) for item in value), key=repr)
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {written(key): _json(item) for key, item in value.items()}
    raise ValueError("not a plain value")


def _typed(value: Any, annotation: str) -> tuple[str, Any]:
    wanted = annotation.removesuffix("]")
    for prefix in _OPTIONAL:
        wanted = wanted.removeprefix(prefix)
    wanted = wanted.split("|")[0].split("[")[0].strip().strip("'\"").lower()
    kind = "none" if value is None else type(value).__name__
    if wanted == "float" and kind == "int":
        return "float", float(value)
    if value is None and wanted in _BY_ANNOTATION:
        return wanted, None
    return kind, value


def _comment(code: CellCode, statement: ast.stmt) -> str:
    lines = code.cell.source.splitlines()
    end = statement.end_lineno or statement.lineno
    if not 0 < end <= len(lines) or statement.end_col_offset is None:
        return ""
    # Column offsets count UTF-8 bytes.
    tail = lines[end - 1].encode("utf-8", "replace")[statement.end_col_offset :]
    text = tail.decode("utf-8", "replace").strip()
    return text.lstrip("#").strip()[:200] if text.startswith("#") else ""
