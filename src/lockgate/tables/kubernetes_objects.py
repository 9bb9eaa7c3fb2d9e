"""The table ``KubernetesObjects``: objects of clusters over time, as audits met them."""

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="KubernetesObjects",
    about="One object of a cluster that an audit met as new or changed, or missed as gone. What is as the newest row "
    "of its Cluster and Key says brings no row, so that the newest rows up to a run are the cluster as that run met it",
    source="ours; fields as in ObjectMeta of Kubernetes",
    columns=(
        *common_columns(),
        Column("Cluster", ColumnType.STRING, "Name of the cluster"),
        Column("Key", ColumnType.STRING, "What stays while the object lives: its uid, or else group, kind and names"),
        Column("Change", ColumnType.STRING, "new (to the record), changed or gone"),
        Column("ApiVersion", ColumnType.STRING, "Group and version it was read in"),
        Column("Kind", ColumnType.STRING, "Kind"),
        Column("Namespace", ColumnType.STRING, "Namespace; empty for what stands in none"),
        Column("Name", ColumnType.STRING, "Name"),
        Column("Uid", ColumnType.STRING, "metadata.uid; empty where the server gives none"),
        Column("ResourceVersion", ColumnType.STRING, "metadata.resourceVersion; empty where the server gives none"),
        Column("Labels", ColumnType.DYNAMIC, "Labels, by name"),
        Column("Digest", ColumnType.STRING, "sha256: and 64 hex digits over Body; of what is gone, of its last state"),
        Column("Bytes", ColumnType.LONG, "Length of Body"),
        Column("Body", ColumnType.DYNAMIC, "The object as JSON, keys sorted, without secret values; null when gone"),
    ),
)
