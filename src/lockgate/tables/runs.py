"""The table ``Runs``: one row a run, written last; it makes the run's other rows visible."""

from __future__ import annotations

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="Runs",
    about="One call of the engine: what was read, with which rules, and how it ended",
    source="ours",
    columns=(
        *common_columns(),
        Column("Ended", ColumnType.DATETIME, "When the run ended"),
        Column("Root", ColumnType.STRING, "What was read, as the caller named it"),
        Column("Mode", ColumnType.STRING, "tree, staged, since, history, import, image, cluster or alerts"),
        Column("Version", ColumnType.STRING, "Version of Lockgate"),
        Column("RulesDigest", ColumnType.STRING, "Digest over the rulebook that judged"),
        Column("Revision", ColumnType.STRING, "Commit of the working tree; empty when unknown"),
        Column("Branch", ColumnType.STRING, "Branch of the working tree; empty when unknown"),
        Column("Families", ColumnType.DYNAMIC, "Families that were asked for"),
        Column("Files", ColumnType.LONG, "Files that were judged"),
        Column("Bytes", ColumnType.LONG, "Bytes of those files"),
        Column("Verdict", ColumnType.STRING, "allow, warn, ask or deny"),
        Column("FindingCount", ColumnType.LONG, "Open findings, waived ones among them"),
        Column("WaivedCount", ColumnType.LONG, "Open findings that a waiver covers"),
        Column("FixedCount", ColumnType.LONG, "Findings that an earlier run saw and this one did not"),
        Column("SkipCount", ColumnType.LONG, "Things that could not be read"),
        Column("ComponentCount", ColumnType.LONG, "Components that were read"),
        Column("Coverage", ColumnType.DYNAMIC, "Family to one line on what was checked with what"),
    ),
)
