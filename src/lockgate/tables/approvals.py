"""The table ``Approvals``: one row an answer to a deployment that waits, or what became of one."""

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="Approvals",
    about="One answer of a person to a deployment at its gate, its falling away, a break of the glass or its follow-up",
    source="ours",
    alone=True,
    columns=(
        Column("TimeGenerated", ColumnType.DATETIME, "When"),
        *common_columns()[1:],
        Column("RequestId", ColumnType.STRING, "Id of the request, as in Deployments"),
        Column("Environment", ColumnType.STRING, "Environment that is deployed to"),
        Column("Repository", ColumnType.STRING, "Host and path of the repository"),
        Column("Actor", ColumnType.STRING, "Id of who it is about"),
        Column("ActorName", ColumnType.STRING, "Their name"),
        Column("Answer", ColumnType.STRING, "approve, reject, void (it fell away), break-glass or follow-up"),
        Column("AnswerId", ColumnType.STRING, "Id of the answer or break; a void row names the answer that fell"),
        Column("Binding", ColumnType.STRING, "Digest over all that it is about"),
        Column("Comment", ColumnType.STRING, "What they said; of a void row, why it fell away"),
        Column("Mfa", ColumnType.BOOL, "Whether a second factor was shown for it; null for a follow-up"),
    ),
)
