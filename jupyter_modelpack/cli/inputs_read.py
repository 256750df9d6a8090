"""What a run read that its image lacks, in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.cli.terminal import say


def print_inputs(run: Mapping[str, Any]) -> None:
    """Print each input with the beginning of its digest, and whether data changed since."""
    for each in run.get("inputs") or ():
        digest = str(each.get("digest") or "")
        if digest:
            changed = " [yellow](changed)[/]" if each.get("changed") else ""
            say("  read {} [dim]{}[/]" + changed, each["path"], digest[7:19])
        else:
            say("  read {}", each.get("note") or each.get("path"))
    if run.get("data_changed"):
        say("[yellow]![/] {}", run["data_changed"])
