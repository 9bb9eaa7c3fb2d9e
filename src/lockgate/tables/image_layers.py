"""The table ``ImageLayers``: one row a layer of an image that a run read."""

from __future__ import annotations

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="ImageLayers",
    about="One layer of one image, as one run read it",
    source="ours",
    columns=(
        *common_columns(),
        Column("ImageDigest", ColumnType.STRING, "The image, as ImageDigest of Images names it"),
        Column("Position", ColumnType.LONG, "Place of the layer, from 0, the base"),
        Column("Digest", ColumnType.STRING, "Of the layer as it is pulled; Layer of Components names it"),
        Column("DiffId", ColumnType.STRING, "Digest of the layer unpacked; empty when not stated"),
        Column("MediaType", ColumnType.STRING, "What it is packed as"),
        Column("PackedBytes", ColumnType.LONG, "Bytes that are pulled"),
        Column("Instruction", ColumnType.STRING, "Step that brought it, without what looks like a secret"),
        Column("Line", ColumnType.LONG, "Line of that step in the Dockerfile, from 1; 0 when unknown"),
        Column("Created", ColumnType.DATETIME, "When it was made, as the history says; null when unknown"),
    ),
)
