"""The deployer ``record``: nothing but the pointer moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.release.event import Deploy


class RecordDeployer:
    """Leaves it to others to look where the pointer points."""

    def deploy(self, order: Deploy, record: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        """Do nothing: the ledger records the move."""
