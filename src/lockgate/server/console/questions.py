"""The queries of pages, in Kusto's language; what somebody typed goes in as a parameter, never as text.

``StandingFindings()`` stands with the tables (``tables._functions``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lockgate.dataclass import dataclass
from lockgate.model import Family, Severity

_FREE = ("word", "rule", "path", "owner", "root", "run")
_NAMED = ", ".join(f"p{name.capitalize()}:string=''" for name in _FREE)
_DECLARED = f"declare query_parameters({_NAMED});\n"
_OF_RUN = (
    "Findings | where RunId == pRun and State != 'fixed' "
    "| join kind=inner (Runs | where RunId == pRun | project RunId, Root, Mode) on RunId | project-away RunId1"
)
SORTS: Mapping[str, str] = {
    "severity": "SeverityLevel desc, FirstSeen asc, Identity asc",
    "oldest": "FirstSeen asc, Identity asc",
    "newest": "FirstSeen desc, Identity asc",
    "rule": "Rule asc, Path asc, Line asc, Identity asc",
    "path": "Path asc, Line asc, Identity asc",
}
"""What a list of findings can be sorted by."""
_COLUMNS = (
    "Identity, Rule, Family, Severity, State, SubjectName, Path, Line, Message, FirstSeen, Owners, Waived, "
    "WaiverExpires, Fixable, Root, Mode"
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which findings, and in what order. Texts are what somebody typed; the rest is of closed lists."""

    word: str = ""
    """Part of the message, rule, path or subject, or an identity."""
    rule: str = ""
    path: str = ""
    """Part of the path."""
    owner: str = ""
    root: str = ""
    run: str = ""
    """Id of one run, also of a change: what it found counts then in place of what stands."""
    severities: tuple[Severity, ...] = ()
    families: tuple[Family, ...] = ()
    state: str = ""
    """``new`` or ``known``."""
    waived: bool | None = None
    fixable: bool | None = None
    sort: str = "severity"

    def parameters(self) -> dict[str, str]:
        """What the query declares."""
        return {f"p{name.capitalize()}": getattr(self, name) for name in _FREE if getattr(self, name)}


def standing(wanted: Filter) -> str:
    """The standing findings that meet it; of one run, those that it found."""
    lines = [f"{_DECLARED}{_OF_RUN if wanted.run else 'StandingFindings()'}"]
    if wanted.word:
        lines.append(
            "| where Message contains pWord or Rule contains pWord or Path contains pWord "
            "or SubjectName contains pWord or Identity == pWord or tostring(Aliases) contains pWord"
        )
    lines += ["| where Rule == pRule"] if wanted.rule else []
    lines += ["| where Path contains pPath"] if wanted.path else []
    lines += ["| where tostring(Owners) contains pOwner"] if wanted.owner else []
    lines += ["| where Root == pRoot"] if wanted.root else []
    lines += [_one_of("Severity", [str(one) for one in wanted.severities])] if wanted.severities else []
    lines += [_one_of("Family", [str(one) for one in wanted.families])] if wanted.families else []
    lines += [f"| where State == '{wanted.state}'"] if wanted.state in ("new", "known") else []
    lines += [f"| where Waived == {str(wanted.waived).lower()}"] if wanted.waived is not None else []
    lines += [f"| where Fixable == {str(wanted.fixable).lower()}"] if wanted.fixable is not None else []
    return "\n".join(lines)


def listed(wanted: Filter, most: int) -> str:
    """The first of them, in order."""
    order = SORTS.get(wanted.sort, SORTS["severity"])
    return f"{standing(wanted)}\n| order by {order}\n| take {most}\n| project {_COLUMNS}"


def counted(wanted: Filter, *by: str) -> str:
    """How many there are, by columns of ours."""
    return f"{standing(wanted)}\n| summarize Count=count() by {', '.join(by)}"


def _one_of(column: str, values: Sequence[str]) -> str:
    """Of closed lists alone."""
    return f"| where {column} in ({', '.join(repr(str(value)) for value in values)})"


