"""What the live pages of Container Insights ask: a query for each, and where its cells lead.

What is typed into the fields of a page goes into a query as a parameter, by its name with a p before it. What is chosen
from a list, and the spans, are words of ours. What does not belong: drawing (``pages``), what the views mean
(``tables``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lockgate.dataclass import dataclass
from lockgate.engine import cluster_alerts

TYPED = ("Cluster", "Namespace", "Node", "Controller", "Pod", "Container", "Word")
"""Every field that can be typed into; each page has some of them."""
METRICS = {
    "cpu": ("cpuUsageNanoCores", "1e6", "mCores"), "memory": ("memoryWorkingSetBytes", "1048576.0", "MiB"),
    "rss": ("memoryRssBytes", "1048576.0", "MiB"),
}  # fmt: skip
"""Counter, what makes a shown number of its value, and what that number counts."""
SHOWN = {"min": "Min", "avg": "Avg", "p50": "P50", "p90": "P90", "p95": "P95", "max": "Max"}
DECLARED = "declare query_parameters({});\n".format(", ".join(f"p{name}:string=''" for name in TYPED))
_TRENDS = 24
"""Bars of a trend."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a page is asked to show."""

    minutes: int
    """How far to look back."""
    lines: int
    metric: str = "cpu"
    shown: str = "p95"


@dataclass(frozen=True, slots=True)
class Page:
    """One page."""

    title: str
    queries: Callable[[Chosen], list[tuple[str, str]]]
    """Its headings, each with the query below."""
    fields: tuple[str, ...] = ()
    """What can be typed to see less."""
    choices: bool = False
    """Whether there is a metric and a calculation to choose."""
    minutes: int = 15
    """How far it looks back by itself."""
    every: int = 60
    """Seconds after which it asks again by itself."""
    links: Mapping[str, tuple[str, Mapping[str, str]]] | None = None
    """Of a column, the page that its cells lead to, and which field there is which column of the row."""


def _used(view: str, columns: str, *, filters: str, links: Mapping[str, tuple[str, Mapping[str, str]]]) -> Page:
    """A page of what nodes, controllers or containers used."""

    def queries(chosen: Chosen) -> list[tuple[str, str]]:
        counter, factor, unit = METRICS[chosen.metric]
        name = SHOWN[chosen.shown]
        step = max(chosen.minutes * 60 // _TRENDS, 60)
        beside = ("OtherProcesses",) if view == "Nodes" else ("Request", "Limit")
        more = "".join(f", ['{one} {unit}'] = round({one} / {factor}, 1)" for one in beside)
        before, _, after = columns.replace("UpTime", "UpTime = bin(UpTime, 1s)").partition("|")
        return [(f"{view}, {chosen.metric}", (
            f'{DECLARED}ContainerInsights{view}("{counter}", {chosen.minutes}m, {step}s)\n{filters}'
            f"| top {chosen.lines} by {name}Percent desc\n"
            f"| project {before}, ['{name} %'] = {name}Percent, ['{name} {unit}'] = round({name} / {factor}, 1){more}, "
            f"{after}, Trend"
        ))]  # fmt: skip

    typed = tuple(one for one in TYPED if f"p{one}" in filters)
    return Page(view, queries, typed, choices=True, minutes=360, links=links)


def _only(field: str, column: str, operator: str = "==") -> str:
    return f"| where isempty(p{field}) or {column} {operator} p{field}\n"


def _clusters(chosen: Chosen) -> list[tuple[str, str]]:
    step = max(chosen.minutes * 60 // _TRENDS, 60)
    load = (
        f"{DECLARED}ContainerInsightsCluster({chosen.minutes}m, {step}s)\n{_only('Cluster', 'ClusterName')}"
        "| sort by TimeGenerated asc\n"
        "| summarize Least = min(Min), Average = round(avg(Avg), 1), Most = max(Max), Trend = make_list(Avg)"
        " by Chart, ClusterName\n| sort by ClusterName asc, Chart asc"
    )
    health = f"{DECLARED}ContainerInsightsClusters(1h)\n{_only('Cluster', 'Cluster')}"
    return [("Health", health), ("Load over time", load)]


def _alerts(chosen: Chosen) -> list[tuple[str, str]]:
    del chosen
    return [("Firing now", DECLARED + cluster_alerts.query_of(cluster_alerts.rules_of())
             + f"\n{_only('Cluster', 'ClusterName')}")]  # fmt: skip


def _logs(chosen: Chosen) -> list[tuple[str, str]]:
    return [("Logs, latest first", f"""{DECLARED}ContainerLogV2
| where TimeGenerated > ago({chosen.minutes}m)
{_only("Namespace", "PodNamespace")}{_only("Pod", "PodName", "startswith")}{_only("Container", "ContainerName")}\
| extend Message = tostring(LogMessage)
{_only("Word", "Message", "contains")}| top {chosen.lines} by TimeGenerated desc
| project TimeGenerated, PodNamespace, PodName, ContainerName, LogSource, Message""")]


def _events(chosen: Chosen) -> list[tuple[str, str]]:
    return [("Events, latest first", f"""{DECLARED}KubeEvents
| where TimeGenerated > ago({chosen.minutes}m)
{_only("Cluster", "ClusterName")}{_only("Namespace", "Namespace")}{_only("Pod", "Name", "startswith")}\
| where isempty(pWord) or Message contains pWord or Reason contains pWord
| summarize LastSeen = max(LastSeen), Count = max(Count)
    by ClusterName, KubeEventType, Reason, ObjectKind, Namespace, Name, Message
| top {chosen.lines} by LastSeen desc
| project LastSeen, KubeEventType, Reason, ObjectKind, Namespace, Name, Count, Message, ClusterName""")]


_CLUSTER = _only("Cluster", "ClusterName")
_LOG = ("logs", {"Pod": "PodName", "Namespace": "Namespace"})
PAGES: Mapping[str, Page] = {
    "": Page("Clusters", _clusters, ("Cluster",), minutes=360,
             links={"Cluster": ("nodes", {"Cluster": "Cluster"}), "UserPods": ("controllers", {"Cluster": "Cluster"}),
                    "SystemPods": ("controllers", {"Cluster": "Cluster"})}),
    "nodes": _used("Nodes", "Node, Status|Containers, UpTime, KubeletVersion, ClusterName", filters=_CLUSTER + _only(
        "Node", "Node"), links={"Node": ("containers", {"Node": "Node", "Cluster": "ClusterName"})}),
    "controllers": _used(
        "Controllers", "Controller, Kind, Namespace, Status|Restarts, Pending, Failed, ClusterName",
        filters=_CLUSTER + _only("Namespace", "Namespace") + _only("Controller", "Controller"),
        links={"Controller": ("containers", {"Controller": "Controller", "Namespace": "Namespace",
                                             "Cluster": "ClusterName"})}),
    "containers": _used(
        "Containers", "Container, PodName, Namespace, Status, Reason|Restarts, UpTime, Controller, Node, ClusterName",
        filters=_CLUSTER + _only("Namespace", "Namespace") + _only("Node", "Node") + _only("Controller", "Controller")
        + _only("Pod", "PodName", "startswith"), links={"PodName": _LOG}),
    "alerts": Page("Alerts", _alerts, ("Cluster",), every=300),
    "logs": Page("Logs", _logs, ("Namespace", "Pod", "Container", "Word"), every=5),
    "events": Page("Events", _events, ("Cluster", "Namespace", "Pod", "Word"), every=5),
}  # fmt: skip
"""By what comes after the beginning of the address."""
