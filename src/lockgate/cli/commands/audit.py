"""``lockgate audit``: judge what runs in a cluster by the rulebook, by policies of files and by its own."""

from __future__ import annotations

import argparse

from lockgate.cli._bundle import add_options
from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("context", nargs="?", default="", metavar="CLUSTER", help="context of the kubeconfig (default: its current)")
    add("--kubeconfig", metavar="FILE", help="kubeconfig to use (default: KUBECONFIG, then ~/.kube/config)")
    add("--in-cluster", action="store_true", help="use the account of the Pod that this runs in")
    add("--namespace", action="append", default=[], metavar="NAME", help="only this namespace (may be repeated)")
    add("--project", metavar="PATH", default=".", help="folder with the settings, waivers and workspace")
    add("--policies", action="append", default=[], metavar="PATH", help="own policies of Gatekeeper and Kubernetes")
    add("--cluster-policies", action=argparse.BooleanOptionalAction, default=True,
        help="judge by constraints and admission policies that the cluster holds, as they say (default)")  # fmt: skip
    add_options(parser)
    add("--exemptions", action="append", default=[], metavar="PATH", help="exemptions of Azure Policy, as waivers")
    add("--config", metavar="FILE", help="settings to use instead of lockgate.yaml")
    add("--format", action="append", default=[], metavar="NAME[=FILE]", help="report (may be repeated; see below)")
    add("--watch", action="store_true", help="audit again whenever something changes, until it is interrupted")
    add("--every", type=int, default=60, metavar="SECONDS", help="with --watch: at most this often (default: 60)")
    add("--no-store", action="store_true", help="remember nothing: every finding counts as new")
    add("--quiet", action="store_true", help="no progress line")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._audit import run

    return run(arguments)


COMMAND = Command(
    about="Judge every object of a cluster by the policies of the rulebook and its own; reads only.",
    configure=_configure,
    run=_run,
    notes="Reports: terminal, json, sarif, junit, markdown, html, csv.\n"
    "Exit code: 0 allowed, 1 denied, 2 bad usage, 3 bad configuration, 4 nothing could be checked, 5 unreachable.",
    examples="""\
  lockgate audit
  lockgate audit production --namespace shop --format json=audit.json
  lockgate audit --watch --every 300 --format html=audit.html
  lockgate audit --in-cluster --format sarif=audit.sarif
""",
)
