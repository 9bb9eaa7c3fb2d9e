"""Lists of one resource, chunk by chunk, so that memory holds one chunk however many objects there are.

A token that expires midway (410) is followed by the one the server offers, or by a new list; what was already told is
not told twice. What the list could not give is a Skip that says how far it came.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import field
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.model import Object, Skip, SkipKind
from lockgate.sources.cluster import scrub
from lockgate.sources.cluster.connection import Connection, OversizeError, RefusedError, SilentError
from lockgate.sources.cluster.discovery import Resource

_RESTARTS = 3
_MAX_DAMAGE = 20
_MAX_DEPTH = 200
_MAX_DEPTH_OF_ALL = 1000
"""The parser itself reads no deeper; an object beyond that makes its whole list unreadable, and a Skip."""


@dataclass(slots=True)
class Listing:
    """One list of one resource under way; afterwards ``version`` is where a watch can begin."""

    connection: Connection
    resource: Resource
    salt: bytes
    namespace: str = ""
    version: str = ""
    """``resourceVersion`` of the list; empty when it could not be read to its end."""
    whole: bool = False
    """Whether everything was read and nothing of it left out."""
    refused: bool = False
    """Whether the server will not give it, whenever it is asked."""
    count: int = 0
    chunk: int = 0
    """Objects asked for at a time; shrinks where they are large."""
    _told: set[int] = field(default_factory=set)
    _damaged: int = 0
    _deep: bool = False
    _left_out: bool = False

    def read(self) -> Iterator[Object | Skip]:
        """Objects, then at most one Skip about what is missing."""
        self.chunk = self.chunk or self.connection.limits.chunk
        token, restarts = "", 0
        while True:
            if time.monotonic() > self.connection.deadline:
                yield self._skip(SkipKind.LIMIT, f"the time of {self.connection.limits.seconds:.0f} s was over")
                return
            try:
                answer = self._page(token)
            except RefusedError as error:
                restarts += error.status == 410
                if error.status != 410 or restarts > _RESTARTS:
                    self.refused = error.status in (401, 403, 404, 405)
                    yield self._skip(SkipKind.UNREADABLE, _refused(error))
                    return
                token = error.token
                continue
            except OversizeError as error:
                if self.chunk == 1:
                    yield self._skip(SkipKind.TOO_LARGE, str(error))
                    return
                self.chunk = max(1, self.chunk // 4)
                continue
            except SilentError as error:
                yield self._skip(SkipKind.UNREADABLE, f"the server gave no whole answer: {error}")
                return
            except FormatError as error:
                yield self._skip(error.kind, f"the answer is {error}")
                return
            metadata, items = answer
            yield from self._objects(items)
            token = str(metadata.get("continue") or "")
            if not token:
                self.version = str(metadata.get("resourceVersion") or "")
                self.whole = not self._left_out
                return

    def _page(self, token: str) -> tuple[dict[str, Any], list[Any]]:
        query = {"limit": str(self.chunk)}
        if token:
            query["continue"] = token
        answer = self._parsed(self.connection.body(self.resource.path(self.namespace), query))
        items = answer.get("items", []) if isinstance(answer, dict) else None
        metadata = answer.get("metadata") if isinstance(answer, dict) else None
        if items is None and isinstance(answer, dict):
            items = []  # Go writes an empty list as null
        if not isinstance(items, list) or not isinstance(metadata, dict):
            raise FormatError("no list of Kubernetes objects")
        return metadata, items

    def _parsed(self, content: bytes) -> Any:
        limit = self.connection.limits.chunk_bytes
        try:
            answer = json_safe.load(content, max_bytes=limit, max_depth=_MAX_DEPTH)
        except FormatError as error:
            if error.kind is not SkipKind.TOO_LARGE:
                raise
            self._deep = True  # one deep object must not hide the others: look again, and judge each alone
            return json_safe.load(content, max_bytes=limit, max_depth=_MAX_DEPTH_OF_ALL)
        self._deep = False
        return answer

    def _objects(self, items: list[Any]) -> Iterator[Object | Skip]:
        for item in items:
            metadata = item.get("metadata") if isinstance(item, dict) else None
            if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
                yield from self._damage(SkipKind.MALFORMED, "an item of the list is no object with a name")
                continue
            # A number in place of three strings keeps 100,000 of them in a few megabytes; two that are equal by chance
            # are not to be expected (1 in 10^9 lists of that length), and hashes of text cannot be foreseen.
            known = hash((metadata.get("namespace"), metadata["name"], metadata.get("uid")))
            if known in self._told:
                continue
            self._told.add(known)
            if self._deep and deeper_than(item, _MAX_DEPTH):
                self._left_out = True
                where = scrub.address(item, self.resource, self.connection.name)
                yield Skip(where, SkipKind.TOO_LARGE, f"nested deeper than {_MAX_DEPTH} levels")
                continue
            self.count += 1
            yield scrub.as_object(item, self.resource, self.connection.name, salt=self.salt)

    def _damage(self, kind: SkipKind, reason: str) -> Iterator[Skip]:
        self._damaged += 1
        self._left_out = True
        if self._damaged <= _MAX_DAMAGE:
            yield self._skip(kind, reason)

    def _skip(self, kind: SkipKind, reason: str) -> Skip:
        read = f"; {self.count} read before" if self.count else ""
        where = f"{self.connection.name}:{self.namespace + '/' if self.namespace else ''}{self.resource.title}"
        return Skip(where, kind, f"{reason}{read}")


def deeper_than(value: Any, depth: int) -> bool:
    """Whether a JSON value is nested deeper than ``depth``; looks level by level, so no input can exhaust the stack."""
    level = [value]
    for _ in range(depth):
        level = [
            below for one in level for below in (one.values() if type(one) is dict else one)
            if type(below) is dict or type(below) is list
        ]  # fmt: skip
        if not level:
            return False
    return True


def _refused(error: RefusedError) -> str:
    if error.status == 403:
        return f"may not be listed: {error.message}"
    if error.status == 410:
        return f"the list expired {_RESTARTS + 1} times before its end"
    return f"the server refused the list ({error.status}): {error.message}"
