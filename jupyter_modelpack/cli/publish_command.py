"""``publish``: bring a package that is there to a registry."""

from __future__ import annotations

import argparse
import signal
import threading
import time

from jupyter_modelpack.cli.arguments import registry_of, workshop
from jupyter_modelpack.cli.terminal import errors, print_json, say, seconds, size
from jupyter_modelpack.services.packaging_types import Transfer
from jupyter_modelpack.services.publishing import repository_of, sentence


def run(arguments: argparse.Namespace) -> int:
    """Publish to the registry that is named, or to the one where the package is already."""
    settings = registry_of(arguments)
    shop = workshop(arguments, **settings)
    record = shop.packages.resolve(arguments.release)
    if not arguments.registry and repository_of(record):
        shop = workshop(arguments, **{**settings, "registry": repository_of(record)})
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    shown = errors.is_terminal and not arguments.json
    with errors.status("Asking the registry what it lacks") as status:
        if not shown:
            status.stop()

        def tell(transfer: Transfer) -> None:
            status.update(f"Publishing: {sentence(transfer)}")

        began = time.monotonic()
        done = shop.publish(record, tell, stop.is_set)
        spent = round(time.monotonic() - began, 3)
    if arguments.json:
        kept = {key: done[key] for key in ("name", "version", "digest", "registry", "published")}
        print_json({**kept, "seconds": {"publish": spent}})
        return 0
    sent, there = (int(done["published"][key]) for key in ("sent", "there"))
    say("[green]✓[/] {} {} is in {}", done["name"], done["version"], repository_of(done))
    say("{} sent, {} were there already, in {}", size(sent), size(there), seconds(spent))
    say("{}", done["registry"])
    return 0
