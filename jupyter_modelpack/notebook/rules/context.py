"""The context: everything that rules know about a notebook, read once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from jupyter_modelpack.notebook.calls import Reading
from jupyter_modelpack.notebook.cell import Cell
from jupyter_modelpack.notebook.dataflow import Flow
from jupyter_modelpack.notebook.files import Files
from jupyter_modelpack.notebook.parameters import ComputedParameter, Parameter
from jupyter_modelpack.notebook.secrets.scan import scan_text
from jupyter_modelpack.notebook.snapshot import Snapshot
from jupyter_modelpack.notebook.source import CellCode, Command


class KernelFacts(Protocol):
    """What an inspection asks about the notebook's kernel."""

    @property
    def language(self) -> str:
        """The kernel's language, such as ``python``."""

    def missing(self, module: str) -> bool:
        """Tell whether a module, by its dotted name, cannot be imported there."""


@dataclass(frozen=True)
class Context:
    """A snapshot read in every way that rules need; ``live`` are the code cells that will run.

    ``given`` are settings of the run, ``handed`` names that another notebook of a pipeline makes.
    """

    snapshot: Snapshot
    live: tuple[Cell, ...]
    codes: tuple[CellCode, ...]
    flows: Mapping[int, Flow]
    reading: Reading
    files: Files
    kernel: KernelFacts | None = None
    parameters: tuple[Parameter, ...] = ()
    computed: tuple[ComputedParameter, ...] = ()
    given: frozenset[str] = field(default_factory=frozenset)
    handed: frozenset[str] = field(default_factory=frozenset)
    file_limit: int = 0

    @property
    def commands(self) -> list[tuple[Cell, Command]]:
        """All magics and shell commands of the cells that will run, in order."""
        return [(code.cell, command) for code in self.codes for command in code.commands]


def cells_in_words(numbers: Sequence[int]) -> str:
    """Return ``Cell 3``, ``Cells 3 and 5`` or ``Cells 3, 5 and 2 more``."""
    if len(numbers) == 1:
        return f"Cell {numbers[0]}"
    if len(numbers) <= 4:
        first = ", ".join(str(number) for number in numbers[:-1])
        return f"Cells {first} and {numbers[-1]}"
    return f"Cells {', '.join(str(n) for n in numbers[:3])} and {len(numbers) - 3} more"


def shown(text: str, longest: int = 60) -> str:
    """Return code or a path for a sentence: in backquotes, cut in the middle, without secrets."""
    plain = " ".join(masked(text).replace("`", "'").split())
    if len(plain) > longest:
        half = (longest - 1) // 2
        plain = f"{plain[:half]}…{plain[-half:]}"
    return f"`{plain}`"


def masked(text: str) -> str:
    """Return a text without the secrets in it."""
    for secret in scan_text(text):
        text = text.replace(secret.text, "…")
    return text
