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

    def run(self, number: int, context: Context) -> Iterator[Finding]:
        """Follow one cell."""
        flow = context.flows[number]
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
                    yield from self._report(needed, number, event.line, through)
            elif event.name not in self.known and not event.guarded:
                yield from self._report(event.name, number, event.line, "")

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

    def _report(self, name: str, cell: int, line: int, through: str) -> Iterator[Finding]:
        if name in self.told:
            return
        self.told.add(name)
        subject = f"{shown(through + '()')} needs {shown(name)}" if through else shown(name)
        details = {"name": name}
        if name in self.deleted:
            message = (
                f"{subject}, which cell {self.deleted[name]} deleted."
                if through
                else f"{subject} is used here, but cell {self.deleted[name]} deleted it."
            )
            yield Finding(
                "name-deleted",
                "warning",
                message,
                cell=cell,
                line=line,
                advice="Define it again before this cell, or take the `del` out.",
                details=details,
            )
        elif self.later.get(name, 0) > cell:
            where = self.later[name]
            yield Finding(
                "name-defined-later",
                "warning",
                f"{subject}, which is defined only in cell {where}."
                if through
                else f"{subject} is used here, but defined only in cell {where}.",
                cell=cell,
                line=line,
                advice=f"Move cell {where} above this one: the package runs from top to bottom.",
                details={**details, "defined_in": where},
            )
        else:
            yield Finding(
                "name-undefined",
                "warning",
                f"{subject}, which no cell defines before."
                if through
                else f"{subject} is used here, but no cell defines it before.",
                cell=cell,
                line=line,
                advice="Define or import it in an earlier cell; "
                "your kernel may still have it from a cell that is gone.",
                details=details,
            )
