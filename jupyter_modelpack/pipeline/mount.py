"""The mount: something of the cluster that a run sees as files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Mount:
    """A claim or a config map that the notebook sees at ``path``; ``kind`` says which.

    ``sub_path`` is the folder or file in it that is meant; nothing: all of it.
    """

    kind: str
    name: str
    path: str
    read_only: bool = True
    sub_path: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as ``options.mounts`` of the REST interface has it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "path": self.path,
            "read_only": self.read_only,
            "sub_path": self.sub_path,
        }
