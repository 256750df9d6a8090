"""What makes lists and the history at a time quick where the log is long."""

from __future__ import annotations

from alembic import op

revision = "listing"
down_revision = "policy_changes"


def upgrade() -> None:
    """Make the indexes."""
    op.create_index("ix_audit_kind", "audit", ["kind", "sequence"])
    op.create_index("ix_audit_at", "audit", ["at", "sequence"])
