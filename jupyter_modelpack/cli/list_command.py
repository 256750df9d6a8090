"""``list``: the packages, newest first."""

from __future__ import annotations

import argparse

from jupyter_modelpack.cli.arguments import packages
from jupyter_modelpack.cli.terminal import print_json, print_table, say, size


def run(arguments: argparse.Namespace) -> int:
    """Print one line a package."""
    listed = packages(arguments).list(name=arguments.name)
    if arguments.json:
        print_json({"packages": listed})
    elif not listed:
        say("No packages yet. Make one: jupyter modelpack package NOTEBOOK")
    else:
        rows = [
            (
                p["name"],
                p["version"],
                str(p["created"])[:16].replace("T", " "),
                size(p["size"]),
                "sealed" if p["verified"]["sealed"] else p["verified"]["phase"].lower(),
                ", ".join(f"{name} {value}" for name, value in p["metrics"].items()),
                p["digest"][7:19],
            )
            for p in listed
        ]
        print_table(rows, ("name", "version", "made", "size", "run", "metrics", "digest"))
    return 0
