"""What etcd and the watch cache are to an API server: objects, one growing revision, a bounded history.

One lock guards everything. A list at an older revision is rebuilt by undoing the events after it; when those are gone
the caller is told so (410). Bodies are never changed in place: a write stores a new body.
"""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Key = tuple[str, str]
"""(namespace, name); the namespace is empty for cluster-scoped objects."""


@dataclass(frozen=True, slots=True)
class Event:
    """One change."""

    revision: int
    resource: str
    key: Key
    type: str
    """``ADDED``, ``MODIFIED``, ``DELETED``."""
    body: dict[str, Any]
    """After the change; for DELETED the last state, with the revision of the deletion."""
    before: dict[str, Any] | None


class GoneError(Exception):
    """The revision asked for has been compacted; ``oldest`` is the first one still known."""

    def __init__(self, oldest: int) -> None:
        super().__init__(str(oldest))
        self.oldest = oldest


class Store:
    """Objects by resource and key."""

    def __init__(self, *, history: int = 4000) -> None:
        self.revision = 1
        self.compacted = 0
        self.changed = threading.Condition(threading.RLock())
        self._objects: dict[str, dict[Key, dict[str, Any]]] = {}
        self._order: dict[str, list[Key]] = {}
        self._log: deque[Event] = deque()
        self._history = history

    def get(self, resource: str, key: Key) -> dict[str, Any] | None:
        """The present body, or None."""
        with self.changed:
            return self._objects.get(resource, {}).get(key)

    def put(self, resource: str, key: Key, body: dict[str, Any], *, expect: dict[str, Any] | None) -> dict[str, Any]:
        """Store ``body`` under a new revision if the present body is ``expect``; raises KeyError when it is not."""
        with self.changed:
            held = self._objects.setdefault(resource, {})
            if held.get(key) is not expect:
                raise KeyError(key)
            self.revision += 1
            body = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self.revision)}}
            if expect is None:
                insort(self._order.setdefault(resource, []), key)
            held[key] = body
            self._record(Event(self.revision, resource, key, "MODIFIED" if expect else "ADDED", body, expect))
            return body

    def remove(self, resource: str, key: Key, *, expect: dict[str, Any]) -> dict[str, Any]:
        """Delete if the present body is ``expect``; returns the last state with the revision of the deletion."""
        with self.changed:
            held = self._objects.get(resource, {})
            if held.get(key) is not expect:
                raise KeyError(key)
            self.revision += 1
            del held[key]
            self._order[resource].remove(key)
            body = {**expect, "metadata": {**expect["metadata"], "resourceVersion": str(self.revision)}}
            self._record(Event(self.revision, resource, key, "DELETED", body, expect))
            return body

    def _record(self, event: Event) -> None:
        self._log.append(event)
        while len(self._log) > self._history:
            self.compacted = self._log.popleft().revision
        self.changed.notify_all()

    def compact(self) -> None:
        """Forget all history, as etcd does every five minutes: older lists and watches then answer 410."""
        with self.changed:
            self._log.clear()
            self.compacted = self.revision
            self.changed.notify_all()

    def page(self, resource: str, namespace: str, *, revision: int = 0, after: Key | None = None, limit: int = 0,
             wanted: Callable[[dict[str, Any]], bool] = lambda body: True,
             ) -> tuple[list[dict[str, Any]], int, Key | None, int]:  # fmt: skip
        """(bodies, revision, key to continue after, how many remain); ``GoneError`` when ``revision`` is compacted."""
        with self.changed:
            at = revision or self.revision
            held, order = self._objects.get(resource, {}), self._order.get(resource, [])
            if at < self.revision:
                held, order = self._as_of(resource, at)
            start = bisect_right(order, after) if after else 0
            if namespace and not after:
                start = bisect_right(order, (namespace, ""))
            found: list[dict[str, Any]] = []
            for index in range(start, len(order)):
                if namespace and order[index][0] != namespace:
                    break
                body = held[order[index]]
                if wanted(body):
                    if limit and len(found) == limit:
                        return found, at, order[index - 1], len(order) - index
                    found.append(body)
            return found, at, None, 0

    def _as_of(self, resource: str, revision: int) -> tuple[dict[Key, dict[str, Any]], list[Key]]:
        if revision < self.compacted:
            raise GoneError(self.compacted)
        held = dict(self._objects.get(resource, {}))
        for event in reversed(self._log):
            if event.revision <= revision:
                break
            if event.resource == resource:
                if event.before is None:
                    held.pop(event.key, None)
                else:
                    held[event.key] = event.before
        return held, sorted(held)

    def since(self, resource: str, revision: int) -> Iterator[Event]:
        """Events of one resource after ``revision``, oldest first; ``GoneError`` when some of them are forgotten."""
        with self.changed:
            if revision < self.compacted:
                raise GoneError(self.compacted)
            newer = []
            for event in reversed(self._log):
                if event.revision <= revision:
                    break
                if event.resource == resource:
                    newer.append(event)
        return reversed(newer)

    def wait(self, revision: int, seconds: float) -> int:
        """Sleep until something newer than ``revision`` happened or the time is over; the present revision."""
        with self.changed:
            self.changed.wait_for(lambda: self.revision > revision, seconds)
            return self.revision

    def resources(self) -> list[str]:
        """Names of resources that hold objects."""
        with self.changed:
            return [name for name, held in self._objects.items() if held]
