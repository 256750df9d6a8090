"""``approve``: say yes to a promotion."""

from __future__ import annotations

import argparse

from jupyter_modelpack.cli.arguments import releases
from jupyter_modelpack.cli.promoted import print_promotion, showing_checks


def run(arguments: argparse.Namespace) -> int:
    """Record the yes and print what came of it."""
    from jupyter_modelpack.services.promotions import Vote

    found, actor = releases(arguments)
    with showing_checks(as_json=arguments.json):
        vote = Vote(True, arguments.comment, override=arguments.override_secrets)
        promotion = found.answer(arguments.id, actor, vote)
    return print_promotion(promotion, as_json=arguments.json)
