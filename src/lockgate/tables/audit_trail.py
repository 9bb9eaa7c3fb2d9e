"""The table ``AuditTrail``: the copy of the team's audit trail that queries see, one row an entry."""

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="AuditTrail",
    about="One decision or change, as the hash-chained trail of the server has it; who may read that sees it",
    source="ours",
    alone=True,
    columns=(
        Column("TimeGenerated", ColumnType.DATETIME, "When"),
        *common_columns()[1:],
        Column("Number", ColumnType.LONG, "Place in the chain, from 1"),
        Column("Actor", ColumnType.STRING, "Id of who did it"),
        Column("ActorName", ColumnType.STRING, "Their name"),
        Column("ActorKind", ColumnType.STRING, "person, service, workload or system"),
        Column("Action", ColumnType.STRING, "What was done, as resource:action"),
        Column("Target", ColumnType.STRING, "What it was done to"),
        Column("Outcome", ColumnType.STRING, "done or refused"),
        Column("Reason", ColumnType.STRING, "Why, in words"),
        Column("Address", ColumnType.STRING, "Where it came from"),
        Column("Detail", ColumnType.DYNAMIC, "What else is told"),
        Column("Previous", ColumnType.STRING, "Hash of the entry before"),
        Column("Hash", ColumnType.STRING, "Hash of this entry, by which the next one names it"),
    ),
)
