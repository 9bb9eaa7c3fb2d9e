"""The table ``AdmissionReviews``: one row a request that the API server asked about."""

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="AdmissionReviews",
    about="One admission review: what was asked, what each policy said, and the answer",
    source="ours; request fields as in AdmissionRequest of admission.k8s.io/v1",
    alone=True,
    columns=(
        *common_columns(),
        Column("Endpoint", ColumnType.STRING, "validate or mutate"),
        Column("Uid", ColumnType.STRING, "The uid of the request"),
        Column("Operation", ColumnType.STRING, "CREATE, UPDATE, DELETE or CONNECT"),
        Column("ApiGroup", ColumnType.STRING, "Group of the kind; empty for core"),
        Column("ApiVersion", ColumnType.STRING, "Version of the kind"),
        Column("Kind", ColumnType.STRING, "Kind of the object"),
        Column("Resource", ColumnType.STRING, "Resource asked for"),
        Column("SubResource", ColumnType.STRING, "Subresource; empty for the object itself"),
        Column("Namespace", ColumnType.STRING, "Namespace of the request; empty for cluster-scoped objects"),
        Column("Name", ColumnType.STRING, "Name of the object; empty while it is only generated"),
        Column("Username", ColumnType.STRING, "Who asked"),
        Column("DryRun", ColumnType.BOOL, "Whether nothing was to be stored"),
        Column("Outcome", ColumnType.STRING, "allowed, denied, failed-open or failed-closed"),
        Column("Failure", ColumnType.STRING, "Why it could not be judged; empty when it was"),
        Column("PolicyVersion", ColumnType.STRING, "Digest of the policies that judged; empty when none did"),
        Column("Seconds", ColumnType.REAL, "From the last byte of the request to the answer"),
        Column("Outcomes", ColumnType.DYNAMIC, "List of what policies said: policy, action, message, waiver"),
        Column("PolicySeconds", ColumnType.DYNAMIC, "Seconds by policy, of those that were evaluated"),
        Column("Patch", ColumnType.DYNAMIC, "JSON Patch that was answered"),
        Column("ObjectDigest", ColumnType.STRING, "SHA-256 of the object as kept in AdmissionObjects; empty for none"),
        Column("OldObjectDigest", ColumnType.STRING, "The same of the object as it was"),
        Column("Request", ColumnType.DYNAMIC, "The rest of the request: user, options, requestKind, requestResource"),
    ),
)
