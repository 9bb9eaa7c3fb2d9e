"""The webhook as an application of ``server.http1``: few paths, nothing between a request and the judge.

A request that cannot be judged is answered by the failure mode of its namespace, and never let through in silence:
it is counted, recorded, and the sender and the audit log of the cluster are told.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qs

from lockgate.dataclass import dataclass
from lockgate.server.admission import review as form
from lockgate.server.admission.contract import (
    FailureMode,
    FailureModes,
    Judge,
    Outcome,
    ReviewRecord,
    Verdict,
    WaitingJudge,
    Waits,
)
from lockgate.server.admission.metrics import CONTENT_TYPE, Metrics
from lockgate.server.admission.recording import RecordQueue
from lockgate.server.admission.review import Review, ReviewError
from lockgate.server.admission.threads import JudgeThreads
from lockgate.server.http1 import Request, Response

_log = logging.getLogger("lockgate.admission")
_RESERVE = 0.25
"""Seconds kept back of the time the API server gives, for the way there and back; at most a fifth of it."""
_WAITING = 8
"""Threads for judges that wait for others."""
_MAX_FAIL_OPEN_LABELS = 1000
_REVIEWED = (b"/validate", b"/mutate")


@dataclass(frozen=True, slots=True)
class Judges:
    """Who judges now. Replaced as a whole, so that a request meets one set of policies and never half of two."""

    validating: Judge
    mutating: Judge | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    endpoint: str
    review: Review
    received: float
    """``time.monotonic()`` when the whole request was here."""
    deadline: float
    size: int
    """Bytes of the body."""


@dataclass(frozen=True, slots=True)
class _Judged:
    verdict: Verdict | None
    reason: str = ""
    """``error``, ``timeout``, ``overload`` or ``policy-error`` where the failure mode decides; else empty."""
    detail: str = ""


class AdmissionApp:
    """Answers ``/validate``, ``/mutate``, ``/healthz``, ``/readyz`` and ``/metrics``."""

    def __init__(self, judges: Judges | None, *, metrics: Metrics, queue: RecordQueue | None = None,
                 failure: FailureModes | None = None, threads: int = 0, in_flight: int = 256,
                 max_body: int = form.MAX_BODY, read_seconds: float = 15.0) -> None:  # fmt: skip
        """``threads`` judge side by side; 0: the event loop does, and nothing can be given up halfway.

        ``in_flight`` is how many reviews may be under way; what comes on top is answered by the failure mode.
        A body must be here within ``read_seconds``.
        """
        self.metrics, self.draining = metrics, False
        self.all_metrics: Callable[[Metrics], Metrics] = lambda own: own
        self._queue, self._failure = queue, failure or FailureModes()
        self._pool = JudgeThreads(threads) if threads else None
        self._in_flight, self._max_body, self._read_seconds = in_flight, max_body, read_seconds
        self._waiting: JudgeThreads | None = None
        self._waits: Mapping[str, Waits] = {}
        self._judges: Judges | None = None
        if judges is not None:
            self.swap(judges)

    def swap(self, judges: Judges) -> None:
        """Judge by another set of policies from the next request on; those under way end with the old one."""
        each = {"validate": judges.validating, "mutate": judges.mutating}
        waits = {endpoint: judge.waits for endpoint, judge in each.items() if isinstance(judge, WaitingJudge)}
        if waits and self._waiting is None and self._pool is None:
            self._waiting = JudgeThreads(_WAITING)
        self._judges, self._waits = judges, waits
        self.metrics.policy_version, self.metrics.policy_loaded = judges.validating.version, time.time()

    def fail_by(self, failure: FailureModes) -> None:
        """Fail by these modes from the next answer on."""
        self._failure = failure

    def close(self) -> None:
        """Let go of the threads; a judge that never returns does not keep the process."""
        for pool in (self._pool, self._waiting):
            if pool is not None:
                pool.close()

    def answer(self, request: Request) -> Response | Awaitable[Response]:
        """The answer to one request; one to wait for where threads judge or the recorder is behind."""
        path, _, query = request.target.partition(b"?")
        if path in _REVIEWED:
            if request.method != b"POST":
                return self.refuse(405, "reviews are sent by POST")
            return self._review(request, query, "mutate" if path == b"/mutate" else "validate")
        if request.method not in (b"GET", b"HEAD"):
            return self.refuse(405, "this path is read by GET")
        if path == b"/healthz":
            return Response(200, b"ok", "text/plain")
        if path == b"/readyz":
            ready, why = self._ready()
            return Response(200 if ready else 503, why.encode(), "text/plain")
        if path == b"/metrics":
            return Response(200, self.all_metrics(self.metrics).text().encode(), CONTENT_TYPE)
        return self.refuse(404, "no such path")

    def refuse(self, status: int, message: str) -> Response:
        """The answer to what is no review; counted."""
        self.metrics.refused[status] += 1
        return Response(status, f"{message}\n".encode())

    @property
    def max_body(self) -> int:
        """Bytes of one review."""
        return self._max_body

    @property
    def read_seconds(self) -> float:
        """In which a request must be here."""
        return self._read_seconds

    def _ready(self) -> tuple[bool, str]:
        if self.draining:
            return False, "shutting down"
        if self._judges is None:
            return False, "no policies are loaded"
        if 0 < self.metrics.certificate_expires < time.time():
            return False, "the certificate is over"
        return True, "ok"

    def _review(self, request: Request, query: bytes, endpoint: str) -> Response | Awaitable[Response]:
        received = time.monotonic()
        try:
            kind = request.content_type
            if kind != b"application/json" and kind.split(b";")[0].strip().lower() != b"application/json":
                raise ReviewError("the body must be application/json", status=415)
            budget = form.seconds_of(_parameter(query, "timeout"))
            review = form.parse(request.body)
        except ReviewError as error:
            return self.refuse(error.status, error.message)
        judges = self._judges
        judge = None if judges is None else judges.mutating if endpoint == "mutate" else judges.validating
        if judges is not None and judge is None:
            return self.refuse(404, "nothing here mutates: call /validate")
        asked = _Asked(endpoint, review, received, received + budget - min(_RESERVE, budget / 5), len(request.body))
        self.metrics.in_flight += 1
        if judge is None:
            return self._judged(asked, _Judged(None, "error", "no policies are loaded"))
        if self.metrics.in_flight > self._in_flight:
            return self._judged(asked, _Judged(None, "overload", f"more than {self._in_flight} reviews are under way"))
        if self._pool is not None:
            return self._judged_in_thread(self._pool, judge, asked)
        try:
            waits = self._waits.get(endpoint)
            if waits is not None and self._waiting is not None and waits(review.request):
                return self._judged_in_thread(self._waiting, judge, asked)
            verdict = judge.review(review.request, deadline=asked.deadline)
        except (Exception, SystemExit) as error:  # a defect of a judge ends in the failure mode, and shows no object
            return self._judged(asked, _failed(review, error))
        return self._judged(asked, self._weighed(verdict, asked.deadline))

    async def _judged_in_thread(self, pool: JudgeThreads, judge: Judge, asked: _Asked) -> Response:
        review = asked.review.request
        try:
            verdict = await pool.call(lambda: judge.review(review, deadline=asked.deadline), deadline=asked.deadline)
        except (Exception, SystemExit) as error:
            judged = _failed(asked.review, error)
        else:
            judged = self._weighed(verdict, asked.deadline)
        answer = self._judged(asked, judged)
        return answer if isinstance(answer, Response) else await answer

    def _weighed(self, verdict: Verdict, deadline: float) -> _Judged:
        if time.monotonic() > deadline:
            self.metrics.late += 1
        if verdict.errors and verdict.allowed and not verdict.denials:
            return _Judged(verdict, "policy-error", "; ".join(verdict.errors)[:1000])
        return _Judged(verdict)

    def _judged(self, asked: _Asked, judged: _Judged) -> Response | Awaitable[Response]:
        """Record and answer; the answer waits where the recorder has no room."""
        answer, outcome = self._settle(asked.review, judged, mutate=asked.endpoint == "mutate")
        if self._queue is not None:
            seconds = time.monotonic() - asked.received
            record = ReviewRecord(time.time() - seconds, asked.endpoint, asked.review.request, judged.verdict, outcome,
                                  seconds, judged.detail)  # fmt: skip
            if not self._queue.put(record, asked.size):
                return self._when_recorded(self._queue, record, asked, judged)
        return self._answered(asked, judged, answer, outcome)

    async def _when_recorded(self, queue: RecordQueue, record: ReviewRecord, asked: _Asked,
                             judged: _Judged) -> Response:  # fmt: skip
        left = max(0.0, asked.deadline - time.monotonic())
        kept = await queue.put_when_free(record, asked.size, seconds=left)
        answer, outcome = self._settle(asked.review, judged, mutate=asked.endpoint == "mutate", unrecorded=not kept)
        return self._answered(asked, judged, answer, outcome)

    def _answered(self, asked: _Asked, judged: _Judged, answer: bytes, outcome: Outcome) -> Response:
        self.metrics.in_flight -= 1
        self._count(asked.endpoint, asked.review, judged, outcome, time.monotonic() - asked.received)
        return Response(200, answer, "application/json")

    def _settle(self, review: Review, judged: _Judged, *, mutate: bool, unrecorded: bool = False,
                ) -> tuple[bytes, Outcome]:  # fmt: skip
        verdict = judged.verdict
        notes = {"policy-version": verdict.policy_version} if verdict else {}
        if unrecorded:
            notes["unrecorded"] = "true"
        if not judged.reason and verdict is not None:
            if verdict.allowed and not verdict.denials:
                return form.allowed(review.uid, verdict, mutate=mutate, annotations=notes), Outcome.ALLOWED
            message = verdict.shared.kept("told", lambda: form.told(verdict.denials)) or "denied without a reason"
            return form.denied(review.uid, verdict, message, annotations=notes), Outcome.DENIED
        notes |= {"failure": judged.reason}
        if self._failure.of(review.namespace) is FailureMode.OPEN:
            notes |= {"failure-mode": "open"}
            warning = f"lockgate let this through unjudged: {judged.detail}"
            answer = form.allowed(review.uid, verdict, mutate=mutate, warnings=(warning,), annotations=notes)
            return answer, Outcome.FAILED_OPEN
        notes |= {"failure-mode": "closed"}
        message = f"this could not be judged, and its namespace fails closed: {judged.detail}"
        answer = form.denied(review.uid, verdict, message, code=500, reason="InternalError", annotations=notes)
        return answer, Outcome.FAILED_CLOSED

    def _count(self, endpoint: str, review: Review, judged: _Judged, outcome: Outcome, seconds: float) -> None:
        metrics = self.metrics
        metrics.reviews[endpoint, review.operation, outcome.value] += 1
        metrics.latency[endpoint].observe(seconds)
        if judged.reason:
            metrics.failures[judged.reason] += 1
        if outcome is Outcome.FAILED_OPEN:
            _log.warning("review %s was let through unjudged: %s", review.uid, judged.reason)
            known = review.namespace in metrics.fail_opens or len(metrics.fail_opens) < _MAX_FAIL_OPEN_LABELS
            metrics.fail_opens[review.namespace if known else "(others)"] += 1


def _failed(review: Review, error: BaseException) -> _Judged:
    if isinstance(error, TimeoutError):
        return _Judged(None, "timeout", "the policies were not judged in the time the API server gives")
    _log.error("the judge failed on review %s: %s at %s", review.uid, type(error).__name__, _place(error))
    return _Judged(None, "error", f"the judge failed: {type(error).__name__}")


def _place(error: BaseException) -> str:
    """The last calls before an error, without its words: these may quote the object, and so a secret."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in reversed(frames))


def _parameter(query: bytes, name: str) -> str:
    if query.startswith(b"timeout=") and query.count(b"=") == 1 and b"%" not in query:  # what API servers send
        return query[8:].decode("latin-1")
    try:
        found = parse_qs(query.decode("latin-1"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise ReviewError("the query has too many parameters") from None
    return found.get(name, [""])[0]
