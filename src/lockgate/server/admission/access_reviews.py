"""CEL's ``authorizer`` at admission: who may do what is asked of the cluster, by SubjectAccessReviews.

The question is the one that an API server puts to an authorizing webhook (``k8s.io/apiserver``, ``pkg/cel/library``
and ``plugin/pkg/authorizer/webhook``). A cluster that cannot be asked is an errored decision, which is not allowed;
what follows is for the expression to say, as in Kubernetes. What does not belong: when policies ask.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from lockgate.errors import LockgateError
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.printable import clipped, printable
from lockgate.policy.cel.library.authorizers import Access, Answer
from lockgate.policy.errors import BudgetExceededError
from lockgate.sources.cluster import Connection
from lockgate.sources.cluster.connection import OversizeError, RefusedError, SilentError

_log = logging.getLogger("lockgate.admission")
KEPT_SECONDS = 5.0
"""How long an answer holds for further reviews: a right that is taken away counts no longer than this."""
_MAX_KEPT = 4096
_MAX_KEPT_QUESTION = 10_000
"""Bytes of a question whose answer is kept for other reviews."""
_MAX_QUESTION = 64 * 1024
"""Bytes: expressions make questions of what objects hold."""
MAX_QUESTIONS = 100
"""Of one review. Kubernetes' own budget of costs ends an expression at its third question, a policy at its 29th."""
_LONGEST = 3.0
"""Seconds for one answer: what is left after a cluster that is silent is for the policies that do not ask it."""
_PAUSE = 0.05
"""Seconds before a question is asked again."""
_MAX_TOLD = 1000
_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_LOG_SECONDS = 60.0
_SELECTOR = "spec.resourceAttributes."
"""Begins what a server adds to the errors about a selector that it cannot read; an expression never hears of it."""


class AccessReviews:
    """One cluster's answers. Asked from several threads at once."""

    def __init__(self, connect: Callable[[], Connection], *, kept_seconds: float = KEPT_SECONDS) -> None:
        """``connect`` is called once, when something is asked first; again where that fails."""
        self._connect, self._kept_seconds = connect, kept_seconds
        self._lock, self._connecting = threading.Lock(), threading.Lock()
        self._connection: Connection | None = None
        self._kept: OrderedDict[bytes, tuple[float, Answer]] = OrderedDict()
        self._told = -_LOG_SECONDS

    def of(self, user: Mapping[str, Any], *, until: float | None) -> _Asked:
        """What is asked about one request; see ``native.Authorities``."""
        return _Asked(self, user, until)

    def close(self) -> None:
        """Hang up."""
        with self._connecting:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def answer(self, question: bytes, seconds: float) -> Answer:
        """The cluster's answer, or one of the last seconds. Raises :class:`UnansweredError`."""
        key = hashlib.sha256(question).digest()
        now = time.monotonic()
        with self._lock:
            expires, kept = self._kept.get(key, (0.0, None))
        if kept is not None and expires > now:
            return kept
        found = self._asked(question, now + seconds)
        if not found.error and len(question) <= _MAX_KEPT_QUESTION:
            with self._lock:
                self._kept[key] = (now + self._kept_seconds, found)
                self._kept.move_to_end(key)
                if len(self._kept) > _MAX_KEPT:
                    self._kept.popitem(last=False)
        return found

    def _asked(self, question: bytes, until: float) -> Answer:
        """Asked twice at most: a connection that was kept open may have been closed by the other side."""
        again = True
        while True:
            try:
                connection = self._connected()
                seconds = until - time.monotonic()
                if seconds <= 0:
                    raise SilentError("no answer in time")
                return _answer_of(connection.access_review(question, seconds=seconds))
            except (RefusedError, SilentError) as error:
                passing = isinstance(error, SilentError) or error.status in _TRANSIENT
                if again and passing and time.monotonic() < until:
                    again = False
                    time.sleep(_PAUSE)
                    continue
                raise self._unanswered(str(error)) from None
            except (LockgateError, OversizeError) as error:
                raise self._unanswered(str(error)) from None

    def _connected(self) -> Connection:
        with self._connecting:
            if self._connection is None:
                self._connection = self._connect()
            return self._connection

    def _unanswered(self, why: str) -> UnansweredError:
        now = time.monotonic()
        with self._lock:
            tell = now - self._told >= _LOG_SECONDS
            self._told = now if tell else self._told
        if tell:
            _log.warning("the cluster was asked who may do what, and does not answer: %s", clipped(printable(why), 300))
        return UnansweredError(clipped(why, _MAX_TOLD))


