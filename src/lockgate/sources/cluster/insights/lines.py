"""``ContainerLogV2``: lines of a container's log, as the API server hands them out with their times. Pure.

Where a log was read up to is kept as a second and the lines of it and of the one before: ``sinceTime`` knows whole
seconds only, several lines may bear one time, and those of the two streams may stand out of order, by less than a
second. So after a break the server is asked from the second before on, and what was seen is passed over, each line as
often as it was seen.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.lazy_pattern import lazy_pattern
from lockgate.sources.cluster.insights.identity import Identity

MOST_ROW = 64 << 10
"""Bytes of a line that one row holds, as the service has it; a longer line fills several."""
MOST_LINE = 1 << 20
"""Bytes of a line that are kept."""
_MOST_SEEN = 20_000
"""Lines of one second that are known again. A container that writes more in one may have some told twice after a break,
which is better than never."""
_MOST_DEPTH = 100
_NANO = 10**9
_TIME = lazy_pattern(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_LEVELS = {
    "critical": "CRITICAL", "crit": "CRITICAL", "fatal": "CRITICAL", "panic": "CRITICAL", "emerg": "CRITICAL",
    "alert": "CRITICAL", "error": "ERROR", "err": "ERROR", "severe": "ERROR", "warning": "WARNING", "warn": "WARNING",
    "info": "INFO", "information": "INFO", "notice": "INFO", "debug": "DEBUG", "trace": "TRACE", "verbose": "TRACE",
}  # fmt: skip
_KLOG = {"I": "INFO", "W": "WARNING", "E": "ERROR", "F": "CRITICAL"}
_KLOG_HEAD = lazy_pattern(r"([IWEF])\d{4} \d\d:\d\d:\d\d")
_WORD = lazy_pattern(r"(?i)\b(critical|crit|fatal|panic|error|err|severe|warning|warn|info|notice|debug|trace)\b")
_HEAD = 120
"""Characters of a line in which a level is looked for."""
_FIELDS = ("level", "severity", "loglevel", "log_level", "lvl", "@l", "Level", "Severity", "LogLevel")


def nanoseconds(time: str) -> int | None:
    """A time of RFC 3339 as nanoseconds since 1970; None for what is none."""
    found = _TIME.fullmatch(time)
    if found is None:
        return None
    try:
        whole = datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00"))
        return int(whole.timestamp()) * _NANO + int(f"{found[2] or '':0<9}")
    except (ValueError, OverflowError):
        return None


def moment_of(nanos: int) -> str:
    """The time in ISO 8601, UTC, to the microsecond."""
    whole, rest = divmod(nanos, _NANO)
    told = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{told}.{rest // 1000:06}Z"


@dataclass(slots=True)
class Place:
    """Up to where the log of one container was read."""

    container: str
    """Id of the container, of the instance that runs or ran."""
    second: int = 0
    """Seconds since 1970, of the latest line."""
    before: deque[str] = field(default_factory=deque)
    """Digests of the lines of the second before that, in the order of the log."""
    seen: deque[str] = field(default_factory=deque)
    """Those of the lines of that second."""
    done: bool = False
    """Whether the container has ended and all of its log was read."""

    def told(self) -> dict[str, Any]:
        """As JSON values."""
        return {"container": self.container, "second": self.second, "before": list(self.before),
                "seen": list(self.seen), "done": self.done}  # fmt: skip

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Place:
        """Of what :meth:`told` gave."""
        before, seen = (deque(told[name], _MOST_SEEN) for name in ("before", "seen"))
        return cls(told["container"], told["second"], before, seen, told["done"])

    @property
    def since(self) -> int:
        """Seconds since 1970: lines from here on are asked for, and of those some were seen. 0: all of them."""
        return max(0, self.second - 1)

    def advance(self, nanos: int, digest: str) -> None:
        """Take note of one line."""
        second = nanos // _NANO
        if second > self.second:
            self.before = self.seen if second == self.second + 1 else deque(maxlen=_MOST_SEEN)
            self.second, self.seen = second, deque(maxlen=_MOST_SEEN)
        if second == self.second:
            self.seen.append(digest)
        elif second == self.second - 1:
            self.before.append(digest)


class Fresh:
    """Tells the lines that were not seen before, and keeps their place."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._again = Counter((*place.before, *place.seen))

    def is_new(self, nanos: int, line: bytes) -> bool:
        """Whether the line was not read before; one that was not is noted."""
        digest = hashlib.blake2b(line, digest_size=8).hexdigest()
        if self._again.get(digest):
            self._again[digest] -= 1
            return False
        self.place.advance(nanos, digest)
        return True


@dataclass(frozen=True, slots=True)
class Source:
    """The container that lines come from."""

    namespace: str
    pod: str
    uid: str
    name: str
    container: str
    """Its id, without the name of the runtime."""
    node: str
    metadata: Mapping[str, Any]
    """``KubernetesMetadata``."""


def line_rows(line: bytes, source: Source, identity: Identity, *, nanos: int) -> Iterator[bytes]:
    """The rows of one line, without its time, as lines of JSON.

    ``LogSource`` stays empty: what the API server hands out does not say which of the two streams a line came from.
    """
    time = moment_of(nanos)
    common = identity.row(
        time, Computer=source.node, ContainerId=source.container, ContainerName=source.name, PodName=source.pod,
        PodNamespace=source.namespace, LogSource="", KubernetesMetadata=source.metadata,
    )  # fmt: skip
    for piece in _cut(line):
        text = piece.decode("utf-8", "replace")
        value = _parsed(piece) if len(piece) == len(line) else None
        row = {**common, "LogLevel": level_of(text, value), "LogMessage": text if value is None else value}
        yield orjson.dumps(row) + b"\n"


def _cut(line: bytes) -> Iterator[bytes]:
    """Pieces that a row can hold, cut between characters."""
    at = 0
    while True:
        end = at + MOST_ROW
        if end < len(line):
            while end > at + MOST_ROW - 4 and line[end] & 0xC0 == 0x80:
                end -= 1
        yield line[at:end]
        at = end
        if at >= len(line):
            return


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The object that a line is; None for any other line."""
    if line[:1] != b"{" or not line.rstrip().endswith(b"}"):
        return None
    try:
        value = orjson.loads(line)
        again = orjson.dumps(value)
    except (ValueError, TypeError):
        return None
    if not isinstance(value, dict) or again.count(b"{") + again.count(b"[") > 10 * _MOST_DEPTH:
        return None
    return value


def level_of(text: str, value: Mapping[str, Any] | None) -> str:
    """The weight of a line: what a field of an object says, the mark of klog, or the first word for one near the
    beginning; UNKNOWN without any."""
    if value is not None:
        for name in _FIELDS:
            found = value.get(name)
            if isinstance(found, str) and found.lower() in _LEVELS:
                return _LEVELS[found.lower()]
        return "UNKNOWN"
    head = _KLOG_HEAD.match(text)
    if head is not None:
        return _KLOG[head[1]]
    word = _WORD.search(text[:_HEAD])
    return _LEVELS[word[1].lower()] if word is not None else "UNKNOWN"
