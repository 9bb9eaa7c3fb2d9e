"""Requests to one registry: authorized, repeated within a budget, resumed where they broke off, bounded in time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias
from urllib.parse import urljoin

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.printable import clipped, printable
from lockgate.sources.image.place import Body
from lockgate.sources.image.registry.authorization import Authorization
from lockgate.sources.image.registry.credentials import Credentials
from lockgate.sources.image.registry.exchange import Answer, Sent
from lockgate.transport import AbsentError, RefusedError, Transport, Trust, UnansweredError, shown
from lockgate.transport.answers import TRANSIENT, dropped, network_errors, retry_after, untrusted

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_Content: TypeAlias = "bytes | Iterator[bytes] | None"
_KEPT = frozenset((307, 308))
"""Redirects that a request which writes follows: the others turn it into one that reads."""
_PIECE = 64 * 1024
_MAX_ERROR = 64 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one reading of an image may cost."""

    connect_seconds: float = 10.0
    silence_seconds: float = 30.0
    """Longest silence within an answer."""
    document_seconds: float = 60.0
    """Longest time of a manifest, a configuration or a token."""
    slowest: int = 4 * 1024
    """Bytes a second that a layer must bring on average, once ``patience_seconds`` have gone."""
    patience_seconds: float = 30.0
    retries: int = 12
    """Repeated requests in one reading."""
    wait_seconds: float = 90.0
    """Waiting before them, all together."""
    longest_wait: float = 30.0
    redirects: int = 5


class _SilentError(Exception):
    """No answer, or one that broke off."""


