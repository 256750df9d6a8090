"""What went wrong in a cell: the exception, its line in the cell, the module it lacked."""

from __future__ import annotations

import ast
from typing import Any, Dict, List, Optional, Set

_CELL_FILE = "<ipython-input-"
_LONGEST = 2000


def describe(error: BaseException, cell: Optional[int]) -> Dict[str, Any]:
    """Return ``cell``, ``ename``, ``evalue``, ``line`` and, when one is missing, ``module``."""
    facts: Dict[str, Any] = {
        "cell": cell,
        "ename": type(error).__name__,
        "evalue": said(error),
        "line": line_of(error),
    }
    missing = missing_modules(error)
    if missing:
        facts["module"] = missing[0]
    return facts


def said(error: BaseException) -> str:
    """Return an exception's message, also when making it fails."""
    try:
        text = str(error.msg if isinstance(error, SyntaxError) else error)
    except Exception as second:
        text = "(its message could not be made: {})".format(type(second).__name__)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def line_of(error: BaseException) -> Optional[int]:
    """Return the line within the cell at which the exception passed through it."""
    if isinstance(error, SyntaxError) and str(error.filename or "").startswith(_CELL_FILE):
        return error.lineno
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename.startswith(_CELL_FILE):
            return step.tb_lineno
        step = step.tb_next
    return None


def missing_modules(error: Optional[BaseException]) -> List[str]:
    """Return the names of modules that were not there, in this exception or those behind it."""
    found: List[str] = []
    seen: Set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        name = error.name if isinstance(error, ModuleNotFoundError) else None
        if name and name not in found:
            found.append(name)
        error = error.__cause__ or error.__context__
    return found


def failed_check(error: BaseException, source: str) -> str:
    """Return what a failed check says: its message, or else the assertion itself."""
    if not isinstance(error, AssertionError):
        return "{}: {}".format(type(error).__name__, said(error)).rstrip(": ")
    return said(error) or _statement(source, line_of(error)) or "AssertionError"


def _statement(source: str, line: Optional[int]) -> str:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and line in range(node.lineno, (node.end_lineno or 0) + 1):
            return " ".join((ast.get_source_segment(source, node) or "").split())
    return ""
