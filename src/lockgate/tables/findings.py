"""The table ``Findings``: one row a settled finding of a run, fixed ones among them."""

from __future__ import annotations

from lockgate.tables import Column, ColumnType, Table, common_columns

TABLE = Table(
    name="Findings",
    about="One finding as one run settled it",
    source="ours",
    columns=(
        *common_columns(),
        Column("Identity", ColumnType.STRING, "Stable identity: lg1- and 32 hex digits"),
        Column("State", ColumnType.STRING, "new, known or fixed"),
        Column("Rule", ColumnType.STRING, "Rule that fired"),
        Column("Family", ColumnType.STRING, "Family of the rule"),
        Column("Severity", ColumnType.STRING, "info, low, medium, high or critical"),
        Column("SeverityLevel", ColumnType.LONG, "The same as a number, 0 to 4"),
        Column("Confidence", ColumnType.STRING, "low, medium or high"),
        Column("SubjectKind", ColumnType.STRING, "secret, component, instruction, stage, job, step, file or code"),
        Column("SubjectName", ColumnType.STRING, "The thing at fault, for people"),
        Column(
            "SubjectKey", ColumnType.STRING, "The thing at fault, as the identity hashes it; a salted hash for a secret"
        ),
        Column("Path", ColumnType.STRING, "File of the first location"),
        Column("Line", ColumnType.LONG, "Line of the first location, from 1; 0 when unknown"),
        Column("EndLine", ColumnType.LONG, "Last line of the first location; 0 when unknown"),
        Column("StartColumn", ColumnType.LONG, "Column in characters, from 1; 0 when unknown"),
        Column("EndColumn", ColumnType.LONG, "Column after the last character; 0 when unknown"),
        Column("Pointer", ColumnType.STRING, "Field at fault in a structured file"),
        Column("Commit", ColumnType.STRING, "Commit that holds it, when it comes from history"),
        Column("Locations", ColumnType.DYNAMIC, "Every place where it shows: path, line, commit"),
        Column("Message", ColumnType.STRING, "One or two sentences for a person"),
        Column("FixText", ColumnType.STRING, "What to do"),
        Column("Fixable", ColumnType.BOOL, "Whether a fix by machine is known"),
        Column("Aliases", ColumnType.DYNAMIC, "Every identifier of the same vulnerability"),
        Column("Facts", ColumnType.DYNAMIC, "Further facts by name"),
        Column("Waived", ColumnType.BOOL, "Whether a waiver that has not expired covers it"),
        Column("WaiverId", ColumnType.STRING, "That waiver, or the expired one that no longer counts"),
        Column("WaivedBy", ColumnType.STRING, "Who accepted it"),
        Column("WaiverReason", ColumnType.STRING, "Why"),
        Column("WaiverExpires", ColumnType.STRING, "Until when, ISO date"),
        Column("Owners", ColumnType.DYNAMIC, "Owners of the path, from CODEOWNERS"),
        Column("IntroducedBy", ColumnType.STRING, "Author of the line; empty when unknown"),
        Column("IntroducedAt", ColumnType.STRING, "ISO time of the commit that brought it; empty when unknown"),
        Column("IntroducedIn", ColumnType.STRING, "Commit that brought it; empty when unknown"),
        Column("FirstSeen", ColumnType.STRING, "ISO time of the run that saw it first"),
    ),
)
