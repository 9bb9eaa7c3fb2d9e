"""The webhook as an ASGI application: few paths, no framework, nothing between a request and the judge.

A request that cannot be judged is answered by the failure mode of its namespace, and never let through in silence:
it is counted, recorded, and the sender and the audit log of the cluster are told.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from lockgate.server.admission import review as form
from lockgate.server.admission.contract import FailureMode, FailureModes, Judge, Outcome, ReviewRecord, Verdict
from lockgate.server.admission.metrics import CONTENT_TYPE, Metrics
from lockgate.server.admission.recording import RecordQueue
from lockgate.server.admission.review import Review, ReviewError
from lockgate.server.admission.threads import JudgeThreads

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_log = logging.getLogger("lockgate.admission")
_RESERVE = 0.25
"""Seconds kept back of the time the API server gives, for the way there and back; at most a fifth of it."""
_MAX_FAIL_OPEN_LABELS = 1000


@dataclass(frozen=True, slots=True)
class Judges:
    """Who judges now. Replaced as a whole, so that a request meets one set of policies and never half of two."""

    validating: Judge
    mutating: Judge | None = None


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
        self._queue, self._failure = queue, failure or FailureModes()
        self._pool = JudgeThreads(threads) if threads else None
        self._in_flight, self._max_body, self._read_seconds = in_flight, max_body, read_seconds
        self._judges: Judges | None = None
        if judges is not None:
            self.swap(judges)

    def swap(self, judges: Judges) -> None:
        """Judge by another set of policies from the next request on; those under way end with the old one."""
        self._judges = judges
        self.metrics.policy_version, self.metrics.policy_loaded = judges.validating.version, time.time()

    def fail_by(self, failure: FailureModes) -> None:
        """Fail by these modes from the next answer on."""
        self._failure = failure

    def close(self) -> None:
        """Let go of the threads; a judge that never returns does not keep the process."""
        if self._pool is not None:
            self._pool.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] != "http":
            return
        path, method = scope["path"], scope["method"]
        if path in ("/validate", "/mutate"):
            if method != "POST":
                await self._refuse(send, ReviewError("reviews are sent by POST", status=405))
            else:
                await self._review(scope, receive, send, endpoint=path[1:])
            return
        if method not in ("GET", "HEAD"):
            await self._refuse(send, ReviewError("this path is read by GET", status=405))
        elif path == "/healthz":
            await _answer(send, 200, b"ok", "text/plain")
        elif path == "/readyz":
            ready, why = self._ready()
            await _answer(send, 200 if ready else 503, why.encode(), "text/plain")
        elif path == "/metrics":
            await _answer(send, 200, self.metrics.text().encode(), CONTENT_TYPE)
        else:
            await self._refuse(send, ReviewError("no such path", status=404))

    def _ready(self) -> tuple[bool, str]:
        if self.draining:
            return False, "shutting down"
        if self._judges is None:
            return False, "no policies are loaded"
        if 0 < self.metrics.certificate_expires < time.time():
            return False, "the certificate is over"
        return True, "ok"

    async def _review(self, scope: Scope, receive: Receive, send: Send, *, endpoint: str) -> None:
        try:
            async with asyncio.timeout(self._read_seconds):
                body = await self._body(scope, receive)
            received = time.monotonic()
            budget = form.seconds_of(_parameter(scope["query_string"], "timeout"))
            review = form.parse(body)
        except TimeoutError:
            late = f"the body did not arrive within {self._read_seconds:g} s"
            await self._refuse(send, ReviewError(late, status=408))
            return
        except ReviewError as error:
            await self._refuse(send, error)
            return
        judges = self._judges
        judge = None if judges is None else judges.mutating if endpoint == "mutate" else judges.validating
        if judges is not None and judge is None:
            await self._refuse(send, ReviewError("nothing here mutates: call /validate", status=404))
            return
        deadline = received + budget - min(_RESERVE, budget / 5)
        self.metrics.in_flight += 1
        try:
            judged = await self._judge(judge, review, deadline)
            answer, outcome = self._settle(review, judged, mutate=endpoint == "mutate")
            seconds = time.monotonic() - received
            record = ReviewRecord(time.time() - seconds, endpoint, review.request, judged.verdict, outcome, seconds,
                                  judged.detail)  # fmt: skip
            if self._queue is not None and not self._queue.put(record, len(body)):
                left = max(0.0, deadline - time.monotonic())
                if not await self._queue.put_when_free(record, len(body), seconds=left):
                    answer, outcome = self._settle(review, judged, mutate=endpoint == "mutate", unrecorded=True)
        finally:
            self.metrics.in_flight -= 1
        self._count(endpoint, review, judged, outcome, time.monotonic() - received)
        await _answer(send, 200, answer, "application/json")

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        headers = {name: value for name, value in scope["headers"] if name in (b"content-type", b"content-length")}
        kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        if kind != b"application/json":
            raise ReviewError("the body must be application/json", status=415)
        stated = headers.get(b"content-length", b"0")
        if stated.isdigit() and int(stated[:20]) > self._max_body:
            raise ReviewError(f"the body is larger than {self._max_body} bytes", status=413)
        message = await receive()
        if not message.get("more_body"):
            return self._checked(message)
        parts, size = [], 0
        while True:
            part = self._checked(message)
            size += len(part)
            if size > self._max_body:
                raise ReviewError(f"the body is larger than {self._max_body} bytes", status=413)
            parts.append(part)
            if not message.get("more_body"):
                return b"".join(parts)
            message = await receive()

    def _checked(self, message: MutableMapping[str, Any]) -> bytes:
        if message["type"] != "http.request":
            raise ReviewError("the client hung up before the end of the body")
        return bytes(message.get("body", b""))

    async def _judge(self, judge: Judge | None, review: Review, deadline: float) -> _Judged:
        if judge is None:
            return _Judged(None, "error", "no policies are loaded")
        if self.metrics.in_flight > self._in_flight:
            return _Judged(None, "overload", f"more than {self._in_flight} reviews are under way")
        try:
            if self._pool is None:
                verdict = judge.review(review.request, deadline=deadline)
            else:
                verdict = await self._pool.call(
                    lambda: judge.review(review.request, deadline=deadline), deadline=deadline
                )
        except TimeoutError:
            return _Judged(None, "timeout", "the policies were not judged in the time the API server gives")
        except (Exception, SystemExit) as error:  # a defect of a judge ends in the failure mode, and shows no object
            _log.error("the judge failed on review %s: %s at %s", review.uid, type(error).__name__, _place(error))
            return _Judged(None, "error", f"the judge failed: {type(error).__name__}")
        if time.monotonic() > deadline:
            self.metrics.late += 1
        if not verdict.allowed or verdict.denials:
            return _Judged(verdict)
        if verdict.errors:
            return _Judged(verdict, "policy-error", "; ".join(verdict.errors)[:1000])
        return _Judged(verdict)

    def _settle(self, review: Review, judged: _Judged, *, mutate: bool, unrecorded: bool = False,
                ) -> tuple[bytes, Outcome]:  # fmt: skip
        verdict = judged.verdict
        notes = {"policy-version": verdict.policy_version} if verdict else {}
        if unrecorded:
            notes["unrecorded"] = "true"
        if not judged.reason and verdict is not None:
            if verdict.allowed and not verdict.denials:
                return form.allowed(review.uid, verdict, mutate=mutate, annotations=notes), Outcome.ALLOWED
            message = form.told(verdict.denials) or "denied without a reason"
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

    async def _refuse(self, send: Send, error: ReviewError) -> None:
        self.metrics.refused[error.status] += 1
        await _answer(send, error.status, f"{error.message}\n".encode(), "text/plain; charset=utf-8")


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


async def _answer(send: Send, status: int, body: bytes, kind: str) -> None:
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
