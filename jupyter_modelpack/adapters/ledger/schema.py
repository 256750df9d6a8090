"""The tables of the ledger, in SQL that SQLite and PostgreSQL both speak."""

from __future__ import annotations

import sqlalchemy as sa

# The newest of the steps in migrations/versions/: what a ledger of this program is at.
HEAD = "policy_changes"
# What programs from before alembic look at: they refuse a version that is higher than theirs.
GUARD = 3

metadata = sa.MetaData()

revisions = sa.Table(
    "alembic_version",
    metadata,
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

versions = sa.Table("schema_version", metadata, sa.Column("version", sa.Integer, primary_key=True))

packages = sa.Table(
    "packages",
    metadata,
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

package_files = sa.Table(
    "package_files",
    metadata,
    sa.Column("package", sa.ForeignKey("packages.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("format", sa.String(32), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

# Builds and runs are both work: asked for, claimed by one process, and finished by it.
# ``unfinished`` repeats the fingerprint while the work is not over and is null afterwards: nulls
# are distinct in a unique constraint, so it keeps equal works from being unfinished at once.
work = sa.Table(
    "work",
    metadata,
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
    # where a run goes on: "local" for worker processes, else the name of a cluster's backend
    sa.Column("backend", sa.String(16), nullable=False, server_default="local"),
    # Whose files it is about, where several data directories share the ledger; else empty.
    sa.Column("place", sa.String(32), nullable=False, server_default=""),
    sa.Index("ix_work_phase_created", "phase", "created"),
    sa.Index("ix_work_kind_path", "kind", "path"),
    sa.Index("ix_work_kind_name", "kind", "name", "version"),
)

# One row: the id by which what this ledger starts elsewhere is known from everybody else's.
installation = sa.Table(
    "installation",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
)

promotions = sa.Table(
    "promotions",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(63), nullable=False),
    sa.Column("environment", sa.String(40), nullable=False),
    sa.Column("phase", sa.String(16), nullable=False),
    sa.Column("asked", sa.String(32), nullable=False, index=True),
    sa.Column("revision", sa.Integer, nullable=False),
    # Bytes and kind while the promotion is open, else null: equal requests are one.
    sa.Column("open_for", sa.String(160), unique=True),
    sa.Column("record", sa.Text, nullable=False),
    sa.Index("ix_promotions_lane", "name", "environment", "phase"),
    sa.Index("ix_promotions_phase", "phase"),
)

approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("promotion", sa.ForeignKey("promotions.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("username", sa.Text, nullable=False, index=True),
    sa.Column("yes", sa.Boolean, nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("record", sa.Text, nullable=False),
)

# One row for each move of a pointer, so that the current one is the row with the highest
# generation, and two writers can never make the same generation.
pointers = sa.Table(
    "pointers",
    metadata,
    sa.Column("name", sa.String(63), primary_key=True),
    sa.Column("environment", sa.String(40), primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("version", sa.String(32), nullable=False),
    sa.Column("record", sa.Text, nullable=False),
)

# The approved policies; the one in force has the highest generation.
policies = sa.Table(
    "policies",
    metadata,
    sa.Column("generation", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)

# Proposed policies, and what became of them.
policy_changes = sa.Table(
    "policy_changes",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("phase", sa.String(16), nullable=False),
    sa.Column("asked", sa.String(32), nullable=False, index=True),
    sa.Column("record", sa.Text, nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("name", sa.String(63), nullable=False),
    sa.Column("environment", sa.String(40), nullable=False),
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("entry", sa.Text, nullable=False),
    sa.Index("ix_audit_lane", "kind", "name", "environment", "sequence"),
)

checkpoints = sa.Table(
    "checkpoints",
    metadata,
    sa.Column("size", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("root", sa.String(71), nullable=False),
)
