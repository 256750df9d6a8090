"""``service``: the release service of a team, until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    from jupyter_modelpack.service.app import ReleaseService

    words = list(arguments.passed_on)
    words += [f"--config={arguments.config}"] if arguments.config else []
    words += [f"--data-dir={arguments.data_dir}"] if arguments.data_dir else []
    for name in ("database_url", "database_url_file"):
        words += [f"--ReleaseService.{name}={value}"] if (value := getattr(arguments, name)) else []
    words += ["--json"] if arguments.json else []
    app = ReleaseService.instance()
    app.initialize(words)
    asyncio.run(app.serve())
    return 0
