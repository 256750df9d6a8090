"""The finding: one thing about a notebook that a person should know, in one plain sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["blocking", "warning", "note"]
ORDER: Mapping[Severity, int] = {"blocking": 0, "warning": 1, "note": 2}


@dataclass(frozen=True)
class Finding:
    """What was found, where (``cell`` counts all cells from 1, ``line`` in it), and what to do."""

    code: str
    severity: Severity
    message: str
    cell: int | None = None
    line: int | None = None
    advice: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    def sort_key(self) -> tuple[int, int, int, str]:
        """Order findings: what stops the package first, then by place."""
        return (ORDER[self.severity], self.cell or 0, self.line or 0, self.code)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that the command line and the REST interface print."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "cell": self.cell,
            "line": self.line,
            "advice": self.advice,
            "details": dict(self.details),
        }
