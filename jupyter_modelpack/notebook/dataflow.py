"""Dataflow inside one cell: the names it defines, uses and deletes, in the order they run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from jupyter_modelpack.notebook.names import bound_names, target_names

Action = Literal["use", "call", "define", "delete"]
_CATCH_NAMES = frozenset({"NameError", "Exception", "BaseException"})
_CATCH_IMPORTS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_NAMESPACES = frozenset({"globals", "locals", "vars", "dir"})
_MANY = 10_000
_LIKE = {
    "AsyncFor": "For",
    "AsyncFunctionDef": "FunctionDef",
    "GeneratorExp": "ListComp",
    "SetComp": "ListComp",
    "TryStar": "Try",
}


@dataclass(frozen=True)
class Event:
    """One thing that happens to a name of the notebook when the cell runs."""

    action: Action
    name: str
    line: int
    guarded: bool = False


@dataclass(frozen=True)
class ImportedModule:
    """An import statement: the dotted module, the names taken from it, and whether it may fail."""

    module: str
    line: int
    names: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Flow:
    """What running a cell does to names; ``functions`` maps a function to what its body needs.

    ``opaque`` says that the cell may define names that cannot be read from it.
    """

    events: tuple[Event, ...] = ()
    imports: tuple[ImportedModule, ...] = ()
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    opaque: bool = False

    @property
    def defines(self) -> frozenset[str]:
        """Names that exist after the cell has run."""
        names: set[str] = set()
        for event in self.events:
            if event.action == "define":
                names.add(event.name)
            elif event.action == "delete":
                names.discard(event.name)
        return frozenset(names)

    @property
    def uses(self) -> frozenset[str]:
        """Names that the cell needs from before it."""
        known: set[str] = set()
        needed: set[str] = set()
        for event in self.events:
            if event.action == "define":
                known.add(event.name)
            elif event.name not in known:
                needed.add(event.name)
        return frozenset(needed)


def read_flow(tree: ast.Module) -> Flow:
    """Return the dataflow of a cell's syntax tree."""
    walker = _Walker()
    try:
        walker.block(tree.body)
    except RecursionError:
        walker.opaque = True
    return Flow(
        events=tuple(walker.events[:_MANY]),
        imports=tuple(walker.imports),
        functions={name: tuple(sorted(needs)) for name, needs in walker.functions.items()},
        opaque=walker.opaque or len(walker.events) > _MANY,
    )


