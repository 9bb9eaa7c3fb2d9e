"""``lockgate ingest``: files into tables of the record."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command

FILES = ("ndjson", "json", "csv", "parquet")
"""What holds rows."""
SENT = ("kubernetes-audit", "falco", "tetragon", "hubble", "retina", "azure-diagnostics")
"""What other programs write; a test holds this to ``store.ingest.sent``, which is not loaded to show help."""
FORMATS = (*FILES, "audit", *SENT)


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", metavar="FILE", nargs="+",
        help="a file, packed by gzip or Zstandard too; - reads; of formats of programs also a container of Azure\n"
        "Storage, https://ACCOUNT.blob.core.windows.net/CONTAINER[/PATH], whose append blobs are read",
    )  # fmt: skip
    parser.add_argument(
        "--table", metavar="NAME", default="",
        help="a table of Azure Monitor, or a custom one, whose name ends in _CL (default for audit: AKSAudit)",
    )  # fmt: skip
    parser.add_argument(
        "--format", choices=FORMATS, default="",
        help="what the files hold (default: found out); audit: events of the audit log of Kubernetes, into AKSAudit "
        "alone; those after it: what these programs write, each into tables of its own",
    )  # fmt: skip
    parser.add_argument(
        "--columns", metavar="NAME:TYPE,...", default="",
        help="columns of a custom table (default: found out from its first rows)",
    )  # fmt: skip
    parser.add_argument("--time-field", metavar="FIELD", default="", help="what TimeGenerated is taken from")
    parser.add_argument(
        "--transform", metavar="QUERY", default="",
        help="what each row goes through, as in a data collection rule: source | where ... | project ...",
    )  # fmt: skip
    parser.add_argument(
        "--source-columns", metavar="NAME:TYPE,...", default="", help="columns of the rows that go into --transform"
    )
    parser.add_argument("--again", action="store_true", help="take files that were taken before once more")
    parser.add_argument("--batch-id", metavar="ID", default="", help="what makes standard input known again")
    parser.add_argument(
        "--max-size", type=int, default=64 << 30, metavar="BYTES", help="of a packed file, unpacked (default: 64 GiB)"
    )
    parser.add_argument(
        "--follow", type=float, metavar="SECONDS", help="look again what a container has, every so often"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._ingest import run

    return run(arguments)


COMMAND = Command(
    about="Bring files into tables of the record: JSON lines, JSON, CSV, Parquet, Kubernetes audit logs.",
    configure=_configure,
    run=_run,
    notes=(
        "A file that was taken before is not taken twice, and one that was broken off is taken on where it was. What "
        "does not fit a table is in the table of its name with _errors, with the reason."
    ),
    examples=(
        "  lockgate ingest audit.log --format audit\n"
        "  lockgate ingest builds.ndjson.gz --table Builds_CL --time-field finished\n"
        "  lockgate ingest alerts.csv --table Alerts_CL --columns Host:string,Count:long\n"
        "  lockgate ingest --format azure-diagnostics https://logs.blob.core.windows.net/insights-logs-kube-audit\n"
        "  lockgate ask 'AKSAudit | summarize count() by Verb'\n"
    ),
)
