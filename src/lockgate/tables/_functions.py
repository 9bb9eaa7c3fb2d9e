"""Functions of ours that every workspace has, in Kusto's language, as they are written after their names."""

OURS = {
    "KubernetesObjectsAt": """(at: datetime) {
        union KubernetesObjects, KubernetesObjectHistory
        | where TimeGenerated <= at
        | summarize arg_max(TimeGenerated, *) by Cluster, Key
        | where Change != "gone"
    }""",
    "KubernetesQuantity": """(text: string) {
        toreal(extract(@"^(-?[0-9]+(?:\\.[0-9]*)?)(?:[eE][+-]?[0-9]+)?[A-Za-z]*$", 1, text))
            * case(text endswith_cs "m", 0.001, text endswith_cs "Ki", 1024.0, text endswith_cs "Mi", 1048576.0,
                text endswith_cs "Gi", 1073741824.0, text endswith_cs "Ti", 1099511627776.0,
                text endswith_cs "Pi", 1125899906842624.0, text endswith_cs "k", 1e3, text endswith_cs "M", 1e6,
                text endswith_cs "G", 1e9, text endswith_cs "T", 1e12, text endswith_cs "P", 1e15,
                text matches regex "[eE]", exp10(toreal(extract(@"[eE]([+-]?[0-9]+)$", 1, text))), 1.0)
    }""",
    "KubernetesStatesWithin": """(form: string, back: timespan) {
        let alive = KubeNodeInventory | where TimeGenerated > ago(10m) | distinct ClusterName;
        let seen = KubernetesObjectHistory | where Kind == form and Cluster in (alive);
        union (seen | where TimeGenerated <= ago(back) | summarize arg_max(TimeGenerated, *) by Cluster, Key),
            (seen | where TimeGenerated > ago(back))
        | join kind=leftanti (seen | where Change == "gone" | distinct Cluster, Key) on Cluster, Key
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
``KubernetesQuantity(text)``: the number of ``500m`` or ``16Gi``, null of what is none.
``KubernetesStatesWithin(form, back)``: every state that objects of a kind had during the last ``back``, with the one
that they began it with; of clusters that are being collected, and of objects that are still there.
``StandingFindings()``: what the newest whole run over each place found, with that run's ``Root`` and ``Mode``."""
