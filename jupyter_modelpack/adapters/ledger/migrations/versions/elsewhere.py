"""Runs that go on elsewhere, and the id by which what this ledger starts there is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "elsewhere"
down_revision = "guard"


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column(
        "work", sa.Column("backend", sa.String(16), nullable=False, server_default="local")
    )
    op.create_table("installation", sa.Column("id", sa.String(32), primary_key=True))
