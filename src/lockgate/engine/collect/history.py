"""Every state of every object: what a watch tells, into ``KubernetesObjectHistory``.

A state that the record has as the newest brings no row, so that a new list, or a watch that begins anew, doubles
nothing. Where the watch of each resource was read up to is kept with the rows; what changed while no collector ran is
told when the server still knows it, else the new list shows what came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from lockgate.engine.collect.position import Position
from lockgate.engine.objects import KnownObject, known_object, named, written
from lockgate.model import Object, Skip
from lockgate.sources.cluster import Change, ChangeType, ClusterSource, Resource
from lockgate.store import Record

TABLE = "KubernetesObjectHistory"
_PIECE = 4 << 20
"""Bytes of bodies that are appended together."""
_PIECE_ROWS = 5_000
_FIELDS = ("ApiVersion", "Kind", "Namespace", "Name", "Uid", "ResourceVersion", "Digest", "Change")
_NEWEST = (
    f"SELECT * FROM (SELECT Key, {', '.join(f'arg_max({one}, TimeGenerated) AS {one}' for one in _FIELDS)} "  # noqa: S608
    f"FROM {TABLE} WHERE Cluster = ? GROUP BY Key) WHERE Change <> 'gone'"
)
_TICK = timedelta(microseconds=1)
Scope = tuple[Resource, str]


class History:
    """The history of one cluster, as one collector writes it."""

    def __init__(
        self, record: Record, position: Position, *, cluster: str, run: str, salt: bytes, takes: Callable[[str], bool]
    ) -> None:  # fmt: skip
        """``takes``: whether objects of a namespace (empty for those of none) are kept; of others nothing is said."""
        self._record, self._position, self._salt, self._takes = record, position, salt, takes
        self._common = {"RunId": run, "Cluster": cluster}
        self._known = {row["Key"]: known_object(row) for row in record.sql(_NEWEST, [cluster])}
        self._present: dict[Scope, set[str]] = {}
        self._versions: dict[str, str] = dict(position.value.get("versions", {}))
        self._last = datetime(1970, 1, 1, tzinfo=UTC)
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0
        self.count = 0
        """Rows that were appended."""

    def versions(self, scopes: Iterable[Scope]) -> dict[Scope, str]:
        """Where the watch of each can begin, of those that were watched before."""
        return {scope: found for scope in scopes if (found := self._versions.get(_key(scope)))}

    def served(self, resources: Iterable[Resource]) -> None:
        """Mark what is of a kind that the cluster no longer serves as gone. Only for a discovery that was whole."""
        kinds = {(resource.group, resource.kind) for resource in resources}
        self._sweep(lambda one: (one.api_version.rpartition("/")[0], one.kind) not in kinds)

    def listed(self, objects: Iterable[Object | Skip], source: ClusterSource) -> Iterator[Skip]:
        """Take in what ``source.objects()`` gives, all of it; what is not among it is gone. Yields what was skipped."""
        present: set[str] = set()
        for told in objects:
            if isinstance(told, Skip):
                yield told
                continue
            key, row = named(told.body)
            present.add(key)
            if self._takes(row["Namespace"]):
                self._met(key, row, told.body)
                self._flush_if_much()
        self._sweep(lambda one: source.is_whole(one.api_version, one.kind, one.namespace), present)
        self._versions |= {_key(scope): version for scope, version in source.versions.items()}

    def take(self, change: Change) -> None:
        """Take in one change. Raises :class:`StoreError`."""
        scope = change.resource, change.namespace
        if change.type is ChangeType.RELISTED:
            self._relisted(scope, whole=change.whole)
        elif change.object is not None:
            key, row = named(change.object.body)
            if not self._takes(row["Namespace"]):
                return
            if change.type is ChangeType.PRESENT:
                self._present.setdefault(scope, set()).add(key)
            if change.type is ChangeType.DELETED:
                self._gone(key)
            else:
                self._met(key, row, change.object.body)
        if change.version:
            self._versions[_key(scope)] = change.version
        self._flush_if_much()

    def flush(self) -> None:
        """Append what waits. When this returns it is on the disk."""
        rows = self._rows
        if not rows:
            return
        versions = {"versions": dict(self._versions)}
        self._position.commit(versions, lambda once: self._record.append_alone(TABLE, rows, once=once))
        self.count += len(rows)
        self._rows, self._bytes = [], 0

    def _flush_if_much(self) -> None:
        if self._bytes >= _PIECE or len(self._rows) >= _PIECE_ROWS:
            self.flush()

    def _met(self, key: str, row: dict[str, Any], body: Any) -> None:
        before = self._known.get(key)
        same = before is not None and before.api_version == row["ApiVersion"]
        if before is not None and same and before.version and before.version == row["ResourceVersion"]:
            return
        state = written(body, salt=self._salt)
        self._known[key] = known_object({**row, **state})
        if before is not None and same and before.digest == state["Digest"]:
            return
        self._keep({**row, **state, "Key": key, "Change": "new" if before is None else "changed"})

    def _gone(self, key: str) -> None:
        one = self._known.pop(key, None)
        if one is None:
            return
        self._keep({
            "ApiVersion": one.api_version, "Kind": one.kind, "Namespace": one.namespace, "Name": one.name,
            "Uid": one.uid, "ResourceVersion": one.version, "Key": key, "Change": "gone", "Digest": one.digest,
            "Bytes": 0, "Labels": "{}",
        })  # fmt: skip

    def _relisted(self, scope: Scope, *, whole: bool) -> None:
        resource, namespace = scope
        present = self._present.pop(scope, set())
        if not whole:
            return
        kind = resource.group, resource.kind
        self._sweep(
            lambda one: (one.api_version.rpartition("/")[0], one.kind) == kind and namespace in ("", one.namespace),
            present,
        )

    def _sweep(self, meant: Callable[[KnownObject], bool], present: Container[str] = ()) -> None:
        """Mark what is meant and not present as gone."""
        for key, one in list(self._known.items()):
            if key not in present and self._takes(one.namespace) and meant(one):
                self._gone(key)

    def _keep(self, row: dict[str, Any]) -> None:
        self._last = max(datetime.now(UTC), self._last + _TICK)
        self._rows.append({"TimeGenerated": self._last, **self._common, **row})
        self._bytes += row["Bytes"]


def _key(scope: Scope) -> str:
    resource, namespace = scope
    return f"{resource.group}/{resource.version}/{resource.plural}/{namespace}"
