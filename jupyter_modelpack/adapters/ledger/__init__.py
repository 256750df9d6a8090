"""The ledger: what was packaged, and what is being built and run, in one database."""

from __future__ import annotations

from pathlib import Path

from jupyter_modelpack.adapters.ledger.database import Database
from jupyter_modelpack.adapters.ledger.packages import PackageRecords
from jupyter_modelpack.adapters.ledger.work import WorkTable

__all__ = ["Ledger"]


class Ledger:
    """Everything that is known besides the images themselves."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)
        self.packages = PackageRecords(self._database)
        self.work = WorkTable(self._database)

    def close(self) -> None:
        """Give back what the ledger holds open."""
        self._database.close()
