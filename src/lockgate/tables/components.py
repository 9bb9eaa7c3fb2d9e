"""The table ``Components``: one row a component that a run read."""

from __future__ import annotations

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="Components",
    about="One package at one version, as one file states it",
    source="ours",
    columns=(
        *common_columns(),
        Column("Ecosystem", ColumnType.STRING, "OSV's name of the ecosystem"),
        Column("Name", ColumnType.STRING, "Name as the ecosystem compares names"),
        Column("PackageVersion", ColumnType.STRING, "Exact version; empty when the file gives a range"),
        Column("Path", ColumnType.STRING, "The file that states it: a lock, a manifest, a database, an artefact"),
        Column("Line", ColumnType.LONG, "Line of the entry, from 1; 0 when unknown"),
        Column("Direct", ColumnType.BOOL, "Named by a manifest; null when not stated"),
        Column("Parents", ColumnType.DYNAMIC, "name@version of the components that require it"),
        Column("Via", ColumnType.DYNAMIC, "Shortest chain from a direct component down to it"),
        Column("Scope", ColumnType.STRING, "runtime, development, optional or build"),
        Column("Licence", ColumnType.STRING, "SPDX expression where the file states one"),
        Column("Hashes", ColumnType.DYNAMIC, "algorithm:hex where the file states them"),
        Column("Purl", ColumnType.STRING, "Package URL"),
        Column("Requirement", ColumnType.STRING, "The range as written"),
        Column("ComponentKind", ColumnType.STRING, "library or operating-system"),
        Column("SourcePackage", ColumnType.STRING, "Source package of the distribution that it was built from"),
        Column("SourceVersion", ColumnType.STRING, "Version of that source package"),
        Column("Architecture", ColumnType.STRING, "As the distribution writes it"),
        Column("Layer", ColumnType.STRING, "Digest of the image layer that the file came with"),
        Column("Owner", ColumnType.STRING, "Package URL of the distribution's package that the file belongs to"),
    ),
)
