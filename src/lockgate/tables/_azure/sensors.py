"""Sensors on nodes, for which Azure Monitor has no table: theirs are custom ones."""

from lockgate.tables._azure._declared import Declared

TABLES = {
    "FalcoEvents_CL": Declared(
        "One alert of Falco",
        """
            string Rule Output
            string ContainerId ContainerImage ContainerName PodName: Of the alert's fields; empty for a host
            string Hostname: Machine that Falco runs on
            string PodNamespace: k8s.ns.name
            string Priority: Emergency, Alert, Critical, Error, Warning, Notice, Informational or Debug
            string ProcessCommandLine ProcessName UserName: Of the alert's fields
            string Source: syscall, k8s_audit, or that of a plugin
            string Uuid: Id of the alert, where it has one
            dynamic OutputFields: Every field of the alert by its name in Falco
            dynamic Tags: Tags of the rule
        """,
        source="https://falco.org/docs/concepts/outputs/formatting/",
    ),
    "TetragonEvents_CL": Declared(
        "One event of Tetragon",
        """
            string PodName PodNamespace
            string Action: What a tracing policy did: KPROBE_ACTION_POST, KPROBE_ACTION_SIGKILL, ...
            string Arguments Binary WorkingDirectory: Of the process
            string ClusterName NodeName: Where it was
            string ContainerId: Runtime and id, as containerd://...
            string ContainerImage ContainerName: Of the process; empty for a host
            string EventKind: process_exec, process_exit, process_kprobe, ...
            string ExecId ParentExecId: Ids of Tetragon that no other process has
            string FunctionName: What was hooked
            string ParentBinary: Of the parent
            string PolicyName: Tracing policy that it comes from
            string Workload: Owner of the pod
            long ProcessId UserId: As the host has them
            dynamic AdditionalFields: What stands around the event
            dynamic Details: What the event has beside process and parent
            dynamic Parent Process: As Tetragon tells them
        """,
        source="https://tetragon.io/docs/reference/grpc-api/",
    ),
}
