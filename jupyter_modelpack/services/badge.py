"""The badge: what the last environment runs, and how a notebook differs from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_modelpack.services.difference import changed_cells, counted, packages_of


def badge(
    environment: str,
    held: Mapping[str, Any] | None,
    cells: tuple[Sequence[str], Sequence[str]] | None,
    installed: Mapping[str, str] | None,
) -> str:
    """Return one line for people.

    ``held`` is the record of what the environment runs; ``cells`` are those of that release and of
    the notebook; ``installed`` are the versions that the notebook's kernel has now. What is None is
    not known, and nothing is said of it.
    """
    if held is None:
        return f"Nothing runs in {environment} yet."
    runs = f"{environment.capitalize()} runs {held['version']}."
    if cells is None:
        return runs
    changed = len(changed_cells(*cells))
    packages = 0
    if installed is not None:
        packages = sum(installed.get(name) != v for name, v in packages_of(held).items())
    words = counted((changed, "cell"), (packages, "package"))
    return f"{runs} This notebook {f'differs in {words}' if words else 'is the same'}."
