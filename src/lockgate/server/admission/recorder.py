"""The recorder that keeps reviews for the workspace's record: rows by review, bodies by digest, in a journal.

When :meth:`JournalRecorder.record` returns everything is on the disk; ``carrying`` brings it into the record. Bodies
stand before the reviews that name them, so a crash between leaves a body too many and never one too few.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.server.admission.contract import ReviewRecord, Verdict
from lockgate.sources.cluster.scrub import scrubbed_patch, scrubbed_review
from lockgate.store.journal import Journal, SharedText, line_of

if TYPE_CHECKING:
    from lockgate.store import Record

_KNOWN = 50_000
"""Bodies remembered, at some 100 bytes each; past it the set begins anew, and a body may be kept twice."""
_SHORT = 200
"""Characters of what was said that stand in the row of a review itself."""
_APART = frozenset({"uid", "kind", "resource", "subResource", "name", "namespace", "operation", "object", "oldObject",
                    "dryRun"})  # fmt: skip
_OBJECT = b'AdmissionObjects {"TimeGenerated":"%s","RunId":%s,"Digest":"%s","Bytes":%d,"Body":%s}\n'
"""The line of a body, as ``line_of`` writes it."""
_Key = bytes
"""What tells a body of one day from all others: the start of its digest, and the day."""
_TELLING = 16
"""Bytes of the digest; nobody finds two bodies that have these in common."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """One review as it stands in a journal: a tenth of what it takes as values, and nothing secret in it."""

    review: bytes
    bodies: tuple[tuple[_Key, bytes], ...]
    """Key and line of the bodies that were not known when it was prepared."""
    outcomes: SharedText | None
    """What was said, where it is long: the row names it, and replicas have it in common."""


class JournalRecorder:
    """Writes to one journal."""

    def __init__(self, journal: Journal, *, salt: bytes) -> None:
        """``salt`` keys the hashes that stand for values of Secrets and of environment variables."""
        self._journal, self._salt = journal, salt
        self._run = orjson.dumps(journal.run)
        self._known: set[_Key] = set()
        self._day = date.min, b""

    def prepare(self, one: ReviewRecord) -> Prepared:
        """What :meth:`record` keeps of a review. May be called while another thread records."""
        bodies: dict[_Key, bytes] = {}
        outcomes = _outcomes_of(one.verdict) if one.verdict else "[]"
        shared = outcomes if isinstance(outcomes, SharedText) else None
        row = self._row(one, outcomes if shared is None else shared.named, bodies)
        return Prepared(line_of("AdmissionReviews", row), tuple(bodies.items()), shared)

    def record(self, records: Sequence[ReviewRecord | Prepared]) -> None:
        """Keep these. Raises ``StoreError``, and none of them counts as kept then."""
        prepared = [one if isinstance(one, Prepared) else self.prepare(one) for one in records]
        bodies = {key: line for one in prepared for key, line in one.bodies if key not in self._known}
        shared = [one.outcomes for one in prepared if one.outcomes is not None]
        self._journal.append_lines([*bodies.values(), *(one.review for one in prepared)], shared)
        if len(self._known) + len(bodies) > _KNOWN:
            self._known.clear()
        self._known.update(bodies)

    def _row(self, one: ReviewRecord, outcomes: Any, bodies: dict[_Key, bytes]) -> dict[str, Any]:
        request, verdict = one.request, one.verdict
        moment = datetime.fromtimestamp(one.received, UTC)
        kind, resource = request["kind"], request["resource"]
        secret = kind["kind"] == "Secret" and not kind.get("group")
        return {
            "TimeGenerated": moment, "RunId": self._journal.run, "Endpoint": one.endpoint, "Uid": request["uid"],
            "Operation": request["operation"], "ApiGroup": kind.get("group") or "",
            "ApiVersion": kind.get("version") or "", "Kind": kind["kind"], "Resource": resource["resource"],
            "SubResource": request.get("subResource") or "", "Namespace": request.get("namespace") or "",
            "Name": request.get("name") or "", "Username": _user(request), "DryRun": bool(request.get("dryRun")),
            "Outcome": one.outcome.value, "Failure": one.failure,
            "PolicyVersion": verdict.policy_version if verdict else "", "Seconds": one.seconds,
            "Outcomes": outcomes,
            "PolicySeconds": _json(verdict.seconds if verdict else {}),
            "Patch": _json(scrubbed_patch(verdict.patch, salt=self._salt)) if verdict and verdict.patch else "[]",
            "ObjectDigest": self._kept(request.get("object"), moment, bodies, secret=secret),
            "OldObjectDigest": self._kept(request.get("oldObject"), moment, bodies, secret=secret),
            "Request": _json({key: value for key, value in request.items() if key not in _APART}),
        }  # fmt: skip

    def _kept(self, kept: Mapping[str, Any] | None, moment: datetime, bodies: dict[_Key, bytes], *,
              secret: bool) -> str:  # fmt: skip
        if kept is None:
            return ""
        body = scrubbed_review(kept, salt=self._salt, secret=secret)
        text = body.encode()
        hashed = hashlib.sha256(text)
        digest = f"sha256:{hashed.hexdigest()}"
        day = moment.date()
        key = hashed.digest()[:_TELLING] + day.toordinal().to_bytes(4)
        if key not in self._known and key not in bodies:
            bodies[key] = _OBJECT % (self._end_of(day), self._run, digest.encode(), len(text), orjson.dumps(body))
        return digest

    def _end_of(self, day: date) -> bytes:
        """Bodies are dated at the end of the day, and kept anew the next: what drops old rows takes no body before its
        review."""
        known, end = self._day
        if day != known:
            end = datetime.combine(day + timedelta(days=1), time(), UTC).isoformat().encode()
            self._day = day, end
        return end


def _user(request: Mapping[str, Any]) -> str:
    user = request.get("userInfo")
    name = user.get("username") if isinstance(user, dict) else None
    return name if isinstance(name, str) else ""


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=_plain).decode()


def _outcomes_of(verdict: Verdict) -> str | SharedText:
    template = verdict.template
    if template is not None:
        text = template.shared.kept("outcomes", partial(_outcomes, template.outcomes))
        if isinstance(text, SharedText):
            return text.with_texts(template.texts)
    return verdict.shared.kept("outcomes", partial(_outcomes, verdict.outcomes))


def _outcomes(outcomes: Sequence[Mapping[str, Any]]) -> str | SharedText:
    text = _json([*outcomes])
    return text if len(text) < _SHORT else SharedText(text)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def bodies_of(record: Record, digests: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """(digest, object) of those of ``digests`` that the record holds."""
    query = 'SELECT DISTINCT Digest, Body FROM "AdmissionObjects" WHERE Digest IN (SELECT unnest(?))'
    for row in record.sql(query, [list(digests)]):
        yield row["Digest"], orjson.loads(row["Body"])
