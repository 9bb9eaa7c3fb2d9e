"""The table ``ClusterAlerts``: one row a thing that an alert about a cluster fired for, each time it was looked at."""

from lockgate.tables import Column, ColumnType, Table, common_columns

_TIME = Column("TimeGenerated", ColumnType.DATETIME, "When it was looked at")

TABLE = Table(
    name="ClusterAlerts",
    about="One thing that an alert about a cluster fired for, as lockgate insights alerts --keep found it",
    source="ours; the rules are the recommended alerts of Container Insights",
    alone=True,
    columns=(
        _TIME,
        *common_columns()[1:],
        Column("Rule", ColumnType.STRING, "Rule that fired"),
        Column("Severity", ColumnType.STRING, "info, low, medium, high or critical"),
        Column("ClusterName", ColumnType.STRING, "The cluster"),
        Column("Object", ColumnType.STRING, "Node, or namespace and name of what it fired for"),
        Column("Value", ColumnType.REAL, "What was too much or too little"),
        Column("Title", ColumnType.STRING, "What the rule says"),
    ),
)
