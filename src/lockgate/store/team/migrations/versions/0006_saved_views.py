"""Views of lists that people save and share."""

import sqlalchemy as sa
from alembic import op

revision = "0006_saved_views"
down_revision = "0005_waivers_and_triage"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "saved_views",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("list", sa.String(32), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("owner_name", sa.String(255), nullable=False),
        sa.Column("team", sa.String(255), nullable=False),
        sa.Column("changed", sa.Float, nullable=False),
        sa.UniqueConstraint("owner", "list", "name", name="uq_saved_views_owner_list_name"),
    )
    op.create_index("ix_saved_views_team", "saved_views", ["team"])
