"""Requests to one forge under one identity: paged, kept, repeated within a budget, held to the forge's own limits.

What a forge's API is called like does not belong here: see ``github``, ``azure_devops``, ``gitlab``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.printable import clipped, printable
from lockgate.sources.forges.budget import CallBudget
from lockgate.sources.forges.credentials import Credential
from lockgate.sources.forges.kept import KeptAnswer, KeptAnswers
from lockgate.sources.forges.paging import continued, linked
from lockgate.sources.forges.rates import allowance, wait_for
from lockgate.sources.forges.so_far import AnswersSoFar, key_of
from lockgate.transport import AbsentError, RefusedError, Transport, Trust, UnansweredError, shown
from lockgate.transport.answers import TRANSIENT, network_errors, untrusted

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MOST_HOPS = 3
_MOST_TRIES = 5
"""Of one request that fails for a while: what stays broken must not use up what all others may be repeated."""
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may take."""

    connect_seconds: float = 10.0
    silence_seconds: float = 30.0
    answer_seconds: float = 60.0
    """Longest time of a whole answer."""
    answer_bytes: int = 32 * 1024 * 1024
    pages: int = 1_000
    """Of one list."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of success."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    content: bytes
    address: str
    """That answered, after redirects."""

    def json(self) -> Any:
        """The body; None where there is none. Raises ``SourceError``."""
        if not self.content.strip():
            return None
        try:
            return json_safe.load(self.content)
        except FormatError as error:
            raise SourceError(f"the forge answers no JSON: {error.reason}", where=shown(self.address)) from None


class ForgeClient:
    """One server of a forge. Threads may share it."""

    def __init__(
        self, base: str, credential: Credential | None, *, trust: Trust | None = None, budget: CallBudget | None = None,
        kept: KeptAnswers | None = None, headers: Mapping[str, str] | None = None, limits: Limits | None = None,
        clock: Callable[[], float] = time.time, so_far: AnswersSoFar | None = None,
    ) -> None:  # fmt: skip
        """``base``: address that paths stand under, such as ``https://api.github.com``; ``credential``: None asks as
        anybody; ``headers``: sent with every request; ``so_far``: answers that count again, of who only reads."""
        parts = urlsplit(base)
        self._transport = Transport(parts.netloc, trust or Trust())
        self.base = f"{self._transport.base}{parts.path.rstrip('/')}"
        self._credential, self._headers = credential, dict(headers or {})
        self.budget = budget or CallBudget()
        self._kept, self.limits, self._clock, self._so_far = kept, limits or Limits(), clock, so_far

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    @property
    def host(self) -> str:
        """Of the server."""
        return urlsplit(self.base).netloc

    def address(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """The address of a path below the base; a whole address stays as it is."""
        whole = path if "://" in path else f"{self.base}/{path.lstrip('/')}"
        return f"{whole}{'&' if '?' in whole else '?'}{urlencode(query)}" if query else whole

    def get(self, path: str, query: Mapping[str, str] | None = None, *, resource: str = "") -> Any:
        """The JSON under a path. Raises ``SourceError``; ``AbsentError`` where there is nothing."""
        return self.reply("GET", self.address(path, query), resource=resource).json()

    def find(self, path: str, query: Mapping[str, str] | None = None, *, resource: str = "") -> Any:
        """As :meth:`get`; None where there is nothing."""
        try:
            return self.get(path, query, resource=resource)
        except AbsentError:
            return None

    def pages(self, path: str, query: Mapping[str, str] | None = None, *, resource: str = "") -> Iterator[Any]:
        """The JSON of each page of a list, by links or by tokens of continuation, whichever the forge gives."""
        address, seen = self.address(path, query), 0
        while address:
            seen += 1
            if seen > self.limits.pages:
                raise SourceError(f"a list of more than {self.limits.pages:,} pages", where=shown(address))
            reply = self.reply("GET", address, resource=resource)
            yield reply.json()
            following = linked(reply.headers) or continued(address, reply.headers)
            following = urljoin(address, following) if following else ""
            if following and not self._transport.same_origin(following):
                raise SourceError("the next page of a list is on another host", where=shown(address))
            if following == address:
                raise SourceError("a page of a list names itself as the next one", where=shown(address))
            address = following

    def items(
        self, path: str, query: Mapping[str, str] | None = None, *, key: str = "", resource: str = ""
    ) -> Iterator[dict[str, Any]]:
        """The objects of a list over all its pages. ``key``: under which a page holds them; empty: it is the list."""
        for page in self.pages(path, query, resource=resource):
            listed = page.get(key) if key and isinstance(page, dict) else page
            if not isinstance(listed, list):
                raise SourceError("the forge answers no list", where=shown(self.address(path)))
            yield from (one for one in listed if isinstance(one, dict))

    def send(
        self, method: str, path: str, body: Any = None, *, query: Mapping[str, str] | None = None, again: bool = False,
        kind: str = "application/json", resource: str = "",
    ) -> Any:  # fmt: skip
        """Write; the JSON of the answer. ``again``: whether the request may be made twice, should its answer be lost.

        Raises ``RefusedError`` with the status where it is refused, ``UnansweredError`` where it may pass.
        """
        content = None if body is None else orjson.dumps(body)
        headers = {"Content-Type": kind} if content is not None else {}
        address = self.address(path, query)
        return self.reply(method, address, headers=headers, body=content, again=again, resource=resource).json()

    def reply(
        self, method: str, address: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None,
        again: bool = True, resource: str = "", counts: bool = True,
    ) -> Reply:  # fmt: skip
        """The answer of success to one request, after redirects, repeats and renewed tokens. Raises ``SourceError``.

        ``counts``: whether it counts again; where its body decides that, see :meth:`given` and :meth:`give`.
        """
        if counts and (known := self.given(method, address, body)) is not None:
            return known
        if not self._transport.same_origin(address):
            raise SourceError("that is no address of this forge", where=shown(address))
        reads = method in ("GET", "HEAD")
        held = self._kept.get(address) if self._kept is not None and method == "GET" and not headers else None
        told = {"If-None-Match": held.tag} if held is not None else {}
        attempt, hops, renewed, asked = 0, 0, False, address
        while True:
            self.budget.spend(shown(address), resource)
            reply, failed = self._once(method, address, {**(headers or {}), **told}, body)
            if reply is None:
                attempt += 1
                if not (again or reads) or attempt >= _MOST_TRIES:
                    raise UnansweredError(f"the forge does not answer: {failed}", where=shown(address))
                self.budget.again(min(0.25 * 2**attempt, 8.0), f"the forge does not answer: {failed}", shown(address))
                continue
            self.budget.told(allowance(reply.headers), free=reply.status == 304)
            if reply.status == 304 and held is not None:
                still = Reply(200, held.headers, held.content, address)
                if counts:
                    self.give(method, asked, body, still)
                return still
            if 200 <= reply.status < 300 and reply.status != 203:
                self._keep(method, address, headers, reply)
                if counts:
                    self.give(method, asked, body, reply)
                return reply
            if reply.status in _REDIRECTS and reads and hops < _MOST_HOPS:
                hops += 1
                address, told, held = self._led(address, reply), {}, None
                continue
            if reply.status in (401, 203) and not renewed and self._credential is not None:
                renewed = True
                if self._credential.renewed():
                    continue
            attempt += 1
            self._wait_or_refuse(reply, attempt, method, again=again or reads)

    def given(self, method: str, address: str, body: bytes | None) -> Reply | None:
        """What was answered to the same before, in this piece of work."""
        known = self._so_far.find(key_of(method, address, body)) if self._so_far is not None else None
        return None if known is None else Reply(200, known.headers, known.content, address)

    def give(self, method: str, address: str, body: bytes | None, reply: Reply) -> None:
        """Keep an answer that counts again."""
        if self._so_far is not None and reply.status == 200:
            self._so_far.keep(key_of(method, address, body), _leading(reply.headers), reply.content)

    def _wait_or_refuse(self, reply: Reply, attempt: int, method: str, *, again: bool) -> None:
        """Wait where the same may be asked again. Raises ``SourceError`` where not.

        A rate limit is no doubt whether the request was worked, so what must not be made twice is repeated after it."""
        words = _words(reply)
        where = shown(reply.address)
        limited = reply.status in (403, 429)
        wait = wait_for(reply.status, reply.headers, words, now=self._clock(), attempt=attempt)
        if wait is None or not (again or limited) or (not limited and attempt >= _MOST_TRIES):
            if reply.status in TRANSIENT:
                raise UnansweredError(f"the forge answers {reply.status}", where=where, after=wait or 0.0)
            raise _refused(reply, words, method)
        reason = "the forge's limit of calls is reached" if limited else f"the forge answers {reply.status}"
        self.budget.again(wait, reason, where, limited=limited)

    def _keep(self, method: str, address: str, headers: Mapping[str, str] | None, reply: Reply) -> None:
        tag = reply.headers.get("etag", "")
        if self._kept is not None and tag and method == "GET" and not headers and reply.status == 200:
            self._kept.put(address, KeptAnswer(tag, _leading(reply.headers), reply.content))

    def _led(self, address: str, reply: Reply) -> str:
        target = urljoin(address, reply.headers.get("location", ""))
        if not self._transport.same_origin(target) or target == address:
            # Azure DevOps sends who shows no good token to a page for signing in; GitHub leads within its API.
            hint = "is the token good, and the address that of the API?"
            raise RefusedError("the forge leads elsewhere", where=shown(address), hint=hint, status=reply.status)
        return target

    def _once(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[Reply | None, str]:
        """The answer, or why there is none."""
        import urllib3

        timeout = urllib3.Timeout(connect=self.limits.connect_seconds, read=self.limits.silence_seconds)
        shows = self._credential.headers() if self._credential is not None else {}
        sent = {"User-Agent": "lockgate", "Accept": "application/json", "Accept-Encoding": "identity",
                **self._headers, **shows, **headers}  # fmt: skip
        content = body if body is not None or method in ("GET", "HEAD") else b""
        try:
            answer = self._transport.request(method, address, headers=sent, body=content, timeout=timeout)
            found = {key.lower(): value for key, value in answer.headers.items()}
            return Reply(answer.status, found, self._read(answer, address), address), ""
        except urllib3.exceptions.SSLError as error:
            raise untrusted(str(error), shown(address), hint="name its authority in the settings") from None
        except UnansweredError as error:
            return None, error.message
        except network_errors() as error:
            self._transport.close()  # the name may lead to another address by now
            return None, type(error).__name__

    def _read(self, answer: Any, address: str) -> bytes:
        parts, size, until = [], 0, time.monotonic() + self.limits.answer_seconds
        whole = False
        try:
            while piece := answer.read(_PIECE):
                size += len(piece)
                if size > self.limits.answer_bytes:
                    raise SourceError(f"an answer larger than {self.limits.answer_bytes:,} bytes", where=shown(address))
                if time.monotonic() > until:
                    raise UnansweredError("the forge answers too slowly", where=shown(address))
                parts.append(piece)
            whole = True
        finally:
            if not whole:
                answer.close()  # what was not read to its end cannot be used again
            answer.release_conn()
        return b"".join(parts)


def _leading(headers: Mapping[str, str]) -> dict[str, str]:
    """What leads to the next page of a list."""
    return {name: headers[name] for name in ("link", "x-ms-continuationtoken") if name in headers}


def _refused(reply: Reply, words: str, method: str) -> RefusedError:
    reads = method in ("GET", "HEAD")
    said = {
        203: "the forge wants to know who asks",
        401: "the forge wants to know who asks",
        403: f"the forge does not let this be {'read' if reads else 'written'}",
        404: "the forge has nothing under that name, or does not show it",
    }.get(reply.status, f"the forge answers {reply.status}")
    hint = "is the token good, and does it have the permission?" if reply.status in (203, 401, 403, 404) else ""
    kind = AbsentError if reply.status in (404, 410) else RefusedError
    return kind(f"{said}{f' ({words})' if words else ''}", where=shown(reply.address), hint=hint, status=reply.status)


def _words(reply: Reply) -> str:
    """The forge's own, from ``message`` (all three), ``error`` (GitLab) and GitHub's first of ``errors``."""
    try:
        told = json_safe.load(reply.content, max_bytes=64 * 1024)
    except FormatError:
        return ""
    if not isinstance(told, dict):
        return ""
    message = told.get("message") or told.get("error") or ""
    errors = told.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    more = first.get("message") or first.get("code") if isinstance(first, dict) else first
    said = f"{message}: {more}" if isinstance(message, str) and more else str(message)
    return clipped(printable(said), 300)
