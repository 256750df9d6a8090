"""``status``: what the environments hold, and what waits."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.cli.arguments import packages, releases
from jupyter_modelpack.cli.terminal import console, print_json, print_table

_SECONDS = 1.0


def run(arguments: argparse.Namespace) -> int:
    """Print the environments of one package, or of all."""
    found, actor = releases(arguments)
    while arguments.wait and found.list(arguments.name, actor, is_open=True):
        time.sleep(_SECONDS)
    shelf = packages(arguments)
    if arguments.name:
        shelf.resolve(arguments.name)
    listed = [arguments.name] if arguments.name else [p["name"] for p in shelf.list()]
    names = list(dict.fromkeys(listed))
    shown = {name: found.show(name, actor) for name in names}
    if arguments.json:
        print_json({"packages": shown})
        return 0
    for name, view in shown.items():
        console.print(f"[bold]{name}[/]  {view['badge'] or ''}", soft_wrap=True)
        print_table([_row(each) for each in view["environments"]], ("where", "holds", "since", ""))
    if not shown:
        console.print("No packages yet. Make one: jupyter modelpack package NOTEBOOK")
    for view in list(shown.values())[:1]:
        console.print(f"{view['policy']['sentence']} {view['identity']['sentence']}", style="dim")
    return 0


def _row(environment: Mapping[str, Any]) -> tuple[str, ...]:
    holds, waiting = environment["holds"], environment["waiting"]
    since = f"{holds['since'][:16].replace('T', ' ')}, by {holds['by']}" if holds else ""
    promote = environment["promote"]
    told = f"{promote['version']} {promote['sentence']}" if promote["version"] else ""
    if waiting:
        told = f"{waiting['version']} {waiting['sentence']} {waiting['id']}"
    elif not promote["checks"]:
        told = "" if holds else promote["sentence"]
    return environment["name"], holds["version"] if holds else "nothing", since, told
