"""``history``: what ran where, since when, and why."""

from __future__ import annotations

import argparse

from jupyter_modelpack.cli.arguments import releases
from jupyter_modelpack.cli.terminal import console, print_json


def run(arguments: argparse.Namespace) -> int:
    """Print one sentence for each release that an environment held, newest first."""
    found, _ = releases(arguments)
    entries = found.history(arguments.name, arguments.environment, arguments.at)
    if arguments.json:
        print_json({"entries": entries})
        return 0
    for entry in entries:
        console.print(entry["sentence"], markup=False, soft_wrap=True)
    if not entries:
        console.print("Nothing was held there." if arguments.at else "Nothing was promoted yet.")
    return 0
