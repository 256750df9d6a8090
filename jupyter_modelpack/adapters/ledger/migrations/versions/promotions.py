"""Promotions, their approvals, the pointers that they move, policies and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "promotions"
down_revision = "packages"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "promotions",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("environment", sa.String(40), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("asked", sa.String(32), nullable=False, index=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("open_for", sa.String(160), unique=True),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_index("ix_promotions_lane", "promotions", ["name", "environment", "phase"])
    op.create_index("ix_promotions_phase", "promotions", ["phase"])
    op.create_table(
        "approvals",
        sa.Column("promotion", sa.String(64), sa.ForeignKey("promotions.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("username", sa.Text, nullable=False, index=True),
        sa.Column("yes", sa.Boolean, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_table(
        "pointers",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("environment", sa.String(40), primary_key=True),
        sa.Column("generation", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_table(
        "policies",
        sa.Column("generation", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("environment", sa.String(40), nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
    )
    op.create_index("ix_audit_lane", "audit", ["kind", "name", "environment", "sequence"])
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("root", sa.String(71), nullable=False),
    )
