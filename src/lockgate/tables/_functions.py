"""Functions of ours that every workspace has, in Kusto's language, as they are written after their names."""

OURS = {
    "KubernetesObjectsAt": """(at: datetime) {
        union KubernetesObjects, KubernetesObjectHistory
        | where TimeGenerated <= at
        | summarize arg_max(TimeGenerated, *) by Cluster, Key
        | where Change != "gone"
    }""",
}
"""``KubernetesObjectsAt(at)``: what stood in each cluster at a time, so far as an audit or a collector had seen it."""
