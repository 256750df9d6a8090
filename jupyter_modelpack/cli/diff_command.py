"""``diff``: what differs between two releases."""

from __future__ import annotations

import argparse
from difflib import unified_diff
from typing import Any

from rich.text import Text

from jupyter_modelpack.cli.arguments import releases
from jupyter_modelpack.cli.terminal import console, print_json, print_table, size

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def run(arguments: argparse.Namespace) -> int:
    """Print cells, packages, parameters, metrics and size that differ from A to B."""
    found = releases(arguments)[0].compare(arguments.before, arguments.after)
    if arguments.json:
        print_json(found)
        return 0
    console.print(found["sentence"])
    for cell in found["cells"]:
        console.print(f"\n[cyan]cell {cell['cell']}[/]")
        old, new = ((cell[side] or "").splitlines() for side in ("before", "after"))
        for line in list(unified_diff(old, new, lineterm="", n=2))[2:]:
            console.print(Text(line, _STYLES.get(line[:1], "")), soft_wrap=True)
    for title in ("packages", "parameters", "metrics"):
        rows = [_row(each) for each in found[title] if each["before"] != each["after"]]
        if rows:
            console.print()
            print_table(rows, (title, "before", "after"))
    sizes = found["size"]
    if sizes["before"] != sizes["after"]:
        console.print(f"\nsize {size(sizes['before'])}, then {size(sizes['after'])}")
    return 0


def _row(change: dict[str, Any]) -> tuple[str, ...]:
    sides = (change[side] for side in ("before", "after"))
    return change["name"], *("–" if value is None else str(value) for value in sides)
