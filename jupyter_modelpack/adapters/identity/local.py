"""Who is asking, when nobody proves it: the operating system's user, or Jupyter's."""

from __future__ import annotations

import getpass
from typing import Any

from jupyter_modelpack.release.actor import Actor


def os_user() -> Actor:
    """Return the operating system's user, unverified; a number where it has no name."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError, ImportError):
        name = "unknown"
    return Actor("os", name or "unknown")


def jupyter_user(user: Any) -> Actor:
    """Return the user of a Jupyter server, unverified: its login is a token that a kernel has."""
    shown = user.display_name or user.name or ""
    return Actor("jupyter", user.username, display_name="" if shown == user.username else shown)
