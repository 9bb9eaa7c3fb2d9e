"""The views of Container Insights as functions in Kusto's language, over the tables that its agent fills.

As the portal has them (https://learn.microsoft.com/azure/azure-monitor/containers/container-insights-analyze): of
nodes, controllers and containers how much of what they may use they used, at the least, on average, at percentiles and
at the most, with a trend; of a cluster its load over time; of all clusters their health. A sample is what the agent
reports of a minute. Percent is of a node's capacity; of a container, of its limit, which the agent reports as the
node's where none is set. A controller uses what its containers use together.
"""

from __future__ import annotations

from collections.abc import Mapping

_PARAMETERS = '(Metric:string="cpuUsageNanoCores", Back:timespan=6h, Step:timespan=15m)'
"""``Metric``: cpuUsageNanoCores, memoryRssBytes or memoryWorkingSetBytes; ``Back``: how far from now; ``Step``: of the
trend."""
_SPREAD = """Min = min(Used), Avg = avg(Used), (P50, P90, P95) = percentiles(Used, 50, 90, 95), Max = max(Used),
            MinPercent = round(min(Percent), 1), AvgPercent = round(avg(Percent), 1),
            (P50Percent, P90Percent, P95Percent) = percentiles(Percent, 50, 90, 95),
            MaxPercent = round(max(Percent), 1)"""
_ROUNDED = """
    | extend P50Percent = round(P50Percent, 1), P90Percent = round(P90Percent, 1), P95Percent = round(P95Percent, 1)"""
_PODS = """KubePodInventory
        | where TimeGenerated > ago(Back)
        | extend Pod = PodUid, Container = tostring(split(ContainerName, "/")[1])"""

_NODES = f"""{_PARAMETERS} {{
    let Bound = iff(Metric startswith "cpu", "cpuCapacityNanoCores", "memoryCapacityBytes");
    let Samples = materialize(Perf
        | where TimeGenerated > ago(Back) and ObjectName == "K8SNode" and CounterName in (Metric, Bound)
        | project TimeGenerated, Computer, Counter = CounterName, Used = CounterValue);
    let Bounds = Samples | where Counter == Bound | summarize arg_max(TimeGenerated, Capacity = Used) by Computer;
    let Shares = materialize(Samples
        | where Counter == Metric
        | lookup kind=leftouter (Bounds | project Computer, Capacity) on Computer
        | extend Percent = 100.0 * Used / Capacity);
    let Trends = Shares
        | summarize Share = round(avg(Percent), 1) by Computer, At = bin(TimeGenerated, Step)
        | sort by Computer asc, At asc
        | summarize Trend = make_list(Share) by Computer;
    let States = KubeNodeInventory
        | where TimeGenerated > ago(Back)
        | summarize arg_max(TimeGenerated, Status, ClusterName, KubeletVersion) by Computer;
    let Containers = {_PODS}
        | where isnotempty(ContainerName)
        | summarize arg_max(TimeGenerated, ContainerStatus) by Computer, ContainerName
        | summarize Containers = countif(ContainerStatus =~ "running") by Computer;
    let Starts = Perf
        | where TimeGenerated > ago(Back) and ObjectName == "K8SNode" and CounterName == "restartTimeEpoch"
        | summarize arg_max(TimeGenerated, CounterValue) by Computer
        | project Computer, UpTime = now() - unixtime_seconds_todatetime(CounterValue);
    Shares
    | summarize {_SPREAD}
        by Computer{_ROUNDED}
    | join kind=fullouter States on Computer
    | extend Node = iff(isempty(Computer), Computer1, Computer)
    | lookup kind=leftouter (Containers | project Node = Computer, Containers) on Node
    | lookup kind=leftouter (Starts | project Node = Computer, UpTime) on Node
    | lookup kind=leftouter (Trends | project Node = Computer, Trend) on Node
    | project Node, ClusterName, Status = iff(isempty(Status), "Unknown", Status), MinPercent, AvgPercent, P50Percent,
        P90Percent, P95Percent, MaxPercent, Min, Avg, P50, P90, P95, Max, Containers, UpTime, KubeletVersion, Trend
    | sort by MaxPercent desc
}}"""
_USED = f"""let Bound = iff(Metric startswith "cpu", "cpuLimitNanoCores", "memoryLimitBytes");
    let Samples = materialize(Perf
        | where TimeGenerated > ago(Back) and ObjectName == "K8SContainer" and CounterName in (Metric, Bound)
        | extend Parts = split(InstanceName, "/")
        | extend Length = array_length(Parts)
        | project TimeGenerated, Computer, Counter = CounterName, Used = CounterValue,
            Pod = tostring(Parts[Length - 2]), Container = tostring(Parts[Length - 1]));
    let Bounds = Samples | where Counter == Bound | summarize arg_max(TimeGenerated, Limit = Used) by Pod, Container;
    let Shares = materialize(Samples
        | where Counter == Metric
        | lookup kind=leftouter (Bounds | project Pod, Container, Limit) on Pod, Container
        | extend Percent = 100.0 * Used / Limit);
    let Pods = materialize({_PODS}
        | summarize arg_max(TimeGenerated, Name, Namespace, ClusterName, ControllerKind, ControllerName, PodStatus,
            ContainerStatus, ContainerStatusReason, ContainerRestartCount, ContainerStartTime, Computer)
            by Pod, Container);"""
