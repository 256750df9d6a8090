"""``promote``: bring a release into an environment."""

from __future__ import annotations

import argparse

from jupyter_modelpack.cli.arguments import releases, workshop
from jupyter_modelpack.cli.promoted import print_promotion, showing_checks


def run(arguments: argparse.Namespace) -> int:
    """Ask for the promotion and print what came of it."""
    from jupyter_modelpack.services.promotions import Wish

    record = workshop(arguments).packages.resolve(arguments.release)
    found, actor = releases(arguments)
    wish = Wish(record["name"], record["version"], arguments.to, arguments.reason)
    with showing_checks(as_json=arguments.json):
        promotion = found.ask(wish, actor)
    return print_promotion(promotion, as_json=arguments.json)
