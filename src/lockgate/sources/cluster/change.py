"""One change of a cluster, as a watch tells it."""

from __future__ import annotations

from enum import StrEnum

from lockgate.dataclass import dataclass
from lockgate.model import Object
from lockgate.sources.cluster.discovery import Resource


class ChangeType(StrEnum):
    """What happened."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    PRESENT = "present"  # told while a resource is listed anew
    RELISTED = "relisted"  # the list is whole: what was not PRESENT since the last of these is gone


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one object, or, for ``RELISTED``, the end of a new list of one resource."""

    type: ChangeType
    resource: Resource
    object: Object | None
    """After the change; for ``DELETED`` the last state; None for ``RELISTED``."""
    version: str
    """``resourceVersion`` up to which everything of this resource has been told."""
    namespace: str = ""
    """Of a watch that sees one namespace alone, that namespace."""
    whole: bool = True
    """Of ``RELISTED``, whether nothing was left out, so that what was not ``PRESENT`` is gone."""
