"""The tables of the ledger, in SQL that SQLite and PostgreSQL both speak."""

from __future__ import annotations

import sqlalchemy as sa

VERSION = 1

metadata = sa.MetaData()

versions = sa.Table("schema_version", metadata, sa.Column("version", sa.Integer, primary_key=True))

packages = sa.Table(
    "packages",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(63), nullable=False),
    sa.Column("version", sa.String(32), nullable=False),
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("path", sa.Text, nullable=False, index=True),
    sa.Column("created", sa.String(32), nullable=False),
    sa.Column("record", sa.Text, nullable=False),
    sa.UniqueConstraint("name", "version"),
    sa.UniqueConstraint("name", "digest"),
)

package_files = sa.Table(
    "package_files",
    metadata,
    sa.Column("package", sa.ForeignKey("packages.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("format", sa.String(32), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

# Builds and runs are both work: asked for, claimed by one process, and finished by it.
work = sa.Table(
    "work",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("key", sa.String(71), nullable=False, index=True),
    sa.Column("phase", sa.String(16), nullable=False, index=True),
    sa.Column("order", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("created", sa.Float, nullable=False, index=True),
    sa.Column("started", sa.Float),
    sa.Column("finished", sa.Float),
    sa.Column("owner", sa.String(64)),
    sa.Column("lease", sa.Float),
    sa.Column("attempt", sa.Integer, nullable=False, default=0),
    sa.Column("abort", sa.Boolean, nullable=False, default=False),
)
