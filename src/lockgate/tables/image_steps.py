"""The table ``ImageSteps``: one row a step of a watched registry's image, from the push to what was done about it."""

from __future__ import annotations

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="ImageSteps",
    about="One step that the watch over a registry took about one image",
    source="ours",
    alone=True,
    columns=(
        *common_columns(),
        Column("Registry", ColumnType.STRING, "Host, with its port where one is named"),
        Column("Repository", ColumnType.STRING, "Path in the registry"),
        Column("Tag", ColumnType.STRING, "Tag that it was pushed by; empty where it was a digest alone"),
        Column("ImageDigest", ColumnType.STRING, "Of the manifest; empty where it could not be found out"),
        Column("IndexDigest", ColumnType.STRING, "Of the index that the image is part of; empty where there is none"),
        Column("Cause", ColumnType.STRING, "Who told: distribution, acr, harbor, github, poll, base or advisories"),
        Column(
            "Step",
            ColumnType.STRING,
            "judged, expanded, passed, gone, dead, quarantine, matched, base-moved or rebuild",
        ),
        Column("Outcome", ColumnType.STRING, "The verdict; of other steps done or failed"),
        Column("Detail", ColumnType.STRING, "What was done or why not, in words"),
        Column("Accepted", ColumnType.DATETIME, "When the event was accepted; null where there was none"),
        Column("Seconds", ColumnType.REAL, "From then to the end of the step; null where there was no event"),
        Column("Attempts", ColumnType.LONG, "How often it was tried"),
    ),
)
