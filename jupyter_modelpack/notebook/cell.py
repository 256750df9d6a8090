"""The cell: one piece of a notebook, numbered from 1 over all kinds of cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["code", "markdown", "raw"]


@dataclass(frozen=True)
class Cell:
    """A cell as it stands in the snapshot; ``source`` is joined, ``tags`` are plain words."""

    number: int
    id: str
    kind: Kind
    source: str
    tags: tuple[str, ...] = ()
    execution_count: int | None = None
    outputs: tuple[Mapping[str, Any], ...] = ()
    attachments: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, number: int, cell: Mapping[str, Any]) -> Cell:
        """Read a cell of a notebook that has nbformat 4.5's shape."""
        source = cell["source"]
        return cls(
            number=number,
            id=cell["id"],
            kind=cell["cell_type"],
            source=source if isinstance(source, str) else "".join(source),
            tags=tuple(cell["metadata"].get("tags", ())),
            execution_count=cell.get("execution_count"),
            outputs=tuple(cell.get("outputs", ())),
            attachments=cell.get("attachments", {}),
            metadata=cell["metadata"],
        )

    @property
    def is_code(self) -> bool:
        """Whether the cell holds code with something in it."""
        return self.kind == "code" and bool(self.source.strip())
