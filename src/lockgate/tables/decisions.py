"""The table ``Decisions``: one row a reason of a gate's decision; one row without a reason when there is none."""

from __future__ import annotations

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="Decisions",
    about="One reason of the decision of one gate",
    source="ours",
    columns=(
        *common_columns(),
        Column("Gate", ColumnType.STRING, "The gate"),
        Column("Verdict", ColumnType.STRING, "Verdict of the decision: allow, warn, ask or deny"),
        Column("Reason", ColumnType.STRING, "One reason, in words; empty when there is none"),
        Column("ReasonVerdict", ColumnType.STRING, "Verdict of this reason"),
        Column("GateRule", ColumnType.STRING, "Line of the configuration that spoke"),
        Column("Identities", ColumnType.DYNAMIC, "Identities of the findings it is about"),
        Column("NothingChecked", ColumnType.DYNAMIC, "Families that were asked for and could not be checked at all"),
    ),
)
