"""Which isolation this machine offers, tried for real and remembered."""

from __future__ import annotations

import subprocess
from functools import cache

from jupyter_modelpack.adapters.sandbox.bubblewrap import Bubblewrap
from jupyter_modelpack.adapters.sandbox.container import Launcher
from jupyter_modelpack.adapters.sandbox.engine import Docker, Podman
from jupyter_modelpack.adapters.sandbox.launched import Namespaces, PlainProcess
from jupyter_modelpack.adapters.sandbox.request import Isolation, Level
from jupyter_modelpack.errors import BackendUnavailable, InvalidInput

# docs/decisions/0004-isolation.md says why in this order
ORDER: tuple[Level, ...] = ("bubblewrap", "podman", "namespaces", "docker", "process")


def best_isolation(asked: str = "auto") -> Isolation:
    """Return the strongest isolation that works on this machine."""
    return launcher_for(asked).isolation


def launcher_for(asked: str = "auto") -> Launcher:
    """Return the launcher that is asked for by name, or the best one.

    Raises InvalidInput for a name that is none, and BackendUnavailable for one that does not work.
    """
    if asked == "auto":
        return next(launcher_for(level) for level in ORDER if problem_with(level) is None)
    level = next((known for known in ORDER if known == asked), None)
    if level is None:
        known = ", ".join(ORDER)
        raise InvalidInput(f"There is no isolation {asked}.", field="isolation", advice=known)
    problem = problem_with(level)
    if problem is not None:
        raise BackendUnavailable(
            f"The isolation {asked} does not work on this machine: {problem}.",
            advice="Leave the choice to the machine: auto.",
        )
    return _launcher(level)


@cache
def problem_with(level: Level) -> str | None:
    """Return why an isolation does not work here, or None; it is tried once in a process."""
    try:
        return _launcher(level).problem()
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)


@cache
def _launcher(level: Level) -> Launcher:
    launchers: dict[Level, type[Launcher]] = {
        "podman": Podman,
        "docker": Docker,
        "bubblewrap": Bubblewrap,
        "namespaces": Namespaces,
        "process": PlainProcess,
    }
    return launchers[level]()
