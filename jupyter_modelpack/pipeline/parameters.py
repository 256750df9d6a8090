"""A notebook's parameters as Kubeflow's: the name and type of each, and a default that survives.

Kubeflow carries numbers as double-precision floats, fills ``{{...}}`` templates inside texts, and
its local runner wants a default for every parameter. A default that would arrive changed, and
None, become text: a large integer its digits, anything else the empty text, by which the runtime
understands "not given", so that the notebook's own default inside the image holds.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from jupyter_modelpack.errors import InvalidInput

ParameterType = Literal["NUMBER_INTEGER", "NUMBER_DOUBLE", "STRING", "BOOLEAN", "LIST", "STRUCT"]

_TYPES: dict[str, ParameterType] = {
    "int": "NUMBER_INTEGER",
    "float": "NUMBER_DOUBLE",
    "str": "STRING",
    "bool": "BOOLEAN",
    "list": "LIST",
    "dict": "STRUCT",
}
_EXACT_INTEGERS = 2**53
# kfp's own rule for the names of pipeline parameters, and the names that our step uses itself
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_TAKEN = frozenset({"self", "metrics", "executed_notebook"})


class ParameterLike(Protocol):
    """What a notebook's parameter is known by."""

    @property
    def name(self) -> str:
        """The variable's name."""

    @property
    def type(self) -> str:
        """Its type: int, float, str, bool, list or dict; anything else is read from text."""

    @property
    def default(self) -> Any:
        """The literal that the notebook assigns, as JSON."""


@dataclass(frozen=True)
class PipelineParameter:
    """A typed parameter of a pipeline and the ``variable`` that it sets in the notebook.

    Without a default (None) it is optional, and the notebook's own default holds.
    """

    name: str
    variable: str
    type: ParameterType
    default: Any


def pipeline_parameters(parameters: Iterable[ParameterLike]) -> tuple[PipelineParameter, ...]:
    """Return the Kubeflow parameters for a notebook's, in their order.

    A variable that is declared twice raises InvalidInput.
    """
    declared = tuple(parameters)
    variables = [parameter.name for parameter in declared]
    for variable in variables:
        if variables.count(variable) > 1:
            raise InvalidInput(f"The parameter {variable} is declared twice.", field="parameters")
    names = {variable for variable in variables if _usable(variable)}
    out: list[PipelineParameter] = []
    for parameter in declared:
        name = parameter.name
        if not _usable(name):
            name = _other_name(name, names)
            names.add(name)
        kind, default = _typed(parameter)
        out.append(PipelineParameter(name, parameter.name, kind, default))
    return tuple(out)


def _usable(name: str) -> bool:
    return bool(_NAME.match(name)) and name not in _TAKEN


def _other_name(name: str, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    stem = re.sub(r"[^A-Za-z0-9_]", "", plain).lstrip("_0123456789") or "parameter"
    candidate, number = stem, 1
    while not _usable(candidate) or candidate in taken:
        number += 1
        candidate = f"{stem}_{number}"
    return candidate


def _typed(parameter: ParameterLike) -> tuple[ParameterType, Any]:
    kind, default = _TYPES.get(parameter.type), parameter.default
    if kind is not None and _survives(default):
        return kind, float(default) if kind == "NUMBER_DOUBLE" else default
    if isinstance(default, str):
        return "STRING", None  # here the empty text is a value like any other
    return "STRING", str(default) if isinstance(default, int) else ""


def _survives(value: Any) -> bool:
    """Tell whether a value comes out of Kubeflow's protocol as it went in."""
    if isinstance(value, int):
        return abs(value) <= _EXACT_INTEGERS
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return "{{" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, list):
        return all(_survives(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(k, str) and _survives(k) and _survives(v) for k, v in value.items())
    return False
