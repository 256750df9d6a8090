"""``export``: write a package to a file that other tools read."""

from __future__ import annotations

import argparse

from jupyter_modelpack.cli.arguments import workshop
from jupyter_modelpack.cli.terminal import print_json, say, size


def run(arguments: argparse.Namespace) -> int:
    """Write the file, whole or not at all."""
    shop = workshop(arguments)
    record = shop.packages.resolve(arguments.release)
    target = arguments.output.expanduser().resolve()
    written = shop.export(
        record, arguments.format, target, overwrite=arguments.force, repository=arguments.image
    )
    if arguments.json:
        print_json({"path": str(target), "size": written, "format": arguments.format})
    else:
        say("[green]✓[/] {} ({})", target, size(written))
    return 0
