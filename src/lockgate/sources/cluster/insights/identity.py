"""What a cluster is called in the rows."""

from __future__ import annotations

from typing import Any

from lockgate.dataclass import dataclass

SYSTEM = "Containers"
"""``SourceSystem`` of what Container Insights collects."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One cluster, by the names that its rows bear."""

    id: str
    """``ClusterId``: the Azure resource id of a cluster in Azure or under Arc, else what the kubeconfig calls it."""

    @property
    def name(self) -> str:
        """``ClusterName``: of an Azure resource id its last part, as the agent has it."""
        return self.id.rpartition("/")[2] if self.id.startswith("/") else self.id

    def row(self, time: str, **values: Any) -> dict[str, Any]:
        """A row with the common columns."""
        return {"TimeGenerated": time, "SourceSystem": SYSTEM, **self._resource(), **values}

    def cluster_row(self, time: str, **values: Any) -> dict[str, Any]:
        """A row of a table that names the cluster itself."""
        return self.row(time, ClusterId=self.id, ClusterName=self.name, **values)

    def instance(self, *parts: str) -> str:
        """``InstanceName`` of Perf: the id of the cluster and what is measured in it."""
        return "/".join((self.id, *parts))

    def _resource(self) -> dict[str, Any]:
        pieces = self.id.lower().split("/")
        if len(pieces) < 3 or pieces[:2] != ["", "subscriptions"]:
            return {"_ResourceId": "", "_SubscriptionId": ""}
        return {"_ResourceId": "/".join(pieces), "_SubscriptionId": pieces[2]}
