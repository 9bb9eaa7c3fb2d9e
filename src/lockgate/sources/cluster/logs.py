"""Logs of containers, followed over the API server: one stream a container, each in a thread of its own.

A stream that breaks off is taken up where it was; of a container that was started anew, the instance before is read to
its end first. Lines leave in pieces, each with the place that reading is at after it. Requests are GET alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Any
from urllib.parse import quote

from lockgate.dataclass import dataclass
from lockgate.formats.printable import printable
from lockgate.model import Skip, SkipKind
from lockgate.sources.cluster.connection import Connection, OversizeError, RefusedError, SilentError
from lockgate.sources.cluster.insights.containers import reference_parts
from lockgate.sources.cluster.insights.fields import last_part, part, parts, text
from lockgate.sources.cluster.insights.identity import Identity
from lockgate.sources.cluster.insights.lines import MOST_LINE, Fresh, Place, Source, line_rows, moment_of, nanoseconds
from lockgate.sources.cluster.insights.pods import state_of, statuses

_QUIET_SECONDS = 300.0
"""A container may be silent for long; then the stream is opened anew, since a dead connection is silent too."""
_LONGEST_PAUSE = 60.0
_HEALTHY_SECONDS = 30.0
_NANO = 10**9


@dataclass(frozen=True, slots=True)
class Candidate:
    """A container whose log can be read."""

    source: Source
    started: int
    """Seconds since 1970; 0 where it is not known."""
    ended: bool
    """Whether it runs no more."""
    before: str
    """Id of the instance that ran before; empty for none."""
    before_ended: int
    """Seconds since 1970 when that one ended; 0 for none."""

    @property
    def key(self) -> str:
        """What stays over restarts of the container."""
        return f"{self.source.uid}/{self.source.name}"


def candidates(pod: Mapping[str, Any]) -> Iterator[Candidate]:
    """The containers of one Pod that run or ran."""
    metadata, spec = part(pod, "metadata"), part(pod, "spec")
    wanted = {text(one, "name"): one for name in ("containers", "initContainers") for one in parts(spec, name)}
    for status in statuses(pod):
        state, details = state_of(status)
        _, last = state_of(status, "lastState")
        id_, before = last_part(text(status, "containerID")), last_part(text(last, "containerID"))
        if not id_ or (state == "waiting" and id_ != before):
            continue
        name = text(status, "name")
        reference = text(wanted.get(name, {}), "image") or text(status, "image")
        image = reference_parts(reference)
        told = {
            "podUid": text(metadata, "uid"), "podLabels": dict(part(metadata, "labels")), "image": reference,
            "imageID": text(status, "imageID").rpartition("@")[2],
            "imageRepo": "/".join(filter(None, (image["Repository"], image["Image"]))), "imageTag": image["ImageTag"],
        }  # fmt: skip
        source = Source(
            text(metadata, "namespace"), text(metadata, "name"), text(metadata, "uid"), name, id_,
            text(spec, "nodeName"), told,
        )  # fmt: skip
        waits = state == "waiting"
        yield Candidate(
            source, _seconds(last if waits else details, "startedAt"), waits or state == "terminated",
            "" if waits else before, 0 if waits else _seconds(last, "finishedAt"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines of one container that came together."""

    key: str
    rows: tuple[bytes, ...]
    """Lines of JSON, rows of ``ContainerLogV2``."""
    place: Mapping[str, Any]
    """Where reading is after them, as :meth:`Place.told` gives it."""


