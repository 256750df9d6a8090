"""The snapshot: a notebook's bytes, read once, checked, and never looked at on disk again."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.notebook.cell import Cell
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.shape import to_4_5
from jupyter_modelpack.oci.digest import Digest

LIMIT = 100 * 1024 * 1024
MARK = "modelpack"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_WAIT_SECONDS = 0.15


@dataclass(frozen=True)
class Snapshot:
    """One notebook at one moment; ``notebook`` is a copy in nbformat 4.5, ``content`` the bytes.

    ``parts`` are the notebooks that its ``notebook:`` cells name, and ``unread`` says which of
    them could not be read, and why.
    """

    path: str
    name: str
    digest: Digest
    content: bytes = field(repr=False)
    notebook: dict[str, Any] = field(repr=False)
    cells: tuple[Cell, ...] = field(repr=False)
    kernel_name: str | None = None
    language: str | None = None
    parts: tuple[Part, ...] = field(default=(), repr=False)
    unread: tuple[Finding, ...] = ()

    @property
    def all_cells(self) -> tuple[Cell, ...]:
        """The cells with those of the parts behind them, numbered through as in the image."""
        return (*self.cells, *(cell for part in self.parts for cell in part.numbered))

    @property
    def kernel_display_name(self) -> str | None:
        """The kernel's name for people, as the notebook gives it."""
        spec = self.notebook["metadata"].get("kernelspec", {})
        shown = spec.get("display_name")
        return shown if isinstance(shown, str) else self.kernel_name


@dataclass(frozen=True)
class Part:
    """A notebook inside another one: the name that its steps begin with, and where it stands.

    Its own cells are numbered from 1; ``first`` is the number of its heading in the image.
    """

    name: str
    first: int
    snapshot: Snapshot

    @property
    def path(self) -> str:
        """The notebook's path from the folder of the one that names it."""
        return self.snapshot.path

    @property
    def last(self) -> int:
        """The number of its last cell in the image."""
        return self.first + len(self.snapshot.cells)

    @property
    def numbered(self) -> tuple[Cell, ...]:
        """A heading and its cells, with the numbers and marks that they have in the image."""
        mark = {MARK: {"part": self.name, "notebook": self.path}}
        heading = Cell(self.first, f"part-{self.name}", "markdown", f"# {self.path}", metadata=mark)
        return (heading, *(self._marked(cell, mark) for cell in self.snapshot.cells))

    def _marked(self, cell: Cell, mark: Mapping[str, Any]) -> Cell:
        prefix = f"{self.name}-"
        return replace(
            cell,
            number=self.first + cell.number,
            id=cell.id if cell.id.startswith(prefix) else f"{prefix}{cell.id}"[:64],
            metadata={**cell.metadata, **mark},
        )


def take_snapshot(
    read: Callable[[], bytes],
    path: str,
    *,
    attempts: int = 5,
    wait: Callable[[float], None] = time.sleep,
    limit: int = LIMIT,
) -> Snapshot:
    """Read a notebook and return its snapshot; raise InvalidInput when it stays unreadable.

    Jupyter saves by writing over the file, so a reader may see half of it, or the head of one
    version and the tail of the next. What does not parse is read again after a short ``wait``
    (seconds), and a snapshot is taken only of bytes that a second reading confirms. Errors of
    ``read`` pass through.
    """
    pause = _WAIT_SECONDS
    content = read()
    for left in range(attempts - 1, -1, -1):
        try:
            snapshot = _snapshot(content, path, limit)
        except _TornError as error:
            if not left:
                raise _unreadable(path, content) from error
            wait(pause)
            pause = min(pause * 2, 1.0)
            content = read()
            continue
        again = read()
        if again == content:
            return snapshot
        content = again
    raise InvalidInput(
        f"{_file(path)} keeps changing while it is read.",
        field="path",
        advice="Wait until it is saved, then try again.",
    )


class _TornError(Exception):
    """What was read does not parse, which a save in progress explains."""


