"""The work of ``lockgate insights``: which query each view is, as a table or as one page of all."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from lockgate.cli import _saved_page
from lockgate.cli._alerting import looking, state_of
from lockgate.cli._ask import answer
from lockgate.cli._check import exit_code
from lockgate.cli._project import Project, project_at
from lockgate.cli.commands.insights import METRICS, VIEWS
from lockgate.engine import cluster_alerts
from lockgate.engine.alerting import held
from lockgate.errors import ExitCode, UsageError
from lockgate.kql import literals
from lockgate.kql.literals import TICKS_PER_SECOND, ticks_of
from lockgate.kql.text import quoted
from lockgate.model import Result
from lockgate.store.ask import Choice, Engines, Limits, Tables
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
    for option in ("keep", "gate"):
        if getattr(arguments, option) and arguments.view != ALERTS:
            raise UsageError("it is about alerts: lockgate insights alerts", where=f"--{option}")
    project = project_at(Path.cwd())
    functions = SavedFunctions(project.library().functions())
    tables = project.record().asked(functions=functions)
    views = [arguments.view] if arguments.view else list(VIEWS if arguments.out else VIEWS[:1])
    with closing(tables.connection):
        result = _alerts(project, tables, keep=arguments.keep) if ALERTS in views else None
        queries = [one for view in views for one in _queries(view, arguments, back, result)]
        code = exit_code(result.decision) if arguments.gate and result is not None else int(ExitCode.ALLOWED)
        if arguments.out:
            failed = _saved_page.save(Path(arguments.out), "Container insights", queries, tables, {})
            return int(ExitCode.USAGE) if failed else code
        engines = Engines(tables, Choice())
        for number, one in enumerate(queries):
            if number:
                sys.stdout.write("\n")
            answer(one.text, engines, Limits(), form=arguments.format)
    return code


def _alerts(project: Project, tables: Tables, *, keep: bool) -> Result:
    """What the alerts fire for now, settled; with ``keep`` the record has it, and who is told of new ones is told."""
    now = datetime.now(UTC)
    if not keep:
        look = looking(project, tell=False)
        return look.settled(cluster_alerts.firing(look.rules, tables, now=ticks_of(now)), now, store=False)
    with held(state_of(project), wait=True):
        look = looking(project, tell=True)
        fired = cluster_alerts.firing(look.rules, tables, now=ticks_of(now))
        project.record().append_alone(cluster_alerts.TABLE, cluster_alerts.kept_rows(fired, when=now))
        result = look.settled(fired, now, store=True)
        look.send()
    return result


def _shown(result: Result) -> str:
    """The open alerts of a result, the gravest first, as a table that queries can go on with."""
    rows = []
    for one in result.findings:
        finding, waiver = one.finding, one.waiver if one.waived else None
        cluster, value = finding.fact("cluster"), finding.fact("value")
        rows.append(", ".join((
            quoted(str(finding.rule)), quoted(str(finding.severity)), quoted(cluster),
            quoted(finding.subject.name.removesuffix(f" of {cluster}")), f"real({value or 'null'})",
            quoted(str(one.state)), quoted(waiver.by if waiver else ""), quoted(waiver.expires if waiver else ""),
            quoted(result.rules[finding.rule].title),
        )))  # fmt: skip
    columns = "Rule: string, Severity: string, ClusterName: string, Object: string, Value: real, State: string, "
    return f"datatable({columns}WaivedBy: string, WaivedUntil: string, Title: string) [\n{','.join(rows)}\n]"


def _queries(view: str, arguments: argparse.Namespace, back: int, alerts: Result | None) -> list[Saved]:
    """The queries of a view; on a page each with its heading."""
    span, step = f"timespan({back}tick)", f"timespan({max(back // _TRENDS, TICKS_PER_SECOND)}tick)"
    metric = METRICS[arguments.metric]
    only = f" | where ClusterName == {quoted(arguments.cluster)}" if arguments.cluster else ""
    if view == "clusters":
        return [_query("Clusters", f"ContainerInsightsClusters({span}){only.replace('ClusterName', 'Cluster')}",
                       "Health of every cluster: the worst of nodes, Pods, and Pods of the system.")]  # fmt: skip
    if view == "cluster":
        # Of one cluster the spread of its nodes; of several a line each.
        whole = f"ContainerInsightsCluster({span}, {step}){only}"
        shown = "Min, Avg, Max" if only else "ClusterName, Avg"
        return [
            _query(chart, f"{whole} | where Chart == {quoted(chart)} | project TimeGenerated, {shown}"
                   f" | render timechart with (title={quoted(chart)})", "")
            for chart in _CHARTS
        ]  # fmt: skip
    if alerts is not None and view == ALERTS:
        about = "What the recommended alerts fire for, over the last five minutes."
        return [_query("Alerts", _shown(alerts) + only, about)]
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
