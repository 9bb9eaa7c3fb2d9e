"""Keeps what an audit meets in the record's ``KubernetesObjects``: what is new, what has changed, what is gone.

Rows leave in pieces while the cluster is read, so that memory holds one piece whatever the cluster's size; they show
once the run's own row is written. An object whose resourceVersion is the one that the record knows is not looked at.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from lockgate.model import Object
from lockgate.sources.cluster.scrub import scrubbed_review
from lockgate.store import Record

TABLE = "KubernetesObjects"
_PIECE = 4 * 1024 * 1024
"""Bytes of bodies that are appended together."""
_PIECE_ROWS = 5_000
_FIELDS = ("ApiVersion", "Kind", "Namespace", "Name", "Uid", "ResourceVersion", "Digest", "Change")
_NEWEST = (
    f"SELECT * FROM (SELECT Key, {', '.join(f'arg_max({one}, TimeGenerated) AS {one}' for one in _FIELDS)} "  # noqa: S608
    "FROM KubernetesObjects WHERE Cluster = ? GROUP BY Key) WHERE Change <> 'gone'"
)


_BODIES = (
    "SELECT Body FROM (SELECT Body, Change, Kind, Namespace, Name, TimeGenerated, row_number() OVER "
    "(PARTITION BY Cluster, Key ORDER BY TimeGenerated DESC) AS Age FROM KubernetesObjects) "
    "WHERE Age = 1 AND Change <> 'gone' ORDER BY TimeGenerated DESC, Kind, Namespace, Name LIMIT ?"
)
_REVIEWED = "SELECT DISTINCT ON (Digest) Body FROM AdmissionObjects ORDER BY Digest LIMIT ?"


class KnownObject(NamedTuple):
    """The newest state of one object in the record."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str
    version: str
    digest: str


class ObjectLog:
    """What one run sees of one cluster."""

    def __init__(self, record: Record, *, cluster: str, batch: str, run: str, started: datetime, salt: bytes) -> None:
        """``batch`` is that of the run whose row will make these show. ``salt`` keys the hashes of secret values."""
        self._record, self._salt = record, salt
        self._common = {"TimeGenerated": started, "RunId": run, "Batch": batch, "Cluster": cluster}
        self._known = {row["Key"]: known_object(row) for row in record.sql(_NEWEST, [cluster])}
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0

    def met(self, judged: Object) -> None:
        """Take in one object of the cluster. Raises ``StoreError`` when the record cannot be written."""
        key, row = named(judged.body)
        before = self._known.pop(key, None)
        same = before is not None and before.api_version == row["ApiVersion"]
        if before is not None and same and before.version and before.version == row["ResourceVersion"]:
            return
        state = written(judged.body, salt=self._salt)
        if before is not None and same and before.digest == state["Digest"]:
            return
        self._keep({**row, **state, "Key": key, "Change": "new" if before is None else "changed"})

    def finish(self, is_whole: Callable[[str, str, str], bool]) -> None:
        """Write what is left. ``is_whole(apiVersion, kind, namespace)``: whether everything of these was read, so that
        what was not met is gone."""
        for key, one in self._known.items():
            if is_whole(one.api_version, one.kind, one.namespace):
                row = {"ApiVersion": one.api_version, "Kind": one.kind, "Namespace": one.namespace, "Name": one.name,
                       "Uid": one.uid, "ResourceVersion": one.version}  # fmt: skip
                self._keep({**row, "Key": key, "Change": "gone", "Digest": one.digest, "Bytes": 0})
        self._known.clear()
        self._write()

    def _keep(self, row: dict[str, Any]) -> None:
        self._rows.append({**self._common, **row})
        self._bytes += row["Bytes"]
        if self._bytes >= _PIECE or len(self._rows) >= _PIECE_ROWS:
            self._write()

    def _write(self) -> None:
        rows, self._rows, self._bytes = self._rows, [], 0
        if rows:
            self._record.append_piece(TABLE, rows)


def named(body: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """(what an object is known by while it lives; the columns that name it)."""
    metadata = body.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    row = {
        "ApiVersion": _text(body, "apiVersion"), "Kind": _text(body, "kind"),
        "Namespace": _text(metadata, "namespace"), "Name": _text(metadata, "name"), "Uid": _text(metadata, "uid"),
        "ResourceVersion": _text(metadata, "resourceVersion"),
    }  # fmt: skip
    key = row["Uid"] or "/".join((row["ApiVersion"].rpartition("/")[0], row["Kind"], row["Namespace"], row["Name"]))
    return key, row


def written(body: Mapping[str, Any], *, salt: bytes) -> dict[str, Any]:
    """The columns that hold what an object is like, without what is secret."""
    text = scrubbed_review(body, salt=salt)
    content = text.encode()
    metadata = body.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    return {
        "Digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "Bytes": len(content),
        "Labels": orjson.dumps(labels if isinstance(labels, dict) else {}, option=orjson.OPT_SORT_KEYS).decode(),
        "Body": text,
    }  # fmt: skip


def recorded(record: Record, most: int) -> list[dict[str, Any]]:
    """At most ``most`` bodies that the record holds: objects of clusters as audits met them last, then those that
    admission was asked about. Raises ``StoreError``."""
    bodies: list[dict[str, Any]] = []
    for query in (_BODIES, _REVIEWED):
        if len(bodies) < most:
            rows = record.sql(query, [most - len(bodies)])
            bodies += [body for row in rows if isinstance(body := orjson.loads(row["Body"]), dict)]
    return bodies


def known_object(row: Mapping[str, Any]) -> KnownObject:
    """That of a row of the record."""
    version, kind, namespace = (sys.intern(row[name]) for name in ("ApiVersion", "Kind", "Namespace"))
    return KnownObject(version, kind, namespace, row["Name"], row["Uid"], row["ResourceVersion"], row["Digest"])


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""
