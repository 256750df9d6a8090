"""``inspect``: say what stands in the way of packaging a notebook."""

from __future__ import annotations

import argparse

from jupyter_modelpack.cli.arguments import notebook_path, workshop
from jupyter_modelpack.cli.terminal import print_findings, print_json, say


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
    return 1 if blocked else 0
