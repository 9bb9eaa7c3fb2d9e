"""``KubeEvents``: events of the core group and of ``events.k8s.io`` (in_kube_events.rb)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockgate.sources.cluster.insights.fields import number, part, text
from lockgate.sources.cluster.insights.identity import Identity


def event_key(event: Mapping[str, Any]) -> tuple[str, str]:
    """(uid, version): an event that is seen again has the same uid and another version."""
    metadata = part(event, "metadata")
    uid = text(metadata, "uid") or f"{text(metadata, 'namespace')}/{text(metadata, 'name')}"
    return uid, text(metadata, "resourceVersion")


def event_row(event: Mapping[str, Any], identity: Identity, *, time: str) -> dict[str, Any]:
    """The row of one Event. ``time`` stands where the event itself has none.

    ``TimeGenerated`` is when the event was made, as the agent has it: its later sightings bear the same time, and
    ``LastSeen`` tells them apart.
    """
    metadata, series = part(event, "metadata"), part(event, "series")
    concerned = part(event, "involvedObject") or part(event, "regarding")
    source = part(event, "source") or part(event, "deprecatedSource")
    made = text(metadata, "creationTimestamp") or time
    at = text(event, "eventTime")
    first = text(event, "firstTimestamp") or text(event, "deprecatedFirstTimestamp") or at or made
    last = (
        text(series, "lastObservedTime") or text(event, "lastTimestamp") or text(event, "deprecatedLastTimestamp")
        or at or made
    )  # fmt: skip
    count = number(series, "count") or number(event, "count") or number(event, "deprecatedCount") or 1.0
    return identity.cluster_row(
        made, ObjectKind=text(concerned, "kind"), Namespace=text(concerned, "namespace"), Name=text(concerned, "name"),
        Reason=text(event, "reason"), Message=text(event, "message") or text(event, "note"),
        KubeEventType=text(event, "type"), FirstSeen=first, LastSeen=last, Count=count,
        SourceComponent=text(source, "component") or text(event, "reportingComponent")
        or text(event, "reportingController"),
        Computer=text(source, "host"),
    )  # fmt: skip
