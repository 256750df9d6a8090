"""The code of a cell: its syntax tree, with IPython's magics and shell commands told apart."""

from __future__ import annotations

import ast
import difflib
import re
import warnings
from dataclasses import dataclass, field
from typing import Any, Literal

from jupyter_modelpack.notebook.cell import Cell

LIMIT = 500_000
# Cell magics whose body is Python that runs in the notebook's own namespace.
_PYTHON_BODIES = frozenset({"time", "timeit", "capture", "prun", "debug", "memit", "mprun"})
_PYTHON_LINES = frozenset({"time", "timeit", "prun", "memit", "mprun", "lprun"})
_CALLS = {
    "system": "shell",
    "getoutput": "shell",
    "run_line_magic": "line-magic",
    "run_cell_magic": "cell-magic",
}


@dataclass(frozen=True)
class Command:
    """A magic or a shell command: ``name`` is ``!`` for the shell, else the magic's own."""

    kind: Literal["shell", "line-magic", "cell-magic"]
    name: str
    text: str
    line: int
    body: str = ""

    @property
    def written(self) -> str:
        """The command as a person wrote it, on one line."""
        sign = {"shell": "", "line-magic": "%", "cell-magic": "%%"}[self.kind]
        return f"{sign}{self.name}{'' if self.kind == 'shell' else ' '}{self.text}".strip()


@dataclass(frozen=True)
class SyntaxProblem:
    """Why a cell cannot be read as Python."""

    message: str
    line: int
    certain: bool = True


@dataclass(frozen=True)
class CellCode:
    """A code cell read as Python; ``tree`` has the cell's own line numbers."""

    cell: Cell
    tree: ast.Module | None
    commands: tuple[Command, ...] = ()
    problem: SyntaxProblem | None = None


@dataclass
class _Reading:
    commands: list[Command] = field(default_factory=list)


def read_code(cell: Cell) -> CellCode:
    """Read a code cell; what is not Python comes back as a problem, never as an exception."""
    if len(cell.source) > LIMIT:
        return CellCode(cell, None, (), SyntaxProblem("it is too long to be read", 1, False))
    reading = _Reading()
    try:
        tree = _parse(cell.source, reading, depth=0)
    except SyntaxError as error:
        line = min(max(error.lineno or 1, 1), cell.source.count("\n") + 1)
        return CellCode(cell, None, tuple(reading.commands), SyntaxProblem(_reason(error), line))
    except (ValueError, MemoryError, RecursionError):
        problem = SyntaxProblem("it is nested too deeply to be read", 1, False)
        return CellCode(cell, None, tuple(reading.commands), problem)
    return CellCode(cell, tree, tuple(reading.commands))


def _reason(error: SyntaxError) -> str:
    return re.split(r" \(|\. ", error.msg or "invalid syntax")[0].rstrip(".")


def _plain(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes in the notebook are not ours to report
        return ast.parse(source)


def _parse(source: str, reading: _Reading, depth: int) -> ast.Module:
    if not source.lstrip().startswith("%%"):
        try:
            # What is Python already passes IPython's transformer unchanged: no need to load it.
            return _plain(source)
        except SyntaxError:
            pass
    transformed, lines = _transform(source)
    tree = _plain(transformed)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", None)
        if line is not None:
            node.lineno = _at(lines, line)  # type: ignore[attr-defined]
            node.end_lineno = _at(lines, getattr(node, "end_lineno", None) or line)  # type: ignore[attr-defined]
    _Magics(reading, depth).visit(tree)
    return tree


def _at(lines: list[int], line: int) -> int:
    return lines[min(line, len(lines)) - 1] if lines else line


def _transform(source: str) -> tuple[str, list[int]]:
    """Return the source as Python, and for each of its lines the line of the cell it stands on."""
    from IPython.core import inputtransformer2

    library: Any = inputtransformer2
    original = source.splitlines()
    result = library.TransformerManager().transform_cell(source)
    new = result.splitlines()
    if len(new) == len(original):
        return result, list(range(1, len(original) + 1))
    if source.lstrip().startswith("%%"):
        first = next(i for i, line in enumerate(original, 1) if line.strip())
        return result, [first] * len(new)
    lines: list[int] = []
    matcher = difflib.SequenceMatcher(a=original, b=new, autojunk=False)
    for kind, a0, a1, b0, b1 in matcher.get_opcodes():
        if kind == "delete":
            continue
        lines.extend(min(a0 + step, max(a1 - 1, a0)) + 1 for step in range(b1 - b0))
    return result, lines


class _Magics(ast.NodeTransformer):
    """Notes the commands in a transformed cell and puts the Python inside them back in place."""

    def __init__(self, reading: _Reading, depth: int) -> None:
        self.reading = reading
        self.depth = depth

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        """Replace a magic that wraps Python by that Python."""
        command = _command(node.value)
        if command is None:
            return self.generic_visit(node)
        self.reading.commands.append(command)
        inner = self._inside(command)
        return inner if inner else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Note a command whose result is used, as in ``files = !ls``."""
        command = _command(node)
        if command is not None:
            self.reading.commands.append(command)
            return node
        return self.generic_visit(node)

    def _inside(self, command: Command) -> list[ast.stmt]:
        if self.depth > 3:
            return []
        if command.kind == "cell-magic" and command.name in _PYTHON_BODIES:
            text, offset = command.body, command.line
            if command.name == "timeit":
                text = command.body or command.text
        elif command.kind == "line-magic" and command.name in _PYTHON_LINES:
            text, offset = _without_options(command.text), command.line - 1
        else:
            return []
        tree = _parse(text, self.reading, self.depth + 1)
        ast.increment_lineno(tree, offset)
        return tree.body


def _without_options(text: str) -> str:
    words = text.strip()
    while words.startswith("-"):
        option, _, rest = words.partition(" ")
        if len(option) == 2 and option[1] in "nrpslTDf":
            _, _, rest = rest.strip().partition(" ")
        words = rest.strip()
    return words


def _command(node: ast.expr) -> Command | None:
    if not (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Call)
        and isinstance(node.func.value.func, ast.Name)
        and node.func.value.func.id == "get_ipython"
    ):
        return None
    kind = _CALLS.get(node.func.attr)
    texts = [
        argument.value
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
    if kind is None or len(texts) != len(node.args) or not texts:
        return None
    if kind == "shell":
        return Command("shell", "!", texts[0].strip(), node.lineno)
    text = texts[1] if len(texts) > 1 else ""
    if kind == "line-magic":
        return Command("line-magic", texts[0], text.strip(), node.lineno)
    return Command("cell-magic", texts[0], text.strip(), node.lineno, "".join(texts[2:]))
