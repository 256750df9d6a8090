"""Keep proposed policies until people have answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "policy_changes"
down_revision = "places"


def upgrade() -> None:
    """Add the table of proposed policies."""
    op.create_table(
        "policy_changes",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("asked", sa.String(32), nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_index("ix_policy_changes_asked", "policy_changes", ["asked"])
