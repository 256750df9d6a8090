"""Virtual environments with packages that the tests' own has not, made once and found again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

from tests.judges import skip


def cached_python(name: str, packages: tuple[str, ...], python: str = sys.executable) -> Path:
    """Return the Python that has the packages; skips, and says why, when it cannot be made."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    place = Path(base, "jupyter-modelpack-tests", name)
    if (place / "ready").exists():
        return place / "bin" / "python"
    # made beside its place first, so that two runs at once do not see each other's half
    own = place.with_name(f"{place.name}-{uuid.uuid4().hex[:8]}")
    try:
        subprocess.run([python, "-m", "venv", str(own)], check=True, capture_output=True)
        pip = [str(own / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *packages], check=True, capture_output=True, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(own, ignore_errors=True)
        told = getattr(error, "stderr", b"") or b""
        last = told.decode("utf-8", "replace").strip().splitlines()[-1:] or [str(error)]
        skip(f"{', '.join(packages)} cannot be installed here: {last[0]}")
    (own / "ready").write_text("\n".join(packages))
    try:
        own.rename(place)
    except OSError:  # another run was quicker
        shutil.rmtree(own, ignore_errors=True)
    return place / "bin" / "python"
