"""The upgrade of notebooks older than nbformat 4, which JupyterLab no longer saves but opens.

The old formats are described in nbformat's schema for version 3 and its notes on versions 1 and 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_MEDIA = {
    "text": "text/plain",
    "html": "text/html",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "latex": "text/latex",
    "json": "application/json",
    "javascript": "application/javascript",
    "pdf": "application/pdf",
}
_MARKUP = {"markdown", "html"}


def to_4(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a notebook of format 1, 2 or 3 with format 4's names; its shape is not checked."""
    metadata = document.get("metadata")
    return {
        "nbformat": 4,
        "metadata": metadata if isinstance(metadata, dict) else {},
        "cells": [_cell(cell) for cell in _cells(document)],
    }


def _cells(document: Mapping[str, Any]) -> Iterator[Any]:
    sheets = document.get("worksheets")
    if not isinstance(sheets, list):  # format 1 has no worksheets
        sheets = [document]
    for sheet in sheets:
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        if isinstance(cells, list):
            yield from cells


def _cell(cell: Any) -> Any:
    if not isinstance(cell, dict):
        return cell
    kind = cell.get("cell_type")
    metadata = cell.get("metadata")
    upgraded = {"cell_type": kind, "metadata": metadata if isinstance(metadata, dict) else {}}
    if kind == "code":
        outputs = cell.get("outputs")
        return {
            **upgraded,
            "source": cell.get("input", cell.get("code", "")),
            "execution_count": cell.get("prompt_number"),
            "outputs": [_output(output) for output in outputs] if isinstance(outputs, list) else [],
        }
    source = cell.get("source", cell.get("text", ""))
    if kind == "heading":
        level = cell.get("level")
        signs = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1)
        text = "".join(source) if isinstance(source, list) else source
        return {
            **upgraded,
            "cell_type": "markdown",
            "source": f"{signs} {text}".replace("\n", " "),
        }
    if kind in _MARKUP:
        return {**upgraded, "cell_type": "markdown", "source": source}
    return {**upgraded, "source": source}


def _output(output: Any) -> Any:
    if not isinstance(output, dict):
        return output
    kind = output.get("output_type")
    if kind == "stream":
        return {
            "output_type": "stream",
            "name": output.get("stream", output.get("name", "stdout")),
            "text": output.get("text", ""),
        }
    if kind == "pyerr":
        return {**output, "output_type": "error"}
    if kind in ("pyout", "display_data"):
        metadata = output.get("metadata")
        return {
            "output_type": "execute_result" if kind == "pyout" else kind,
            "data": {media: output[name] for name, media in _MEDIA.items() if name in output},
            "metadata": metadata if isinstance(metadata, dict) else {},
            "execution_count": output.get("prompt_number"),
        }
    return output
