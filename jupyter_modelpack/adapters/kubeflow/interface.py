"""The interfaces of components and pipelines, declared the way kfp reads them from a function."""

from __future__ import annotations

import inspect
from collections import namedtuple
from collections.abc import Mapping
from typing import Any, Union

from jupyter_modelpack.pipeline.parameters import ParameterType, PipelineParameter

_PYTHON_TYPES: dict[ParameterType, type] = {
    "NUMBER_INTEGER": int,
    "NUMBER_DOUBLE": float,
    "STRING": str,
    "BOOLEAN": bool,
    "LIST": list,
    "STRUCT": dict,
}


def argument(
    name: str, annotation: Any, default: Any = inspect.Parameter.empty
) -> inspect.Parameter:
    """Return one argument of a function."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Parameter(name, kind, annotation=annotation, default=default)


def parameter_argument(parameter: PipelineParameter) -> inspect.Parameter:
    """Return the argument for a typed parameter; without a default it is optional."""
    python_type: Any = _PYTHON_TYPES[parameter.type]
    if parameter.default is None:
        python_type = Union[python_type, None]  # the one spelling that kfp 2.16 reads
    return argument(parameter.name, python_type, parameter.default)


def declare(function: Any, name: str, arguments: list[Any], returns: Any = None) -> None:
    """Give a function the name and signature that kfp reads the interface from."""
    function.__name__ = name
    function.__signature__ = inspect.Signature(
        arguments, return_annotation=inspect.Signature.empty if returns is None else returns
    )


def output_fields(fields: Mapping[str, Any]) -> Any:
    """Return the type by which a pipeline names its outputs."""
    made: Any = namedtuple("outputs", tuple(fields))  # type: ignore[misc]
    made.__annotations__ = dict(fields)
    return made
