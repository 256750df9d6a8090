"""The contents of a server that has none: notebooks are on people's own servers."""

from __future__ import annotations

from typing import Any, NoReturn

from jupyter_modelpack.errors import InvalidInput


class NoContents:
    """Finds no notebook and writes no file."""

    def notebook(self, path: str) -> NoReturn:
        """Raise InvalidInput."""
        raise InvalidInput("The release service sees no notebooks.", field="path")

    def target(self, path: str) -> Any:
        """Raise InvalidInput."""
        raise InvalidInput("The release service writes no files for people.", field="path")

    def shown(self, place: str) -> str:
        """Return nothing: where a notebook lies on its author's machine is not shown."""
        return ""
