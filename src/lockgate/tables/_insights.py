"""The views of Container Insights as functions in Kusto's language, over the tables that its agent fills.

As the portal has them (https://learn.microsoft.com/azure/azure-monitor/containers/container-insights-analyze): of
nodes, controllers and containers how much of what they may use they used, at the least, on average, at percentiles and
at the most, with a trend; of a cluster its load over time; of all clusters their health. A sample is what the agent
reports of a minute. Percent is of a node's capacity; of a container, of its limit, which the agent reports as the
node's where none is set. A controller uses what its containers use together. What a node uses beyond its containers is
its other processes. Nodes of one name in two clusters are two.

Health is the worst of three, as the portal counts it: of all nodes 85 % ready are healthy, 60 % a warning; of Pods
outside kube-system all, and 90 %; of those in kube-system all, or critical. Where nodes or Pods did not report for half
an hour it is unknown, and where neither did, there are no data. What was gone at the last scan does not count.
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
_PERCENTS = "MinPercent, AvgPercent, P50Percent, P90Percent, P95Percent, MaxPercent"
_OF_NODE = """ClusterId = extract("^(.*)/[^/]*$", 1, InstanceName)"""
"""``InstanceName`` of a node is the cluster's id and the node's name; that of a container ends in two names."""
_OF_CONTAINER = """ClusterId = extract("^(.*)/[^/]*/[^/]*$", 1, InstanceName)"""
_SCAN = "5m"
"""What is older than the newest row of its cluster by more than this was not there at the last scan."""

_NODES = f"""{_PARAMETERS} {{
    let Bound = iff(Metric startswith "cpu", "cpuCapacityNanoCores", "memoryCapacityBytes");
    let Samples = materialize(Perf
        | where TimeGenerated > ago(Back) and ObjectName == "K8SNode" and CounterName in (Metric, Bound)
        | project TimeGenerated, {_OF_NODE}, Computer, Counter = CounterName, Used = CounterValue);
    let Bounds = Samples
        | where Counter == Bound
        | summarize arg_max(TimeGenerated, Capacity = Used) by ClusterId, Computer;
    let Shares = materialize(Samples
        | where Counter == Metric
        | lookup kind=leftouter (Bounds | project ClusterId, Computer, Capacity) on ClusterId, Computer
        | extend Percent = 100.0 * Used / Capacity);
    let Trends = Shares
        | summarize Share = round(avg(Percent), 1) by ClusterId, Computer, At = bin(TimeGenerated, Step)
        | sort by ClusterId asc, Computer asc, At asc
        | summarize Trend = make_list(Share) by ClusterId, Computer;
    let States = KubeNodeInventory
        | where TimeGenerated > ago(Back)
        | summarize arg_max(TimeGenerated, Status, ClusterName, KubeletVersion) by ClusterId, Computer;
    let Containers = KubePodInventory
        | where TimeGenerated > ago(Back) and isnotempty(ContainerName)
        | summarize arg_max(TimeGenerated, ContainerStatus) by ClusterId, Computer, ContainerName
        | join kind=inner (KubePodInventory | where TimeGenerated > ago(Back)
            | summarize Seen = max(TimeGenerated) by ClusterId) on ClusterId
        | where TimeGenerated >= Seen - {_SCAN}
        | summarize Containers = countif(ContainerStatus =~ "running") by ClusterId, Computer;
    let Starts = Perf
        | where TimeGenerated > ago(Back) and ObjectName == "K8SNode" and CounterName == "restartTimeEpoch"
        | summarize arg_max(TimeGenerated, CounterValue) by {_OF_NODE}, Computer
        | project ClusterId, Computer, UpTime = now() - unixtime_seconds_todatetime(CounterValue);
    let Contained = Perf
        | where TimeGenerated > ago(Back) and ObjectName == "K8SContainer" and CounterName == Metric
        | summarize Used = avg(CounterValue) by {_OF_CONTAINER}, Computer, InstanceName, At = bin(TimeGenerated, 1m)
        | summarize Used = sum(Used) by ClusterId, Computer, At;
    let Others = Shares
        | summarize Whole = avg(Used) by ClusterId, Computer, At = bin(TimeGenerated, 1m)
        | lookup kind=leftouter Contained on ClusterId, Computer, At
        | summarize OtherProcesses = avg(Whole - coalesce(Used, 0.0)) by ClusterId, Computer;
    Shares
    | summarize {_SPREAD}
        by ClusterId, Computer{_ROUNDED}
    | join kind=fullouter States on ClusterId, Computer
    | extend Node = iff(isempty(Computer), Computer1, Computer), Of = iff(isempty(Computer), ClusterId1, ClusterId)
    | lookup kind=leftouter (Containers | project Of = ClusterId, Node = Computer, Containers) on Of, Node
    | lookup kind=leftouter (Starts | project Of = ClusterId, Node = Computer, UpTime) on Of, Node
    | lookup kind=leftouter (Others | project Of = ClusterId, Node = Computer, OtherProcesses) on Of, Node
    | lookup kind=leftouter (Trends | project Of = ClusterId, Node = Computer, Trend) on Of, Node
    | project Node, ClusterName, Status = iff(isempty(Status), "Unknown", Status), {_PERCENTS},
        Min, Avg, P50, P90, P95, Max, OtherProcesses, Containers, UpTime, KubeletVersion, Trend
    | sort by MaxPercent desc
}}"""
_USED = """let Bound = iff(Metric startswith "cpu", "cpuLimitNanoCores", "memoryLimitBytes");
    let Asked = iff(Metric startswith "cpu", "cpuRequestNanoCores", "memoryRequestBytes");
    let Samples = materialize(Perf
        | where TimeGenerated > ago(Back) and ObjectName == "K8SContainer" and CounterName in (Metric, Bound, Asked)
        | extend Parts = split(InstanceName, "/")
        | extend Length = array_length(Parts)
        | project TimeGenerated, Computer, Counter = CounterName, Used = CounterValue,
            Pod = tostring(Parts[Length - 2]), Container = tostring(Parts[Length - 1]));
    let Bounds = Samples | where Counter == Bound | summarize arg_max(TimeGenerated, Limit = Used) by Pod, Container;
    let Requests = Samples
        | where Counter == Asked
        | summarize arg_max(TimeGenerated, Request = Used) by Pod, Container
        | project Pod, Container, Request;
    let Shares = materialize(Samples
        | where Counter == Metric
        | lookup kind=leftouter (Bounds | project Pod, Container, Limit) on Pod, Container
        | extend Percent = 100.0 * Used / Limit);
    let Pods = materialize(KubePodInventory
        | where TimeGenerated > ago(Back)
        | extend Pod = PodUid, Container = tostring(split(ContainerName, "/")[1])
        | summarize arg_max(TimeGenerated, Name, Namespace, ClusterId, ClusterName, ControllerKind, ControllerName,
            PodStatus, ContainerStatus, ContainerStatusReason, ContainerRestartCount, ContainerStartTime, Computer)
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
        Status = iff(TimeGenerated < ago(30m), "Unknown", ContainerStatus), Reason = ContainerStatusReason,
        Restarts = ContainerRestartCount, UpTime = now() - ContainerStartTime
    | lookup kind=leftouter (Shares
        | summarize {_SPREAD}
            by Pod, Container{_ROUNDED}) on Pod, Container
    | lookup kind=leftouter Requests on Pod, Container
    | lookup kind=leftouter (Bounds | project Pod, Container, Limit) on Pod, Container
    | lookup kind=leftouter Trends on Pod, Container
    | project Container, PodName, Namespace, Status, Reason, {_PERCENTS}, Min, Avg, P50, P90, P95, Max, Request, Limit,
        Node, Restarts, UpTime, Controller, ClusterName, Trend
    | sort by MaxPercent desc
}}"""
_CONTROLLERS = f"""{_PARAMETERS} {{
    {_USED}
    let Owners = materialize(Pods
        | extend Controller = iff(isempty(ControllerName), Name, ControllerName),
            Kind = iff(isempty(ControllerKind), "Pod", ControllerKind));
    let There = Owners
        | join kind=inner (Pods | summarize Seen = max(TimeGenerated) by ClusterId) on ClusterId
        | where TimeGenerated >= Seen - {_SCAN};
    let Together = materialize(Shares
        | summarize Used = avg(Used), Limit = max(Limit) by Pod, Container, TimeGenerated = bin(TimeGenerated, 1m)
        | lookup kind=inner (Owners | project Pod, Container, Controller, Kind, Namespace, ClusterName)
            on Pod, Container
        | summarize Used = sum(Used), Limit = sum(Limit)
            by ClusterName, Namespace, Kind, Controller, TimeGenerated
        | extend Percent = 100.0 * Used / Limit);
    let Trends = Together
        | summarize Share = round(avg(Percent), 1)
            by ClusterName, Namespace, Kind, Controller, At = bin(TimeGenerated, Step)
        | sort by ClusterName asc, Namespace asc, Kind asc, Controller asc, At asc
        | summarize Trend = make_list(Share) by ClusterName, Namespace, Kind, Controller;
    There
    | lookup kind=leftouter Requests on Pod, Container
    | lookup kind=leftouter (Bounds | project Pod, Container, Limit) on Pod, Container
    | summarize Pods = dcount(Pod), Containers = countif(isnotempty(Container)), Restarts = sum(ContainerRestartCount),
        Running = dcountif(Pod, PodStatus =~ "Running"), Failed = dcountif(Pod, PodStatus =~ "Failed"),
        Pending = dcountif(Pod, PodStatus =~ "Pending"), Request = sum(Request), Limit = sum(Limit)
        by ClusterName, Namespace, Kind, Controller
    | lookup kind=leftouter (Together
        | summarize {_SPREAD}
            by ClusterName, Namespace, Kind, Controller{_ROUNDED}) on ClusterName, Namespace, Kind, Controller
    | lookup kind=leftouter Trends on ClusterName, Namespace, Kind, Controller
    | project Controller, Kind, Namespace, Status = strcat(Running, " of ", Pods, " running"), {_PERCENTS},
        Min, Avg, P50, P90, P95, Max, Request, Limit, Pods, Containers, Restarts, Pending, Failed, ClusterName, Trend
    | sort by MaxPercent desc
}}"""
_CLUSTER = f"""(Back:timespan=6h, Step:timespan=15m) {{
    let Names = materialize(KubeNodeInventory
        | where TimeGenerated > ago(Back)
        | summarize arg_max(TimeGenerated, ClusterName) by ClusterId
        | project ClusterId, ClusterName);
    let Use = (Metric:string, Bound:string, Title:string) {{
        let Samples = materialize(Perf
            | where TimeGenerated > ago(Back) and ObjectName == "K8SNode" and CounterName in (Metric, Bound)
            | project TimeGenerated, {_OF_NODE}, Computer, CounterName, CounterValue);
        let Bounds = Samples
            | where CounterName == Bound
            | summarize arg_max(TimeGenerated, CounterValue) by ClusterId, Computer;
        Samples
        | where CounterName == Metric
        | lookup kind=inner (Bounds | project ClusterId, Computer, Capacity = CounterValue) on ClusterId, Computer
        | extend Percent = 100.0 * CounterValue / Capacity
        | summarize Min = round(min(Percent), 1), Avg = round(avg(Percent), 1),
            (P50, P90, P95) = percentiles(Percent, 50, 90, 95), Max = round(max(Percent), 1)
            by ClusterId, TimeGenerated = bin(TimeGenerated, Step)
        | lookup kind=leftouter Names on ClusterId
        | extend ClusterName = iff(isempty(ClusterName), tostring(split(ClusterId, "/")[-1]), ClusterName)
        | project TimeGenerated, ClusterName, Chart = Title, Min, Avg, P50 = round(P50, 1), P90 = round(P90, 1),
            P95 = round(P95, 1), Max
    }};
    let Counts = KubeNodeInventory
        | where TimeGenerated > ago(Back)
        | summarize Nodes = dcount(Computer), Ready = dcountif(Computer, Status has "Ready")
            by ClusterName, At = bin(TimeGenerated, 1m)
        | summarize Min = toreal(min(Ready)), Avg = round(avg(Ready), 1), Max = toreal(max(Nodes))
            by ClusterName, TimeGenerated = bin(At, Step)
        | extend Chart = "Nodes (ready, all)";
    let Active = KubePodInventory
        | where TimeGenerated > ago(Back) and PodStatus in~ ("Running", "Pending")
        | summarize Pods = dcount(PodUid) by ClusterName, At = bin(TimeGenerated, 1m)
        | summarize Min = toreal(min(Pods)), Avg = round(avg(Pods), 1), Max = toreal(max(Pods))
            by ClusterName, TimeGenerated = bin(At, Step)
        | extend Chart = "Active Pods";
    union (Use("cpuUsageNanoCores", "cpuCapacityNanoCores", "Node CPU %")),
        (Use("memoryRssBytes", "memoryCapacityBytes", "Node memory %")), Counts, Active
    | project Chart, ClusterName, TimeGenerated, Min, Avg, P50, P90, P95, Max
    | sort by Chart asc, ClusterName asc, TimeGenerated asc
}}"""
_CLUSTERS = f"""(Back:timespan=1h) {{
    let Nodes = KubeNodeInventory
        | where TimeGenerated > ago(Back)
        | summarize arg_max(TimeGenerated, Status, KubeletVersion) by ClusterId, ClusterName, Computer
        | join kind=inner (KubeNodeInventory | where TimeGenerated > ago(Back)
            | summarize Seen = max(TimeGenerated) by ClusterId, ClusterName) on ClusterId, ClusterName
        | where TimeGenerated >= Seen - {_SCAN}
        | summarize NodesSeen = max(TimeGenerated), Nodes = count(), NotReady = countif(Status !has "Ready"),
            Versions = make_set(KubeletVersion, 10) by ClusterId, ClusterName;
    let Pods = KubePodInventory
        | where TimeGenerated > ago(Back)
        | summarize arg_max(TimeGenerated, PodStatus, Namespace, PodRestartCount) by ClusterId, ClusterName, PodUid
        | join kind=inner (KubePodInventory | where TimeGenerated > ago(Back)
            | summarize Seen = max(TimeGenerated) by ClusterId, ClusterName) on ClusterId, ClusterName
        | where TimeGenerated >= Seen - {_SCAN}
        | extend System = Namespace == "kube-system", Good = PodStatus in~ ("Running", "Succeeded")
        | summarize PodsSeen = max(TimeGenerated), Pods = count(), Running = countif(PodStatus =~ "Running"),
            Pending = countif(PodStatus =~ "Pending"), Failed = countif(PodStatus =~ "Failed"),
            UserPods = countif(not(System)), UserDown = countif(not(System) and not(Good)),
            SystemPods = countif(System), SystemDown = countif(System and not(Good)) by ClusterId, ClusterName;
    Nodes
    | join kind=fullouter Pods on ClusterId, ClusterName
    | extend Cluster = iff(isempty(ClusterName), ClusterName1, ClusterName), Old = ago(30m)
    | extend Ready = 100.0 * (Nodes - NotReady) / Nodes, Good = iff(UserPods == 0, 100.0,
        100.0 * (UserPods - UserDown) / UserPods)
    | extend NodeHealth = case(isnull(NodesSeen) or NodesSeen < Old, "Unknown", Ready >= 85, "Healthy", Ready >= 60,
            "Warning", "Critical"),
        UserHealth = case(isnull(PodsSeen) or PodsSeen < Old, "Unknown", Good >= 100, "Healthy", Good >= 90, "Warning",
            "Critical"),
        SystemHealth = case(isnull(PodsSeen) or PodsSeen < Old, "Unknown", SystemDown == 0, "Healthy", "Critical")
    | extend Parts = pack_array(NodeHealth, UserHealth, SystemHealth)
    | extend Health = case(NodeHealth == "Unknown" and UserHealth == "Unknown" and max_of(NodesSeen, PodsSeen) < Old,
        "No data", array_index_of(Parts, "Unknown") >= 0, "Unknown", array_index_of(Parts, "Critical") >= 0, "Critical",
        array_index_of(Parts, "Warning") >= 0, "Warning", "Healthy")
    | project Cluster, Health, Nodes, NotReady, NodeHealth, UserPods, UserDown, UserHealth, SystemPods, SystemDown,
        SystemHealth, Pods, Running, Pending, Failed, Versions, Seen = max_of(NodesSeen, PodsSeen)
    | sort by Health asc, Cluster asc
}}"""
FUNCTIONS: Mapping[str, str] = {
    "ContainerInsightsCluster": _CLUSTER,
    "ContainerInsightsClusters": _CLUSTERS,
    "ContainerInsightsContainers": _CONTAINERS,
    "ContainerInsightsControllers": _CONTROLLERS,
    "ContainerInsightsNodes": _NODES,
}
