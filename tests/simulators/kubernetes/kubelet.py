"""What an API server fetches from kubelets: logs of containers and summaries of nodes.

As the real one does: every line of a log with its time, ``sinceTime`` to the second and line by line, ``previous``,
``follow`` until the container ends; 400 for a container that was never started, 404 for a pod that is not there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .status import ApiError, bad_request

_NANO = 10**9


@dataclass(slots=True)
class Instance:
    """One instance of a container: it starts once."""

    id: str
    lines: list[tuple[int, bytes]] = field(default_factory=list)
    """(nanoseconds, text without its end)."""
    ended: bool = False


class Kubelet:
    """All kubelets of a cluster."""

    def __init__(self) -> None:
        self.summaries: dict[str, dict[str, Any]] = {}
        """By the name of the node."""
        self.instances: dict[tuple[str, str, str], list[Instance]] = {}
        """By namespace, pod and container; the last one is the present one."""
        self.changed = threading.Condition()
        self.breaks = 0
        """How many of the next streams break off after their first lines."""
        self.open = 0
        """Streams that are followed now."""
        self.most_open = 0

    def start(self, namespace: str, pod: str, container: str, id_: str) -> Instance:
        """A container starts; an instance before it has ended."""
        with self.changed:
            found = self.instances.setdefault((namespace, pod, container), [])
            for one in found:
                one.ended = True
            found.append(Instance(id_))
            self.changed.notify_all()
            return found[-1]

    def write(self, instance: Instance, *texts: str | bytes, at: int = 0) -> None:
        """The container writes lines; ``at``: nanoseconds, of the first, each later one a nanosecond after."""
        with self.changed:
            first = at or time.time_ns()
            for number, text in enumerate(texts):
                content = text if isinstance(text, bytes) else text.encode()
                instance.lines.append((first + number, content))
            self.changed.notify_all()

    def end(self, instance: Instance) -> None:
        """The container ends."""
        with self.changed:
            instance.ended = True
            self.changed.notify_all()

    def rotate(self, instance: Instance) -> None:
        """The file of the log is full: who asks anew sees a new one only."""
        with self.changed:
            instance.lines.clear()

    def log(
        self, namespace: str, pod: str, query: dict[str, str], stopping: threading.Event
    ) -> Iterator[bytes]:  # fmt: skip
        """The pieces of an answer. Raises :class:`ApiError` before the first."""
        container = query.get("container", "")
        found = self.instances.get((namespace, pod, container))
        if not found:
            raise bad_request(f'container "{container}" in pod "{pod}" is waiting to start: ContainerCreating')
        previous = query.get("previous") == "true"
        if previous and len(found) < 2:
            raise bad_request(f'previous terminated container "{container}" in pod "{pod}" not found')
        instance = found[-2 if previous else -1]
        since = _since(query["sinceTime"]) if "sinceTime" in query else 0
        return self._pieces(instance, since, query, stopping)

    def _pieces(
        self, instance: Instance, since: int, query: dict[str, str], stopping: threading.Event
    ) -> Iterator[bytes]:  # fmt: skip
        follow = query.get("follow") == "true"
        stamped = query.get("timestamps") == "true"
        at = 0
        self.open += follow
        self.most_open = max(self.most_open, self.open)
        try:
            while True:
                with self.changed:
                    some, ended = instance.lines[at:], instance.ended
                at += len(some)
                for nanos, text in some:
                    if nanos >= since:
                        yield (_stamp(nanos).encode() + b" " if stamped else b"") + text + b"\n"
                if some and follow and self.breaks > 0:
                    self.breaks -= 1
                    raise ConnectionResetError
                if (not follow or ended) and at >= len(instance.lines):
                    return
                if stopping.is_set():
                    return
                with self.changed:
                    if at >= len(instance.lines) and not instance.ended:
                        self.changed.wait(0.05)
                yield b""
        finally:
            self.open -= follow

    def summary(self, node: str) -> dict[str, Any]:
        """What ``/stats/summary`` answers."""
        if node not in self.summaries:
            raise ApiError(503, "ServiceUnavailable", f"error trying to reach service: dial tcp {node}:10250")
        return self.summaries[node]


def _since(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * _NANO


def _stamp(nanos: int) -> str:
    whole, rest = divmod(nanos, _NANO)
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:09}Z"
