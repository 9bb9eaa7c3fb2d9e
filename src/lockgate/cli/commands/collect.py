"""``lockgate collect``: a cluster's inventories, events, measurements, logs and history into the record."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command


def _configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("context", nargs="?", default="", metavar="CLUSTER", help="context of the kubeconfig (default: its current)")
    add("--kubeconfig", metavar="FILE", help="kubeconfig to use (default: KUBECONFIG, then ~/.kube/config)")
    add("--in-cluster", action="store_true", help="use the account of the Pod that this runs in")
    add("--cluster-id", default="", metavar="ID",
        help="ClusterId of the rows: the Azure resource id (default: what the cluster is called)")  # fmt: skip
    add("--once", action="store_true", help="one scan, then the end")
    add("--interval", type=int, default=60, metavar="SECONDS", help="from scan to scan (default: 60)")
    add("--namespace", action="append", default=[], metavar="NAME", help="only this namespace (may be repeated)")
    add("--exclude-namespace", action="append", default=[], metavar="NAME", help="not this one (may be repeated)")
    add("--normal-events", action=argparse.BooleanOptionalAction, default=True,
        help="keep events of the type Normal too (default)")  # fmt: skip
    add("--history", action=argparse.BooleanOptionalAction, default=True,
        help="keep every change of every object (default)")  # fmt: skip
    add("--logs", action="store_true", help="keep what containers write")
    add("--log-exclude", action="append", metavar="NAME",
        help="namespace without logs (may be repeated; default: kube-system, gatekeeper-system)")  # fmt: skip
    add("--log-streams", type=int, default=64, metavar="N", help="containers that are followed at once (default: 64)")
    add("--log-since", type=int, default=600, metavar="SECONDS",
        help="how far back the first run reads logs (default: 600)")  # fmt: skip
    add("--project", metavar="PATH", default=".", help="folder with the workspace")
    add("--quiet", action="store_true", help="no progress line")


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._collect import run

    return run(arguments)


COMMAND = Command(
    about="Collect a cluster into the record as Container Insights does, with every state of every object; reads only.",
    configure=_configure,
    run=_run,
    notes="Ends when it is interrupted; started again, it goes on where it was. What may not be read is told, and is "
    "in KubeMonAgentEvents.\nExit code: 0 collected, 2 bad usage, 5 unreachable, or the record cannot be written.",
    examples="""\
  lockgate collect
  lockgate collect production --logs --exclude-namespace sandbox
  lockgate collect --in-cluster --cluster-id /subscriptions/.../managedClusters/shop
  lockgate collect --once && lockgate ask 'KubePodInventory | summarize count() by PodStatus'
""",
)