class _Walker(ast.NodeVisitor):
    """Walks statements in the order they run, knowing which scope a name belongs to."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.imports: list[ImportedModule] = []
        self.functions: dict[str, set[str]] = {}
        self.opaque = False
        self.scopes: list[tuple[str, set[str]]] = []  # kind and bound names, innermost last
        self.owner: str | None = None  # the function whose body is walked, if one is
        self.guards = 0
        self.optional = 0

    def visit(self, node: ast.AST) -> None:
        """Walk a node with the method of its kind, or of the kind it is like."""
        kind = type(node).__name__
        getattr(self, f"visit_{_LIKE.get(kind, kind)}", self.generic_visit)(node)

    def block(self, statements: Sequence[ast.AST]) -> None:
        """Walk nodes in order."""
        for statement in statements:
            self.visit(statement)

    # Names

    def _is_local(self, name: str) -> bool:
        for depth, (kind, names) in enumerate(reversed(self.scopes)):
            if name in names and (kind != "class" or depth == 0):
                return True
        return False

    def _note(self, action: Action, name: str, line: int) -> None:
        if self._is_local(name):
            return
        if self.owner is None:
            self.events.append(Event(action, name, line, guarded=self.guards > 0))
        elif action == "define":  # `global name` in a function that a later cell calls
            self.events.append(Event(action, name, line))
        elif not self.guards:
            self.functions.setdefault(self.owner, set()).add(name)

    def _bind(self, name: str, line: int) -> None:
        if self.scopes and self.scopes[-1][0] == "class":
            self.scopes[-1][1].add(name)
        else:
            self._note("define", name, line)

    def visit_Name(self, node: ast.Name) -> None:
        """Note a name that is read, written or deleted."""
        if isinstance(node.ctx, ast.Load):
            self._note("use", node.id, node.lineno)
        elif isinstance(node.ctx, ast.Store):
            self._bind(node.id, node.lineno)
        else:
            self._note("delete", node.id, node.lineno)

    def visit_Call(self, node: ast.Call) -> None:
        """Walk the arguments before the call itself, as Python does."""
        if isinstance(node.func, ast.Name):
            self._note("use", node.func.id, node.func.lineno)
            if node.func.id == "exec":
                self.opaque = True
        else:
            self.visit(node.func)
        self.block([*node.args, *node.keywords])
        if isinstance(node.func, ast.Name):
            self._note("call", node.func.id, node.func.lineno)
        elif isinstance(node.func, ast.Attribute) and node.func.attr in ("update", "push"):
            self.opaque |= "globals" in ast.dump(node.func) or "get_ipython" in ast.dump(node.func)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Notice names made through ``globals()[...] = ``."""
        if (
            isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Call)
            and isinstance(node.value.func, ast.Name)
            and node.value.func.id in _NAMESPACES
        ):
            self.opaque = True
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        """Walk the value, then the targets; a lambda that gets a name is a function."""
        target = node.targets[0]
        if isinstance(node.value, ast.Lambda) and isinstance(target, ast.Name):
            self._function(target.id, node.value, [node.value.body])
        else:
            self.visit(node.value)
        self.block(node.targets)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Note that ``x += 1`` reads ``x`` first."""
        if isinstance(node.target, ast.Name):
            self._note("use", node.target.id, node.lineno)
        self.visit(node.value)
        self.visit(node.target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Walk value and annotation; a bare annotation defines nothing."""
        self.visit(node.annotation)
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """Note a walrus; inside a comprehension it binds outside of it."""
        self.visit(node.value)
        inner = []
        while self.scopes and self.scopes[-1][0] == "comprehension":
            inner.append(self.scopes.pop())
        self.visit(node.target)
        self.scopes.extend(reversed(inner))

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        """Walk what is looped over before the loop's variable."""
        self.visit(node.iter)
        self.visit(node.target)
        self.block([*node.body, *node.orelse])

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        """Note a name that a pattern captures."""
        self.generic_visit(node)
        if node.name:
            self._bind(node.name, node.lineno)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        """Note a name that a starred pattern captures."""
        if node.name:
            self._bind(node.name, node.lineno)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        """Note the name that the rest of a mapping goes to."""
        self.generic_visit(node)
        if node.rest:
            self._bind(node.rest, node.lineno)

    # Scopes

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Walk what runs at the definition now, and the body as what a call will need."""
        self.block(node.decorator_list)
        self.scopes.append(("types", _type_parameters(node)))
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [item for item in (arguments.vararg, arguments.kwarg) if item is not None]
        self.block([item.annotation for item in every if item.annotation is not None])
        if node.returns is not None:
            self.visit(node.returns)
        self._function(node.name, node, node.body)
        self.scopes.pop()
        self._bind(node.name, node.lineno)

    def visit_TypeAlias(self, node: Any) -> None:
        """Note the name of a ``type`` statement, whose value is read only when asked for."""
        self.visit(node.name)

    def _function(
        self,
        name: str,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        body: Sequence[ast.AST],
    ) -> None:
        self.block([*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)])
        bound = bound_names(node)
        outer, self.owner = self.owner, self.owner or name
        guards, self.guards = self.guards, 0
        if outer is None and all(kind == "types" for kind, _ in self.scopes):
            self.functions[name] = set()
        self.scopes.append(("function", bound))
        self.block(body)
        self.scopes.pop()
        self.owner, self.guards = outer, guards

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Walk a lambda in place: it is mostly passed to something that calls it at once."""
        self.block([*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)])
        self.scopes.append(("function", bound_names(node)))
        self.visit(node.body)
        self.scopes.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Walk a class's body now, and its methods as what using the class will need."""
        self.block(node.decorator_list)
        if self.owner is None and not self.scopes:
            self.functions[node.name] = set()
        self.scopes.append(("types", _type_parameters(node)))
        self.block([*node.bases, *node.keywords])
        self.scopes.append(("class", {"__module__", "__qualname__"}))
        for statement in node.body:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._method(node.name, statement)
            else:
                self.visit(statement)
        self.scopes.pop()
        self.scopes.pop()
        self._bind(node.name, node.lineno)

    def _method(self, owner: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.block(node.decorator_list)
        outer, self.owner = self.owner, self.owner or owner
        self.scopes.append(("function", bound_names(node) | {"__class__"}))
        self.block(node.body)
        self.scopes.pop()
        self.owner = outer
        self.scopes[-1][1].add(node.name)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        """Walk a comprehension, whose variables live inside it."""
        self._comprehension(node.generators, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:
        """Walk a dict comprehension, whose variables live inside it."""
        self._comprehension(node.generators, [node.key, node.value])

    def _comprehension(self, generators: list[ast.comprehension], elements: list[ast.expr]) -> None:
        self.visit(generators[0].iter)
        names = {name for generator in generators for name in target_names(generator.target)}
        self.scopes.append(("comprehension", names))
        for number, generator in enumerate(generators):
            if number:
                self.visit(generator.iter)
            self.block(generator.ifs)
        self.block(elements)
        self.scopes.pop()

    # Conditions and imports

    def visit_If(self, node: ast.If) -> None:
        """Walk both branches; what a condition asks of ``globals()`` is not used blindly."""
        self.visit(node.test)
        asked = any(
            isinstance(part, ast.Call)
            and isinstance(part.func, ast.Name)
            and part.func.id in _NAMESPACES
            for part in ast.walk(node.test)
        )
        self.optional += 1
        self.guards += asked
        self.block([*node.body, *node.orelse])
        self.guards -= asked
        self.optional -= 1

    def visit_Try(self, node: ast.Try) -> None:
        """Walk a try; names and imports that it expects to fail are guarded."""
        caught = {name for handler in node.handlers for name in _caught(handler)}
        self.guards += bool(caught & _CATCH_NAMES)
        self.optional += bool(caught & _CATCH_IMPORTS)
        self.block(node.body)
        self.guards -= bool(caught & _CATCH_NAMES)
        for handler in node.handlers:
            if handler.type is not None:
                self.visit(handler.type)
            if handler.name:
                self._bind(handler.name, handler.lineno)
            self.block(handler.body)
        self.optional -= bool(caught & _CATCH_IMPORTS)
        self.block([*node.orelse, *node.finalbody])

    def visit_Import(self, node: ast.Import) -> None:
        """Note modules, and the names they get."""
        for alias in node.names:
            self._import(alias.name, node.lineno, ())
            self._bind(alias.asname or alias.name.split(".")[0], node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Note a module and the names taken from it; ``*`` may define any name."""
        names = tuple(alias.name for alias in node.names)
        if node.level == 0 and node.module and node.module != "__future__":
            self._import(node.module, node.lineno, names)
        for alias in node.names:
            if alias.name == "*":
                self.opaque = True
            else:
                self._bind(alias.asname or alias.name, node.lineno)

    def _import(self, module: str, line: int, names: tuple[str, ...]) -> None:
        self.imports.append(ImportedModule(module, line, names, optional=self.optional > 0))


def _type_parameters(node: ast.AST) -> set[str]:
    return {item.name for item in getattr(node, "type_params", ())}


def _caught(handler: ast.ExceptHandler) -> Iterator[str]:
    if handler.type is None:
        yield "BaseException"
        return
    for part in ast.walk(handler.type):
        if isinstance(part, ast.Name):
            yield part.id
