"""``reject``: say no to a promotion."""

from __future__ import annotations

import argparse

from jupyter_modelpack.cli.arguments import releases
from jupyter_modelpack.cli.promoted import print_promotion


def run(arguments: argparse.Namespace) -> int:
    """Record the no and print the promotion."""
    from jupyter_modelpack.services.promotions import Vote

    found, actor = releases(arguments)
    promotion = found.answer(arguments.id, actor, Vote(False, arguments.reason))
    print_promotion(promotion, as_json=arguments.json)
    return 0
