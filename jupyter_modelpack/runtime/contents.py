"""The runtime's own files, as they are laid out inside an image."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

HOME = "opt/modelpack"
PACKAGE = "modelpack_runtime"
_START = '''"""What an image starts with: ``python /opt/modelpack run``."""

import sys

from modelpack_runtime.command import main

if __name__ == "__main__":
    sys.exit(main())
'''


def image_files() -> Dict[str, bytes]:
    """Return path inside the image -> bytes, sorted: the start program and its package."""
    here = Path(__file__).parent
    files = {HOME + "/__main__.py": _START.encode("utf-8")}
    for source in here.glob("*.py"):
        if source != Path(__file__):
            files["{}/{}/{}".format(HOME, PACKAGE, source.name)] = source.read_bytes()
    return dict(sorted(files.items()))
