"""Print the tests that failed in the last run of pytest, one a line."""

from __future__ import annotations

import json
from pathlib import Path

KEPT = Path(__file__).parent.parent / ".pytest_cache" / "v" / "cache" / "lastfailed"


def main() -> None:
    """Print their ids; nothing when none failed."""
    if KEPT.exists():
        print("\n".join(json.loads(KEPT.read_text())))


if __name__ == "__main__":
    main()
