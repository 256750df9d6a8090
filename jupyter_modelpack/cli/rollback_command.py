"""``rollback``: bring back what an environment held before."""

from __future__ import annotations

import argparse

from jupyter_modelpack.cli.arguments import releases
from jupyter_modelpack.cli.promoted import print_promotion, showing_checks
from jupyter_modelpack.errors import Conflict


def run(arguments: argparse.Namespace) -> int:
    """Ask for the rollback and print what came of it; without a version, to the one before."""
    from jupyter_modelpack.services.promotions import Wish

    found, actor = releases(arguments)
    name, _, version = arguments.release.partition(":")
    place = arguments.environment
    if not version:
        before = found.history(name, place)[1:]
        if not before:
            raise Conflict(
                f"There is nothing to go back to: {place} has held no other release of {name}.",
                advice=f"See: jupyter modelpack history {name} --in {place}",
            )
        version = before[0]["version"]
    wish = Wish(name, version, place, arguments.reason, "rollback")
    with showing_checks(as_json=arguments.json):
        promotion = found.ask(wish, actor)
    return print_promotion(promotion, as_json=arguments.json)
