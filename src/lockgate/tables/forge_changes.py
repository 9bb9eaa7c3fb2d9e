"""The table ``ForgeChanges``: calls that ``lockgate posture --apply`` made to change settings of a forge."""

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="ForgeChanges",
    about="One call that changed a setting of a forge, or was refused",
    source="ours",
    alone=True,
    columns=(
        *common_columns(),
        Column("Forge", ColumnType.STRING, "github, azure-devops or gitlab"),
        Column("Organization", ColumnType.STRING, "Organisation or group"),
        Column("Rule", ColumnType.STRING, "Rule whose finding it mends"),
        Column("Object", ColumnType.STRING, "What it changes, for people"),
        Column("Path", ColumnType.STRING, "Where the finding shows"),
        Column("Method", ColumnType.STRING, "PATCH, POST, PUT or DELETE"),
        Column("Target", ColumnType.STRING, "Path of the call"),
        Column("Body", ColumnType.DYNAMIC, "What was sent; null where nothing was"),
        Column("Outcome", ColumnType.STRING, "made or refused"),
        Column("Detail", ColumnType.STRING, "What the forge said where it refused"),
        Column("By", ColumnType.STRING, "Who asked for it, as the machine names them"),
    ),
)
