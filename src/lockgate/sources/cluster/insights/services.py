"""``KubeServices`` and ``KubePVInventory`` (KubernetesApiClient.rb, in_kube_pvinventory.rb)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockgate.sources.cluster.insights.amounts import bytes_of
from lockgate.sources.cluster.insights.fields import json_text, moment, part, text
from lockgate.sources.cluster.insights.identity import Identity

_OF_CLAIMS = frozenset({
    "accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy",
    "storageClassName", "volumeAttributesClassName", "volumeMode",
})  # fmt: skip
"""Fields of ``PersistentVolumeSpec`` that every volume has; the one that is left is what kind of volume it is."""
_INFO = {
    "azureDisk": {"DiskName": "diskName", "DiskUri": "diskURI"},
    "azureFile": {"FileShareName": "shareName"},
}


def service_row(service: Mapping[str, Any], identity: Identity, *, time: str) -> dict[str, Any]:
    """The row of one Service at one scan."""
    metadata, spec = part(service, "metadata"), part(service, "spec")
    return identity.cluster_row(
        time, ServiceName=text(metadata, "name"), Namespace=text(metadata, "namespace"),
        SelectorLabels=json_text([dict(part(spec, "selector"))]), ClusterIp=text(spec, "clusterIP"),
        ServiceType=text(spec, "type"),
    )  # fmt: skip


def volume_row(volume: Mapping[str, Any], identity: Identity, *, time: str) -> dict[str, Any]:
    """The row of one PersistentVolume at one scan."""
    metadata, spec = part(volume, "metadata"), part(volume, "spec")
    claim, modes = part(spec, "claimRef"), spec.get("accessModes")
    kind = next((name for name in spec if name not in _OF_CLAIMS and part(spec, name)), "")
    return identity.cluster_row(
        time, PVName=text(metadata, "name"), PVStatus=text(part(volume, "status"), "phase"),
        PVAccessModes=", ".join(one for one in modes if isinstance(one, str)) if isinstance(modes, list) else "",
        PVStorageClassName=text(spec, "storageClassName"),
        PVCapacityBytes=bytes_of(part(spec, "capacity").get("storage")),
        PVCreationTimeStamp=moment(metadata, "creationTimestamp"), PVCName=text(claim, "name"),
        PVCNamespace=text(claim, "namespace"), PVType=kind,
        PVTypeInfo={name: text(part(spec, kind), field) for name, field in _INFO.get(kind, {}).items()},
    )  # fmt: skip
