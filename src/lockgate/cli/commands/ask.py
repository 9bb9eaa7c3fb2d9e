"""``lockgate ask``: a question to the record in Kusto Query Language."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command

FORMS = ("table", "json", "ndjson", "csv", "markdown", "chart")
"""How an answer can be shown."""
ENGINES = ("auto", "duckdb", "spark")
"""Where a query can run."""


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("query", metavar="QUERY", nargs="?", help="the query; - reads it; none opens a shell")
    parser.add_argument("--file", metavar="FILE", help="read the query from a file")
    parser.add_argument("--saved", metavar="NAME", help="ask the saved query of that name (lockgate saved list)")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE",
                        help="value of a parameter that the query declares (declare query_parameters)")  # fmt: skip
    parser.add_argument(
        "--format", choices=FORMS, default="",
        help="form (default: table, and a chart below it where the query asks to render one)",
    )  # fmt: skip
    parser.add_argument("--since", metavar="WHEN", help="only rows generated since then: 36h, 7d, 2026-11-01")
    parser.add_argument("--rows", type=int, default=500_000, metavar="N", help="rows at most (default: 500000)")
    parser.add_argument("--seconds", type=float, default=240.0, metavar="S", help="time at most (default: 240)")
    parser.add_argument(
        "--engine", choices=ENGINES, default="",
        help="where it runs: in DuckDB, on Spark (LOCKGATE_SPARK, or ask.spark of lockgate.yaml), or by size (default)",
    )  # fmt: skip
    parser.add_argument(
        "--as", dest="seen_by", metavar="PERSON", default="",
        help="only the rows that this person sees over HTTP (tables.*.access of lockgate.yaml)",
    )  # fmt: skip
    parser.add_argument(
        "--at", metavar="PLACE", default="",
        help="ask a service of Azure instead: https://CLUSTER/DATABASE of Data Explorer, or the id of a Log Analytics "
        "workspace (a token in LOCKGATE_AZURE_TOKEN, or a login that azure-identity finds)",
    )  # fmt: skip
    parser.add_argument("--explain", action="store_true", help="show how it runs and what it reads, and run nothing")
    parser.add_argument("--statistics", action="store_true", help="say on standard error what it took")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._ask import run

    return run(arguments)


COMMAND = Command(
    about="Ask the record in Kusto Query Language, the language of Log Analytics and Sentinel.",
    configure=_configure,
    run=_run,
    notes="Tables and their columns: docs/reference/tables.md, or .tables in the shell.",
    examples=(
        "  lockgate ask 'Findings | where Severity == \"high\" | summarize count() by RuleId | top 10 by count_'\n"
        "  lockgate ask 'Runs | summarize count() by bin(TimeGenerated, 1d) | render timechart' --since 30d\n"
        "  lockgate ask --file hunt.kql --format csv > hunt.csv\n"
        "  lockgate ask --explain 'AdmissionReviews | where Allowed == false'\n"
        "  lockgate ask --at https://help.kusto.windows.net/Samples 'StormEvents | count'\n"
        "  lockgate ask                 (a shell with completion and history)\n"
    ),
)
