"""Kubeflow's executor input and output (KFP v2 pipeline spec, ``ExecutorInput``)."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any, Dict, Mapping, Optional, Tuple

from .refusal import Refusal


def parameter_values(executor_input: Mapping[str, Any], names: Mapping[str, str]) -> Dict[str, Any]:
    """Return variable -> value of the parameters that were given; None means not given.

    ``names`` maps pipeline names to variables where the two differ.
    """
    given = _mapping(_mapping(executor_input, "inputs"), "parameterValues")
    return {names.get(key, key): _whole(value) for key, value in given.items() if value is not None}


def _whole(value: Any) -> Any:
    """Return integers inside lists and mappings as integers again; protobuf knows only doubles."""
    if isinstance(value, dict):
        return {key: _inner(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_inner(item) for item in value]
    return value


def _inner(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return _whole(value)


def executor_output(
    executor_input: Mapping[str, Any],
    metrics: Mapping[str, Any],
    described: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Optional[Tuple[str, str]]:
    """Return path and content of the output file; metrics are metadata of their artifact.

    ``described`` is the metadata of other artifacts, by their names.
    """
    outputs = _mapping(executor_input, "outputs")
    path = outputs.get("outputFile")
    if not path:
        return None
    artifacts = {}
    for key, listed in _mapping(outputs, "artifacts").items():
        for artifact in listed.get("artifacts", [])[:1]:
            kind = _mapping(artifact, "type").get("schemaTitle")
            found = {k: v for k, v in artifact.items() if k in ("name", "uri", "type")}
            found["metadata"] = dict(described.get(key, {}))
            if kind == "system.Metrics":
                found["metadata"] = dict(metrics)
            artifacts[key] = {"artifacts": [found]}
    return str(path), json.dumps({"artifacts": artifacts})


def json_object(text: str, what: str) -> Dict[str, Any]:
    """Read a JSON object from ``text``, or from the file that ``@PATH`` names."""
    try:
        if text.startswith("@"):
            text = Path(text[1:]).read_text(encoding="utf-8")
        value = json.loads(text)
    except (OSError, ValueError) as error:
        raise Refusal("{} cannot be read: {}.".format(what, error)) from error
    if not isinstance(value, dict):
        raise Refusal("{} must be a JSON object.".format(what))
    return value


def _mapping(value: Any, key: str) -> Dict[str, Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}
