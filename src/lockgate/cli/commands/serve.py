"""``lockgate serve``: answer queries over HTTP as Kusto and Log Analytics do."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--project", metavar="PATH", default=".", help="folder with the settings, queries and workspace")
    add("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    add("--port", type=int, default=8642, help="port to listen on; 0 takes a free one (default: 8642)")
    add("--name", action="append", default=[], metavar="NAME", help="name that clients call the server by")
    add("--tls", metavar="FOLDER", help="folder with tls.crt and tls.key (default: none on this machine alone, else\n"
        "a certificate of an authority of our own)")  # fmt: skip
    add("--authority", metavar="FOLDER", help="serve over TLS with an authority of our own that is kept there")
    add("--tokens", metavar="FILE", help="file that says who may ask (default: tokens in the workspace)")
    add("--anonymous", action="store_true", help="answer everybody on this machine, without tokens")
    add("--database", action="append", default=[], metavar="NAME",
        help="name that clients of Kusto call the record by (default: lockgate, NetDefaultDB)")  # fmt: skip
    add("--workspace-id", action="append", default=[], metavar="ID",
        help="id that clients of Log Analytics call it by (default: any)")  # fmt: skip
    add("--threads", type=int, default=4, metavar="N", help="queries at a time (default: 4)")
    add("--syslog-tcp", metavar="HOST:PORT", help="take syslog in over TCP")
    add("--syslog-udp", metavar="HOST:PORT", help="take syslog in over UDP")
    add("--syslog-tls", metavar="HOST:PORT", help="take syslog in over TLS, with the certificate of --tls")
    add("--syslog-clients", metavar="FILE", help="authorities whose certificates senders over TLS must show")
    add("--otlp-grpc", metavar="HOST:PORT", help="take OpenTelemetry in over gRPC (needs lockgate[otlp])")
    add("--scrape", action="append", default=[], metavar="URL", help="ask this for its metrics, as Prometheus does")
    add("--scrape-seconds", type=float, default=60.0, metavar="S", help="from one time to the next (default: 60)")
    add("--upkeep-minutes", type=float, default=60.0, metavar="M",
        help="forget rows as tables.*.retention_days say, and join small\n"
        "files, every so many minutes; 0 for never (default: 60)")  # fmt: skip
    add("--alert-minutes", type=float, metavar="M",
        help="look what alerts about clusters fire for, keep and tell it, every\n"
        "so many minutes; 0 for never (default: alerts.minutes of\n"
        "lockgate.yaml, else 5)")  # fmt: skip
    add("--log-format", choices=("text", "json"), default="text", help="of the log: lines for people, or\n"
        "JSON, an object a line (default: text)")  # fmt: skip
    add("--end-seconds", type=int, default=30, metavar="S", help="for what is being answered at the end (default: 30)")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._serve import run

    return run(arguments)


COMMAND = Command(
    about="Answer queries over HTTP: the APIs of Kusto (Azure Data Explorer) and of Log Analytics.",
    configure=_configure,
    run=_run,
    notes="Who may ask: lockgate tokens. What is answered: docs/query-api.md.",
    examples=(
        "  lockgate serve --anonymous                   (on this machine, for everybody on it)\n"
        "  lockgate tokens add ana && lockgate serve --host 0.0.0.0 --tls /certificates\n"
    ),
)