def _snapshot(content: bytes, path: str, limit: int) -> Snapshot:
    if len(content) > limit:
        raise InvalidInput(
            f"{_file(path)} has {len(content) / 1e6:,.0f} MB, and a notebook may have"
            f" {limit / 1e6:,.0f} MB.",
            field="path",
            advice="Clear its outputs (Edit > Clear Outputs of All Cells) and save it.",
        )
    try:
        notebook = to_4_5(_parse(content))
        cells = tuple(Cell.of(number, cell) for number, cell in enumerate(notebook["cells"], 1))
    except RecursionError as error:
        raise InvalidInput(
            f"{_file(path)} is nested too deeply to be a notebook.",
            field="path",
            advice="Clear its outputs (Edit > Clear Outputs of All Cells) and save it.",
        ) from error
    spec = notebook["metadata"].get("kernelspec", {})
    info = notebook["metadata"].get("language_info", {})
    language = info.get("name") or spec.get("language")
    whole = Snapshot(
        path=path,
        name=PurePosixPath(path).stem,
        digest=Digest.of(content),
        content=content,
        notebook=notebook,
        cells=cells,
        kernel_name=spec.get("name") or None,
        language=language.lower() if isinstance(language, str) and language else None,
    )
    return _taken_apart(whole)


def _taken_apart(whole: Snapshot) -> Snapshot:
    """Return the snapshot of a packaged notebook with its parts as parts again."""
    own: list[Cell] = []
    marked: dict[tuple[str, str], list[Cell]] = {}
    for cell in whole.cells:
        mark = cell.metadata.get(MARK)
        named = (mark.get("part"), mark.get("notebook")) if isinstance(mark, dict) else ()
        if len(named) == 2 and all(isinstance(text, str) and text for text in named):
            marked.setdefault((str(named[0]), str(named[1])), []).append(cell)
        else:
            own.append(cell)
    headed = all(
        cells[0].kind == "markdown" and cells[0].source == f"# {path}"
        for (_, path), cells in marked.items()
    )
    if not marked or not headed:
        return whole
    bare = {**whole.notebook, "metadata": {"language_info": {"name": "python"}}, "cells": []}
    parts: list[tuple[str, Snapshot]] = []
    for (name, path), cells in marked.items():
        numbered = (replace(cell, number=at) for at, cell in enumerate(cells[1:], 1))
        part = replace(whole, path=path, notebook=bare, content=b"", cells=tuple(numbered))
        parts.append((name, replace(part, name=PurePosixPath(path).stem)))
    numbered_own = tuple(replace(cell, number=at) for at, cell in enumerate(own, 1))
    return with_parts(replace(whole, cells=numbered_own), parts)


def with_parts(snapshot: Snapshot, named: Iterable[tuple[str, Snapshot]]) -> Snapshot:
    """Return a snapshot with notebooks inside, each with the name of its steps."""
    parts: list[Part] = []
    first = len(snapshot.cells) + 1
    for name, part in named:
        parts.append(Part(name, first, part))
        first = parts[-1].last + 1
    return replace(snapshot, parts=tuple(parts))


def _parse(content: bytes) -> Any:
    try:
        text = content.decode("utf-8-sig")
        document = json.loads(text, parse_constant=lambda _: None)
    except RecursionError:
        raise
    except ValueError as error:  # bad UTF-8, bad JSON, or a number of thousands of digits
        raise _TornError from error
    return _mend_text(document) if _ESCAPED_SURROGATE.search(content) else document


def _mend_text(value: Any) -> Any:
    """Replace halves of surrogate pairs, which JSON can spell but no file can hold."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_mend_text(item) for item in value]
    if isinstance(value, dict):
        return {_mend_text(key): _mend_text(item) for key, item in value.items()}
    return value


def _unreadable(path: str, content: bytes) -> InvalidInput:
    if not content.strip():
        return InvalidInput(
            f"{_file(path)} is empty.",
            field="path",
            advice="Save the notebook in JupyterLab, then try again.",
        )
    return InvalidInput(
        f"{_file(path)} cannot be read as a notebook: its content is cut off or damaged.",
        field="path",
        advice="Save it again in JupyterLab; if that fails, restore it from a checkpoint.",
    )


def _file(path: str) -> str:
    return PurePosixPath(path).name or "The notebook"
