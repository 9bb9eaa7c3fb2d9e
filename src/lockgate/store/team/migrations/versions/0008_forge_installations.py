"""How each forge stood when it was last asked."""

import sqlalchemy as sa
from alembic import op

revision = "0008_forge_installations"
down_revision = "0007_idempotency_keys"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "forge_installations",
        sa.Column("connection", sa.String(64), primary_key=True),
        sa.Column("installation", sa.Integer, primary_key=True),
        sa.Column("account", sa.String(255), nullable=False),
        sa.Column("repositories", sa.Integer, nullable=False),
        sa.Column("looked", sa.Float, nullable=False),
        sa.Column("allowances", sa.Text, nullable=False),
        sa.Column("told", sa.Float, nullable=False),
    )
