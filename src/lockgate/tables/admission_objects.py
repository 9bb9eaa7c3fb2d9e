"""The table ``AdmissionObjects``: bodies of objects under admission, once each, whatever their size."""

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="AdmissionObjects",
    about="One body that a review of AdmissionReviews names; once a day and webhook, without secret values",
    source="ours",
    alone=True,
    columns=(
        *common_columns(),
        Column("Digest", ColumnType.STRING, "sha256: and 64 hex digits over Body"),
        Column("Bytes", ColumnType.LONG, "Length of Body"),
        Column("Body", ColumnType.DYNAMIC, "The object as JSON, keys sorted"),
    ),
)
