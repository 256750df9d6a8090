"""Whether the file that says where releases go on clusters can be used, without asking any."""

from __future__ import annotations

from pathlib import Path

from jupyter_modelpack.adapters.deployers.clusters import FILE, read_targets
from jupyter_modelpack.adapters.diagnosis import Check
from jupyter_modelpack.errors import InvalidInput


def diagnose_targets(folder: Path, *, wanted: bool) -> list[Check]:
    """Return what ``doctor`` says of a deploy folder; nothing where there is no file unless asked.

    ``wanted`` says that somebody named the folder.
    """
    file = folder / FILE
    if not wanted and not file.exists():
        return []
    try:
        targets = read_targets(file)
    except InvalidInput as error:
        return [Check("deployments", False, False, error.message, error.advice)]
    places = ", ".join(f"{name} ({target.kind})" for name, target in targets.items())
    return [Check("deployments", True, False, f"Releases go to clusters: {places}.")]
