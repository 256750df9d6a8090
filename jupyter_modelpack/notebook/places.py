"""Places in words: a cell of the image is a cell of the notebook that is open, or of a part."""

from __future__ import annotations

import re
from dataclasses import replace

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.snapshot import Part, Snapshot

_CELL = re.compile(r"\b([Cc]ell) (\d{1,9})\b")


def in_words(text: str, snapshot: Snapshot) -> str:
    """Return a sentence about cells of the image, those of parts by their own numbers."""

    def named(found: re.Match[str]) -> str:
        part = _part(snapshot, int(found[2]))
        return (
            found[0] if part is None else f"{found[1]} {int(found[2]) - part.first} of {part.path}"
        )

    return _CELL.sub(named, text) if snapshot.parts else text


def placed(finding: Finding, snapshot: Snapshot) -> Finding:
    """Return a finding about a cell of the image; one in a part says so and names its notebook."""
    part = _part(snapshot, finding.cell)
    if part is None or finding.cell is None:
        return finding
    own = finding.cell - part.first
    message = in_words(finding.message, snapshot)
    if message == finding.message:
        return in_part(replace(finding, cell=own), part)
    return replace(in_part(replace(finding, cell=own), part), message=message)


def in_part(finding: Finding, part: Part) -> Finding:
    """Return a finding of a part: its cells are not those of the notebook that is open."""
    where = f"{part.path}, cell {finding.cell}" if finding.cell else part.path
    return replace(
        finding,
        message=f"{where}: {finding.message}",
        cell=None,
        line=None,
        details={**finding.details, "notebook": part.path, "cell": finding.cell},
    )


def _part(snapshot: Snapshot, number: int | None) -> Part | None:
    return next((p for p in snapshot.parts if number and p.first <= number <= p.last), None)
