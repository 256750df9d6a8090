"""Names that Python binds: in a target, and anywhere in a function's own scope."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def target_names(target: ast.expr) -> Iterator[str]:
    """Yield the names that an assignment target binds."""
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def bound_names(function: _Function) -> set[str]:
    """Return the names that are local to a function: arguments and what its body binds."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [item for item in (arguments.vararg, arguments.kwarg) if item is not None]
    names = {item.arg for item in every}
    names |= {str(item.name) for item in getattr(function, "type_params", ())}
    shared: set[str] = set()
    if isinstance(function, ast.Lambda):
        _collect([function.body], names, shared)
    else:
        _collect(function.body, names, shared)
    return names - shared


def _collect(nodes: list[ast.stmt] | list[ast.expr], names: set[str], shared: set[str]) -> None:
    """Gather names bound in this scope, leaving out the insides of inner ones."""
    waiting: list[tuple[ast.AST, bool]] = [(node, False) for node in nodes]
    while waiting:
        node, in_comprehension = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.Global):
            shared.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            pass  # bound by an enclosing function, which has the name in its own set
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(alias.asname or alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            if not in_comprehension:
                names.add(node.id)
        elif isinstance(node, ast.NamedExpr):
            names.add(node.target.id)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            names.add(node.rest)
        inside = in_comprehension or isinstance(
            node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
        )
        waiting.extend((child, inside) for child in ast.iter_child_nodes(node))
