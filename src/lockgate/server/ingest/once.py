"""What is sent again because its answer never came is taken once, where an id says that it is the same.

An id stands for a request as a whole, or for one thing in it. It is kept with the rows, in one write, and known to
every process of the workspace and to those that come after them, so that a sender which repeats itself after a broken
connection or a restart of the server doubles nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from hashlib import blake2b

from lockgate.errors import StoreError
from lockgate.server.asgi import Call
from lockgate.server.ingest.door import take
from lockgate.server.ingest.taking import BusyError, Taker
from lockgate.store.ingest.journalled import Batch
from lockgate.store.ingest.seen import SIZE

_NAMES = ("idempotency-key", "x-ms-client-request-id")
"""Headers that name a request: of the draft that HTTP has for it, and of the clients of Azure, which keep it when they
send again."""


def content_id(place: str, content: bytes, name: str = "") -> bytes:
    """What stands for ``content`` as it was sent to ``place`` under a name."""
    start = f"{len(place)}:{place}{len(name)}:{name}".encode("utf-8", "surrogatepass")
    found = blake2b(start, digest_size=SIZE)
    found.update(content)
    return found.digest()


def named(call: Call, content: bytes, person: str) -> list[bytes]:
    """The id of a request that its sender named; none where it did not. Its content counts too, for senders that give
    every request one name."""
    name = next(filter(None, map(call.header, _NAMES)), "")
    place = f"{call.path}?{sorted(call.arguments().items())} {person}"
    return [content_id(place, content, name)] if name else []


@asynccontextmanager
async def taking(taker: Taker, ids: Sequence[bytes]) -> AsyncIterator[set[bytes]]:
    """Hold ``ids`` while what they stand for is taken; gives those that were taken before.

    Raises :class:`BusyError` where another request holds one: whoever sends it again then hears what became of it.
    """
    held = set(ids)
    if held & taker.underway:
        raise BusyError
    taker.underway |= held
    try:
        yield await asyncio.to_thread(taker.identities.known, list(held)) if held else set()
    finally:
        taker.underway -= held


async def keep(taker: Taker, batches: list[Batch], ids: Sequence[bytes] = ()) -> None:
    """Keep what a request brought, and the ids that it is known by."""
    batches = [dataclasses.replace(one, ids=b"".join(ids)) for one in batches[:1]] + batches[1:]
    await take(taker, batches)
    if batches and ids:
        with contextlib.suppress(StoreError):  # they are in the journal, and kept before that goes
            await asyncio.to_thread(taker.identities.add, ids)
