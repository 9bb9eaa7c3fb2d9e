"""From the answer to the recorder: a queue bounded in reviews and bytes, emptied by one thread.

Putting a review there costs an append. When the queue is full the answer waits, which is counted and slows the API
server down to what can be recorded; at the deadline it leaves unrecorded, which is counted, logged and told to the
audit log of the cluster. Nothing is dropped in silence.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from lockgate.server.admission.contract import Recorder, ReviewRecord
from lockgate.server.admission.metrics import Metrics
from lockgate.sources.cluster.scrub import scrubbed_secret

_log = logging.getLogger("lockgate.admission")
_BATCH = 2000


class RecordQueue:
    """Between the event loop and one recorder."""

    def __init__(self, recorder: Recorder, metrics: Metrics, *, salt: bytes, reviews: int = 2000,
                 size: int = 64 * 1024 * 1024, gather: float = 0.0) -> None:  # fmt: skip
        """At most ``reviews`` reviews of together ``size`` bytes wait; ``salt`` keys the hashes of Secret values.

        ``gather``: seconds for which reviews are gathered before they are handed over together, where a hand-over
        costs much whatever its size. A queue that is half full does not wait.
        """
        self._gather, self._hurry = gather, threading.Event()
        self._recorder, self._metrics, self._salt = recorder, metrics, salt
        self._prepare: Callable[[ReviewRecord], Any] = getattr(recorder, "prepare", self._clean)
        self._reviews, self._size = reviews, size
        self._waiting: deque[tuple[Any, int]] = deque()
        self._held = 0
        self._lock = threading.Lock()
        self._filled = threading.Event()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._room: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="admission recorder", daemon=True)

    def start(self) -> None:
        """Called within the event loop."""
        self._loop, self._room = asyncio.get_running_loop(), asyncio.Event()
        self._thread.start()

    async def stop(self) -> None:
        """Hands over what waits, then ends; nothing may be put any more."""
        self._stopping = True
        self._hurry.set()
        self._filled.set()
        await asyncio.to_thread(self._thread.join)

    def put(self, record: ReviewRecord, size: int) -> bool:
        """Take the record of a request of ``size`` bytes; False when there is no room."""
        # Only this thread puts: what room there is now is there afterwards. One review larger than everything may still
        # wait alone: else it could never be recorded.
        if self._waiting and (len(self._waiting) >= self._reviews or self._held + size > self._size):
            return False
        try:
            prepared = self._prepare(record)
        except Exception as error:  # foreign code, and its failure must not end the answering
            self._metrics.recorder_errors += 1
            self._metrics.records_lost += 1
            _log.error("review %s was not recorded: %s", record.request["uid"], type(error).__name__)
            return True
        with self._lock:
            self._waiting.append((prepared, size))
            self._held += size
            self._metrics.records_waiting = len(self._waiting)
            crowded = 2 * len(self._waiting) > self._reviews or 2 * self._held > self._size
        if crowded:
            self._hurry.set()
        if not self._filled.is_set():  # who waits for it clears it before looking at what there is
            self._filled.set()
        return True

    async def put_when_free(self, record: ReviewRecord, size: int, *, seconds: float) -> bool:
        """As :meth:`put`, waiting at most ``seconds`` for room; False when the review stays unrecorded."""
        assert self._room is not None and self._loop is not None
        self._metrics.record_waits += 1
        until = self._loop.time() + seconds
        while not self.put(record, size):
            self._room.clear()
            left = until - self._loop.time()
            if left <= 0:
                self._metrics.records_lost += 1
                _log.error("review %s was answered and not recorded: the recorder is too slow", record.request["uid"])
                return False
            try:
                await asyncio.wait_for(self._room.wait(), min(left, 0.1))
            except TimeoutError:
                continue
        return True

    def _run(self) -> None:
        while True:
            self._filled.wait()
            if self._gather:
                self._hurry.wait(self._gather)
            self._filled.clear()
            if not self._stopping:
                self._hurry.clear()
            while batch := self._take():
                self._hand_over(batch)
            if self._stopping:
                with self._lock:
                    if not self._waiting:
                        return
                self._filled.set()

    def _clean(self, record: ReviewRecord) -> ReviewRecord:
        return _clean(record, self._salt)

    def _take(self) -> list[tuple[Any, int]]:
        with self._lock:
            return list(islice(self._waiting, _BATCH))

    def _hand_over(self, batch: list[tuple[Any, int]]) -> None:
        """Records leave the queue after the recorder has them, so that the bound holds for what it works on as well."""
        errors = 0
        try:
            self._recorder.record([one for one, _ in batch])
        except Exception as error:  # a recorder is foreign code, and its failure must not end the recording
            errors = 1
            _log.error("%d reviews were not recorded: %s", len(batch), type(error).__name__)
        with self._lock:
            for _, size in batch:
                self._waiting.popleft()
                self._held -= size
        assert self._loop is not None
        self._tell(self._loop, lambda: self._done(len(batch), errors))

    def _tell(self, loop: asyncio.AbstractEventLoop, action: Callable[[], None]) -> None:
        try:
            loop.call_soon_threadsafe(action)
        except RuntimeError:  # the loop is closed: nobody reads the counters any more
            return

    def _done(self, count: int, errors: int) -> None:
        metrics = self._metrics
        metrics.recorder_errors += errors
        metrics.records_lost += count if errors else 0
        metrics.records_kept += 0 if errors else count
        with self._lock:
            metrics.records_waiting = len(self._waiting)
        if self._room is not None:
            self._room.set()


def _clean(record: ReviewRecord, salt: bytes) -> ReviewRecord:
    request = record.request
    kind = request["kind"]
    if kind["kind"] != "Secret" or kind.get("group"):
        return record
    kept: dict[str, Any] = dict(request)
    for field in ("object", "oldObject"):
        body: Mapping[str, Any] | None = request.get(field)
        if body is not None:
            kept[field] = scrubbed_secret(body, salt=salt)
    return dataclasses.replace(record, request=kept)
