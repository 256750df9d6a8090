"""Calls: which function each call of the notebook reaches, and the constant texts it is given."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from jupyter_modelpack.notebook.constants import Constants, Texts, dotted, written
from jupyter_modelpack.notebook.names import bound_names, target_names
from jupyter_modelpack.notebook.source import CellCode

_FILE_ERRORS = frozenset(
    {"FileNotFoundError", "OSError", "IOError", "Exception", "BaseException", "BlobNotFound"}
)
_LIKE = {
    "AsyncFor": "For",
    "AsyncFunctionDef": "FunctionDef",
    "DictComp": "ListComp",
    "GeneratorExp": "ListComp",
    "Lambda": "FunctionDef",
    "SetComp": "ListComp",
    "TryStar": "Try",
}


@dataclass(frozen=True)
class Call:
    """One call: ``name`` is dotted through imports, or ``.method`` when the object is not known.

    ``guarded`` says that the code expects the call to fail when a file is not there.
    """

    name: str
    cell: int
    line: int
    node: ast.Call = field(compare=False, repr=False)
    receiver: Texts = ()
    arguments: tuple[Texts, ...] = ()
    keywords: Mapping[str, Texts] = field(default_factory=dict)
    guarded: bool = False

    @property
    def method(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]

    def argument(self, position: int, *names: str) -> Texts:
        """Return the texts of an argument given by position or by one of its names."""
        for name in names:
            if name in self.keywords:
                return self.keywords[name]
        return self.arguments[position] if position < len(self.arguments) else ()

    @property
    def texts(self) -> Texts:
        """All constant texts among the arguments."""
        given = (*self.arguments, *self.keywords.values())
        return tuple(text for texts in given for text in texts)


@dataclass(frozen=True)
class Lookup:
    """An environment variable that is read with ``os.environ[...]``, or set there."""

    name: str
    cell: int
    line: int
    sets: bool = False


@dataclass(frozen=True)
class Reading:
    """All calls and environment look-ups of a notebook in order, and the plain texts in it."""

    calls: tuple[Call, ...]
    lookups: tuple[Lookup, ...]
    texts: tuple[tuple[str, int, int], ...]


def read_calls(codes: Iterable[CellCode]) -> Reading:
    """Read the calls of a notebook from the top to the bottom."""
    walker = _Walker()
    for code in codes:
        if code.tree is None:
            continue
        walker.cell = code.cell.number
        try:
            for statement in code.tree.body:
                walker.visit(statement)
        except RecursionError:
            continue
    return Reading(tuple(walker.calls), tuple(walker.lookups), tuple(walker.texts))


class _Walker(ast.NodeVisitor):
    """Follows statements in order, with what names hold and which module they stand for."""

    def __init__(self) -> None:
        self.cell = 0
        self.calls: list[Call] = []
        self.lookups: list[Lookup] = []
        self.texts: list[tuple[str, int, int]] = []
        self.constants = Constants()
        self.aliases: dict[str, str] = {}
        self.maybe = 0
        self.guards = 0

    def visit(self, node: ast.AST) -> None:
        """Walk a node with the method of its kind, or of the kind it is like."""
        kind = type(node).__name__
        getattr(self, f"visit_{_LIKE.get(kind, kind)}", self.generic_visit)(node)

    def visit_Import(self, node: ast.Import) -> None:
        """Note the names that modules get."""
        for alias in node.names:
            if alias.asname:
                self.aliases[alias.asname] = alias.name
            else:
                top = alias.name.partition(".")[0]
                self.aliases[top] = top

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Note the names that are taken from a module."""
        for alias in node.names:
            self.aliases[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}"

    def visit_Constant(self, node: ast.Constant) -> None:
        """Note a text."""
        if isinstance(node.value, str) and 0 < len(node.value) < 1000:
            self.texts.append((written(node.value), self.cell, node.lineno))

    def visit_Call(self, node: ast.Call) -> None:
        """Note a call, after the calls in its arguments."""
        self.generic_visit(node)
        receiver: Texts = ()
        if isinstance(node.func, ast.Attribute):
            receiver = self.constants.of(node.func.value)
        self.calls.append(
            Call(
                name=self._name(node.func),
                cell=self.cell,
                line=node.lineno,
                node=node,
                receiver=receiver,
                arguments=tuple(self.constants.of(argument) for argument in node.args),
                keywords={
                    item.arg: self.constants.of(item.value) for item in node.keywords if item.arg
                },
                guarded=self.guards > 0,
            )
        )

    def _name(self, function: ast.expr) -> str:
        if isinstance(function, ast.Name):
            return self.aliases.get(function.id, function.id)
        if not isinstance(function, ast.Attribute):
            return ""
        owner = function.value.func if isinstance(function.value, ast.Call) else function.value
        root = owner
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and root.id in self.aliases:
            return f"{dotted(owner, self.aliases)}.{function.attr}"
        return f".{function.attr}"

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Note an environment variable."""
        self.generic_visit(node)
        if dotted(node.value, self.aliases) == "os.environ":
            for name in self.constants.of(node.slice):
                sets = not isinstance(node.ctx, ast.Load)
                self.lookups.append(Lookup(name, self.cell, node.lineno, sets))

    def visit_Assign(self, node: ast.Assign) -> None:
        """Walk the value, then remember what the name holds."""
        self.visit(node.value)
        for target in node.targets:
            self._assign(target, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Walk the value, then remember what the name holds."""
        if node.value is not None:
            self.visit(node.value)
            self._assign(node.target, node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """Walk the value, then remember what the name holds."""
        self.visit(node.value)
        self._assign(node.target, node.value)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.constants.assign(target.id, value, maybe=self.maybe > 0)
            made = dotted(value.func, self.aliases) if isinstance(value, ast.Call) else ""
            if "." in made:
                self.aliases[target.id] = made
            else:
                self.aliases.pop(target.id, None)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for name, item in zip(target.elts, value.elts, strict=False):
                self._assign(name, item)
        else:
            self.visit(target)
            self.constants.forget(target_names(target))

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Forget what a changed name held."""
        self.visit(node.value)
        self.constants.forget(target_names(node.target))

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        """Walk a loop with what its variable can hold."""
        self.visit(node.iter)
        self.constants.loop(node.target, node.iter)
        self._branch([*node.body, *node.orelse])

    def visit_While(self, node: ast.While) -> None:
        """Walk a loop, which may not run at all."""
        self.visit(node.test)
        self._branch([*node.body, *node.orelse])

    def visit_If(self, node: ast.If) -> None:
        """Walk both branches, either of which may run."""
        self.visit(node.test)
        asks = _asks_for_file(node.test)
        self.guards += asks
        self._branch([*node.body, *node.orelse])
        self.guards -= asks

    def visit_Try(self, node: ast.Try) -> None:
        """Walk a try; a call in it is guarded when it expects files to be missing."""
        guards = any(
            handler.type is None
            or any(
                isinstance(part, ast.Name) and part.id in _FILE_ERRORS
                for part in ast.walk(handler.type)
            )
            for handler in node.handlers
        )
        self.guards += guards
        self._branch(node.body)
        self.guards -= guards
        for handler in node.handlers:
            self._branch(handler.body)
        self._branch([*node.orelse, *node.finalbody])

    def _branch(self, statements: list[ast.stmt]) -> None:
        self.maybe += 1
        for statement in statements:
            self.visit(statement)
        self.maybe -= 1

    def visit_ListComp(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> None:
        """Walk a comprehension with what its variables can hold."""
        outer = dict(self.constants.texts)
        for generator in node.generators:
            self.visit(generator.iter)
            self.constants.loop(generator.target, generator.iter)
            for condition in generator.ifs:
                self.visit(condition)
        if isinstance(node, ast.DictComp):
            self.visit(node.key)
            self.visit(node.value)
        else:
            self.visit(node.elt)
        self.constants.texts = outer

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        """Walk a body with its arguments unknown, or as their defaults say."""
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        for decorator in getattr(node, "decorator_list", ()):
            self.visit(decorator)
        outer, aliases = self.constants, dict(self.aliases)
        self.constants = inner = Constants()
        inner.texts, inner.items = dict(outer.texts), dict(outer.items)
        inner.tables = dict(outer.tables)
        bound = bound_names(node)
        inner.forget(bound)
        for name in bound:
            self.aliases.pop(name, None)
        positional = [*node.args.posonlyargs, *node.args.args]
        for argument, default in zip(
            reversed(positional), reversed(node.args.defaults), strict=False
        ):
            inner.assign(argument.arg, default)
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        for statement in body:
            self.visit(statement)
        self.constants, self.aliases = outer, aliases


def _asks_for_file(test: ast.expr) -> bool:
    asking = {"exists", "is_file", "is_dir", "isfile", "isdir"}
    return any(isinstance(node, ast.Attribute) and node.attr in asking for node in ast.walk(test))
