"""Code that cannot be read, and parameters that a run cannot offer."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.rules.context import Context, shown


def find_unreadable(context: Context) -> Iterator[Finding]:
    """Yield a finding for each cell that is not valid Python."""
    for code in context.codes:
        problem = code.problem
        if problem is None:
            continue
        if problem.certain:
            yield Finding(
                "syntax-error",
                "warning",
                f"This is not valid Python: {problem.message}.",
                cell=code.cell.number,
                line=problem.line,
                advice="The run stops here. Mend the cell, or tag it `skip`.",
                details={"group": problem.message},
            )
        else:
            yield Finding(
                "cell-not-read",
                "note",
                f"This cell was not looked at: {problem.message}.",
                cell=code.cell.number,
                advice="Nothing is wrong with it for certain; the sealed run will show.",
            )


def find_computed_parameters(context: Context) -> Iterator[Finding]:
    """Yield a note for each parameter whose default is not a plain value."""
    for parameter in context.computed:
        yield Finding(
            "parameter-computed",
            "note",
            f"{shown(parameter.name)} is computed, so a run cannot change it.",
            cell=parameter.cell,
            line=parameter.line,
            advice="Give parameters plain values; compute from them in the next cell.",
            details={"name": parameter.name},
        )
