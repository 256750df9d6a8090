"""``store``: check the image store, or free what nothing refers to."""

from __future__ import annotations

import argparse

from jupyter_modelpack.cli.arguments import workshop
from jupyter_modelpack.cli.terminal import print_json, say, size


def run(arguments: argparse.Namespace) -> int:
    """Verify every blob, or collect garbage."""
    shop = workshop(arguments)
    if arguments.action == "verify":
        problems = shop.verify_store()
        if arguments.json:
            print_json({"problems": [vars(problem) for problem in problems]})
        elif problems:
            for problem in problems:
                say("[red]✕[/] {}", problem)
            say("Package the notebooks named above again to mend the store.")
        else:
            say("[green]✓[/] Every blob has the digest it is named for.")
        return 1 if problems else 0
    freed = shop.collect_garbage(arguments.older_than)
    if arguments.json:
        print_json({"blobs": freed.blobs, "bytes": freed.bytes})
    else:
        say("[green]✓[/] Freed {} in {} blobs.", size(freed.bytes), freed.blobs)
    return 0
