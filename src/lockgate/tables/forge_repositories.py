"""The table ``ForgeRepositories``: one row a repository, each time that its forge was read."""

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="ForgeRepositories",
    about="How one repository was set up when its forge was read; what could not be read is null",
    source="ours",
    columns=(
        *common_columns(),
        Column("Forge", ColumnType.STRING, "github, azure-devops or gitlab"),
        Column("Organization", ColumnType.STRING, "Organisation or group that was read"),
        Column("Namespace", ColumnType.STRING, "Organisation, group or project that it stands in"),
        Column("Repository", ColumnType.STRING, "Name"),
        Column("Visibility", ColumnType.STRING, "public, internal or private"),
        Column("Archived", ColumnType.BOOL, "Whether nothing can be changed in it"),
        Column("DefaultBranch", ColumnType.STRING, "Default branch"),
        Column("PushedAt", ColumnType.DATETIME, "When it was changed last"),
        Column("Protected", ColumnType.BOOL, "Whether any rule protects the default branch"),
        Column("PullRequests", ColumnType.BOOL, "Whether the default branch changes by pull requests alone"),
        Column("Approvals", ColumnType.LONG, "Approvals that a pull request needs"),
        Column("Checks", ColumnType.DYNAMIC, "Names of checks that must pass"),
        Column("Signatures", ColumnType.BOOL, "Whether commits must be signed"),
        Column("ForcedPushes", ColumnType.BOOL, "Whether history of the default branch may be rewritten"),
        Column("Bypass", ColumnType.DYNAMIC, "Who need not follow the protection"),
        Column("Environments", ColumnType.LONG, "How many environments it has"),
        Column("DeployKeys", ColumnType.LONG, "How many deploy keys it has"),
        Column("Webhooks", ColumnType.LONG, "How many webhooks it has"),
        Column("Outsiders", ColumnType.LONG, "How many people have access who are no members"),
    ),
)
