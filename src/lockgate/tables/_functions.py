"""Functions of ours that every workspace has, in Kusto's language, as they are written after their names."""

OURS = {
    "KubernetesObjectsAt": """(at: datetime) {
        union KubernetesObjects, KubernetesObjectHistory
        | where TimeGenerated <= at
        | summarize arg_max(TimeGenerated, *) by Cluster, Key
        | where Change != "gone"
    }""",
    "StandingFindings": """() {
        let newest = Runs
        | where Mode !in ("staged", "since")
        | summarize arg_max(TimeGenerated, RunId) by Root, Mode
        | project RunId, Root, Mode;
        Findings
        | where State != "fixed"
        | join kind=inner newest on RunId
        | project-away RunId1
    }""",
}
"""``KubernetesObjectsAt(at)``: what stood in each cluster at a time, so far as an audit or a collector had seen it.
``StandingFindings()``: what the newest whole run over each place found, with that run's ``Root`` and ``Mode``."""