_CONTAINERS = f"""{_PARAMETERS} {{
    {_USED}
    let Trends = Shares
        | summarize Share = round(avg(Percent), 1) by Pod, Container, At = bin(TimeGenerated, Step)
        | sort by Pod asc, Container asc, At asc
        | summarize Trend = make_list(Share) by Pod, Container;
    Pods
    | where isnotempty(Container)
    | project Pod, Container, PodName = Name, Namespace, ClusterName, Controller = ControllerName, Node = Computer,
        Status = ContainerStatus, Reason = ContainerStatusReason, Restarts = ContainerRestartCount,
        UpTime = now() - ContainerStartTime
    | lookup kind=leftouter (Shares
        | summarize {_SPREAD}
            by Pod, Container{_ROUNDED}) on Pod, Container
    | lookup kind=leftouter Trends on Pod, Container
    | project Container, PodName, Namespace, Status, Reason, MinPercent, AvgPercent, P50Percent, P90Percent, P95Percent,
        MaxPercent, Min, Avg, P50, P90, P95, Max, Node, Restarts, UpTime, Controller, ClusterName, Trend
    | sort by MaxPercent desc
}}"""
_CONTROLLERS = f"""{_PARAMETERS} {{
    {_USED}
    let Owners = Pods | extend Controller = iff(isempty(ControllerName), Name, ControllerName),
        Kind = iff(isempty(ControllerKind), "Pod", ControllerKind);
    let Together = materialize(Shares
        | lookup kind=inner (Owners | project Pod, Container, Controller, Kind, Namespace, ClusterName)
            on Pod, Container
        | summarize Used = sum(Used), Limit = sum(Limit)
            by ClusterName, Namespace, Kind, Controller, TimeGenerated = bin(TimeGenerated, 1m)
        | extend Percent = 100.0 * Used / Limit);
    let Trends = Together
        | summarize Share = round(avg(Percent), 1)
            by ClusterName, Namespace, Kind, Controller, At = bin(TimeGenerated, Step)
        | sort by ClusterName asc, Namespace asc, Kind asc, Controller asc, At asc
        | summarize Trend = make_list(Share) by ClusterName, Namespace, Kind, Controller;
    Owners
    | summarize Pods = dcount(Pod), Containers = countif(isnotempty(Container)), Restarts = sum(ContainerRestartCount),
        Running = dcountif(Pod, PodStatus =~ "Running"), Failed = dcountif(Pod, PodStatus =~ "Failed"),
        Pending = dcountif(Pod, PodStatus =~ "Pending") by ClusterName, Namespace, Kind, Controller
    | lookup kind=leftouter (Together
        | summarize {_SPREAD}
            by ClusterName, Namespace, Kind, Controller{_ROUNDED}) on ClusterName, Namespace, Kind, Controller
    | lookup kind=leftouter Trends on ClusterName, Namespace, Kind, Controller
    | project Controller, Kind, Namespace, Status = strcat(Running, " of ", Pods, " running"), MinPercent, AvgPercent,
        P50Percent, P90Percent, P95Percent, MaxPercent, Min, Avg, P50, P90, P95, Max, Pods, Containers, Restarts,
        Pending, Failed, ClusterName, Trend
    | sort by MaxPercent desc
}}"""
_CLUSTER = """(Back:timespan=6h, Step:timespan=15m) {
    let Use = (Metric:string, Bound:string, Title:string) {
        let Samples = materialize(Perf
            | where TimeGenerated > ago(Back) and ObjectName == "K8SNode" and CounterName in (Metric, Bound));
        let Bounds = Samples | where CounterName == Bound | summarize arg_max(TimeGenerated, CounterValue) by Computer;
        Samples
        | where CounterName == Metric
        | lookup kind=inner (Bounds | project Computer, Capacity = CounterValue) on Computer
        | extend Percent = 100.0 * CounterValue / Capacity
        | summarize Min = round(min(Percent), 1), Avg = round(avg(Percent), 1),
            (P50, P90, P95) = percentiles(Percent, 50, 90, 95), Max = round(max(Percent), 1)
            by TimeGenerated = bin(TimeGenerated, Step)
        | project TimeGenerated, Chart = Title, Min, Avg, P50 = round(P50, 1), P90 = round(P90, 1),
            P95 = round(P95, 1), Max
    };
    let Counts = KubeNodeInventory
        | where TimeGenerated > ago(Back)
        | summarize Nodes = dcount(Computer), Ready = dcountif(Computer, Status has "Ready")
            by At = bin(TimeGenerated, 1m)
        | summarize Min = toreal(min(Ready)), Avg = round(avg(Ready), 1), Max = toreal(max(Nodes))
            by TimeGenerated = bin(At, Step)
        | extend Chart = "Nodes (ready, all)";
    let Active = KubePodInventory
        | where TimeGenerated > ago(Back) and PodStatus in~ ("Running", "Pending")
        | summarize Pods = dcount(PodUid) by At = bin(TimeGenerated, 1m)
        | summarize Min = toreal(min(Pods)), Avg = round(avg(Pods), 1), Max = toreal(max(Pods))
            by TimeGenerated = bin(At, Step)
        | extend Chart = "Active Pods";
    union (Use("cpuUsageNanoCores", "cpuCapacityNanoCores", "Node CPU %")),
        (Use("memoryRssBytes", "memoryCapacityBytes", "Node memory %")), Counts, Active
    | project Chart, TimeGenerated, Min, Avg, P50, P90, P95, Max
    | sort by Chart asc, TimeGenerated asc
}"""
_CLUSTERS = """(Back:timespan=1h) {
    let Nodes = KubeNodeInventory
        | where TimeGenerated > ago(Back)
        | summarize arg_max(TimeGenerated, Status, KubeletVersion) by ClusterName, Computer
        | summarize Seen = max(TimeGenerated), Nodes = count(), NotReady = countif(Status !has "Ready"),
            Versions = make_set(KubeletVersion, 10) by ClusterName;
    let Pods = KubePodInventory
        | where TimeGenerated > ago(Back)
        | summarize arg_max(TimeGenerated, PodStatus, Namespace, PodRestartCount) by ClusterName, PodUid
        | summarize Pods = count(), Running = countif(PodStatus =~ "Running"),
            Pending = countif(PodStatus =~ "Pending"), Failed = countif(PodStatus =~ "Failed"),
            SystemDown = countif(Namespace == "kube-system" and PodStatus !in~ ("Running", "Succeeded")) by ClusterName;
    Nodes
    | join kind=fullouter Pods on ClusterName
    | extend Cluster = iff(isempty(ClusterName), ClusterName1, ClusterName)
    | extend Health = case(isnull(Nodes), "Unknown", Seen < ago(30m), "No data", NotReady > 0 and NotReady * 2 >= Nodes,
        "Critical", NotReady > 0 or SystemDown > 0 or Failed > 0, "Warning", "Healthy")
    | project Cluster, Health, Nodes, NotReady, Pods, Running, Pending, Failed, SystemDown, Versions, Seen
    | sort by Health asc, Cluster asc
}"""
FUNCTIONS: Mapping[str, str] = {
    "ContainerInsightsCluster": _CLUSTER,
    "ContainerInsightsClusters": _CLUSTERS,
    "ContainerInsightsContainers": _CONTAINERS,
    "ContainerInsightsControllers": _CONTROLLERS,
    "ContainerInsightsNodes": _NODES,
}
