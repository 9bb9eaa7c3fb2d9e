"""Watches: one stream a resource, each in its own thread, joined in one bounded queue.

A stream that ends is taken up where it ended; one that the server has forgotten (410) begins with a new list. When the
reader is slow the queue fills, the threads wait, and the server's own buffering holds: nothing is dropped.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from lockgate.dataclass import dataclass
from lockgate.formats import json_safe
from lockgate.formats.format_error import FormatError
from lockgate.formats.printable import clipped, printable
from lockgate.model import Object, Skip, SkipKind
from lockgate.sources.cluster import scrub
from lockgate.sources.cluster.change import Change, ChangeType
from lockgate.sources.cluster.connection import Connection, OversizeError, RefusedError, SilentError
from lockgate.sources.cluster.discovery import Resource
from lockgate.sources.cluster.listing import Listing

_QUEUE = 1000
_STREAM_SECONDS = 300
_LONGEST_PAUSE = 60.0
_PATIENCE = 5.0
"""Seconds in which all threads together have to end; one that waits for a mute server is left behind."""
_HEALTHY_SECONDS = 30.0
"""A stream that lived so long broke off in the normal course of things: a quiet time, a restarted server."""
_TYPES = {"ADDED": ChangeType.ADDED, "MODIFIED": ChangeType.MODIFIED, "DELETED": ChangeType.DELETED}

Told = Change | Skip
T = TypeVar("T")


def hand_over(told: T, out: queue.Queue[T], stop: threading.Event) -> None:
    """Put ``told`` into a queue that may be full, unless ``stop`` is set before there is room."""
    while not stop.is_set():
        try:
            out.put(told, timeout=0.2)
        except queue.Full:
            continue
        return


class _ExpiredError(Exception):
    """The server has forgotten the version from which we read."""


def watched(connection: Connection, scopes: Sequence[tuple[Resource, str]],
            versions: Mapping[tuple[Resource, str], str], *, salt: bytes, stop: threading.Event,
            ) -> Iterator[Told]:  # fmt: skip
    """Changes of all ``scopes`` (resource, namespace), in the order in which each stream tells them."""
    out: queue.Queue[Told] = queue.Queue(_QUEUE)
    streams = [_Stream(connection, *scope, salt, versions.get(scope, ""), out, stop) for scope in scopes]
    threads = [threading.Thread(target=one.run, name=f"watch {one.resource.title}", daemon=True) for one in streams]
    for thread in threads:
        thread.start()
    try:
        while not stop.is_set() and (any(thread.is_alive() for thread in threads) or not out.empty()):
            try:
                yield out.get(timeout=0.2)
            except queue.Empty:
                continue
    finally:
        stop.set()
        connection.close()
        until = time.monotonic() + _PATIENCE
        for thread in threads:
            thread.join(timeout=max(0.0, until - time.monotonic()))


@dataclass(slots=True)
class _Stream:
    connection: Connection
    resource: Resource
    namespace: str
    salt: bytes
    version: str
    out: queue.Queue[Told]
    stop: threading.Event
    refused: bool = False
    """Whether the resource may not be listed at all; else a list that failed is tried again."""

    def run(self) -> None:
        pause, said = 0.0, ""
        while not self.stop.wait(pause):
            began = time.monotonic()
            try:
                if not self.version and not self._relist():
                    if self.refused:
                        return
                    pause = min(_LONGEST_PAUSE, max(pause, 0.25) * 2)
                    continue
                self._follow()
                pause, said = 0.05, ""
            except _ExpiredError:
                self.version, pause = "", 0.0
            except RefusedError as error:
                if error.status in (401, 403, 404, 405):
                    self._put(self._skip(SkipKind.UNREADABLE, f"may not be watched ({error.status}): {error.message}"))
                    return
                pause = max(error.retry_after, min(_LONGEST_PAUSE, (pause or 0.25) * 2))
            except (SilentError, FormatError, OversizeError) as error:
                if self.stop.is_set():
                    return
                lasted = time.monotonic() - began > _HEALTHY_SECONDS
                pause = 0.05 if lasted else min(_LONGEST_PAUSE, max(pause, 0.25) * 2)
                if isinstance(error, OversizeError | FormatError):
                    self.version = ""  # the event cannot be read, so only a new list tells the state after it
                if pause > 1.0 and str(error) != said:
                    said = str(error)
                    self._put(self._skip(SkipKind.UNREADABLE, f"the watch broke off and is tried again: {said}"))

    def _relist(self) -> bool:
        self.connection.begin()
        listing = Listing(self.connection, self.resource, self.salt, self.namespace)
        for row in listing.read():
            if isinstance(row, Object):
                self._put(Change(ChangeType.PRESENT, self.resource, row, "", self.namespace))
            else:
                self._put(row)
        self.version, self.refused = listing.version, listing.refused
        if self.version:
            whole = listing.whole
            self._put(Change(ChangeType.RELISTED, self.resource, None, self.version, self.namespace, whole))
        return bool(self.version)

    def _follow(self) -> None:
        query = {"watch": "true", "resourceVersion": self.version, "allowWatchBookmarks": "true",
                 "timeoutSeconds": str(_STREAM_SECONDS)}  # fmt: skip
        try:
            for line in self.connection.lines(self.resource.path(self.namespace), query):
                self._take(json_safe.load(line, max_bytes=self.connection.limits.event_bytes))
                if self.stop.is_set():
                    return
        except RefusedError as error:
            if error.status == 410:
                raise _ExpiredError from None
            raise

    def _take(self, event: Any) -> None:
        told = event.get("type") if isinstance(event, dict) else None
        body = event.get("object") if isinstance(event, dict) else None
        metadata = body.get("metadata") if isinstance(body, dict) else None
        if not isinstance(body, dict):
            raise FormatError("no watch event")
        if told == "ERROR":
            code = body.get("code")
            if code == 410:
                raise _ExpiredError
            said = clipped(printable(str(body.get("message"))), 300)
            raise RefusedError(code if isinstance(code, int) else 500, said)
        if not isinstance(metadata, dict) or not isinstance(metadata.get("resourceVersion"), str):
            raise FormatError("a watch event without a version")
        version = metadata["resourceVersion"]
        if told in _TYPES:
            found = scrub.as_object(body, self.resource, self.connection.name, salt=self.salt)
            self._put(Change(_TYPES[told], self.resource, found, version, self.namespace))
        elif told != "BOOKMARK":
            raise FormatError(f"a watch event of the unknown type {clipped(printable(str(told)), 40)}")
        self.version = version

    def _put(self, told: Told) -> None:
        hand_over(told, self.out, self.stop)

    def _skip(self, kind: SkipKind, reason: str) -> Skip:
        where = f"{self.connection.name}:{self.namespace + '/' if self.namespace else ''}{self.resource.title}"
        return Skip(where, kind, reason)
