"""The work of ``lockgate insights``: which query each view is, as a table or as one page of all."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from lockgate.cli import _saved_page
from lockgate.cli._ask import answer
from lockgate.cli._project import project_at
from lockgate.cli.commands.insights import METRICS, VIEWS
from lockgate.engine import cluster_alerts
from lockgate.errors import ExitCode, UsageError
from lockgate.kql import literals
from lockgate.kql.literals import TICKS_PER_SECOND
from lockgate.kql.text import quoted
from lockgate.store.ask import Choice, Engines, Limits
from lockgate.store.saved import QUERY, Saved, SavedFunctions

ALERTS = "alerts"
_TRENDS = 24
"""Points of a trend."""
_CHARTS = ("Node CPU %", "Node memory %", "Nodes (ready, all)", "Active Pods")


def run(arguments: argparse.Namespace) -> int:
    """Show one view, or write the page; the exit code."""
    back = literals.timespan(arguments.back)
    if back is None or not TICKS_PER_SECOND <= back <= 366 * 86_400 * TICKS_PER_SECOND:
        raise UsageError("must be a span of at most a year, such as 30m, 6h or 7d", where="--back")
    if arguments.out and arguments.format:
        raise UsageError("a page has its own form", where="--format")
    if arguments.keep and arguments.view != ALERTS:
        raise UsageError("alerts are what is kept: lockgate insights alerts --keep", where="--keep")
    project = project_at(Path.cwd())
    functions = SavedFunctions(project.library().functions())
    tables = project.record().asked(functions=functions)
    views = [arguments.view] if arguments.view else list(VIEWS if arguments.out else VIEWS[:1])
    queries = [one for view in views for one in _queries(view, arguments, back)]
    with closing(tables.connection):
        if arguments.keep:
            rules, now = cluster_alerts.rules_of(), datetime.now(UTC)
            found = cluster_alerts.kept_rows(cluster_alerts.firing(rules, tables), when=now)
            project.record().append_alone(cluster_alerts.TABLE, found)
        if arguments.out:
            failed = _saved_page.save(Path(arguments.out), "Container insights", queries, tables, {})
            return int(ExitCode.USAGE if failed else ExitCode.ALLOWED)
        engines = Engines(tables, Choice())
        for number, one in enumerate(queries):
            if number:
                sys.stdout.write("\n")
            answer(one.text, engines, Limits(), form=arguments.format)
    return int(ExitCode.ALLOWED)


def _queries(view: str, arguments: argparse.Namespace, back: int) -> list[Saved]:
    """The queries of a view; on a page each with its heading."""
    span, step = f"timespan({back}tick)", f"timespan({max(back // _TRENDS, TICKS_PER_SECOND)}tick)"
    metric = METRICS[arguments.metric]
    only = f" | where ClusterName == {quoted(arguments.cluster)}" if arguments.cluster else ""
    if view == "clusters":
        return [_query("Clusters", f"ContainerInsightsClusters({span}){only.replace('ClusterName', 'Cluster')}",
                       "Health of every cluster: nodes that are not ready, Pods that failed.")]  # fmt: skip
    if view == "cluster":
        whole = f"ContainerInsightsCluster({span}, {step})"
        return [
            _query(chart, f"{whole} | where Chart == {quoted(chart)} | project TimeGenerated, Min, Avg, Max"
                   f" | render timechart with (title={quoted(chart)})", "")
            for chart in _CHARTS
        ]  # fmt: skip
    if view == ALERTS:
        text = cluster_alerts.query_of(cluster_alerts.rules_of()) + only
        return [_query("Alerts", text, "What the recommended alerts fire for, over the last five minutes.")]
    if view == "events":
        text = (
            f"KubeEvents | where TimeGenerated > ago({span}) and KubeEventType != 'Normal'{only}"
            " | summarize LastSeen = max(LastSeen), Count = max(Count) by Reason, ObjectKind, Namespace, Name, Message"
            " | top 200 by LastSeen desc"
        )
        return [_query("Events", text, "What the cluster warned of, latest first.")]
    given = f"({quoted(metric)}, {span}, {step})"
    about = f"{metric}, in percent of what each may use; the trend goes over {arguments.back}."
    return [_query(view.capitalize(), f"ContainerInsights{view.capitalize()}{given}{only}", about)]


def _query(name: str, text: str, about: str) -> Saved:
    return Saved(QUERY, name, text, about)