class Client:
    """One repository of one registry, under one identity."""

    def __init__(
        self, host: str, repository: str, credentials: Credentials, *, trust: Trust, limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep, writes: bool = False,
    ) -> None:  # fmt: skip
        """``writes``: whether tokens are asked for that may write, too."""
        self.limits = limits or Limits()
        self._transport = Transport(host, trust)
        self.repository = repository
        scope = f"repository:{repository}:pull{',push' if writes else ''}"
        self._authorization = Authorization(self._transport.base, scope, credentials, self._ask_for_token)
        self._retries, self._wait, self._sleep = self.limits.retries, self.limits.wait_seconds, sleep

    @property
    def name(self) -> str:
        """The repository, for people."""
        return f"{shown(self._transport.base)}/{self.repository}"

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def document(self, path: str, *, accept: str, most: int) -> tuple[bytes, Mapping[str, str]]:
        """Content and headers of a short answer. ``path``: below the repository, or from a ``/`` on below the host.

        Raises ``SourceError``; ``AbsentError`` where there is nothing, ``UnansweredError`` where it may pass.
        """
        attempt = 0
        while True:
            try:
                until = time.monotonic() + self.limits.document_seconds
                with self._answer(path, {"Accept": accept}) as response:
                    return self._short(response, most, until, path), {k.lower(): v for k, v in response.headers.items()}
            except _SilentError as error:
                attempt += 1
                self._before_again(attempt, str(error), path)

    def write(
        self, method: str, address: str, *, success: Collection[int], headers: Mapping[str, str] | None = None,
        body: Body | None = None, again: bool = True,
    ) -> Answer:  # fmt: skip
        """The answer to a request that writes, or asks for headers alone; its status is one of ``success``.

        ``address``: as the path of :meth:`document`, or as the registry gave it. ``again``: whether the request may be
        made twice; where not, a transient failure is a ``RefusedError`` of status 503, for the caller to begin anew.
        Raises ``SourceError``.
        """
        sent = Sent(method, headers or {}, body, frozenset(success), again)
        response, at = self._followed(address if "://" in address else self._address(address), sent)
        answer = Answer(response.status, {key.lower(): value for key, value in response.headers.items()}, at)
        dropped(response)
        return answer

    def _address(self, path: str) -> str:
        return f"{self._transport.base}{path if path.startswith('/') else f'/v2/{self.repository}/{path}'}"

    def pause(self, attempt: int, reason: str, where: str) -> None:
        """Wait before the caller begins anew, within the same budget. Raises ``SourceError`` where it is used up."""
        self._before_again(attempt, reason, where)

    def _short(self, response: Any, most: int, until: float, path: str) -> bytes:
        parts, size = [], 0
        for piece in _pieces(response):
            size += len(piece)
            if size > most:
                raise SourceError(f"an answer larger than {most:,} bytes", where=self._where(path))
            if time.monotonic() > until:
                raise UnansweredError("the registry answers too slowly", where=self._where(path))
            parts.append(piece)
        return b"".join(parts)

    def stream(self, path: str, size: int) -> Iterator[bytes]:
        """The ``size`` bytes of a blob, gone on with where the connection breaks. Raises ``SourceError``.

        A registry that sends more is stopped; whether it sends the right ones, the digest says.
        """
        got, attempt = 0, 0
        began = time.monotonic()
        while True:
            headers = {"Accept": "*/*"} | ({"Range": f"bytes={got}-"} if got else {})
            before = got
            try:
                with self._answer(path, headers) as response:
                    for piece in self._from(response, got, path):
                        got += len(piece)
                        if got > size:
                            reason = f"a blob larger than the {size:,} bytes it should have"
                            raise SourceError(reason, where=self._where(path))
                        spent = time.monotonic() - began
                        if spent > self.limits.patience_seconds and got < spent * self.limits.slowest:
                            raise UnansweredError("the registry sends too slowly", where=self._where(path))
                        yield piece
                if got == size:
                    return
                raise _SilentError(f"the answer ended after {got:,} of {size:,} bytes")
            except _SilentError as error:
                attempt = 1 if got > before else attempt + 1
                self._before_again(attempt, str(error), path)

    def _from(self, response: Any, got: int, path: str) -> Iterator[bytes]:
        """The pieces from byte ``got`` on, whether the registry can begin there or begins again."""
        skip = got
        if response.status == 206:
            told = str(response.headers.get("Content-Range", ""))
            if not told.startswith(f"bytes {got}-"):
                raise SourceError("the registry goes on at another place than it was asked to", where=self._where(path))
            skip = 0
        for piece in _pieces(response):
            if skip >= len(piece):
                skip -= len(piece)
                continue
            yield piece[skip:] if skip else piece
            skip = 0

    @contextmanager
    def _answer(self, path: str, headers: Mapping[str, str]) -> Iterator[Any]:
        """An answer of success, after challenges, redirects and refusals that pass."""
        response, _ = self._followed(self._address(path), Sent("GET", headers))
        try:
            yield response
        except network_errors() as error:
            raise _SilentError(type(error).__name__) from None
        finally:
            response.close()  # what was not read to its end cannot be used again
            response.release_conn()

    def _followed(self, address: str, sent: Sent) -> tuple[Any, str]:
        start, challenged, attempt, hops = address, False, 0, 0
        follows = _REDIRECTS if sent.reads else _KEPT
        while True:
            own = self._transport.same_origin(address)
            authorized = self._authorization.header() if own else {}
            try:
                response = self._once(address, sent, authorized)
            except _SilentError as error:
                attempt += 1
                self._repeated(sent, attempt, str(error), address)
                continue
            status = response.status
            if status in sent.success:
                return response, address
            if status in follows and hops < self.limits.redirects:
                hops += 1
                address = self._led(address, response)
                continue
            if status == 401 and own and not challenged:
                challenged = True
                challenges = ", ".join(response.headers.getlist("WWW-Authenticate"))
                dropped(response)
                if self._authorization.answer(challenges):
                    continue
                raise self._refused(status, "", start, sent)
            if status in (401, 403) and not own and address != start and attempt < 2:
                attempt += 1  # the signature of an address in a blob store is over: the registry gives a new one
                dropped(response)
                address, hops = start, 0
                continue
            if status in TRANSIENT:
                attempt += 1
                after = retry_after(response.headers.get("Retry-After", ""))
                dropped(response)
                self._repeated(sent, attempt, f"the registry answers {status}", address, after=after)
                challenged = False
                continue
            raise self._refused(status, _told(response), start, sent)

    def _once(self, address: str, sent: Sent, authorized: Mapping[str, str]) -> Any:
        headers = {**sent.headers, **authorized}
        if sent.body is None:
            return self._sent(sent.method, address, headers=headers, body=None if sent.reads else b"")
        headers["Content-Length"] = str(sent.body.size)
        return self._sent(sent.method, address, headers=headers, body=self._paced(sent.body, address))

    def _paced(self, body: Body, address: str) -> Iterator[bytes]:
        """The pieces of a body, for as long as the registry takes them fast enough."""
        began, size = time.monotonic(), 0
        for piece in body.pieces():
            size += len(piece)
            yield piece
            spent = time.monotonic() - began
            if spent > self.limits.patience_seconds and size < spent * self.limits.slowest:
                raise SourceError("the registry takes what is sent too slowly", where=self._where(address))

    def _repeated(self, sent: Sent, attempt: int, reason: str, where: str, *, after: float = 0.0) -> None:
        if not sent.again:
            raise RefusedError(reason, where=self._where(where), hint="", status=503)
        self._before_again(attempt, reason, where, after=after)

    def _led(self, address: str, response: Any) -> str:
        target = str(response.headers.get("Location", ""))
        dropped(response)
        if not target or len(target) > 8_192:
            raise SourceError("the registry redirects to nowhere", where=self._where(address))
        return urljoin(address, target)

    def _sent(self, method: str, address: str, *, headers: Mapping[str, str], body: _Content = None) -> Any:
        import urllib3

        timeout = urllib3.Timeout(connect=self.limits.connect_seconds, read=self.limits.silence_seconds)
        sent = {"User-Agent": "lockgate", "Accept-Encoding": "identity", **headers}
        try:
            return self._transport.request(method, address, headers=sent, body=body, timeout=timeout)
        except urllib3.exceptions.SSLError as error:
            raise untrusted(str(error), shown(address), hint="name its authority by --ca-file") from None
        except network_errors() as error:
            raise _SilentError(type(error).__name__) from None

    def _ask_for_token(
        self, method: str, address: str, *, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, bytes]:
        attempt = 0
        while True:
            try:
                response = self._sent(method, address, headers=headers, body=body)
                try:
                    until = time.monotonic() + self.limits.document_seconds
                    content = self._short(response, 1024 * 1024, until, address)
                    if response.status not in TRANSIENT:
                        return response.status, content
                    after = retry_after(response.headers.get("Retry-After", ""))
                    reason = f"the token server answers {response.status}"
                except network_errors() as error:
                    raise _SilentError(type(error).__name__) from None
                finally:
                    response.close()
                    response.release_conn()
            except _SilentError as error:
                after, reason = 0.0, str(error)
            attempt += 1
            self._before_again(attempt, reason, address, after=after)

    def _before_again(self, attempt: int, reason: str, where: str, *, after: float = 0.0) -> None:
        """Wait before a request is repeated; ``SourceError`` where the budget is used up."""
        wait = after or min(0.25 * 2**attempt, 8.0) * (0.5 + random.random() / 2)  # noqa: S311 -- only spreads requests
        if self._retries <= 0 or wait > min(self._wait, self.limits.longest_wait):
            hint = f"it asks to wait {after:.0f} s" if after > self.limits.longest_wait else "try again later"
            words = f"the registry does not answer as it should: {reason}"
            raise UnansweredError(words, where=self._where(where), hint=hint)
        self._retries -= 1
        self._wait -= wait
        self._sleep(wait)

    def _refused(self, status: int, told: str, address: str, sent: Sent) -> RefusedError:
        words = {
            401: "the registry wants to know who asks",
            403: f"the registry does not let this be {'read' if sent.reads else 'written'}",
            404: "the registry has no such image",
            413: "the registry takes nothing as large as this",
        }.get(status, f"the registry answers {status}")
        hint = "docker login, or a credential helper in ~/.docker/config.json" if status in (401, 403) else ""
        reason = f"{words}{f' ({told})' if told else ''}"
        kind = AbsentError if status == 404 else RefusedError
        return kind(reason, where=self._where(address), hint=hint, status=status)

    def _where(self, path: str) -> str:
        return clipped(printable(shown(path) if "://" in path else f"{self.name}/{path}"), 300)


def _pieces(response: Any) -> Iterator[bytes]:
    while piece := response.read(_PIECE):
        yield piece


def _told(response: Any) -> str:
    """The registry's own words, of the first error in its answer. Source: distribution-spec, "Error Codes"."""
    try:
        content = response.read(_MAX_ERROR)
        body = json_safe.load(content, max_bytes=_MAX_ERROR)
        first = body["errors"][0]
        return clipped(printable(f"{first.get('code')}: {first.get('message')}"), 200)
    except (FormatError, LookupError, TypeError, AttributeError):
        return ""
    except network_errors():
        return ""
    finally:
        dropped(response)
