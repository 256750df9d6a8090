"""``promote``: bring a release into an environment."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.cli.arguments import releases, team_workshop
from jupyter_modelpack.cli.promoted import print_promotion, showing_checks
from jupyter_modelpack.errors import NotFound


def run(arguments: argparse.Namespace) -> int:
    """Ask for the promotion and print what came of it."""
    from jupyter_modelpack.services.promotions import Wish

    record = _meant(arguments)
    found, actor = releases(arguments)
    wish = Wish(record["name"], record["version"], arguments.to, arguments.reason)
    with showing_checks(as_json=arguments.json):
        promotion = found.ask(wish, actor)
    return print_promotion(promotion, as_json=arguments.json)


def _meant(arguments: argparse.Namespace) -> Mapping[str, Any]:
    """Return the release that is meant; of a team's, what is only here is published first."""
    opened = team_workshop(arguments)
    if opened.service is None:
        return opened.packages.resolve(arguments.release)
    try:
        here = opened.packages.resolve(arguments.release)
    except NotFound:
        return opened.service.packages.resolve(arguments.release)
    if ":" in arguments.release and not arguments.release.startswith("sha256:"):
        return {"name": here["name"], "version": arguments.release.partition(":")[2]}
    made = opened.service.publisher.publish(here)
    return {"name": made.name, "version": made.version}
