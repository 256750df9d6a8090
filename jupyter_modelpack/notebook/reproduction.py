"""Whether a run gave what the notebook shows: stored outputs against those of the executed copy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
_INJECTED = "injected-parameters"


@dataclass(frozen=True)
class Reproduction:
    """The cells whose output was the same, and those whose output differs."""

    same: tuple[int, ...] = ()
    differ: tuple[int, ...] = ()

    @property
    def sentence(self) -> str:
        """One sentence for the panel, empty when nothing could be compared."""
        total = len(self.same) + len(self.differ)
        if not total:
            return ""
        if not self.differ:
            return f"Same output as in the notebook in {_cells(total)}."
        named = ", ".join(str(number) for number in self.differ)
        which = f"cell {named} differs" if len(self.differ) == 1 else f"cells {named} differ"
        return f"Same output as in the notebook in {len(self.same)} of {_cells(total)}; {which}."

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that the record keeps."""
        return {"same": list(self.same), "differ": list(self.differ), "text": self.sentence}


def compare(
    stored: Sequence[Mapping[str, Any]], executed: Sequence[Mapping[str, Any]]
) -> Reproduction:
    """Compare two lists of nbformat cells, passing over cells that injected parameters.

    Text is compared without addresses and colours, pictures only by their media type, because
    their bytes depend on fonts. Cells without stored output, or that did not run, do not count.
    """
    ran = [cell for cell in executed if _INJECTED not in _tags(cell)]
    same: list[int] = []
    differ: list[int] = []
    number = 0
    for cell, other in zip((c for c in stored if _INJECTED not in _tags(c)), ran, strict=False):
        number += 1
        outputs = cell.get("outputs")
        if cell.get("cell_type") != "code" or not outputs or other.get("execution_count") is None:
            continue
        equal = _shown(outputs) == _shown(other.get("outputs") or ())
        (same if equal else differ).append(number)
    return Reproduction(tuple(same), tuple(differ))


def _tags(cell: Mapping[str, Any]) -> Sequence[str]:
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, Mapping) else None
    return tags if isinstance(tags, list) else ()


def _shown(outputs: Iterable[Any]) -> list[tuple[str, str]]:
    shown: list[tuple[str, str]] = []
    for output in outputs:
        if not isinstance(output, Mapping):
            continue
        kind = output.get("output_type")
        if kind == "stream" and output.get("name") == "stdout":
            text = _text(output.get("text"))
            if shown and shown[-1][0] == "stdout":
                text = shown.pop()[1] + text
            shown.append(("stdout", text))
        elif kind in ("execute_result", "display_data"):
            data = output.get("data")
            if isinstance(data, Mapping):
                pictures = sorted(name for name in data if str(name).startswith("image/"))
                plain = "" if pictures else _text(data.get("text/plain"))
                shown.append((",".join(pictures) or "text/plain", plain))
        elif kind == "error":
            shown.append(("error", f"{output.get('ename')}: {output.get('evalue')}"))
    return [(kind, text.rstrip()) for kind, text in shown]


def _text(value: Any) -> str:
    text = "".join(str(part) for part in value) if isinstance(value, list) else str(value or "")
    return _ADDRESS.sub("0x", _ESCAPE.sub("", text))


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"
