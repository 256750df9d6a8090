"""What a cell may change in place, and which variables a cell only names."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

_CHANGING = frozenset({"fit", "partial_fit", "fit_transform", "fit_predict", "train", "pop"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


# function -> its parameters in order, each with whether the body changes it
Changing = Mapping[str, tuple[tuple[str, bool], ...]]


def changed_names(tree: ast.AST, functions: Changing) -> frozenset[str]:
    """Return names whose value the cell's own statements may change without assigning them.

    That is: an item or attribute is set or deleted, a method is called for its effect, or the value
    is handed to one of the notebook's own ``functions`` that does such a thing to it.
    """
    return frozenset(_changed(tree, functions))


def changing_functions(tree: ast.Module) -> dict[str, tuple[tuple[str, bool], ...]]:
    """Return the functions that a cell defines, and which of their parameters they change."""
    found: dict[str, tuple[tuple[str, bool], ...]] = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            changed = {name for statement in node.body for name in _changed_in(statement)}
            names = [item.arg for item in (*node.args.posonlyargs, *node.args.args)]
            names += [item.arg for item in node.args.kwonlyargs]
            found[node.name] = tuple((name, name in changed) for name in names)
    return found


def _changed_in(statement: ast.stmt) -> Iterator[str]:
    yield from _changed(ast.Module([statement], []), {})


def _changed(tree: ast.AST, functions: Changing) -> Iterator[str]:
    for node in _here(tree):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(
            node.ctx, (ast.Store, ast.Del)
        ):
            yield from _root(node)
        elif isinstance(node, ast.AugAssign):
            yield from _root(node.target)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield from _root(node.value.func, within=True)
        elif isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute) and function.attr in _CHANGING:
                yield from _root(function, within=True)
        if isinstance(node, ast.Call) and _name(node.func) in functions:
            yield from _handed(node, functions[_name(node.func)])


def _handed(call: ast.Call, parameters: tuple[tuple[str, bool], ...]) -> Iterator[str]:
    """Yield the variables that a call hands to parameters which the function changes."""
    for argument, (_, changes) in zip(call.args, parameters, strict=False):
        if changes:
            yield from _root(argument)
    by_name = dict(parameters)
    for keyword in call.keywords:
        if by_name.get(keyword.arg or "", False):
            yield from _root(keyword.value)


def _here(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run when the cell runs, not the bodies of what it defines."""
    for node in ast.iter_child_nodes(tree):
        yield node
        if not isinstance(node, _SCOPES):
            yield from _here(node)


def _root(node: ast.AST, *, within: bool = False) -> Iterator[str]:
    """Yield the variable that ``a.b[c]`` begins with; ``within``: only when there is a dot."""
    deep = False
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node, deep = node.value, True
    if isinstance(node, ast.Name) and (deep or not within):
        yield node.id


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def named_metrics(tree: ast.Module) -> list[str] | None:
    """Return the variables that a cell of metrics names or prints; None when it computes."""
    names: list[str] = []
    for statement in tree.body:
        if not isinstance(statement, ast.Expr):
            return None
        value = statement.value
        if isinstance(value, ast.Call) and _name(value.func) == "print" and not value.keywords:
            listed = value.args
        else:
            listed = list(value.elts) if isinstance(value, (ast.Tuple, ast.List)) else [value]
        for item in listed:
            if not isinstance(item, ast.Name):
                return None
            names.append(item.id)
    return names
