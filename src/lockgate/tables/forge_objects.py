"""The table ``ForgeObjects``: how organisations, repositories and connections on forges are set up, over time."""

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="ForgeObjects",
    about="One object of a forge whose settings were read as new or changed, or that was missed as gone. What is as "
    "the newest row of its Forge, Organization and Key says brings no row",
    source="ours; Body as sources.forges.posture reads it",
    columns=(
        *common_columns(),
        Column("Forge", ColumnType.STRING, "github, azure-devops or gitlab"),
        Column("Organization", ColumnType.STRING, "Organisation or group that was read"),
        Column("Key", ColumnType.STRING, "Kind, namespace and name, joined by strokes"),
        Column("Change", ColumnType.STRING, "new (to the record), changed or gone"),
        Column("Kind", ColumnType.STRING, "GitHubRepository, AzureDevOpsServiceConnection, GitLabProject, ..."),
        Column("Namespace", ColumnType.STRING, "Organisation, group or project that it stands in"),
        Column("Name", ColumnType.STRING, "Name"),
        Column("Path", ColumnType.STRING, "Where findings on it show, such as github:acme/shop"),
        Column("Digest", ColumnType.STRING, "sha256: and 64 hex digits over spec and Unread; its last when it is gone"),
        Column("Bytes", ColumnType.LONG, "Length of Body"),
        Column("Unread", ColumnType.DYNAMIC, "JSON pointers of settings that could not be read, sorted"),
        Column("Body", ColumnType.DYNAMIC, "The object as JSON, keys sorted; null when gone"),
    ),
)
