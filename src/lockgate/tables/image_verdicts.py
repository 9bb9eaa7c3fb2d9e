"""The table ``ImageVerdicts``: one row each time an image was held to the policy of images."""

from lockgate.tables import Column, ColumnType, Table, common_columns

_TIME = Column("TimeGenerated", ColumnType.DATETIME, "When the verdict was given")

TABLE = Table(
    name="ImageVerdicts",
    about="One verdict of the gate of images: who has signed it, what is missing. Admission writes its verdicts into "
    "AdmissionReviews, as lockgate verify writes here",
    source="ours",
    alone=True,
    columns=(
        _TIME,
        *common_columns()[1:],
        Column("Image", ColumnType.STRING, "As it was asked for"),
        Column("ImageDigest", ColumnType.STRING, "Of the manifest or index that it was then"),
        Column("Verdict", ColumnType.STRING, "allow, warn or deny"),
        Column("Policy", ColumnType.STRING, "SHA-256 of the policy with the keys and roots that it names"),
        Column("Reasons", ColumnType.DYNAMIC, "Line of the policy, verdict and words of everything that is not met"),
        Column("Signatures", ColumnType.DYNAMIC, "Authority, signer, form and times of everything that holds"),
        Column("Refused", ColumnType.DYNAMIC, "Authority, place and reason of everything that does not count"),
        Column("Unread", ColumnType.DYNAMIC, "What lies beside the image and could not be read"),
    ),
)
