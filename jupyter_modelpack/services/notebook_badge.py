"""The badge of a notebook that is open here, beside a release wherever that is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.notebook.sealed import sealed_notebook
from jupyter_modelpack.services.badge import badge
from jupyter_modelpack.services.difference import normal
from jupyter_modelpack.services.inspecting import Inspector
from jupyter_modelpack.services.packaged_notebook import cells_of

Record = Mapping[str, Any]


class NotebookBadge:
    """Compares notebooks with releases, of which ``cells`` returns the sources."""

    def __init__(self, inspector: Inspector, cells: Callable[[Record], Sequence[str]]) -> None:
        self._inspector = inspector
        self._cells = cells

    def __call__(self, environment: str, held: Record | None, path: str | None) -> str:
        """Return the badge of an environment, for a notebook if there is one."""
        if held is None or path is None:
            return badge(environment, held, None, None)
        try:
            snapshot = self._inspector.snapshot(path)
            cells = (self._cells(held), cells_of(sealed_notebook(snapshot)))
        except ModelPackError:
            return badge(environment, held, None, None)
        installed = None
        with suppress(ModelPackError):
            facts = self._inspector.kernel(snapshot, lambda: False).facts
            found = {normal(each.name): each.version for each in facts.distributions}
            installed = {**found, "python": facts.python_version}
        return badge(environment, held, cells, installed)
