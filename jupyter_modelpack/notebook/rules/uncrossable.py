"""Values that no file can hold, so that they cannot cross from one step to another."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from jupyter_modelpack.notebook.crossing import CODE
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.graph import Graph, PipelineStep
from jupyter_modelpack.notebook.rules.context import KernelFacts
from jupyter_modelpack.notebook.source import CellCode

_FILES = "an open file"
_LIVE = "a live connection"
_LOCK = "a lock"
_LAZY = "a generator"
_WORKERS = "a pool of workers"
_CALLS = {
    "open": _FILES,
    "NamedTemporaryFile": _FILES,
    "TemporaryFile": _FILES,
    "ZipFile": _FILES,
    "connect": _LIVE,
    "create_engine": _LIVE,
    "socket": _LIVE,
    "urlopen": _LIVE,
    "MongoClient": _LIVE,
    "Redis": _LIVE,
    "getOrCreate": _LIVE,
    "cursor": _LIVE,
    "Lock": _LOCK,
    "RLock": _LOCK,
    "Semaphore": _LOCK,
    "Condition": _LOCK,
    "iter": _LAZY,
    "reader": _LAZY,
    "DictReader": _LAZY,
    "Popen": "a running program",
    "Thread": "a thread",
    "ThreadPoolExecutor": _WORKERS,
    "ProcessPoolExecutor": _WORKERS,
    "Pool": _WORKERS,
}
_CODE_WORDS = "code of the notebook"


def find_uncrossable(
    graph: Graph, codes: Mapping[int, CellCode], kernel: KernelFacts | None
) -> Iterator[Finding]:
    """Yield a finding for each value that is handed on and cannot be."""
    pickles = kernel is None or not kernel.missing("cloudpickle")
    for step in graph.steps:
        made = _made(step, codes)
        for name in step.outputs:
            what, cell, line = made.get(name, ("", 0, 0))
            if what == _CODE_WORDS and not pickles:
                yield _finding(
                    name,
                    step,
                    cell,
                    line,
                    f"`{name}` is code of the notebook, which crosses steps only by cloudpickle.",
                    "Tag the cell with functions, or install cloudpickle in the kernel.",
                )
            elif what and what != _CODE_WORDS:
                yield _finding(
                    name,
                    step,
                    cell,
                    line,
                    f"`{name}` is {what}, which the step {step.name} cannot hand to another step.",
                    "Make it in the step that uses it, or hand on what it gives.",
                )


def _made(step: PipelineStep, codes: Mapping[int, CellCode]) -> dict[str, tuple[str, int, int]]:
    """Return for each name that the step makes what it is, in words, and where it was made."""
    found: dict[str, tuple[str, int, int]] = {}
    yielding: set[str] = set()
    for number in step.cells:
        code = codes.get(number)
        for node in ast.walk(code.tree) if code is not None and code.tree is not None else ():
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found[node.name] = (_CODE_WORDS, number, node.lineno)
                if any(isinstance(inner, (ast.Yield, ast.YieldFrom)) for inner in ast.walk(node)):
                    yielding.add(node.name)
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        found[target.id] = (_kind(node.value, yielding), number, node.lineno)
            elif isinstance(node, (ast.With, ast.AsyncWith)):
                for item in node.items:
                    if isinstance(item.optional_vars, ast.Name):
                        kind = _kind(item.context_expr, yielding)
                        found[item.optional_vars.id] = (kind, number, node.lineno)
    return found


def _kind(value: ast.expr, yielding: set[str]) -> str:
    if isinstance(value, ast.GeneratorExp):
        return _LAZY
    if isinstance(value, ast.Lambda):
        return _CODE_WORDS
    if not isinstance(value, ast.Call):
        return ""
    function = value.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    return _LAZY if name in yielding else _CALLS.get(name, "")


def _finding(
    name: str, step: PipelineStep, cell: int, line: int, message: str, advice: str
) -> Finding:
    details = {"name": name, "step": step.name}
    return Finding(CODE, "warning", message, cell, line, advice, details)
