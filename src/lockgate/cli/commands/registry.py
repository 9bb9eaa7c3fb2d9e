"""``lockgate registry``: watch a registry, and see what became of what was pushed."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    below = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    watch = below.add_parser(
        "watch", help="judge what is pushed to a registry, from now on",
        description="Take webhooks of the registry, look at it from time to time, judge every image that is new, and "
        "keep bill, findings and verdict in the record. What was accepted survives a crash.",
    )  # fmt: skip
    add = watch.add_argument
    add("address", metavar="ADDRESS", help="HOST[:PORT] of the registry, or HOST[:PORT]/REPOSITORY")
    add("--project", metavar="PATH", default=".", help="folder with the settings and workspace")
    add("--listen", metavar="HOST:PORT", default="", help="take webhooks in here (default: none are taken)")
    add("--tls", metavar="FOLDER", help="folder with tls.crt and tls.key, for --listen beyond this machine")
    add("--tokens", metavar="FILE", help="file that says who may tell (default: tokens in the workspace)")
    add("--once", action="store_true", help="look once, judge what is new, and end")
    add("--no-poll", action="store_true", help="do not look at the registry: work on what was accepted")
    add("--workers", type=int, default=1, metavar="N", help="images that are judged at a time (default: 1)")
    add("--family", action="append", choices=("secrets", "dependencies", "images"), help="judge only this family")
    add("--advisories", metavar="FILE", help="advisory store to use (default: .lockgate/advisories.db)")
    add("--config", metavar="FILE", help="settings to use instead of lockgate.yaml")
    add("--ca-file", default="", metavar="FILE", help="authorities to trust beside the machine's, PEM")
    add("--plain-http", action="store_true", help="ask the registry without TLS (localhost always is)")
    status = below.add_parser("status", help="what waits, what is done, what was given up")
    retry = below.add_parser("retry", help="try what was given up again")
    for one in (status, retry):
        one.add_argument("address", metavar="ADDRESS", help="the registry")
        one.add_argument("--project", metavar="PATH", default=".", help="folder with the settings and workspace")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._registry import run

    return run(arguments)


COMMAND = Command(
    about="Watch a registry: judge what is pushed, and have images built anew when their base moves.",
    configure=_configure,
    run=_run,
    notes="Several processes may watch one registry with one workspace. How registries are told to send webhooks:\n"
    "docs/registry.md. Nothing in the registry is changed unless registry.quarantine in lockgate.yaml says so.",
    examples=(
        "  lockgate tokens add registry --may registry\n"
        "  lockgate registry watch registry.example.com --listen 0.0.0.0:8643 --tls /certificates\n"
        "  lockgate registry watch registry.example.com/team --once\n"
        "  lockgate registry status registry.example.com\n"
    ),
)
