"""Whose files work is about, where several data directories share the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "places"
down_revision = "elsewhere"


def upgrade() -> None:
    """Add the column; what is there belongs to the one data directory of the ledger."""
    op.add_column("work", sa.Column("place", sa.String(32), nullable=False, server_default=""))
