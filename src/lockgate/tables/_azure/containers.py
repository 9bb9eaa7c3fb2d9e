"""Kubernetes and containers: what Container Insights keeps."""

from lockgate.tables._azure._declared import Declared

TABLES = {
    "ContainerLogV2": Declared(
        "One line that a container wrote (at most 64 KB; lines of one stack trace of .NET or Go are joined)",
        """
            string ContainerName PodName
            string Computer: Machine or node that the row comes from
            string ContainerId: Id that the container runtime gave the container
            string LogLevel: CRITICAL, ERROR, WARNING, INFO, DEBUG, TRACE or UNKNOWN
            string LogSource: stdout or stderr
            string PodNamespace: Namespace of the pod
            dynamic KubernetesMetadata: Object: podUid, podLabels, podAnnotations, image, imageID, imageRepo, imageTag
            dynamic LogMessage: The line; a line of JSON is the object itself
        """,
        plans="Analytics, Basic",
    ),
    "ContainerLog": Declared(
        "One line that a container wrote, in the older shape; old queries read it",
        """
            string ImageTag
            string Computer: Machine or node that the row comes from
            string ContainerID: Id that the container runtime gave the container
            string Image Repository: As in the reference of the image: repository/image:tag
            string LogEntry: The line
            string LogEntrySource: stdout or stderr
            string Name: UID of the pod, a slash, name of the container
            datetime TimeOfCommand: When the agent read it
        """,
    ),
    "KubePodInventory": Declared(
        "One container of a pod at one scan; the newest row of a container is its state",
        """
            string PodIp
            datetime ContainerStartTime PodStartTime
            string ClusterId: Azure resource id of the cluster
            string ClusterName: Name of the cluster
            string Computer: Node; empty while the pod is not scheduled
            string ContainerID: Id that the container runtime gave the container
            string ContainerLastStatus ContainerStatus: waiting, running or terminated
            string ContainerName: UID of the pod, a slash, name of the container
            string ContainerStatusReason: Why it waits or ended
            string ControllerKind ControllerName: Owner of the pod
            string InstanceName: Cluster, pod and container in one text, as Perf has it
            string Name: Name of the pod
            string Namespace: Namespace of the Kubernetes object
            string PodLabel: JSON text: a list with one object of the labels
            string PodStatus: Phase of the pod
            string PodUid: UID of the pod
            string ServiceName: One service that selects the pod; empty for none
            datetime ContainerCreationTimeStamp PodCreationTimeStamp: When it was created
            int ContainerRestartCount PodRestartCount: Restarts so far
        """,
    ),
    "KubeNodeInventory": Declared(
        "One node at one scan",
        """
            string KubeletVersion KubeProxyVersion OperatingSystem
            datetime CreationTimeStamp
            string ClusterId: Azure resource id of the cluster
            string ClusterName: Name of the cluster
            string Computer: Machine or node that the row comes from
            string DockerVersion: Container runtime and its version
            string KubernetesProviderID: Machine of the cloud behind the node
            string Labels: JSON text: a list with one object of the labels
            string Status: Types of the conditions that are true, separated by commas
            datetime LastTransitionTimeReady: When the Ready condition changed last
        """,
    ),
    "KubeServices": Declared(
        "One service at one scan; its ports are not kept",
        """
            string ServiceName
            string ClusterId: Azure resource id of the cluster
            string ClusterIp: Address within the cluster; None for a headless service
            string ClusterName: Name of the cluster
            string Namespace: Namespace of the Kubernetes object
            string SelectorLabels: JSON text of the selector
            string ServiceType: ClusterIP, NodePort, LoadBalancer or ExternalName
        """,
    ),
    "KubeEvents": Declared(
        "One event of the cluster; the service collects Normal ones only when told",
        """
            string Message Reason
            datetime FirstSeen LastSeen
            string ClusterId: Azure resource id of the cluster
            string ClusterName: Name of the cluster
            string Computer: Machine or node that the row comes from
            string KubeEventType: Normal or Warning
            string Name: Name of the object concerned
            string Namespace: Namespace of the object concerned
            string ObjectKind: Kind of the object concerned
            string SourceComponent: What reported it
            real Count: How often it was seen
        """,
    ),
    "KubePVInventory": Declared(
        "One persistent volume at one scan",
        """
            string PVName PVStorageClassName PVType
            datetime PVCreationTimeStamp
            string ClusterId: Azure resource id of the cluster
            string ClusterName: Name of the cluster
            string PVAccessModes: Access modes, separated by commas
            string PVCName PVCNamespace: Claim that holds the volume
            string PVStatus: Phase of the volume
            dynamic PVTypeInfo: What the kind of volume needs: disk, share, server
            real PVCapacityBytes: Size in bytes
        """,
    ),
    "ContainerInventory": Declared(
        "One container at one scan: image, command, environment",
        """
            string Command ContainerHostname Image ImageTag Repository
            datetime CreatedTime FinishedTime StartedTime
            int ExitCode
            string ComposeGroup: Compose project, of Docker
            string Computer: Machine or node that the row comes from
            string ContainerID: Id that the container runtime gave the container
            string ContainerState: Running, Waiting, Terminated, Failed or Deleted
            string EnvironmentVar: JSON text of the environment, secrets taken out before it is stored
            string ImageID: Digest or id of the image
            string Links Ports: As Docker shows them
            string Name: Name that the runtime gave the container
        """,
    ),
    "ContainerNodeInventory": Declared(
        "One host of containers at one scan",
        """
            string OperatingSystem
            string Computer: Machine or node that the row comes from
            string DockerVersion: Container runtime and its version
        """,
    ),
    "ContainerImageInventory": Declared(
        "One image on one host at one scan, in the older shape",
        """
            string Image ImageID ImageTag Repository
            string Computer: Machine or node that the row comes from
            string ImageSize VirtualSize: Size as text, with its unit
            int Failed Paused Running Stopped: Containers of the image in that state
            long TotalContainer: Containers of the image
        """,
    ),
    "InsightsMetrics": Declared(
        "One value of a metric, of a node, container or workload",
        """
            string AgentId: Agent that reported
            string Computer: Machine or node that the row comes from
            string Name: Name of the metric
            string Namespace: Group of metrics: container.azm.ms/disk, prometheus, ...
            string Origin: Collector
            string Tags: JSON text of the dimensions
            string Value: Unused text
            real Val: The value
        """,
    ),
    "Perf": Declared(
        "One value of a performance counter; of Kubernetes the objects are K8SNode and K8SContainer",
        """
            string Computer: Machine or node that the row comes from
            string CounterName: cpuUsageNanoCores, memoryRssBytes, memoryWorkingSetBytes, restartTimeEpoch, ...
            string CounterPath: Machine, object, instance and counter in one text
            string InstanceName: What was measured; of Kubernetes cluster, node or pod UID, and container in one text
            string ObjectName: Kind of what was measured
            datetime BucketEndTime BucketStartTime: Span that a summed row covers
            int SampleCount: Of the values that a summed row stands for
            real CounterValue: The value
            real Max Min StandardDeviation: Of the values that a summed row stands for
        """,
    ),
    "KubeMonAgentEvents": Declared(
        "One trouble of the collector itself: configuration, scraping",
        """
            string Category Message
            string ClusterId: Azure resource id of the cluster
            string ClusterName: Name of the cluster
            string Computer: Machine or node that the row comes from
            string Level: Weight of the row
            string Tags: JSON text of the details
        """,
    ),
    "Heartbeat": Declared(
        "One sign of life a minute of a machine that reports",
        """
            string ComputerIP OSMajorVersion OSMinorVersion OSName Resource ResourceType Version
            dynamic ComputerPrivateIPs
            string Category: Kind of agent
            string Computer: Machine or node that the row comes from
            string ComputerEnvironment: Azure or Non-Azure
            string ManagementGroupName: Management group of Operations Manager
            string OSType: Windows or Linux
            string RemoteIPCountry: Country of the address that reached the service
            string ResourceGroup: Resource group
            string ResourceId: Azure resource id, in its own spelling
            string ResourceProvider: Namespace of the resource provider
            string SCAgentChannel: How the agent is connected
            string Solutions: Solutions that are active on it
            string SubscriptionId: Subscription
            string VMUUID: Id of the virtual machine's firmware
            real RemoteIPLatitude RemoteIPLongitude: Degrees
            bool IsGatewayInstalled: Whether it forwards for others
        """,
    ),
    "KubeHealth": Declared(
        "One change of a health monitor of a cluster, in the older model",
        """
            string MonitorInstanceId MonitorTypeId NewState OldState ParentMonitorInstanceId
            datetime TimeFirstObserved
            string ClusterId: Azure resource id of the cluster
            string Details MonitorConfig MonitorLabels: JSON text
        """,
    ),
}
