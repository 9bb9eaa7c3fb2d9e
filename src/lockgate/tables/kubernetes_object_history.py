"""The table ``KubernetesObjectHistory``: every change of the objects of clusters, as a collector watched them."""

from lockgate.tables import Column, ColumnType, Table, common_columns
from lockgate.tables.kubernetes_objects import TABLE as MET

_TIME = Column("TimeGenerated", ColumnType.DATETIME, "When the collector was told; never twice the same")

TABLE = Table(
    name="KubernetesObjectHistory",
    about="One change of one object of a cluster, as a collector saw it happen. What an object looked like at a time "
    "is the newest row of its Cluster and Key up to then, which KubernetesObjectsAt() gives",
    source="ours; fields as in ObjectMeta of Kubernetes",
    alone=True,
    columns=(_TIME, *common_columns()[1:], *MET.columns[len(common_columns()) :]),
)