IDENTITY = "declare query_parameters(pIdentity:string='');\n"
HISTORY = (
    IDENTITY + "Findings | where Identity == pIdentity | order by TimeGenerated desc | take 50 | join kind=leftouter "
    "(Runs | project RunId, Root, Mode, Revision, Branch) on RunId | project-away RunId1 | order by TimeGenerated desc"
)
"""One finding as each run settled it, newest first."""
TREND = (
    "Runs | where Mode !in ('staged', 'since') | summarize arg_max(TimeGenerated, FindingCount, WaivedCount) "
    "by Root, Mode, Day=startofday(TimeGenerated) | summarize Open=sum(FindingCount), Waived=sum(WaivedCount) by Day "
    "| order by Day asc | take 400"
)
"""Open findings a day, of the newest whole run over each place that day."""
REPOSITORIES = """Runs | where Mode in ('tree', 'history', 'since', 'staged')
| summarize arg_max(TimeGenerated, Revision, Branch, Verdict, FindingCount, SkipCount, Files), Runs=count() by Root
| order by FindingCount desc | take 500"""
IMAGES = """Images | summarize arg_max(TimeGenerated, *) by ImageDigest
| join kind=leftouter (StandingFindings() | where Mode == 'image' | summarize Findings=count(),
    Critical=countif(Severity == 'critical'), High=countif(Severity == 'high') by RunId) on RunId
| project TimeGenerated, Name, Tag, ImageDigest, Platform, BaseName, LayerCount, PackedBytes,
    Findings=coalesce(Findings, 0), Critical=coalesce(Critical, 0), High=coalesce(High, 0)
| order by Critical desc, High desc, Name asc | take 500"""
_DIGESTS = "declare query_parameters(pDigests:string='');\n"
IMAGES_OF_DIGESTS = _DIGESTS + """Images
| where ImageDigest in (split(pDigests, ',')) or IndexDigest in (split(pDigests, ','))
| summarize arg_max(TimeGenerated, RunId, IndexDigest, Name) by ImageDigest
| join kind=leftouter (Runs | project RunId, Root) on RunId | project-away RunId1
| join kind=leftouter (StandingFindings() | where Mode == 'image' | summarize Findings=count(),
    Critical=countif(Severity == 'critical'), High=countif(Severity == 'high') by RunId) on RunId
| project ImageDigest, IndexDigest, Name, Root=coalesce(Root, Name), Findings=coalesce(Findings, 0),
    Critical=coalesce(Critical, 0), High=coalesce(High, 0)
| order by Critical asc, High asc, Findings asc, ImageDigest asc"""
"""Images by digest, of themselves or of their index, with what stands of them; the worst of an index comes last."""
PODS_OF_DIGESTS = _DIGESTS + """KubernetesObjects | where Kind == 'Pod'
| summarize arg_max(TimeGenerated, Change, Namespace, Body) by Cluster, Key | where Change != 'gone'
| extend Told = strcat(tostring(Body.status.containerStatuses), tostring(Body.spec.containers))
| mv-expand ImageDigest = extract_all(@'(sha256:[0-9a-f]{64})', Told) to typeof(string)
| where ImageDigest in (split(pDigests, ','))
| summarize Pods=dcount(Key), Seen=max(TimeGenerated) by Cluster, Namespace, ImageDigest
| order by Cluster asc, Namespace asc, ImageDigest asc | take 500"""
"""Which namespaces run which of these digests, by what pods state and what runtimes say of them."""
CLUSTERS = """KubernetesObjects | summarize arg_max(TimeGenerated, Change, Kind, Namespace) by Cluster, Key
| where Change != 'gone'
| summarize Objects=count(), Pods=countif(Kind == 'Pod'), Namespaces=dcount(Namespace), Seen=max(TimeGenerated)
    by Cluster
| order by Cluster asc | take 500"""
ADMISSION = """AdmissionReviews | where TimeGenerated > ago(7d)
| summarize Count=count(), Last=max(TimeGenerated) by Outcome | order by Outcome asc"""
RUNS = """Runs | order by TimeGenerated desc | take 30
| project TimeGenerated, Root, Mode, Verdict, FindingCount, WaivedCount, FixedCount, SkipCount, Revision, Branch"""
OLDEST_WAIVERS = """StandingFindings() | where Waived | summarize Count=count(), Expires=min(WaiverExpires) by WaiverId,
    WaivedBy, WaiverReason | order by Expires asc | take 50"""
