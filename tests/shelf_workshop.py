"""A workshop whose releases pass every check: for tests of who may decide about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from fake_workshop import Isolation
from promoting import World, open_world

from jupyter_modelpack.adapters.ledger import open_ledger
from jupyter_modelpack.services.releases import Releases


class Shelf:
    def __init__(self, data_dir: Path, settings: Mapping[str, Any]) -> None:
        self.data_dir = data_dir
        self.settings = settings
        self.ledger = open_ledger(data_dir, settings)

    def isolation(self) -> Isolation:
        return Isolation()

    def notebook(self, record: Mapping[str, Any]) -> bytes:
        return b'{"cells": []}'

    def releases(
        self, tell: Callable[[Mapping[str, str]], None], membership: Any = None
    ) -> Releases:
        return shelf_world(self.data_dir, self.ledger, membership).releases


def shelf_world(data_dir: Path, ledger: Any = None, membership: Any = None) -> World:
    """Open a world with the time of this machine."""
    return open_world(data_dir, ledger=ledger, now=_now, membership=membership)


def _now() -> datetime:
    return datetime.now(timezone.utc)


def open_workshop(data_dir: Path, settings: Mapping[str, Any]) -> Shelf:
    return Shelf(Path(data_dir), settings)
