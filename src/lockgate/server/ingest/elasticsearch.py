"""Elasticsearch's bulk API, for agents that send there: ``POST /_bulk``, ``/{index}/_bulk``, and what they ask first.

https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk. ``index`` and ``create`` bring rows into the
custom table of the index; nothing is changed or taken away here, so ``update`` and ``delete`` are refused one by one. A
``create`` of an id that was taken before is a conflict, as there, also where another process on the workspace took it,
or one that died meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.server.asgi import Call, Receive, Scope, Send
from lockgate.server.ingest.door import Refusal, RefusedError, attempt, body_of
from lockgate.server.ingest.once import keep
from lockgate.server.ingest.taking import Taker
from lockgate.store.ingest import Collected
from lockgate.store.ingest.fitting import MisfitError, value_of
from lockgate.store.ingest.identities import identity
from lockgate.store.ingest.journalled import Batch
from lockgate.store.ingest.sent import line_of
from lockgate.store.ingest.sent._documents import row_of, table_of
from lockgate.tables import Column, ColumnType
from lockgate.tables._collected import custom

PREFIXES = ("/elasticsearch/", "/_", "/")
"""The last is for clients that were given no path; where the console is served too, that is its own."""
MOST = 64 << 20
"""Bytes of a body, packed or not; a request of Elasticsearch itself may have 100 MB."""
_VERSION = "9.0.0"
_TYPES = {400: "illegal_argument_exception", 403: "security_exception", 404: "resource_not_found_exception",
          405: "illegal_argument_exception", 413: "content_too_long_exception", 429: "es_rejected_execution_exception",
          503: "unavailable_shards_exception"}  # fmt: skip
_JSON = "application/vnd.elasticsearch+json;compatible-with="


@dataclass(slots=True)
class _Item:
    """One action and what became of it."""

    action: str
    index: str
    identity: str
    given: bool = True
    """Whether it came with its id."""
    status: int = 201
    error: str = ""
    line: bytes = b""

    @property
    def known_by(self) -> bytes:
        """What stands for its id."""
        return identity(self.index, self.identity)

    def told(self) -> dict[str, Any]:
        """As the answer has it."""
        inside: dict[str, Any] = {"_index": self.index, "_id": self.identity, "status": self.status}
        if self.error:
            kind = "version_conflict_engine_exception" if self.status == 409 else _TYPES[self.status]
            inside["error"] = {"type": kind, "reason": self.error, "index": self.index}
        else:
            shards = {"total": 1, "successful": 1, "failed": 0}
            inside |= {"_version": 1, "result": "created", "_shards": shards, "_seq_no": 0, "_primary_term": 1}
        return {self.action: inside}


class ElasticsearchApp:
    """An ASGI application for people who were let in."""

    def __init__(self, taker: Taker, collected: Collected) -> None:
        self._taker, self._collected = taker, collected
        self._made: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        call = Call(scope, receive, send)
        await attempt(lambda: self._answer(call), lambda refusal: _refuse(call, refusal))

    async def _answer(self, call: Call) -> None:
        parts = [part for part in call.path.removeprefix("/elasticsearch").split("/") if part]
        if not parts and call.method in ("GET", "HEAD"):
            await _say(call, 200, _INFO if call.method == "GET" else None)
        elif parts[-1:] == ["_bulk"] and len(parts) <= 2 and call.method in ("POST", "PUT"):
            await self._bulk(call, parts[0] if len(parts) == 2 else "")
        elif parts in (["_license"], ["_xpack"]) and call.method == "GET":
            await _say(call, 200, {"license": {"status": "active", "type": "basic", "mode": "basic"}})
        elif parts == ["_cluster", "health"] and call.method == "GET":
            await _say(call, 200, {"cluster_name": "lockgate", "status": "green", "timed_out": False})
        else:
            raise RefusedError(404, f"There is nothing at {call.path[:200]}: rows are sent to /_bulk.")

    async def _bulk(self, call: Call, index: str) -> None:
        begun = time.monotonic()
        content = await body_of(call, MOST)
        items = await asyncio.to_thread(lambda: list(_items(content, index)))
        if not items:
            raise RefusedError(400, "request body is required")
        underway = self._taker.underway
        self._refuse_underway(items)
        held = {item.known_by for item in items if item.given and not item.error} - underway
        underway |= held
        try:  # an id is held before it is looked up, or one that was taken meanwhile would be taken for new
            await asyncio.to_thread(self._refuse_known, items)
            taken = [item for item in items if not item.error]
            await self._keep(call, taken, [item.known_by for item in taken if item.given])
        finally:
            underway -= held
        told = {"took": round((time.monotonic() - begun) * 1000), "errors": any(item.error for item in items),
                "items": [item.told() for item in items]}  # fmt: skip
        await _say(call, 200, told)

    async def _keep(self, call: Call, taken: list[_Item], ids: list[bytes]) -> None:
        origin, now = f"elasticsearch/{call.person.name}", datetime.now(UTC)
        lines: dict[str, list[bytes]] = {}
        for item in taken:
            lines.setdefault(table_of(item.index), []).append(item.line)
        await asyncio.to_thread(self._make, lines.keys() - self._made)
        await keep(self._taker, [Batch(table, origin, now, b"".join(some)) for table, some in lines.items()], ids)

    def _make(self, tables: Iterable[str]) -> None:
        """Make the tables with a column of text for ids, whatever the first ones look like."""
        for table in tables:
            with contextlib.suppress(LockgateError):  # where it is of another type ids that do not fit are told of
                self._collected.made(custom(table, [Column("DocumentId", ColumnType.STRING, "")]))
            self._made.add(table)

    def _refuse_known(self, items: list[_Item]) -> None:
        created = [item for item in items if item.action == "create" and item.given and not item.error]
        known = self._taker.identities.known([item.known_by for item in created])
        for item in created:
            if item.known_by in known:
                item.status = 409
                item.error = f"[{item.identity}]: version conflict, document already exists"
            known.add(item.known_by)

    def _refuse_underway(self, items: list[_Item]) -> None:
        """Ids that another request is bringing: whoever sends them again hears then what became of them."""
        for item in items:
            if item.action == "create" and item.given and not item.error and item.known_by in self._taker.underway:
                item.status, item.error = 429, f"[{item.identity}]: the document is being taken by another request"


def _items(content: bytes, index: str) -> Iterator[_Item]:
    """The actions of a body. Raises :class:`RefusedError` where it cannot be cut into them."""
    lines = iter(content.split(b"\n"))
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        item = _action(number, line, index)
        if item.action != "delete":
            source = next(lines, None)
            if source is None:
                raise RefusedError(400, f"The action of line {number} has no document.")
            if not item.error:
                _fill(item, source)
        yield item


def _action(number: int, line: bytes, index: str) -> _Item:
    try:
        [(action, meta)] = value_of(line).items()
        if action not in ("index", "create", "update", "delete") or not isinstance(meta, dict):
            raise ValueError
    except (MisfitError, ValueError, AttributeError):
        raise RefusedError(400, f"Malformed action/metadata line [{number}], expected an action.") from None
    name, given = meta.get("_index", index), meta.get("_id")
    own = uuid.uuid4().hex if given is None else str(given)
    item = _Item(action, name if isinstance(name, str) else "", own, given is not None)
    if action in ("update", "delete"):
        item.status, item.error = 400, f"[{action}] is not supported: rows are only added"
    elif not item.index or len(item.index) > 255:
        item.status, item.error = 400, "an index is missing or too long"
    return item


def _fill(item: _Item, source: bytes) -> None:
    try:
        value = value_of(source)
        if not isinstance(value, dict):
            raise MisfitError("the document is no object")
        item.line = line_of({"DocumentId": item.identity} | row_of(value))
    except MisfitError as error:
        item.status, item.error = 400, f"failed to parse: {error}"


_INFO = {
    "name": "lockgate", "cluster_name": "lockgate", "cluster_uuid": "lockgate",
    "version": {
        "number": _VERSION, "build_flavor": "default", "build_type": "tar", "build_hash": "0",
        "lucene_version": "10.0.0", "build_snapshot": False, "minimum_wire_compatibility_version": "8.18.0",
        "minimum_index_compatibility_version": "8.0.0",
    },
    "tagline": "You Know, for Search",
}  # fmt: skip
"""What agents look at before they send: the number of the version says which forms they use."""


async def _refuse(call: Call, refusal: Refusal) -> None:
    cause = {"type": _TYPES.get(refusal.status, _TYPES[400]), "reason": refusal.message}
    await _say(call, refusal.status, {"error": {"root_cause": [cause], **cause}, "status": refusal.status},
               refusal.headers)  # fmt: skip


async def _say(call: Call, status: int, value: Any, headers: list[tuple[str, str]] | None = None) -> None:
    # Its own clients refuse whoever does not say that it is the product.
    shown = [("x-elastic-product", "Elasticsearch"), *(headers or ())]
    accepted = call.header("accept")
    versioned = "compatible-with=" in accepted
    kind = f"{_JSON}{accepted.partition('compatible-with=')[2][:1]}" if versioned else "application/json"
    await call.answer(status, b"" if value is None else orjson.dumps(value), kind=kind, headers=shown)
