"""``lockgate check``: judge a repository before it is pushed."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command

_FAMILIES = ("secrets", "dependencies", "workflows", "dockerfiles", "policy", "images", "malware")


def _configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("paths", nargs="*", metavar="PATH", help="folders, files, or one https/ssh address to clone (default: here)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--staged", action="store_true", help="only what the next commit introduces")
    what.add_argument("--since", metavar="REV", help="only what was introduced since the merge base with REV")
    what.add_argument("--history", action="store_true", help="every blob that any branch or tag reaches, for secrets")
    add("--image", default="", metavar="IMAGE", help="an image, in a registry or on disk, as lockgate image scan does")
    add("--rootfs", action="append", default=[], metavar="DIR", help="what is installed in a root file system")
    add("--sbom", action="append", default=[], metavar="FILE", help="the components of a bill (CycloneDX, SPDX; JSON)")
    add("--family", action="append", choices=_FAMILIES, help="judge only this family (may be repeated)")
    add("--import", dest="imports", action="append", default=[], metavar="FILE", help="judge another tool's SARIF too")
    add("--format", action="append", default=[], metavar="NAME[=FILE]", help="report (may be repeated; see below)")
    add("--policies", action="append", default=[], metavar="PATH", help="own policies of Gatekeeper and Kubernetes")
    add("--yara", action="append", default=[], metavar="PATH", help="YARA rules to put every file to")
    add("--exemptions", action="append", default=[], metavar="PATH", help="exemptions of Azure Policy, as waivers")
    add("--vex", action="append", default=[], metavar="PATH", help="VEX documents: OpenVEX, CSAF, CycloneDX (JSON)")
    add("--config", metavar="FILE", help="settings to use instead of lockgate.yaml")
    add("--advisories", metavar="FILE", help="advisory store to use (default: .lockgate/advisories.db)")
    add("--jobs", type=int, metavar="N", help="processes that judge files (default: one a processor, at most 4)")
    add("--fix", action="store_true", help="apply safe fixes after showing them as a diff")
    add("--yes", action="store_true", help="do not ask before --fix writes")
    add("--ignored", action="store_true", help="read files that git ignores as well")
    add("--all-blobs", action="store_true", help="with --history: read blobs that an earlier run saw again")
    add("--server", metavar="URL", help="honour the waivers of a server, and send it the run (lockgate login)")
    add("--as", dest="called", metavar="NAME", default="",
        help="what the server calls this place (default: the remote of git, else the folder)")
    add("--no-store", action="store_true", help="remember nothing: every finding counts as new")
    add("--no-blame", action="store_true", help="do not look up who introduced a finding")
    add("--quiet", action="store_true", help="no progress line")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._later import later

    later("inspect")  # ``dataclasses`` imports it for the text of classes that have none, which ours have
    from lockgate.cli._check import run

    return run(arguments)


COMMAND = Command(
    about="Judge a repository: leaked secrets, vulnerable dependencies, dangerous workflows and Dockerfiles.",
    configure=_configure,
    run=_run,
    notes="Reports: terminal, json, sarif, junit, markdown, html, csv, cyclonedx, spdx.\n"
    "Exit code: 0 allowed, 1 denied, 2 bad usage, 3 bad configuration, 4 nothing could be checked, 5 unreadable.",
    examples="""\
  lockgate check
  lockgate check services/cart --family secrets
  lockgate check --since origin/main --format sarif=results.sarif --format markdown=comment.md
  lockgate check --history
  lockgate check --rootfs /mnt/image --format cyclonedx=image.cdx.json
  lockgate check --sbom image.cdx.json
  lockgate check --import codeql.sarif --format html=report.html
""",
)
