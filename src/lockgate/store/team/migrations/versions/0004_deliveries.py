"""Deliveries of forges, and what was judged of their branches and pull requests."""

import sqlalchemy as sa
from alembic import op

revision = "0004_deliveries"
down_revision = "0003_gates"


def upgrade() -> None:
    """Make both."""
    op.create_table(
        "forge_deliveries",
        sa.Column("connection", sa.String(64), primary_key=True),
        sa.Column("delivery", sa.String(128), primary_key=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("received", sa.Float, nullable=False),
        sa.Column("job", sa.Integer, nullable=False),
    )
    op.create_index("ix_forge_deliveries_received", "forge_deliveries", ["received"])
    op.create_table(
        "forge_heads",
        sa.Column("connection", sa.String(64), primary_key=True),
        sa.Column("repository", sa.String(64), primary_key=True),
        sa.Column("what", sa.String(300), primary_key=True),
        sa.Column("commit_id", sa.String(64), nullable=False),
        sa.Column("base_id", sa.String(64), nullable=False),
        sa.Column("judged", sa.Float, nullable=False),
    )
