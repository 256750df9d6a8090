"""Names that are used before any cell defines them, following cells and functions as they run."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.rules.context import Context, shown

_PROVIDED = frozenset(dir(builtins)) | {
    *("display", "get_ipython", "In", "Out", "exit", "quit", "_", "__", "___", "_i", "_ii"),
    *("_iii", "_ih", "_oh", "_dh", "__name__", "__builtins__", "__doc__", "reload", "ip"),
    *("__spec__", "__loader__", "__package__", "__annotations__", "copyright", "credits"),
}
_OPAQUE_MAGICS = frozenset({"run", "pylab", "store", "load", "loadpy", "macro", "recall", "rerun"})
_QUIET_CELL_MAGICS = frozenset(
    {"time", "timeit", "capture", "prun", "debug", "memit", "mprun", "writefile", "file"}
    | {"bash", "sh", "script", "!", "sx", "system", "html", "HTML", "javascript", "js", "latex"}
    | {"markdown", "svg", "SVG", "perl", "ruby", "cmd", "python2", "pypy"}
)


def find_undefined(context: Context) -> Iterator[Finding]:
    """Yield one finding for each name that is not defined when it is needed."""
    later: dict[str, int] = {}
    for number, flow in context.flows.items():
        for event in flow.events:
            if event.action == "define":
                later.setdefault(event.name, number)
    commands: dict[int, bool] = {}
    for cell, command in context.commands:
        opens = (command.kind == "line-magic" and command.name in _OPAQUE_MAGICS) or (
            command.kind == "cell-magic" and command.name not in _QUIET_CELL_MAGICS
        )
        commands[cell.number] = commands.get(cell.number, False) or opens
    names = _Names(later)
    names.known |= context.handed
    for code in context.codes:
        number = code.cell.number
        if code.tree is None or commands.get(number):
            return  # what this cell defines cannot be read, so nothing after it is certain
        yield from names.run(number, context)
        for cell, command in context.commands:
            if cell.number == number and command.name == "capture" and command.text:
                names.known.update(word for word in command.text.split() if word.isidentifier())
        if context.flows[number].opaque:
            return


class _Names:
    """What is defined so far, while cells are followed from the top."""

    def __init__(self, later: Mapping[str, int]) -> None:
        self.known: set[str] = set(_PROVIDED)
        self.deleted: dict[str, int] = {}
        self.functions: dict[str, tuple[str, ...]] = {}
        self.later = later
        self.told: set[str] = set()
        self.missing: dict[tuple[str, int, str], list[tuple[str, int]]] = {}

    def run(self, number: int, context: Context) -> Iterator[Finding]:
        """Follow one cell."""
        flow = context.flows[number]
        self.missing = {}
        for event in flow.events:
            if event.action == "define":
                self.known.add(event.name)
                self.deleted.pop(event.name, None)
                if event.name in flow.functions:
                    self.functions[event.name] = flow.functions[event.name]
                else:
                    self.functions.pop(event.name, None)
            elif event.action == "delete":
                if event.name in self.known:
                    self.known.discard(event.name)
                    self.deleted[event.name] = number
            elif event.action == "call":
                for needed, through in self._needs(event.name):
                    self._miss(needed, number, event.line, through)
            elif event.name not in self.known and not event.guarded:
                self._miss(event.name, number, event.line, "")
        for (code, where, through), names in self.missing.items():
            yield _finding(code, number, where, through, names)

    def _needs(self, function: str) -> Iterator[tuple[str, str]]:
        waiting, seen = [function], {function}
        while waiting:
            current = waiting.pop()
            for name in self.functions.get(current, ()):
                if name not in self.known:
                    yield name, current
                elif name in self.functions and name not in seen:
                    seen.add(name)
                    waiting.append(name)

    def _miss(self, name: str, cell: int, line: int, through: str) -> None:
        if name in self.told:
            return
        self.told.add(name)
        if name in self.deleted:
            key = ("name-deleted", self.deleted[name], through)
        elif self.later.get(name, 0) > cell:
            key = ("name-defined-later", self.later[name], through)
        else:
            key = ("name-undefined", 0, through)
        self.missing.setdefault(key, []).append((name, line))


_MESSAGES = {
    "name-deleted": "but cell {where} deleted {it}.",
    "name-defined-later": "but defined only in cell {where}.",
    "name-undefined": "but no cell defines {it} before.",
}
_THROUGH = {
    "name-deleted": "which cell {where} deleted.",
    "name-defined-later": "defined only in cell {where}.",
    "name-undefined": "which no cell defines before.",
}
_ADVICE = {
    "name-deleted": "Define {it} again before this cell, or take the `del` out.",
    "name-defined-later": "Move cell {where} above this one: the package runs from top to bottom.",
    "name-undefined": "Define or import {it} in an earlier cell; your kernel may still have {it}"
    " from a cell that is gone.",
}


def _finding(
    code: str, cell: int, where: int, through: str, names: list[tuple[str, int]]
) -> Finding:
    one = len(names) == 1
    words = {"where": where, "it": "it" if one else "them"}
    subject = _listed([name for name, _ in names])
    if through:
        message = f"{shown(through + '()')} needs {subject}, {_THROUGH[code].format(**words)}"
    else:
        message = f"{subject} {'is' if one else 'are'} used here, {_MESSAGES[code].format(**words)}"
    return Finding(
        code,
        "warning",
        message,
        cell=cell,
        line=names[0][1],
        advice=_ADVICE[code].format(**words),
        details={"names": [name for name, _ in names]} | ({"defined_in": where} if where else {}),
    )


def _listed(names: list[str]) -> str:
    if len(names) > 4:
        return f"{', '.join(map(shown, names[:3]))} and {len(names) - 3} more"
    return " and ".join(filter(None, [", ".join(map(shown, names[:-1])), shown(names[-1])]))
