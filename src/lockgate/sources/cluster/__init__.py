"""A running Kubernetes cluster as a source of objects: every listable resource, read only, chunk by chunk.

``ClusterSource.objects()`` yields what there is now; ``ClusterSource.watch()`` what changes from then on. Values of
Secrets are replaced by their salted hash before an object leaves this package. What does not belong: judging, and
writing anything to a cluster.
"""

from lockgate.sources.cluster.change import Change, ChangeType
from lockgate.sources.cluster.connection import Connection, Limits, connect
from lockgate.sources.cluster.discovery import Resource
from lockgate.sources.cluster.source import ClusterSource

__all__ = ["Change", "ChangeType", "ClusterSource", "Connection", "Limits", "Resource", "connect"]
