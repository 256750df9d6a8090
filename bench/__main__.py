"""``python -m bench``: what packaging costs, as ratios within one run on one machine."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from bench import cluster, dockerfile, packaging, panel, pushing, reading, releases, sealing, server
from bench.report import Report

PARTS = (
    "reading", "packaging", "pushing", "dockerfile", "sealing", "server", "panel", "cluster",
    "releases",
)  # fmt: skip


def main() -> int:
    """Run the measurements, print them with their bars, and return 1 if one was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument("--without", action="append", default=[], choices=PARTS)
    arguments = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="modelpack-bench-") as folder:
        home = Path(folder)
        if "reading" not in arguments.without:
            reading.measure(report)
        if "packaging" not in arguments.without:
            ours = packaging.measure(home, report)
            if "pushing" not in arguments.without:
                pushing.measure(home, ours, report)
            if "dockerfile" not in arguments.without:
                dockerfile.measure(home, ours, report)
        if "sealing" not in arguments.without:
            sealing.measure(home, report)
        if "server" not in arguments.without:
            server.measure(home, report)
        if "panel" not in arguments.without:
            panel.measure(home, report)
        if "cluster" not in arguments.without:
            cluster.measure(home, report)
        if "releases" not in arguments.without:
            releases.measure(home, report)
    report.print()
    if arguments.json:
        arguments.json.write_text(json.dumps(report.to_json(), indent=2) + "\n")
    return 0 if report.met else 1


if __name__ == "__main__":
    raise SystemExit(main())
