"""Which containers run which image, by what ``lockgate collect`` last saw of each cluster.

``KubePodInventory`` has pods, their owners and the ids of containers; ``ContainerInventory`` has the image of a
container. A container is of an image when the runtime tells one of its digests, and where it tells none, when it was
asked for by the same name: that is said, because a tag may have moved since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from lockgate.dataclass import dataclass
from lockgate.model import ImageFacts

if TYPE_CHECKING:
    from lockgate.store.bills import Bills

_PODS, _CONTAINERS = "KubePodInventory", "ContainerInventory"
_BACK = timedelta(hours=24)
"""How long before the newest row a cluster may have been seen last."""


@dataclass(frozen=True, slots=True)
class RunningContainer:
    """One container of one pod."""

    image: str
    """Digest of the stored image."""
    cluster: str
    namespace: str
    pod: str
    container: str
    owner_kind: str
    owner_name: str
    """The controller that made the pod; empty for none."""
    status: str
    seen: str
    """ISO time of the scan of the cluster."""
    by_name: bool
    """Whether only the name agrees, since the runtime tells no digest."""


def running(bills: Bills, images: Iterable[ImageFacts], wanted: Collection[str]) -> list[RunningContainer]:
    """The containers that run any of those of ``images`` whose digest is ``wanted``, by cluster, namespace, pod and
    name. ``images``: all that are stored, newest first. Empty where nothing was collected."""
    from lockgate.store.ingest.collected import Collected

    collected = Collected(bills.record)
    if _PODS not in collected or _CONTAINERS not in collected:
        return []
    called = _called(images, wanted)
    if not called:
        return []
    pods = collected.source(_PODS, bills.connection).text
    containers = collected.source(_CONTAINERS, bills.connection).text
    [(newest,)] = bills.ask(f"SELECT max(TimeGenerated) FROM {pods}")  # noqa: S608 -- a statement of ours
    if newest is None:
        return []
    bills.ask("CREATE OR REPLACE TEMP TABLE called AS SELECT unnest(?::VARCHAR[]) AS name, "
              "unnest(?::VARCHAR[]) AS digest",
              [[name for name, _ in called], [digest for _, digest in called]])  # fmt: skip
    rows = bills.ask(
        "WITH seen AS (SELECT ClusterId, max(TimeGenerated) AS at FROM "  # noqa: S608 -- statements of ours, values bound
        f"{pods} WHERE TimeGenerated >= $since GROUP BY ClusterId), "
        f"pod AS (SELECT p.* FROM {pods} p JOIN seen s ON p.ClusterId = s.ClusterId AND p.TimeGenerated = s.at "
        "WHERE p.TimeGenerated >= $since AND coalesce(p.ContainerID, '') <> ''), "
        "ran AS (SELECT ContainerID, arg_max(coalesce(ImageID, ''), TimeGenerated) AS told, arg_max(concat(Repository, "
        f"'/', Image, ':', ImageTag), TimeGenerated) AS asked FROM {containers} WHERE TimeGenerated >= $since "
        "AND ContainerID IN (SELECT ContainerID FROM pod) GROUP BY ContainerID) "
        "SELECT DISTINCT c.digest, coalesce(nullif(p.ClusterName, ''), p.ClusterId), p.Namespace, p.Name, "
        "regexp_replace(coalesce(p.ContainerName, ''), '^[^/]*/', ''), coalesce(p.ControllerKind, ''), "
        "coalesce(p.ControllerName, ''), coalesce(p.ContainerStatus, ''), "
        "strftime(p.TimeGenerated, '%Y-%m-%dT%H:%M:%SZ'), r.told = '' "
        "FROM pod p JOIN ran r USING (ContainerID) JOIN called c ON c.name = CASE WHEN r.told = '' THEN r.asked ELSE "
        "r.told END ORDER BY ALL", {"since": newest - _BACK},
    )  # fmt: skip
    found = [RunningContainer(*row) for row in rows]
    return sorted(found, key=lambda one: (one.cluster, one.namespace, one.pod, one.container, one.image))


def _called(images: Iterable[ImageFacts], wanted: Collection[str]) -> list[tuple[str, str]]:
    """What a runtime may tell of a wanted image, and the digest of that.

    One index stands for images of several platforms, which are all told. A name is that of the image that was read
    last.
    """
    found: dict[tuple[str, str], None] = {}
    named: dict[str, str] = {}
    for one in images:
        if one.repository and one.tag:
            named.setdefault(f"{one.registry}/{one.repository}:{one.tag}", one.digest)
        if one.digest in wanted:
            told = (one.digest, one.index_digest, one.config_digest)
            found.update(dict.fromkeys((name, one.digest) for name in told if name))
    return [*found, *((name, digest) for name, digest in named.items() if digest in wanted)]