class UnansweredError(Exception):
    """The cluster does not answer; the text says why."""


class _Asked:
    """The questions of one review; an ``Authority``."""

    __slots__ = ("_answers", "_reviews", "_silent", "_until", "_user")

    def __init__(self, reviews: AccessReviews, user: Mapping[str, Any], until: float | None) -> None:
        self._reviews, self._user, self._until = reviews, user, until
        self._answers: dict[Access, Answer] = {}
        self._silent = ""

    def decide(self, access: Access) -> Answer:
        """The answer; the same to the same question, as long as the review lasts, and an errored one to all that come
        after silence. Raises :class:`BudgetExceededError` for too many questions, and when the time is over."""
        found = self._answers.get(access)
        if found is None:
            if len(self._answers) >= MAX_QUESTIONS:
                raise BudgetExceededError(
                    f"the policies ask more than {MAX_QUESTIONS} times who may do what",
                    hint="ask once, not for each item of an object",
                )  # fmt: skip
            found = self._answers[access] = self._answer(access)
        return found

    def _answer(self, access: Access) -> Answer:
        seconds = _LONGEST if self._until is None else min(_LONGEST, self._until - time.monotonic())
        if seconds <= 0:
            raise BudgetExceededError("the evaluation was not done in time", hint="ask less who may do what")
        if self._silent:
            return Answer(False, error=self._silent)
        try:
            question = orjson.dumps(question_of(access, self._user))
        except orjson.JSONEncodeError:
            return Answer(False, error="the question cannot be written as JSON")
        if len(question) > _MAX_QUESTION:
            return Answer(False, error=f"a question of more than {_MAX_QUESTION} bytes is not asked")
        try:
            return self._reviews.answer(question, seconds)
        except UnansweredError as error:
            self._silent = str(error)
            return Answer(False, error=self._silent)


def question_of(access: Access, user: Mapping[str, Any]) -> dict[str, Any]:
    """The SubjectAccessReview. ``user``: the ``userInfo`` of a review."""
    spec: dict[str, Any] = {}
    if access.path is not None:
        spec["nonResourceAttributes"] = _filled({"path": access.path, "verb": access.verb})
    else:
        spec["resourceAttributes"] = _filled({
            "namespace": access.namespace, "verb": access.verb, "group": access.group, "version": "*",
            "resource": access.resource, "subresource": access.subresource, "name": access.name,
            "fieldSelector": _selector(access.field_selector), "labelSelector": _selector(access.label_selector),
        })  # fmt: skip
    if access.service_account is not None:  # whether there is such an account nobody asks
        namespace, name = access.service_account
        spec["user"] = f"system:serviceaccount:{namespace}:{name}"
        spec["groups"] = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
    else:
        spec |= _filled({"user": user.get("username"), "groups": user.get("groups"), "extra": user.get("extra"),
                         "uid": user.get("uid")})  # fmt: skip
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}


def _selector(text: str) -> dict[str, str] | None:
    return {"rawSelector": text} if text else None


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _answer_of(content: bytes) -> Answer:
    try:
        body = json_safe.load(content, max_bytes=_MAX_QUESTION * 4)
    except FormatError as error:
        raise SilentError(f"no answer that can be read: {error}") from None
    status = body.get("status") if isinstance(body, dict) else None
    if not isinstance(status, dict) or not isinstance(status.get("allowed"), bool):
        raise SilentError("the answer is no SubjectAccessReview")
    errors = "; ".join(one for one in str(status.get("evaluationError") or "").split("; ")
                       if not (one.startswith(_SELECTOR) and one.endswith("due to parse error")))  # fmt: skip
    return Answer(status["allowed"], clipped(str(status.get("reason") or ""), _MAX_TOLD), clipped(errors, _MAX_TOLD))
