"""Settings that a run is given by name: the values are those of the process that runs it.

What is kept is the name, never the value; the runner masks secrets among them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.pipeline.variables import checked_variable


def own_settings(names: Iterable[str]) -> dict[str, str]:
    """Return name -> value; raises InvalidInput for what is no setting, or is not set here."""
    values: dict[str, str] = {}
    for name in names:
        checked_variable(name, "settings")
        if name not in os.environ:
            raise InvalidInput(
                f"The setting {name} is not set where JupyterLab runs.",
                field="settings",
                advice=f"Set it there and start JupyterLab again, or use a terminal:"
                f" jupyter modelpack, with --setting {name}=...",
            )
        values[name] = os.environ[name]
    return values
