"""The name of a package: short, lower case, and the same word in a tag, a path and a cluster."""

from __future__ import annotations

import re
import unicodedata

from jupyter_modelpack.errors import InvalidInput

_SHAPE = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*\Z")
LONGEST = 63


def checked_name(name: str) -> str:
    """Return a name that a person chose, or raise InvalidInput with one that would do."""
    if len(name) <= LONGEST and _SHAPE.match(name):
        return name
    raise InvalidInput(
        f"{name!r:.80} cannot be the name of a package.",
        field="name",
        advice=f"Use lower case letters, digits and hyphens, such as {name_from(name)}.",
    )


def name_from(text: str) -> str:
    """Return the nearest name to ``text``, such as a notebook's file name without its ending."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return words[:LONGEST].strip("-") or "notebook"
