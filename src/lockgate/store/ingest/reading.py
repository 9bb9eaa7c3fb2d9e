"""Which field of what comes in is which column. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from lockgate.dataclass import dataclass
from lockgate.errors import ConfigurationError
from lockgate.tables import Table
from lockgate.tables._collected import GIVEN, SUFFIX


class Times(Enum):
    """What is made of a time that lies far from now."""

    KEPT = "kept"
    """Nothing: a file may be years old. One more than a day ahead is replaced all the same."""
    SERVICE = "service"
    """As Azure Monitor has it: older than two days, or more than a day ahead, becomes the time of ingestion
    (https://learn.microsoft.com/azure/azure-monitor/logs/log-standard-columns#timegenerated)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows of one kind are read into one table."""

    fields: Mapping[str, str]
    """Field -> column."""
    time: tuple[str, ...]
    """Fields that say when it happened; the first that is there counts."""
    ignored: frozenset[str] = frozenset()
    """Fields that are passed over in silence."""
    demanded: Mapping[str, str] | None = None
    """Fields that must hold that very text, else it is no row of this kind."""
    widens: bool = False
    """Whether a field that is not known becomes a column."""
    closed: bool = False
    """Whether the kind is defined elsewhere, so that other fields are looked for in a sample of each block only."""
    objects: tuple[str, ...] = ()
    """Fields with whole objects of Kubernetes, from which values of Secrets and of variables are taken out."""

    @property
    def known(self) -> set[str]:
        """Every field that there may be."""
        return {*self.fields, *self.time, *self.ignored, *(self.demanded or ())}


def reading_of(table: Table, *, time: str = "") -> Reading:
    """Of rows whose fields are named as the columns. ``time``: the field that is ``TimeGenerated``."""
    fields = {column.name: column.name for column in table.columns if column.name not in GIVEN}
    del fields["TimeGenerated"]
    if time and time in fields:
        raise ConfigurationError(f"the field {time!r} is a column of its own", where=table.name)
    times = (time,) if time else ("TimeGenerated",)
    return Reading(fields, times, GIVEN - set(times), widens=table.name.endswith(SUFFIX))


AUDIT = Reading(
    {
        "level": "Level", "auditID": "AuditId", "stage": "Stage", "requestURI": "RequestUri", "verb": "Verb",
        "user": "User", "impersonatedUser": "ImpersonatedUser_CF", "sourceIPs": "SourceIps",
        "userAgent": "UserAgent", "objectRef": "ObjectRef", "responseStatus": "ResponseStatus",
        "requestObject": "RequestObject", "responseObject": "ResponseObject",
        "requestReceivedTimestamp": "RequestReceivedTime", "stageTimestamp": "StageReceivedTime",
        "annotations": "Annotations", "authenticationMetadata": "AuthenticationMetadata_CF",
    },
    ("stageTimestamp", "requestReceivedTimestamp"),
    frozenset({"metadata"}),
    {"kind": "Event", "apiVersion": "audit.k8s.io/v1"},
    closed=True,
    objects=("requestObject", "responseObject"),
)  # fmt: skip
"""Events of the audit log of Kubernetes as rows of AKSAudit
(https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/)."""
