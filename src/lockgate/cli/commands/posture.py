"""``lockgate posture``: judge how an organisation on GitHub, Azure DevOps or GitLab is set up, and mend it."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("place", metavar="FORGE:NAME", help="github:ORG, azure-devops:ORG or gitlab:GROUP")
    add("--token", metavar="REF", default="", help="where the token lies: env:NAME or file:PATH (default: see below)")
    add("--api", metavar="ADDRESS", default="", help="address of the server, where it is not the public one")
    add("--ca-file", metavar="FILE", default="", help="authorities of its certificate, PEM")
    add("--calls", type=int, default=2_000, metavar="N", help="most calls of one run (default: 2000)")
    add("--webhooks", action=argparse.BooleanOptionalAction, default=True,
        help="ask each repository for its webhooks, a call each (default)")  # fmt: skip
    add("--recorded", action="store_true", help="judge what the record holds by the rules of today; ask no forge")
    add("--at", metavar="TIME", default="", help="with --recorded: as it stood then, ISO 8601 (default: now)")
    add("--apply", action="append", nargs="+", default=[], metavar="RULE", help="show the calls that mend its findings")
    add("--yes", action="store_true", help="with --apply: make these calls, then read again")
    add("--terraform", action="store_true", help="with --apply: show Terraform instead of calls")
    add("--project", metavar="PATH", default=".", help="folder with the settings, waivers and workspace")
    add("--config", metavar="FILE", help="settings to use instead of lockgate.yaml")
    add("--format", action="append", default=[], metavar="NAME[=FILE]", help="report (may be repeated; see below)")
    add("--no-store", action="store_true", help="remember nothing: every finding counts as new")
    add("--quiet", action="store_true", help="no progress line")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._posture import run

    return run(arguments)


COMMAND = Command(
    about="Judge how an organisation on a forge is set up: branches, reviews, secrets, runners, connections, people.",
    configure=_configure,
    run=_run,
    notes="The token is that of GITHUB_TOKEN, AZURE_DEVOPS_TOKEN or GITLAB_TOKEN. Nothing is changed without --yes.\n"
    "Reports: terminal, json, sarif, junit, markdown, html, csv.\n"
    "Exit code: 0 allowed, 1 denied, 2 bad usage, 3 bad configuration, 4 nothing could be checked, 5 unreachable.",
    examples="""\
  lockgate posture github:acme
  lockgate posture github:acme --format sarif=posture.sarif --calls 500
  lockgate posture azure-devops:contoso --token file:/run/secrets/pat
  lockgate posture gitlab:acme --api https://gitlab.example.com
  lockgate posture github:acme --recorded --at 2026-11-01
  lockgate posture github:acme --apply github-branch-unprotected          # shows the calls
  lockgate posture github:acme --apply github-branch-unprotected --yes    # makes them
""",
)
