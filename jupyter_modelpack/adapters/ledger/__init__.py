"""The ledger: what was packaged, built, run and promoted, and who did it, in one database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.ledger.address import Address, home_of, ledger_place
from jupyter_modelpack.adapters.ledger.audit import AuditTable
from jupyter_modelpack.adapters.ledger.database import Database
from jupyter_modelpack.adapters.ledger.followed import FollowedTable
from jupyter_modelpack.adapters.ledger.packages import PackageTable
from jupyter_modelpack.adapters.ledger.policies import PolicyTable
from jupyter_modelpack.adapters.ledger.promotions import PromotionTable
from jupyter_modelpack.adapters.ledger.work import WorkTable

__all__ = ["Address", "Ledger", "open_ledger"]


class Ledger:
    """Everything that is known besides the images themselves.

    ``home`` names the data directory that this ledger is used from, where others use it too.
    """

    def __init__(self, place: Path | Address | str, *, home: str = "") -> None:
        self.database = Database(Address.parse(place) if isinstance(place, str) else place)
        self.packages = PackageTable(self.database)
        self.work = WorkTable(self.database, home)
        self.followed = FollowedTable(self.database)
        self.promotions = PromotionTable(self.database)
        self.policies = PolicyTable(self.database)
        self.audit = AuditTable(self.database)
        self.at_one_moment = self.database.at_one_moment

    def close(self) -> None:
        """Give back what the ledger holds open."""
        self.database.close()


def open_ledger(data_dir: Path | str, settings: Mapping[str, Any] | None = None) -> Ledger:
    """Open the ledger of a data directory, which is made if need be.

    It is a file in there unless the settings ``database_url`` or ``database_url_file`` say
    otherwise. Raises InvalidInput, StoreError and BackendUnavailable.
    """
    place = ledger_place(Path(data_dir), settings or {})
    home = home_of(Path(data_dir)) if isinstance(place, Address) else ""
    return Ledger(place, home=home)
