"""The table ``Skips``: one row a thing that a run could not read."""

from __future__ import annotations

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="Skips",
    about="One thing that was not read, and why",
    source="ours",
    columns=(
        *common_columns(),
        Column("Path", ColumnType.STRING, "The thing"),
        Column(
            "Kind",
            ColumnType.STRING,
            "unreadable, too-large, malformed, unsupported, special, missing-tool, unresolved or limit",
        ),
        Column("Reason", ColumnType.STRING, "Why, in words"),
        Column("Family", ColumnType.STRING, "The family that stays blind because of it; empty when all do"),
        Column("Line", ColumnType.LONG, "Line, from 1; 0 when it is the whole file"),
    ),
)
