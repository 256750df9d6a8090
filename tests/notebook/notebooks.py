"""Small notebooks, folders and kernels for tests."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_modelpack.notebook.files import FileFact
from jupyter_modelpack.notebook.inspection import Inspection, inspect
from jupyter_modelpack.notebook.snapshot import Snapshot, take_snapshot

PYTHON = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python"},
}


def code(
    source: str,
    *tags: str,
    count: int | None = None,
    outputs: Sequence[Mapping[str, Any]] = (),
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {**(metadata or {}), **({"tags": list(tags)} if tags else {})},
        "source": source,
        "outputs": list(outputs),
        "execution_count": count,
    }


def markdown(source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source, **more}


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def document(
    *cells: str | dict[str, Any], metadata: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "nbformat": 4,
        "nbformat_minor": 4,
        "metadata": dict(PYTHON if metadata is None else metadata),
        "cells": [code(cell) if isinstance(cell, str) else cell for cell in cells],
    }


def snapshot(
    *cells: str | dict[str, Any],
    metadata: Mapping[str, Any] | None = None,
    path: str = "folder/study.ipynb",
) -> Snapshot:
    content = json.dumps(document(*cells, metadata=metadata)).encode()
    return take_snapshot(lambda: content, path, wait=lambda _: None)


@dataclass(frozen=True)
class Folder:
    """A notebook's folder that exists only as names and sizes."""

    sizes: Mapping[str, int] = field(default_factory=dict)

    def stat(self, path: str) -> FileFact | None:
        path = posixpath.normpath(path)
        if path in self.sizes:
            return FileFact(self.sizes[path])
        if path == "." or any(name.startswith(path + "/") for name in self.sizes):
            return FileFact(0, is_dir=True)
        return None

    def list(self, folder: str) -> Iterable[str]:
        start = "" if folder in ("", ".") else posixpath.normpath(folder) + "/"
        names = {
            name[len(start) :].partition("/")[0] for name in self.sizes if name.startswith(start)
        }
        return sorted(names)


def folder(*names: str, **sizes: int) -> Folder:
    return Folder({**dict.fromkeys(names, 100), **sizes})


@dataclass(frozen=True)
class Kernel:
    """A kernel that lacks some modules."""

    lacks: frozenset[str] = frozenset()
    language: str = "python"

    def missing(self, module: str) -> bool:
        return module.partition(".")[0] in self.lacks or module in self.lacks


def inspected(*cells: str | dict[str, Any], **more: Any) -> Inspection:
    return inspect(snapshot(*cells), **more)


def found(*cells: str | dict[str, Any], **more: Any) -> list[tuple[str, int | None, int | None]]:
    """Return code, cell and line of every finding."""
    return [(f.code, f.cell, f.line) for f in inspected(*cells, **more).findings]


def messages(*cells: str | dict[str, Any], **more: Any) -> list[str]:
    return [finding.message for finding in inspected(*cells, **more).findings]
