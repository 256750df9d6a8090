"""Metrics: the scalar variables that a cell tagged ``metrics`` assigns or names."""

from __future__ import annotations

import ast
import math
import warnings
from typing import Any, Dict, List, Mapping


def metric_names(source: str) -> List[str]:
    """Return the names that a cell's code assigns or shows on their own, in order.

    A cell that does neither, such as ``print(accuracy)``, names all the variables it reads.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    names: List[str] = []
    for statement in tree.body:
        if isinstance(statement, ast.Expr):
            names += _shown(statement.value)
        else:
            names += [
                node.id
                for node in ast.walk(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            ]
    names = names or [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return [name for name in dict.fromkeys(names) if not name.startswith("_")]


def metric_values(source: str, variables: Mapping[str, Any], result: Any) -> Dict[str, Any]:
    """Return name -> number (text for numbers that JSON lacks) of the cell's metrics.

    A cell that ends in a mapping of names to numbers gives those too.
    """
    found = {name: scalar(variables[name]) for name in metric_names(source) if name in variables}
    if isinstance(result, dict):
        found.update({name: scalar(v) for name, v in result.items() if isinstance(name, str)})
    return {name: value for name, value in found.items() if value is not None}


def scalar(value: Any) -> Any:
    """Return a plain bool, int or float for a scalar of any library, and None for anything else."""
    if not isinstance(value, (bool, int, float)):
        if getattr(value, "shape", None) != () or not callable(getattr(value, "item", None)):
            return None
        try:
            value = value.item()
        except Exception:
            return None
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, (bool, int, float)):
        return value if not isinstance(value, int) or abs(value) < 10**300 else None
    return None


def _shown(node: ast.AST) -> List[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, (ast.Tuple, ast.List)):
        return [name for item in node.elts for name in _shown(item)]
    return []
