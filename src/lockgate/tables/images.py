"""The table ``Images``: one row an image that a run read; by its digests it meets what a cluster runs."""

from __future__ import annotations

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="Images",
    about="One image of containers for one platform, as one run read it; its bill are the Components of the same run",
    source="ours",
    columns=(
        *common_columns(),
        Column("ImageDigest", ColumnType.STRING, "Of the manifest; of the configuration where there is no manifest"),
        Column("IndexDigest", ColumnType.STRING, "Of the index it was chosen from, as runtimes tell it; else empty"),
        Column("ConfigDigest", ColumnType.STRING, "Of the configuration: what runtimes tell of an image never pulled"),
        Column("Name", ColumnType.STRING, "As it was asked for"),
        Column("Registry", ColumnType.STRING, "Host, with its port where one is named; empty for an image on disk"),
        Column("Repository", ColumnType.STRING, "Path in the registry, as Image of ContainerInventory has it"),
        Column("Tag", ColumnType.STRING, "Tag that it was asked for by; empty where it was a digest alone"),
        Column("Platform", ColumnType.STRING, "os/architecture/variant"),
        Column("Created", ColumnType.DATETIME, "When it was built, as its configuration says; null when unknown"),
        Column("BaseName", ColumnType.STRING, "Base image, as its builder stated it; empty when not stated"),
        Column("BaseDigest", ColumnType.STRING, "Digest of that base image; empty when not stated"),
        Column("User", ColumnType.STRING, "As whom it runs; empty: root"),
        Column("Entrypoint", ColumnType.DYNAMIC, "Words of the entry point"),
        Column("Command", ColumnType.DYNAMIC, "Words of the command"),
        Column("WorkingDir", ColumnType.STRING, "Folder that it starts in"),
        Column("Ports", ColumnType.DYNAMIC, "Ports that it says it listens on: 80/tcp"),
        Column("Volumes", ColumnType.DYNAMIC, "Folders that it says are volumes"),
        Column("Variables", ColumnType.DYNAMIC, "Names of the variables of its environment, without their values"),
        Column("Labels", ColumnType.DYNAMIC, "Labels, without what looks like a secret"),
        Column("Healthcheck", ColumnType.BOOL, "Whether it says how its health is asked"),
        Column("LayerCount", ColumnType.LONG, "Layers"),
        Column("PackedBytes", ColumnType.LONG, "Bytes of all layers, as they are pulled"),
        Column("Inventoried", ColumnType.BOOL, "Whether the run read what is installed, so that its bill is whole"),
    ),
)
