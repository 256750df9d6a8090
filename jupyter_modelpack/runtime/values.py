"""Parameter values: read from text or JSON, held against the declared type, written as literals."""

from __future__ import annotations

import ast
import json
import math
from typing import Any, Dict, Iterable, Mapping

from .manifest import Parameter
from .refusal import Refusal

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "dict": "a mapping",
}
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def chosen(
    declared: Iterable[Parameter], pairs: Iterable[str], given: Mapping[str, Any]
) -> Dict[str, Any]:
    """Return the values of a run from ``NAME=VALUE`` pairs and a JSON object; pairs win.

    Raises Refusal for a name that the notebook does not declare and for a value of another type.
    """
    known = {parameter.name: parameter for parameter in declared}
    values = {}
    for name, value in given.items():
        values[name] = _fit(_known(known, name), value)
    for pair in pairs:
        name, separator, text = pair.partition("=")
        if not separator:
            raise Refusal("{!r} is not NAME=VALUE.".format(pair))
        values[name] = _fit(_known(known, name), _parsed(_known(known, name), text))
    return values


def literal(value: Any) -> str:
    """Return Python source that evaluates to ``value``; nothing in it can end the literal early."""
    if isinstance(value, dict):
        pairs = ("{}: {}".format(literal(k), literal(v)) for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, tuple):
        return "(" + "".join(literal(item) + ", " for item in value).rstrip(" ") + ")"
    if isinstance(value, float) and not math.isfinite(value):
        return "float({!r})".format(str(value))
    if value is None or isinstance(value, (bool, int, float, str)):
        return ascii(value)
    raise Refusal("{!r} cannot be a parameter.".format(type(value).__name__))


def injected_source(values: Mapping[str, Any]) -> str:
    """Return the source of the cell that sets ``values``."""
    lines = ["{} = {}".format(name, literal(value)) for name, value in values.items()]
    return "\n".join(["# Parameters", *lines])


def _known(known: Mapping[str, Parameter], name: str) -> Parameter:
    if name in known:
        return known[name]
    if not known:
        raise Refusal(
            "The notebook has no parameters, so {} cannot be set. "
            "Tag a cell of default values with 'parameters'.".format(name)
        )
    raise Refusal("There is no parameter {}. There is: {}.".format(name, ", ".join(sorted(known))))


def _parsed(parameter: Parameter, text: str) -> Any:
    kind = parameter.type
    if kind == "str":
        return text
    if kind == "bool":
        if text.strip().lower() in _TRUTH:
            return _TRUTH[text.strip().lower()]
        raise _unfit(parameter, text)
    if kind in ("int", "float"):
        try:
            return int(text) if kind == "int" else float(text)
        except ValueError:
            raise _unfit(parameter, text) from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _fit(parameter: Parameter, value: Any) -> Any:
    kind = parameter.type
    if value == "" and parameter.default is None:
        return None  # Kubeflow has no way to say that a value was not given
    if isinstance(value, str) and kind != "str" and kind in _KINDS:
        value = _parsed(parameter, value)  # Kubeflow sends integers beyond 2**53 as text
    if kind == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise _unfit(parameter, value) from None
    if kind == "tuple" and isinstance(value, list):
        return tuple(value)
    wanted = {"int": int, "float": float, "str": str, "bool": bool}.get(kind)
    wanted = wanted or {"list": list, "tuple": tuple, "dict": dict}.get(kind)
    if wanted is None or (value is None and parameter.default is None):
        return value
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise _unfit(parameter, value)
    return value


def _unfit(parameter: Parameter, value: Any) -> Refusal:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return Refusal(
        "The parameter {} takes {}, not {}.".format(parameter.name, _KINDS[parameter.type], shown)
    )
