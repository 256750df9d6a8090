"""Constant texts: what a name or an expression can hold, read from the code without running it.

A text may have a ``HOLE`` where a part is not known. Paths of the person's home begin with ``~``.
"""

from __future__ import annotations

import ast
import itertools
import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import Any

HOLE = "\0"
MANY = 50
_LONGEST = 4096
Texts = tuple[str, ...]

_SAME_ITEMS = frozenset({"sorted", "list", "tuple", "set", "tqdm", "reversed"})
_PERCENT = re.compile(r"%(\([^)]{0,50}\))?[-#0 +]?\d{0,5}(\.\d{1,5})?[a-zA-Z]")
_BRACES = re.compile(r"\{[^{}]{0,80}\}")
_PATH_TYPES = frozenset({"Path", "PosixPath", "PurePath", "PurePosixPath"})
_SAME_PATH = frozenset(
    {"abspath", "realpath", "normpath", "fspath", "resolve", "absolute", "expanduser", "as_posix"}
    | {"str", "strip", "expandvars", "pathlib.Path"}
)


class Constants:
    """The texts that names hold at one point of the notebook, reading it from the top."""

    def __init__(self) -> None:
        self.texts: dict[str, Texts] = {}
        self.items: dict[str, Texts] = {}
        self.tables: dict[str, dict[str, Texts]] = {}

    def forget(self, names: Iterable[str]) -> None:
        """Drop what is known of names."""
        for name in names:
            self.texts.pop(name, None)
            self.items.pop(name, None)
            self.tables.pop(name, None)

    def assign(self, name: str, value: ast.expr, *, maybe: bool = False) -> None:
        """Note an assignment; with ``maybe`` the old texts stay possible."""
        texts, items, table = self.of(value), self.each(value), self._table(value)
        if maybe:
            texts = _few((*self.texts.get(name, ()), *texts))
            items = _few((*self.items.get(name, ()), *items))
        self.forget([name])
        if texts:
            self.texts[name] = texts
        if items:
            self.items[name] = items
        if table:
            self.tables[name] = table

    def of(self, node: ast.expr | None) -> Texts:
        """Return the texts that an expression can have; empty when nothing is known."""
        if isinstance(node, ast.Constant):
            return (written(node.value[:_LONGEST]),) if isinstance(node.value, str) else ()
        if isinstance(node, ast.Name):
            return self.texts.get(node.id, ())
        if isinstance(node, ast.JoinedStr):
            return self._joined(node.values)
        if isinstance(node, ast.FormattedValue):
            return self.of(node.value) or _number(node.value) or (HOLE,)
        if isinstance(node, ast.BinOp):
            return self._operation(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.IfExp):
            return _few((*self.of(node.body), *self.of(node.orelse)))
        if isinstance(node, ast.BoolOp):
            return _few(text for value in node.values for text in self.of(value))
        if isinstance(node, ast.Attribute) and node.attr == "parent":
            return tuple(posixpath.dirname(text) or "." for text in self.of(node.value))
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        return ()

    def each(self, node: ast.expr | None) -> Texts:
        """Return the texts that a loop over an expression yields, as far as they are constant."""
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return _few(text for item in node.elts for text in self.of(item))
        if isinstance(node, ast.Name):
            return self.items.get(node.id, ())
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            table = self._table(node.func.value)
            if node.func.attr == "values":
                return _few(text for texts in table.values() for text in texts)
            if node.func.attr == "keys":
                return tuple(table)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _SAME_ITEMS
            and node.args
        ):
            return self.each(node.args[0])
        return ()

    def loop(self, target: ast.expr, over: ast.expr) -> None:
        """Note what the variable of a ``for`` can hold."""
        if isinstance(target, ast.Name):
            self.forget([target.id])
            if texts := self.each(over):
                self.texts[target.id] = texts
            return
        names = [item.id for item in ast.walk(target) if isinstance(item, ast.Name)]
        self.forget(names)
        if (
            isinstance(target, ast.Tuple)
            and len(names) == 2
            and isinstance(over, ast.Call)
            and isinstance(over.func, ast.Attribute)
            and over.func.attr == "items"
        ):
            table = self._table(over.func.value)
            if table:
                self.texts[names[0]] = tuple(table)
                self.texts[names[1]] = _few(text for texts in table.values() for text in texts)
        elif (
            isinstance(target, ast.Tuple)
            and len(names) == 2
            and isinstance(over, ast.Call)
            and isinstance(over.func, ast.Name)
            and over.func.id == "enumerate"
            and over.args
        ):
            self.loop(target.elts[1], over.args[0])

    def _table(self, node: ast.expr | None) -> dict[str, Texts]:
        if isinstance(node, ast.Name):
            return self.tables.get(node.id, {})
        if not isinstance(node, ast.Dict):
            return {}
        table: dict[str, Texts] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            for name in self.of(key):
                texts = self.of(value)
                if texts:
                    table[name] = texts
        return table

    def _subscript(self, node: ast.Subscript) -> Texts:
        if _dotted(node.value) == "os.environ" and self.of(node.slice) == ("HOME",):
            return ("~",)
        table = self._table(node.value)
        if table:
            keys = self.of(node.slice)
            chosen = keys if keys else tuple(table)
            return _few(text for key in chosen for text in table.get(key, ()))
        return self.each(node.value)

    def _joined(self, parts: Iterable[ast.expr]) -> Texts:
        choices = [self.of(part) or (HOLE,) for part in parts]
        return _few("".join(choice) for choice in itertools.islice(_product(choices), MANY))

    def _operation(self, node: ast.BinOp) -> Texts:
        if isinstance(node.op, ast.Add):
            left, right = self.of(node.left), self.of(node.right)
            if not left and not right:
                return ()
            return self._combine([left or (HOLE,), right or (HOLE,)], "".join)
        if isinstance(node.op, ast.Div):
            left = self.of(node.left)
            if not left:
                return ()
            return self._combine([left, self.of(node.right) or (HOLE,)], _join)
        if isinstance(node.op, ast.Mod):
            return tuple(_holes(text, "%") for text in self.of(node.left))
        return ()

    def _call(self, node: ast.Call) -> Texts:
        name = _dotted(node.func)
        last = name.rpartition(".")[2]
        if name.endswith(("Path.home", "path.expanduser")) and not node.args:
            return ("~",)
        if name in ("os.getcwd", "Path.cwd", "pathlib.Path.cwd"):
            return (".",)
        if last in _PATH_TYPES or name in ("os.path.join", "path.join", "osp.join"):
            if not node.args:
                return (".",) if last in _PATH_TYPES else ()
            return self._combine([self.of(arg) or (HOLE,) for arg in node.args], _join)
        if name in ("os.getenv", "os.environ.get") and node.args:
            if self.of(node.args[0]) == ("HOME",):
                return ("~",)
            return self.of(node.args[1]) if len(node.args) > 1 else ()
        if isinstance(node.func, ast.Attribute):
            if node.func.attr == "joinpath":
                parts = [self.of(node.func.value), *(self.of(a) or (HOLE,) for a in node.args)]
                return self._combine(parts, _join) if parts[0] else ()
            if node.func.attr == "join" and len(node.args) == 1:
                return self._strung(node.func.value, node.args[0])
            if node.func.attr == "format":
                return tuple(_holes(text, "{") for text in self.of(node.func.value))
            if node.func.attr in _SAME_PATH and not node.args:
                return self.of(node.func.value)
        if last in _SAME_PATH and len(node.args) == 1:
            return self.of(node.args[0])
        return ()

    def _strung(self, between: ast.expr, items: ast.expr) -> Texts:
        if isinstance(items, (ast.List, ast.Tuple)):
            choices = [self.of(item) or (HOLE,) for item in items.elts[:MANY]]
        else:
            choices = [(text,) for text in self.each(items)]
        return _few(
            sign.join(choice)
            for sign in self.of(between)[:1]
            for choice in itertools.islice(_product(choices), MANY)
        )

    @staticmethod
    def _combine(choices: list[Texts], join: Any) -> Texts:
        return _few(join(choice) for choice in itertools.islice(_product(choices), MANY))


def written(text: str) -> str:
    """Return a text that any file can hold: escapes in code can spell half a surrogate pair."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _product(choices: Iterable[Texts]) -> Iterable[tuple[str, ...]]:
    return itertools.product(*choices)


def _join(parts: Iterable[str]) -> str:
    return posixpath.join(*parts)


def _few(texts: Iterable[str]) -> Texts:
    kept = dict.fromkeys(text[:_LONGEST] for text in itertools.islice(texts, 4 * MANY))
    return tuple(itertools.islice(kept, MANY))


def _number(node: ast.expr) -> Texts:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return (str(node.value),)
    return ()


def _holes(text: str, sign: str) -> str:
    """Put holes where a template depends on values."""
    pattern = _PERCENT if sign == "%" else _BRACES
    return pattern.sub(HOLE, text)


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def dotted(node: ast.expr, aliases: Mapping[str, str]) -> str:
    """Return the dotted name that an expression refers to through imports, or ``""``."""
    written = _dotted(node)
    head, dot, rest = written.partition(".")
    return aliases.get(head, head) + dot + rest if written else ""
