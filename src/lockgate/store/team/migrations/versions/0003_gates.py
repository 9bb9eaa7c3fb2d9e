"""Requests for deployments, answers to them, and glass that was broken."""

import sqlalchemy as sa
from alembic import op

revision = "0003_gates"
down_revision = "0002_people"


def upgrade() -> None:
    """Make all of it."""
    op.create_table(
        "gate_requests",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("forge", sa.String(32), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("environment", sa.String(255), nullable=False),
        sa.Column("repository", sa.String(512), nullable=False),
        sa.Column("ref", sa.String(512), nullable=False),
        sa.Column("commit", sa.String(64), nullable=False),
        sa.Column("images", sa.Text, nullable=False),
        sa.Column("manifests", sa.String(80), nullable=False),
        sa.Column("requested_by", sa.String(255), nullable=False),
        sa.Column("requested_at", sa.String(32), nullable=False),
        sa.Column("authors", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("callback", sa.Text, nullable=False),
        sa.Column("given", sa.Text, nullable=False),
        sa.Column("standing", sa.String(16), nullable=False),
        sa.Column("binding", sa.String(80), nullable=False),
        sa.Column("bound_since", sa.String(32), nullable=False),
        sa.Column("policy", sa.String(80), nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("settled_at", sa.String(32), nullable=False),
        sa.Column("usable_until", sa.String(32), nullable=False),
        sa.UniqueConstraint("id", name="uq_gate_requests_id"),
        sa.UniqueConstraint("forge", "key", name="uq_gate_requests_forge_key"),
    )
    op.create_index("ix_gate_requests_standing_number", "gate_requests", ["standing", "number"])
    op.create_index(
        "ix_gate_requests_environment_repository_standing", "gate_requests", ["environment", "repository", "standing"]
    )
    op.create_table(
        "gate_answers",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("request", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("answer", sa.String(16), nullable=False),
        sa.Column("binding", sa.String(80), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("mfa", sa.Integer, nullable=False),
        sa.UniqueConstraint("id", name="uq_gate_answers_id"),
    )
    op.create_index("ix_gate_answers_request", "gate_answers", ["request"])
    op.create_index("ix_gate_answers_actor", "gate_answers", ["actor"])
    op.create_table(
        "gate_voids",
        sa.Column("answer", sa.String(40), primary_key=True),
        sa.Column("request", sa.String(40), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
    op.create_index("ix_gate_voids_request", "gate_voids", ["request"])
    op.create_table(
        "gate_glass",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("request", sa.String(40), nullable=False),
        sa.Column("environment", sa.String(255), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("until", sa.String(32), nullable=False),
        sa.Column("follow_up_by", sa.String(32), nullable=False),
        sa.Column("follow_up_people", sa.Integer, nullable=False),
        sa.UniqueConstraint("id", name="uq_gate_glass_id"),
    )
    op.create_index("ix_gate_glass_request", "gate_glass", ["request"])
    op.create_index("ix_gate_glass_environment", "gate_glass", ["environment"])
    op.create_table(
        "gate_follow_ups",
        sa.Column("glass", sa.String(40), primary_key=True),
        sa.Column("actor", sa.String(255), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
