"""The recorder that keeps reviews in the workspace's record: rows by review, bodies by digest.

Bodies are appended before the reviews that name them, so a crash between leaves a body too many and never one too few.
When :meth:`StoreRecorder.record` returns everything is there. Runs on the thread of the queue alone.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

import orjson

from lockgate.server.admission.contract import ReviewRecord
from lockgate.sources.cluster.scrub import scrubbed_patch, scrubbed_review
from lockgate.store import Record

_log = logging.getLogger("lockgate.admission")
_KNOWN = 200_000
"""Digests remembered; past it the set begins anew, and a body may be kept twice."""
_COMPACT_EVERY = 200
"""Appends between two joinings of small files."""
_APART = frozenset({"uid", "kind", "resource", "subResource", "name", "namespace", "operation", "object", "oldObject",
                    "dryRun"})  # fmt: skip


class StoreRecorder:
    """Writes to one record."""

    def __init__(self, record: Record, *, salt: bytes) -> None:
        """``salt`` keys the hashes that stand for values of Secrets and of environment variables."""
        self._record, self._salt = record, salt
        self._run = f"admission-{uuid.uuid4().hex[:12]}"
        self._known: dict[str, datetime] = {}
        self._appends = 0

    def record(self, records: Sequence[ReviewRecord]) -> None:
        """Keep these. Raises ``StoreError``, and none of them counts as kept then."""
        bodies: dict[str, dict[str, Any]] = {}
        rows = [self._row(one, bodies) for one in records]
        self._record.append_alone("AdmissionObjects", list(bodies.values()))
        self._record.append_alone("AdmissionReviews", rows)
        if len(self._known) + len(bodies) > _KNOWN:
            self._known.clear()
        self._known.update((digest, row["TimeGenerated"]) for digest, row in bodies.items())
        self._appends += 1
        if self._appends % _COMPACT_EVERY == 0:
            self._compact()

    def _compact(self) -> None:
        """Small files cost readers time; that they could not be joined costs nothing else."""
        try:
            self._record.compact()
        except Exception as error:  # the reviews are kept, and that is what the caller asks about
            _log.warning("the record could not be compacted: %s", error)

    def _row(self, one: ReviewRecord, bodies: dict[str, dict[str, Any]]) -> dict[str, Any]:
        request, verdict = one.request, one.verdict
        moment = datetime.fromtimestamp(one.received, UTC)
        kind, resource = request["kind"], request["resource"]
        return {
            "TimeGenerated": moment, "RunId": self._run, "Endpoint": one.endpoint, "Uid": request["uid"],
            "Operation": request["operation"], "ApiGroup": kind.get("group") or "",
            "ApiVersion": kind.get("version") or "", "Kind": kind["kind"], "Resource": resource["resource"],
            "SubResource": request.get("subResource") or "", "Namespace": request.get("namespace") or "",
            "Name": request.get("name") or "", "Username": _user(request), "DryRun": bool(request.get("dryRun")),
            "Outcome": one.outcome.value, "Failure": one.failure,
            "PolicyVersion": verdict.policy_version if verdict else "", "Seconds": one.seconds,
            "Outcomes": _json(verdict.outcomes if verdict else ()),
            "PolicySeconds": _json(verdict.seconds if verdict else {}),
            "Patch": _json(scrubbed_patch(verdict.patch if verdict else (), salt=self._salt)),
            "ObjectDigest": self._kept(request.get("object"), moment, bodies),
            "OldObjectDigest": self._kept(request.get("oldObject"), moment, bodies),
            "Request": _json({key: value for key, value in request.items() if key not in _APART}),
        }  # fmt: skip

    def _kept(self, body: Mapping[str, Any] | None, moment: datetime, bodies: dict[str, dict[str, Any]]) -> str:
        if body is None:
            return ""
        text = _json(scrubbed_review(body, salt=self._salt))
        digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        # Dated at the end of the day, and kept anew the next: what drops old rows never takes a body before its review.
        end = datetime.combine(moment.date() + timedelta(days=1), time(), UTC)
        if self._known.get(digest) != end and digest not in bodies:
            bodies[digest] = {"TimeGenerated": end, "RunId": self._run, "Digest": digest, "Bytes": len(text.encode()),
                              "Body": text}  # fmt: skip
        return digest


def _user(request: Mapping[str, Any]) -> str:
    user = request.get("userInfo")
    name = user.get("username") if isinstance(user, dict) else None
    return name if isinstance(name, str) else ""


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=_plain).decode()


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def bodies_of(record: Record, digests: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """(digest, object) of those of ``digests`` that the record holds."""
    query = 'SELECT DISTINCT Digest, Body FROM "AdmissionObjects" WHERE Digest IN (SELECT unnest(?))'
    for row in record.sql(query, [list(digests)]):
        yield row["Digest"], orjson.loads(row["Body"])
