"""Bringing the tables of an older ledger up to date; only this module knows alembic."""

from __future__ import annotations

import threading
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = threading.Lock()  # the steps find their connection in a global of alembic


def upgrade(connection: sa.Connection, revision: str = "", to: str = "head") -> None:
    """Take the steps up to ``to`` in the caller's transaction, or raise.

    They begin at what the ledger says of itself, or at ``revision``: what is from before alembic
    does not say anything.
    """
    with _ONE_AT_A_TIME:
        config = _config(connection)
        if revision:
            command.stamp(config, revision)
        command.upgrade(config, to)


def known_revisions() -> frozenset[str]:
    """Return the revisions that this version of the program can start from."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    return frozenset(script.revision for script in scripts.walk_revisions())


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
