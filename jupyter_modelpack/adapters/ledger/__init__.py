"""The ledger: what was packaged, built, run and promoted, and who did it, in one database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.ledger.audit import AuditTable
from jupyter_modelpack.adapters.ledger.database import Database
from jupyter_modelpack.adapters.ledger.followed import FollowedTable
from jupyter_modelpack.adapters.ledger.packages import PackageTable
from jupyter_modelpack.adapters.ledger.policies import PolicyTable
from jupyter_modelpack.adapters.ledger.promotions import PromotionTable
from jupyter_modelpack.adapters.ledger.work import WorkTable

__all__ = ["Ledger", "open_ledger"]


class Ledger:
    """Everything that is known besides the images themselves."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        self.packages = PackageTable(self.database)
        self.work = WorkTable(self.database)
        self.followed = FollowedTable(self.database)
        self.promotions = PromotionTable(self.database)
        self.policies = PolicyTable(self.database)
        self.audit = AuditTable(self.database)

    def close(self) -> None:
        """Give back what the ledger holds open."""
        self.database.close()


def open_ledger(data_dir: Path | str, url: str = "") -> Ledger:
    """Open the database at ``url``, else the one in the data directory, made if need be.

    Raises StoreError.
    """
    place: Any = url or Path(data_dir) / "ledger.sqlite"
    return Ledger(place)
