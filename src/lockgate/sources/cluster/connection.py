"""Requests to one API server: credentials, bounds, retries within a budget. Nothing here can write: all are GETs but
the questions who may do what, which a server answers and keeps nothing of.

The ``kubernetes`` client library reads the kubeconfig (tokens, certificates, exec plugins, proxies) and makes the
connection pool; bodies are taken raw, because its models cost more than the judging and drop fields they do not know.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.printable import clipped, printable

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_TRANSIENT = frozenset({429, 500, 502, 503, 504})
_PIECE = 256 * 1024
_MAX_STATUS = 64 * 1024
_CLOSED = "the connection is closed"
_ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_KEPT = 300
"""Sockets kept open: one a watched resource, one a followed log. With fewer urllib3 would warn of each that it throws
away."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one reading of a cluster may cost."""

    chunk: int = 500
    """Objects asked for at a time."""
    chunk_bytes: int = 64 * 1024 * 1024
    """Bytes of one answer, unpacked; a larger one is asked for again in smaller chunks."""
    event_bytes: int = 16 * 1024 * 1024
    """Bytes of one watch event."""
    connect_seconds: float = 10.0
    read_seconds: float = 60.0
    """Longest silence within an answer."""
    quiet_seconds: float = 90.0
    """Longest silence within a watch; a server sends a bookmark about every minute."""
    request_seconds: float = 180.0
    """Longest time one answer may take in all."""
    retries: int = 30
    """Repeated requests in one reading, all resources together."""
    wait_seconds: float = 120.0
    """Waiting before repeated requests in one reading, all together."""
    seconds: float = 1800.0
    """Longest time of one reading; what is not read by then is a Skip."""


