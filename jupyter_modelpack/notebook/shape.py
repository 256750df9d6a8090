"""The shape of a notebook: any version of nbformat becomes valid 4.5, in memory only.

What carries meaning must be right (cells, their kinds and sources) or the notebook is refused.
What does not (counts, outputs, display metadata) is mended or left out. nbformat's own library is
not used: importing it takes ten times as long as reading and inspecting a notebook.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.notebook.upgrade import to_4

_KINDS = ("code", "markdown", "raw")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_JSON_TYPE = re.compile(r"application/(.*\+)?json\Z")
_BAD_SHAPE = "This notebook's content is damaged: {}."
_ADVICE = "Open it in JupyterLab, save it again, and try once more."


def _damaged(what: str) -> InvalidInput:
    return InvalidInput(_BAD_SHAPE.format(what), field="path", advice=_ADVICE)


def to_4_5(document: Any) -> dict[str, Any]:
    """Return the notebook in nbformat 4.5's shape, or raise InvalidInput in one sentence."""
    if not isinstance(document, dict):
        raise InvalidInput(
            "This file is not a notebook.", field="path", advice="Choose an .ipynb file."
        )
    major = _major(document)
    if major > 4:
        raise InvalidInput(
            f"This notebook uses format {major}, which is newer than this version can read.",
            field="path",
            advice="Save it in notebook format 4, or update jupyter-modelpack.",
        )
    if major < 4:
        if major == 3 and not isinstance(document.get("worksheets"), list):
            raise _damaged("it has no worksheets, which its format asks for")
        document = to_4(document)
    cells = document.get("cells")
    if not isinstance(cells, list):
        raise _damaged("it has no list of cells")
    seen: set[str] = set()
    return {
        "cells": [_cell(number, cell, seen) for number, cell in enumerate(cells, 1)],
        "metadata": _notebook_metadata(document.get("metadata")),
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _major(document: dict[str, Any]) -> int:
    given = document.get("nbformat")
    if isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= 99:
        return given
    if "worksheets" not in document and "cells" not in document:
        raise InvalidInput(
            "This file is not a notebook.", field="path", advice="Choose an .ipynb file."
        )
    return 3 if "worksheets" in document else 4


def _cell(number: int, cell: Any, seen: set[str]) -> dict[str, Any]:
    if not isinstance(cell, dict):
        raise _damaged(f"cell {number} is not a cell")
    kind = cell.get("cell_type")
    if kind not in _KINDS:
        raise _damaged(f"cell {number} is of a kind that no notebook has")
    source = cell.get("source", "")
    if not _is_text(source):
        raise _damaged(f"the source of cell {number} is not text")
    source = source if isinstance(source, str) else "".join(source)
    mended: dict[str, Any] = {
        "cell_type": kind,
        "id": _identity(number, cell.get("id"), source, seen),
        "metadata": _cell_metadata(cell.get("metadata")),
        "source": source,
    }
    if kind == "code":
        count = cell.get("execution_count")
        outputs = cell.get("outputs")
        mended["execution_count"] = count if _is_count(count) else None
        mended["outputs"] = [
            output
            for output in map(_output, outputs if isinstance(outputs, list) else ())
            if output is not None
        ]
    elif isinstance(cell.get("attachments"), dict):
        mended["attachments"] = {name: _bundle(data) for name, data in cell["attachments"].items()}
    return mended


def _identity(number: int, given: Any, source: str, seen: set[str]) -> str:
    name = given if isinstance(given, str) and _ID.match(given) else ""
    if not name or name in seen:
        # From place and content, so that the same notebook always gets the same ids.
        text = f"{number}\0{source}".encode("utf-8", "replace")
        name = hashlib.sha256(text).hexdigest()[:16]
    while name in seen:
        name = hashlib.sha256(name.encode()).hexdigest()[:16]
    seen.add(name)
    return name


def _output(output: Any) -> dict[str, Any] | None:
    if not isinstance(output, dict):
        return None
    kind = output.get("output_type")
    if kind == "stream" and _is_text(output.get("text")):
        name = output.get("name")
        return {
            "output_type": "stream",
            "name": name if isinstance(name, str) else "stdout",
            "text": output["text"],
        }
    if kind == "error":
        lines = output.get("traceback")
        return {
            "output_type": "error",
            "ename": _string(output.get("ename")),
            "evalue": _string(output.get("evalue")),
            "traceback": [line for line in lines if isinstance(line, str)]
            if isinstance(lines, list)
            else [],
        }
    if kind in ("display_data", "execute_result"):
        mended = {
            "output_type": kind,
            "data": _bundle(output.get("data")),
            "metadata": _mapping(output.get("metadata")),
        }
        if kind == "execute_result":
            count = output.get("execution_count")
            mended["execution_count"] = count if _is_count(count) else None
        return mended
    return None


def _bundle(data: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in _mapping(data).items()
        if _JSON_TYPE.match(name) or _is_text(value)
    }


def _cell_metadata(metadata: Any) -> dict[str, Any]:
    kept = dict(_mapping(metadata))
    tags = kept.pop("tags", None)
    if isinstance(tags, list):
        words = [tag.strip() for tag in tags if isinstance(tag, str) and "," not in tag]
        kept["tags"] = list(dict.fromkeys(word for word in words if word))
    _keep(kept, "name", lambda value: isinstance(value, str) and bool(re.match(r".+", value)))
    _keep(kept, "format", lambda value: isinstance(value, str))
    _keep(kept, "jupyter", lambda value: isinstance(value, dict))
    _keep(kept, "collapsed", lambda value: isinstance(value, bool))
    _keep(kept, "scrolled", lambda value: isinstance(value, bool) or value == "auto")
    _keep(
        kept,
        "execution",
        lambda value: isinstance(value, dict) and all(isinstance(v, str) for v in value.values()),
    )
    return kept


def _notebook_metadata(metadata: Any) -> dict[str, Any]:
    kept = dict(_mapping(metadata))
    spec = kept.pop("kernelspec", None)
    if isinstance(spec, dict) and isinstance(spec.get("name"), str):
        shown = spec.get("display_name")
        kept["kernelspec"] = {
            **spec,
            "display_name": shown if isinstance(shown, str) else spec["name"],
        }
    language = kept.pop("language_info", None)
    if isinstance(language, dict) and isinstance(language.get("name"), str):
        mended = dict(language)
        for name in ("file_extension", "mimetype", "pygments_lexer"):
            _keep(mended, name, lambda value: isinstance(value, str))
        _keep(mended, "codemirror_mode", lambda value: isinstance(value, (str, dict)))
        kept["language_info"] = mended
    _keep(kept, "orig_nbformat", lambda value: _is_count(value) and value >= 1)
    _keep(kept, "title", lambda value: isinstance(value, str))
    _keep(kept, "authors", lambda value: isinstance(value, list))
    return kept


def _keep(mapping: dict[str, Any], name: str, fits: Callable[[Any], bool]) -> None:
    if name in mapping and not fits(mapping[name]):
        del mapping[name]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_text(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(line, str) for line in value)
    return isinstance(value, str)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
