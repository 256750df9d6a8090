"""A follower's process that claims runs, is stopped, and writes as if nothing had happened."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from jupyter_modelpack.adapters.ledger import Ledger


def main() -> None:
    """Claim for a second, say so, wait for a line, write everything, and print what was taken."""
    table = Ledger(Path(sys.argv[1])).followed
    runs = table.adopt("paused", ["kubernetes"], time.time(), 1.0)
    print(len(runs), flush=True)
    sys.stdin.readline()
    saved = sum(table.save(run.id, "paused", {"by": "paused"}) for run in runs)
    ended = sum(table.finish(run.id, "paused", "Failed", {}, time.time()) for run in runs)
    print(saved, ended, len(table.renew("paused", time.time() + 60)), flush=True)


if __name__ == "__main__":
    main()