class RefusedError(Exception):
    """The server answered with a status other than 2xx; ``token`` continues an expired list (410)."""

    def __init__(self, status: int, message: str, *, token: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.status, self.message, self.token, self.retry_after = status, message, token, retry_after


class SilentError(Exception):
    """No answer, or one that broke off; the text says why."""


class OversizeError(Exception):
    """The answer is larger than the limit."""


class Connection:
    """One API server under one identity. Safe to share among threads."""

    def __init__(self, configuration: Any, *, name: str, limits: Limits) -> None:
        """``configuration``: a loaded ``kubernetes.client.Configuration``; ``name``: what people call the cluster."""
        from kubernetes.client.rest import RESTClientObject

        self.name, self.address, self.limits = name, str(configuration.host).rstrip("/"), limits
        self._configuration = configuration
        configuration.connection_pool_maxsize = max(_KEPT, configuration.connection_pool_maxsize or 0)
        self._pool = RESTClientObject(configuration).pool_manager
        self._lock = threading.Lock()
        self._open: set[Any] = set()
        self.closed = threading.Event()
        self.begin()

    def begin(self) -> None:
        """A new reading: the budgets are whole again."""
        self._retries, self._wait = self.limits.retries, self.limits.wait_seconds
        self.deadline = time.monotonic() + self.limits.seconds

    def close(self) -> None:
        """Hang up on every answer that is still being read; the connection has no further use."""
        self.closed.set()
        with self._lock:
            waiting = list(self._open)
        for response in waiting:
            _hang_up(response)
        self._pool.clear()

    def json(self, path: str, *, accept: str = "application/json") -> Any:
        """The JSON value at ``path``; raises as :meth:`body` does, and ``FormatError`` for what is no JSON."""
        return json_safe.load(self.body(path, accept=accept), max_bytes=self.limits.chunk_bytes)

    def body(
        self, path: str, query: Mapping[str, str] | None = None, *, accept: str = "application/json",
        retry: bool = True,
    ) -> bytes:  # fmt: skip
        """The bytes at ``path``.

        Raises :class:`RefusedError`, :class:`SilentError` or :class:`OversizeError`; transient refusals and silence are
        asked again while the budget lasts, unless ``retry`` is off.
        """
        attempt = 0
        while True:
            try:
                return self._body_once(path, query or {}, accept)
            except (RefusedError, SilentError) as error:
                if not retry or (isinstance(error, RefusedError) and error.status not in _TRANSIENT):
                    raise
                attempt += 1
                if not self._may_retry(attempt, error):
                    raise

    def access_review(self, question: bytes, *, seconds: float) -> bytes:
        """The answer to a SubjectAccessReview, both JSON. Raises as :meth:`body` does, without asking again.

        ``seconds``: longest time it may take in all.
        """
        return self._body_once(_ACCESS_REVIEWS, {}, "application/json", question=question, seconds=seconds)

    def _body_once(self, path: str, query: Mapping[str, str], accept: str, *, question: bytes | None = None,
                   seconds: float = 0) -> bytes:  # fmt: skip
        limit, size = self.limits.chunk_bytes, 0
        parts: list[bytes] = []
        seconds = seconds or self.limits.request_seconds
        until = time.monotonic() + seconds
        with self._answer(path, query, accept, read_seconds=min(seconds, self.limits.read_seconds),
                          question=question) as response:  # fmt: skip
            for piece in _pieces(response):
                size += len(piece)
                if size > limit:
                    raise OversizeError(f"an answer larger than {limit} bytes")
                if time.monotonic() > until:
                    raise SilentError(f"the answer took longer than {seconds:.0f} s")
                parts.append(piece)
        return b"".join(parts)

    def lines(self, path: str, query: Mapping[str, str]) -> Iterator[bytes]:
        """The lines of a stream, as long as it lasts. Raises as :meth:`body` does, without asking again."""
        held = bytearray()
        with self._answer(path, query, "application/json", read_seconds=self.limits.quiet_seconds) as response:
            for piece in _pieces(response):
                held += piece
                if b"\n" not in piece and len(held) > self.limits.event_bytes:
                    raise OversizeError(f"a watch event larger than {self.limits.event_bytes} bytes")
                *whole, rest = held.split(b"\n")
                held = bytearray(rest)
                yield from (bytes(line) for line in whole if line.strip())

    def pieces(self, path: str, query: Mapping[str, str], *, quiet_seconds: float) -> Iterator[bytes]:
        """The bytes of a stream as they come, as long as it lasts. Raises as :meth:`lines`.

        ``quiet_seconds``: longest silence within it.
        """
        with self._answer(path, query, "*/*", read_seconds=quiet_seconds) as response:
            yield from _pieces(response)

    @contextmanager
    def _answer(self, path: str, query: Mapping[str, str], accept: str, *, read_seconds: float = 0,
                question: bytes | None = None) -> Iterator[Any]:  # fmt: skip
        import urllib3

        limits = self.limits
        address = self.address + path + ("?" + _encoded(query) if query else "")
        headers = {"Accept": accept, "Accept-Encoding": "gzip", "User-Agent": "lockgate", **self._authorization()}
        read_seconds = read_seconds or limits.read_seconds
        timeout = urllib3.Timeout(connect=min(limits.connect_seconds, read_seconds), read=read_seconds)
        if question is not None:
            headers["Content-Type"] = "application/json"
        if self.closed.is_set():
            raise SilentError(_CLOSED)
        try:
            response = self._pool.request(
                "GET" if question is None else "POST", address, body=question, headers=headers, timeout=timeout,
                preload_content=False, retries=False, redirect=False,
            )  # fmt: skip
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise SilentError(_reason(error)) from None
        with self._lock:
            self._open.add(response)
        try:
            if self.closed.is_set():  # while it was asked, so that close() could not see this answer
                raise SilentError(_CLOSED)
            if not 200 <= response.status < 300:
                raise _refusal(response)
            yield response
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise SilentError(_reason(error)) from None
        finally:
            with self._lock:
                self._open.discard(response)
            # What was not read to its end cannot be used again, and reading on could take for ever.
            response.close()
            response.release_conn()

    def _authorization(self) -> dict[str, str]:
        with self._lock:
            found = self._configuration.auth_settings().get("BearerToken") or {}
        return {"Authorization": str(found["value"])} if found.get("value") else {}

    def _may_retry(self, attempt: int, error: RefusedError | SilentError) -> bool:
        stated = error.retry_after if isinstance(error, RefusedError) else 0.0
        wait = stated or min(30.0, 0.2 * 2**attempt) * random.uniform(0.5, 1.0)  # noqa: S311 -- spreads load only
        with self._lock:
            if self._retries <= 0 or wait > self._wait or time.monotonic() + wait > self.deadline:
                return False
            self._retries -= 1
            self._wait -= wait
        return not self.closed.wait(wait)


def connect(*, kubeconfig: Path | None = None, context: str = "", in_cluster: bool = False, name: str = "",
            limits: Limits | None = None) -> Connection:  # fmt: skip
    """A connection as :func:`configured` finds it; ``name`` is what people call the cluster (else the context)."""
    configuration, known_as = configured(kubeconfig=kubeconfig, context=context, in_cluster=in_cluster)
    return Connection(configuration, name=printable(name or known_as), limits=limits or Limits())


def configured(*, kubeconfig: Path | None = None, context: str = "", in_cluster: bool = False) -> tuple[Any, str]:
    """(``kubernetes.client.Configuration``, name of the context): the way into a cluster, checked for safety.

    By a kubeconfig file (the usual places when none is named), or by the account of the own Pod. Raises ``SourceError``
    when it cannot be read, switches TLS verification off, or sends credentials over plain HTTP to another machine.
    """
    from kubernetes import config
    from kubernetes.client import Configuration

    configuration, name = Configuration(), context or "cluster"
    where = "the service account of this Pod" if in_cluster else str(kubeconfig or "kubeconfig")
    try:
        if in_cluster:
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            file = str(kubeconfig) if kubeconfig else None
            config.load_kube_config(  # type: ignore[no-untyped-call]
                file, context or None, client_configuration=configuration, persist_config=False
            )
            current = config.list_kube_config_contexts(file)[1]  # type: ignore[no-untyped-call]
            name = context or str(current["name"])
    except Exception as error:  # the loader raises whatever its YAML, its plugins and its files happen to raise
        said = clipped(printable(str(error) or type(error).__name__), 300)
        hint = "check the path and the context; kubectl config get-contexts lists them"
        raise SourceError(f"no way into the cluster: {said}", where=where, hint=hint) from None
    _refuse_unsafe(configuration, where)
    return configuration, name


def _refuse_unsafe(configuration: Any, where: str) -> None:
    address = urlsplit(str(configuration.host))
    if address.scheme == "http" and address.hostname not in _LOOPBACK:
        hint = "use the https address of the API server"
        raise SourceError("the kubeconfig sends credentials over plain HTTP", where=where, hint=hint)
    if address.scheme == "https" and not configuration.verify_ssl:
        hint = "put the authority of the API server into certificate-authority-data"
        raise SourceError("the kubeconfig switches the check of certificates off", where=where, hint=hint)


def _encoded(query: Mapping[str, str]) -> str:
    return "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items())


def _pieces(response: Any) -> Iterator[bytes]:
    while piece := response.read1(_PIECE, decode_content=True):
        yield piece


def _hang_up(response: Any) -> None:
    """Wakes the thread that waits for this answer."""
    try:
        response.shutdown()
    except (OSError, RuntimeError, ValueError, AttributeError):
        response.close()


def _refusal(response: Any) -> RefusedError:
    content = response.read1(_MAX_STATUS, decode_content=True)
    message, token = "", ""
    try:
        body = json_safe.load(content, max_bytes=_MAX_STATUS)
    except FormatError:
        body = None
    if isinstance(body, dict) and body.get("kind") == "Status":
        message = str(body.get("message") or body.get("reason") or "")
        metadata = body.get("metadata")
        token = str(metadata.get("continue") or "") if isinstance(metadata, dict) else ""
    stated = response.headers.get("Retry-After", "")
    retry_after = float(stated) if stated.isascii() and stated.isdigit() else 0.0
    said = clipped(printable(message), 300) or f"HTTP {response.status}"
    return RefusedError(response.status, said, token=token, retry_after=min(retry_after, 3600.0))


def _reason(error: BaseException) -> str:
    """The words of an error without addresses of Python objects."""
    told = error
    while (inner := getattr(told, "reason", None) or told.__cause__) is not None and isinstance(inner, BaseException):
        told = inner
    text = clipped(printable(str(told).rpartition(">: ")[2] or str(told)), 200)
    return text or type(told).__name__
