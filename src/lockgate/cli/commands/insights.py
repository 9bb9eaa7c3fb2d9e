"""``lockgate insights``: what Container Insights shows of clusters, from what was collected."""

from __future__ import annotations

import argparse

from lockgate.cli.commands import Command

VIEWS = ("clusters", "cluster", "nodes", "controllers", "containers", "events", "alerts")
METRICS = {"cpu": "cpuUsageNanoCores", "rss": "memoryRssBytes", "memory": "memoryWorkingSetBytes"}


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("view", metavar="VIEW", nargs="?", choices=VIEWS,
                        help=f"one of {', '.join(VIEWS)} (default: clusters; of a page: all)")  # fmt: skip
    parser.add_argument("--metric", choices=tuple(METRICS), default="cpu",
                        help="cpu, rss, or memory for the working set (default: cpu)")  # fmt: skip
    parser.add_argument("--back", default="6h", metavar="SPAN", help="how far to look back: 30m, 6h, 7d (default: 6h)")
    parser.add_argument("--cluster", default="", metavar="NAME", help="only what belongs to this cluster")
    parser.add_argument("--keep", action="store_true",
                        help="of alerts: write what fires into ClusterAlerts and Findings, and tell new ones")
    parser.add_argument("--gate", action="store_true",
                        help="of alerts: exit as lockgate check does, by the gate of lockgate.yaml")
    parser.add_argument("--out", default="", metavar="FILE", help="write one page that works offline, in HTML")
    parser.add_argument("--format", choices=("table", "json", "ndjson", "csv", "markdown"), default="",
                        help="form (default: table)")  # fmt: skip


def _run(arguments: argparse.Namespace) -> int:
    from lockgate.cli._insights import run

    return run(arguments)


COMMAND = Command(
    about="Show clusters, nodes, controllers and containers with what they used, as Container Insights does.",
    configure=_configure,
    run=_run,
    notes="The views are functions in Kusto's language (ContainerInsightsNodes and so on), over the tables that\n"
    "lockgate collect, or a sender, fills: KubePodInventory, KubeNodeInventory, KubeEvents, Perf.",
    examples=(
        "  lockgate insights\n"
        "  lockgate insights nodes --metric memory --back 1d\n"
        "  lockgate insights alerts --keep\n"
        "  lockgate insights --out insights.html\n"
        "  lockgate ask 'ContainerInsightsContainers(Back=1h) | where Restarts > 0'\n"
    ),
)
