"""The table ``Deployments``: one row each time a request for a deployment stands otherwise at its gate."""

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="Deployments",
    about="One change of the standing of a deployment at its gate; the newest row of a request is how it stands",
    source="ours",
    alone=True,
    columns=(
        Column("TimeGenerated", ColumnType.DATETIME, "When it changed"),
        *common_columns()[1:],
        Column("RequestId", ColumnType.STRING, "Id of the request"),
        Column("Environment", ColumnType.STRING, "Environment that is deployed to"),
        Column("Repository", ColumnType.STRING, "Host and path of the repository"),
        Column("Ref", ColumnType.STRING, "Branch or tag, refs/heads/main"),
        Column("Commit", ColumnType.STRING, "Commit that is deployed"),
        Column("Images", ColumnType.DYNAMIC, "Images by their digests"),
        Column("ManifestsDigest", ColumnType.STRING, "Digest over the rendered manifests; empty where none were given"),
        Column("Standing", ColumnType.STRING, "waiting, asking, allowed, denied, expired or withdrawn"),
        Column("Reasons", ColumnType.DYNAMIC, "Line of the settings, verdict and words of everything in its way"),
        Column("Missing", ColumnType.DYNAMIC, "Who still has to agree, in words"),
        Column("RequestedBy", ColumnType.STRING, "Who asked: id of an actor, or login at the forge"),
        Column("RequestedAt", ColumnType.DATETIME, "When"),
        Column("Authors", ColumnType.DYNAMIC, "Who wrote what is deployed and was not allowed before"),
        Column("Forge", ColumnType.STRING, "Where it waits: github, azure-devops, gitlab or pipeline"),
        Column("Binding", ColumnType.STRING, "Digest that answers are bound to: digests, policy version, evidence"),
        Column("PolicyVersion", ColumnType.STRING, "Digest over all that decides"),
        Column("Subject", ColumnType.STRING, "Digest over images and manifests, and where they run"),
        Column("UsableUntil", ColumnType.DATETIME, "Until when an allowed one may begin; null for others"),
        Column("GlassBroken", ColumnType.BOOL, "Whether a broken glass let it through"),
    ),
)
