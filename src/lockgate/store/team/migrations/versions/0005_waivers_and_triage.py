"""Waivers that are asked for at the server, and what people say of findings."""

import sqlalchemy as sa
from alembic import op

revision = "0005_waivers_and_triage"
down_revision = "0004_deliveries"


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "waivers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("identities", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("expires", sa.String(10), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_by", sa.String(255), nullable=False),
        sa.Column("asked_name", sa.String(255), nullable=False),
        sa.Column("asked", sa.Float, nullable=False),
        sa.Column("answered_by", sa.String(255), nullable=False),
        sa.Column("answered_name", sa.String(255), nullable=False),
        sa.Column("answered", sa.Float, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
    )
    op.create_index("ix_waivers_state", "waivers", ["state"])
    op.create_table(
        "triage",
        sa.Column("identity", sa.String(80), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("assignee", sa.String(255), nullable=False),
        sa.Column("assignee_name", sa.String(255), nullable=False),
        sa.Column("changed", sa.Float, nullable=False),
        sa.Column("changed_by", sa.String(255), nullable=False),
    )
    op.create_index("ix_triage_assignee", "triage", ["assignee"])
    op.create_table(
        "remarks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("identity", sa.String(80), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("actor_name", sa.String(255), nullable=False),
        sa.Column("time", sa.Float, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("ix_remarks_identity", "remarks", ["identity"])
