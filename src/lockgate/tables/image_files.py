"""The table ``ImageFiles``: one row a file of an image that may be run or loaded; what runs is held against it."""

from __future__ import annotations

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="ImageFiles",
    about="One program or library of an image, as a container sees it: what drift of a running one is told from",
    source="ours",
    alone=True,
    columns=(
        *common_columns(),
        Column("ImageDigest", ColumnType.STRING, "The image, as ImageDigest of Images names it"),
        Column("Path", ColumnType.STRING, "From the root of the image, without a slash at its beginning"),
        Column("Sha256", ColumnType.STRING, "Of the content, 64 hex digits"),
        Column("Bytes", ColumnType.LONG, "Bytes of the content"),
        Column("Mode", ColumnType.STRING, "Permission bits in octal digits, those for setuid, setgid and sticky first"),
        Column("Uid", ColumnType.LONG, "Number of the owner"),
        Column("Gid", ColumnType.LONG, "Number of the group"),
        Column("Layer", ColumnType.STRING, "Digest of the layer that brought it, as Digest of ImageLayers names it"),
    ),
)