@dataclass(slots=True)
class Stream:
    """The log of one container under way. ``run`` returns when it has ended, or when ``stop`` is set."""

    connection: Connection
    identity: Identity
    candidate: Candidate
    place: Place | None
    """Where reading was; None for a container that was never read."""
    began: int
    """Seconds since 1970: lines before are not asked for."""
    put: Callable[[Piece | Skip], None]
    stop: threading.Event
    follow: bool = True
    _cut: bool = field(default=False)
    _odd: bool = field(default=False)

    def run(self) -> None:
        """Read until the container ends, an instance before it first."""
        self._earlier()
        mine = self.candidate.source.container
        place = self.place
        if place is None or place.container != mine:
            place = self._fresh(mine, self.candidate.started)
        whole = self._all(place, self.candidate.source, previous=False)
        if whole and self.candidate.ended and not self.stop.is_set():
            self.put(Piece(self.candidate.key, (), Place(mine, place.second, done=True).told()))

    def _earlier(self) -> None:
        """Read the instance before, where some of it is still to be read."""
        candidate, place = self.candidate, self.place
        known = place is not None and place.container == candidate.source.container
        if known or not candidate.before or (place is None and candidate.before_ended < self.began):
            return
        if place is not None and place.container != candidate.before:
            self._say(SkipKind.LIMIT, "it was started more than once since its log was read last: what the instances "
                      "between wrote is gone")  # fmt: skip
            place = None
        if place is not None and place.done:
            return
        source = candidate.source
        before = Source(source.namespace, source.pod, source.uid, source.name, candidate.before, source.node,
                        source.metadata)  # fmt: skip
        self._all(place or self._fresh(candidate.before, 0), before, previous=True)

    def _fresh(self, container: str, started: int) -> Place:
        """Of an instance of which nothing was read."""
        return Place(container, self.began + 1 if started < self.began else 0)

    def _all(self, place: Place, source: Source, *, previous: bool) -> bool:
        """Read to the end, over breaks; whether it was reached."""
        pause = 0.0
        while not self.stop.wait(pause):
            began = time.monotonic()
            try:
                self._once(place, source, previous=previous)
                return True
            except RefusedError as error:
                if error.status in (401, 403):
                    self._say(SkipKind.UNREADABLE, f"its log may not be read ({error.status}): {error.message}")
                if error.status < 500 and error.status != 429:
                    return False  # gone meanwhile (404), or never begun (400)
                pause = max(error.retry_after, min(_LONGEST_PAUSE, max(pause, 0.25) * 2))
            except (SilentError, OversizeError):
                lasted = time.monotonic() - began > _HEALTHY_SECONDS
                pause = 0.05 if lasted else min(_LONGEST_PAUSE, max(pause, 0.25) * 2)
        return False

    def _once(self, place: Place, source: Source, *, previous: bool) -> None:
        path = f"/api/v1/namespaces/{quote(source.namespace, safe='')}/pods/{quote(source.pod, safe='')}/log"
        query = {"container": source.name, "timestamps": "true"}
        query |= {"previous": "true"} if previous else ({"follow": "true"} if self.follow else {})
        query |= {"sinceTime": moment_of(place.since * _NANO)} if place.since else {}
        fresh, held = Fresh(place), bytearray()
        for piece in self.connection.pieces(path, query, quiet_seconds=_QUIET_SECONDS):
            *whole, rest = piece.split(b"\n")
            lines = []
            for line in whole:
                lines.append((bytes(held) + line)[:MOST_LINE])
                held.clear()
            self._tell(lines, source, fresh)
            held += rest
            if len(held) > MOST_LINE:
                del held[MOST_LINE:]
                self._cut_off()
            if self.stop.is_set():
                return
        if held:
            self._tell([bytes(held)], source, fresh)

    def _tell(self, lines: list[bytes], source: Source, fresh: Fresh) -> None:
        rows: list[bytes] = []
        for line in lines:
            time_of, _, told = line.partition(b" ")
            nanos = nanoseconds(time_of.decode("ascii", "replace"))
            if nanos is None:
                self._no_time(line)
            elif fresh.is_new(nanos, line):
                rows += line_rows(told.removesuffix(b"\r"), source, self.identity, nanos=nanos)
        if rows:
            self.put(Piece(self.candidate.key, tuple(rows), fresh.place.told()))

    def _cut_off(self) -> None:
        if not self._cut:
            self._cut = True
            self._say(SkipKind.TOO_LARGE, f"lines longer than {MOST_LINE} bytes are cut there")

    def _no_time(self, line: bytes) -> None:
        if line.strip() and not self._odd:
            self._odd = True
            self._say(SkipKind.MALFORMED, "a line without a time: a message of the kubelet, not of the container")

    def _say(self, kind: SkipKind, reason: str) -> None:
        source = self.candidate.source
        where = f"{self.connection.name}:{source.namespace}/Pod/{source.pod}/{source.name}"
        self.put(Skip(printable(where), kind, printable(reason)))


def _seconds(value: Mapping[str, Any], name: str) -> int:
    found = nanoseconds(text(value, name))
    return 0 if found is None else found // _NANO
