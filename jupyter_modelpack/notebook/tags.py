"""Cell tags: our plain words, papermill's, and Kale's that mean the same."""

from __future__ import annotations

from jupyter_modelpack.notebook.cell import Cell

_SAME: dict[str, frozenset[str]] = {
    "parameters": frozenset({"parameters", "pipeline-parameters"}),
    "metrics": frozenset({"metrics", "pipeline-metrics"}),
    "check": frozenset({"check"}),
    "serve": frozenset({"serve"}),
    "sample-input": frozenset({"sample-input"}),
    "model-card": frozenset({"model-card"}),
    "skip": frozenset({"skip"}),
    "injected-parameters": frozenset({"injected-parameters"}),
}
_KALE_BLOCK = ("block:", "step:")


def has_tag(cell: Cell, word: str) -> bool:
    """Tell whether a cell carries one of our tags, or Kale's for the same thing."""
    words = _SAME[word]
    return any(_kale_word(tag) in words for tag in cell.tags)


def _kale_word(tag: str) -> str:
    # Kale 1.x wrote `block:skip`, `block:pipeline-parameters`, ... where 2.x writes the word alone.
    name = tag
    for prefix in _KALE_BLOCK:
        name = tag.removeprefix(prefix)
        if name != tag:
            return name if name in ("skip", "pipeline-parameters", "pipeline-metrics") else tag
    return name
