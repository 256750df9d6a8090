"""The first released tables: packages, their files, and the queue of builds and runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "packages"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table("schema_version", sa.Column("version", sa.Integer, primary_key=True))
    op.create_table(
        "packages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("path", sa.Text, nullable=False, index=True),
        sa.Column("notebook_digest", sa.String(71), nullable=False),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.UniqueConstraint("name", "version"),
        sa.UniqueConstraint("name", "digest"),
    )
    op.create_table(
        "package_files",
        sa.Column(
            "package",
            sa.Integer,
            sa.ForeignKey("packages.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("format", sa.String(32), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "work",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.String(71), index=True),
        sa.Column("unfinished", sa.String(71), unique=True),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("started", sa.Float),
        sa.Column("finished", sa.Float),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", sa.Float),
        sa.Column("stop_asked", sa.Boolean, nullable=False),
    )
    op.create_index("ix_work_phase_created", "work", ["phase", "created"])
    op.create_index("ix_work_kind_path", "work", ["kind", "path"])
    op.create_index("ix_work_kind_name", "work", ["kind", "name", "version"])
