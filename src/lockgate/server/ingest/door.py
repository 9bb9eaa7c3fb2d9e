"""What the ways in have in common: a body within bounds, unpacked, and what is said of one that is not taken.

Each way says it in the words of the service that it stands for; the reasons are the same everywhere.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable

from lockgate.dataclass import dataclass
from lockgate.errors import StoreError
from lockgate.server.asgi import Call, GoneError, TooLargeError
from lockgate.server.ingest.taking import BusyError, Taker
from lockgate.store.ingest.journalled import Batch

RETRY = "5"
"""Seconds after which a client is to come again."""
_GZIP, _DEFLATE = zlib.MAX_WBITS | 16, zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not taken."""

    status: int
    """Of HTTP: 400, 403, 404, 405, 408, 413, 415, 429 or 503."""
    message: str
    code: str = ""
    """As the service of that way calls it; empty for what has no name of its own there."""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """When to come again, where that may help."""
        return [("retry-after", RETRY)] if self.status in (429, 503) else []


class RefusedError(Exception):
    """A request that is not taken."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.refusal = Refusal(status, message, code)


async def attempt(work: Callable[[], Awaitable[None]], refuse: Callable[[Refusal], Awaitable[None]]) -> None:
    """Do ``work``, which answers; where it cannot, ``refuse`` answers instead."""
    try:
        await work()
        return
    except RefusedError as error:
        refusal = error.refusal
    except TooLargeError:
        refusal = Refusal(413, "The request is larger than may be.")
    except TimeoutError:
        refusal = Refusal(408, "The request did not arrive in time.")
    except BusyError:
        refusal = Refusal(429, "More rows wait than can be taken in.")
    except StoreError as error:
        refusal = Refusal(503, f"The rows cannot be kept: {error.message}")
    except GoneError:
        return
    await refuse(refusal)


async def body_of(call: Call, most: int) -> bytes:
    """The body, unpacked; ``most`` bounds its bytes before and after. Raises as ``Call.body``, and what is refused."""
    if call.header("origin") or call.header("sec-fetch-site") not in ("", "none"):
        raise RefusedError(403, "Pages in a browser cannot send rows.")
    body = await call.body(most)
    encoding = call.header("content-encoding").strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "deflate"):
        raise RefusedError(415, "A body is packed by gzip, by deflate, or not at all.")
    return await asyncio.to_thread(unpacked, body, encoding, most)


def unpacked(body: bytes, encoding: str, most: int) -> bytes:
    """The bytes that ``body`` was packed of, by gzip or deflate, ``most`` at most; else what is refused is raised."""
    unpacker = zlib.decompressobj(_GZIP if encoding == "gzip" else _DEFLATE)
    try:
        content = unpacker.decompress(body, most + 1)
        while unpacker.eof and unpacker.unused_data and encoding == "gzip" and len(content) <= most:
            rest = unpacker.unused_data  # a file of gzip may have several members
            unpacker = zlib.decompressobj(_GZIP)
            content += unpacker.decompress(rest, most + 1 - len(content))
    except zlib.error:
        raise RefusedError(400, f"The body is not packed by {encoding}.") from None
    if len(content) > most:
        raise TooLargeError
    if not unpacker.eof:
        raise RefusedError(400, "The packed body is cut.")
    return content


async def take(taker: Taker, batches: list[Batch]) -> None:
    """Keep what a request brought; of nothing, nothing is kept."""
    if batches:
        await taker.take(*batches)
