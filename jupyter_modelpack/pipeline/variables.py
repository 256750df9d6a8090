"""The names of environment variables that a run may be given."""

from __future__ import annotations

import re

from jupyter_modelpack.errors import InvalidInput

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def checked_variable(name: str, field: str) -> str:
    """Return the name, or raise InvalidInput about ``field`` for one that the image needs."""
    if not _VARIABLE.match(name) or len(name) > 200:
        raise InvalidInput(
            f"{name[:80]!r} is no name of a setting.",
            field=field,
            advice="Use letters, digits and _, as in API_URL.",
        )
    if name.startswith(("LD_", "PYTHON", "MODELPACK_")) or name in ("PATH", "HOME"):
        raise InvalidInput(
            f"The setting {name} would change how the image works.",
            field=field,
            advice="Let the notebook read it by another name.",
        )
    return name
