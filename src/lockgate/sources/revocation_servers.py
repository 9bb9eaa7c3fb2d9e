"""Servers that certificates name for their revocation, asked over HTTP: responders (OCSP), and lists where they lie.

Others name them, so that none on this machine or its link is asked; redirects are not followed. What they say is
signed, and most are reached without TLS. An answer, and a silence, is believed for a while, since many images are
signed by one certificate. Source: RFC 6960, appendix A; RFC 5280, 4.2.1.13.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import urlsplit

from lockgate.dataclass import dataclass
from lockgate.errors import SourceError
from lockgate.transport import Transport, Trust, shown

_MAX_LIST = 16 * 1024 * 1024
_MAX_ANSWER = 64 * 1024
_MOST_KEPT = 32
"""Answers; at their largest half a gigabyte, which lists of authorities that sign code are far from."""
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds."""

    answer: float = 4.0
    """Of one server, from the first byte to the last."""
    kept: float = 600.0
    """For which an answer is believed."""
    silent: float = 30.0
    """For which a server that gave none is not asked again."""


class RevocationServers:
    """Asks, from several threads."""

    def __init__(
        self, patience: Patience | None = None, *, named_by_others: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._patience, self._others, self._clock = patience or Patience(), named_by_others, clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, bytes], tuple[float, bytes | SourceError]] = OrderedDict()

    def __call__(self, address: str, request: bytes) -> bytes:
        """The list at ``address``, or what the responder there answers to ``request``. Raises ``SourceError``."""
        key = address, request
        with self._lock:
            entry = self._kept.get(key)
        if entry is not None and self._clock() <= entry[0]:
            return _given(entry[1])
        found: bytes | SourceError
        try:
            found = self._asked(address, request)
        except SourceError as error:
            found = error
        lasts = self._patience.silent if isinstance(found, SourceError) else self._patience.kept
        with self._lock:
            self._kept[key] = self._clock() + lasts, found
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return _given(found)

    def _asked(self, address: str, request: bytes) -> bytes:
        import urllib3

        try:
            parts = urlsplit(address)
            scheme, netloc, host = parts.scheme, parts.netloc, parts.hostname
        except ValueError:
            scheme = netloc = host = ""
        if scheme not in ("http", "https") or not host or "@" in netloc:
            raise SourceError("no address of a server that tells of revocation", where=address[:200])
        where = shown(address)[:200]
        trust = Trust(plain_http=scheme == "http", named_by_others=self._others)
        transport = Transport(netloc, trust)
        headers = {"User-Agent": "lockgate", **({"Content-Type": "application/ocsp-request"} if request else {})}
        try:
            answer = transport.request(
                "POST" if request else "GET", address, headers=headers, body=request or None,
                timeout=urllib3.Timeout(self._patience.answer),
            )  # fmt: skip
            try:
                if answer.status != 200:
                    raise SourceError(f"it answers {answer.status}", where=where)
                return self._read(answer, _MAX_ANSWER if request else _MAX_LIST, where)
            finally:
                answer.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise SourceError(f"it does not answer ({type(error).__name__})", where=where) from None
        finally:
            transport.close()

    def _read(self, answer: object, most: int, where: str) -> bytes:
        until, parts, size = time.monotonic() + self._patience.answer, [], 0
        while piece := answer.read(_PIECE):  # type: ignore[attr-defined]  # of urllib3
            size += len(piece)
            if size > most:
                raise SourceError(f"an answer larger than {most:,} bytes", where=where)
            if time.monotonic() > until:
                raise SourceError("it answers too slowly", where=where)
            parts.append(piece)
        return b"".join(parts)


def _given(found: bytes | SourceError) -> bytes:
    if isinstance(found, SourceError):
        raise SourceError(found.message, where=found.where, hint=found.hint)
    return found
