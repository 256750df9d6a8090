"""``inspect``: say what stands in the way of packaging a notebook."""

from __future__ import annotations

import argparse

from rich.markup import escape

from jupyter_modelpack.cli.arguments import notebook_path, workshop
from jupyter_modelpack.cli.terminal import print_findings, print_json, say
from jupyter_modelpack.notebook.graph import Graph
from jupyter_modelpack.notebook.rules.context import cells_in_words


def run(arguments: argparse.Namespace) -> int:
    """Print the findings; the exit code is 1 when one of them blocks."""
    inspection = workshop(arguments).inspect(str(notebook_path(arguments.notebook)))
    blocked = any(finding.severity == "blocking" for finding in inspection.findings)
    if arguments.json:
        print_json(inspection.to_json())
    elif inspection.findings:
        print_findings(inspection.findings)
    else:
        say("[green]✓[/] Nothing in the way.")
    if not arguments.json:
        _print_steps(inspection.inspection.graph)
    return 1 if blocked else 0


def _print_steps(graph: Graph) -> None:
    """Print the steps that tags make of the notebook, each with its cells and what it takes."""
    if graph:
        say(f"A pipeline of {len(graph.steps)} steps:")
    for step in graph.steps:
        after = f", after {', '.join(step.after)}" if step.after else ""
        taken = ", ".join(item.variable for item in step.inputs)
        cells = step.notebook or cells_in_words(step.cells).lower()
        say(escape(f"  {step.name}: {cells}{after}{f'; takes {taken}' if taken else ''}"))
