"""Changes of a cluster as they happen, from a thread of its own, for whoever asks now and then."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.model import Skip, SkipKind
from lockgate.sources.cluster import Change, ChangeType, ClusterSource, Connection, Resource
from lockgate.sources.cluster.discovery import discover
from lockgate.sources.cluster.insights.fields import part, text
from lockgate.sources.cluster.watch import hand_over

_WAITING = 1000
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_PATIENCE = 10.0
_DEFINITION = "CustomResourceDefinition"
_SETTLE_SECONDS = 3.0
"""From a new definition until its resource is served."""
Scope = tuple[Resource, str]


@dataclass(frozen=True, slots=True)
class Served:
    """Which resources the cluster has; told before their changes are."""

    resources: tuple[Resource, ...]
    whole: bool
    """Whether every group could tell its own."""


Told = Change | Skip | Served


class Feed:
    """Watches every resource, from where ``versions`` says. When resources come or go, it begins anew."""

    def __init__(
        self, connect: Callable[[], Connection], *, salt: bytes, namespaces: Sequence[str],
        versions: Callable[[Sequence[Scope]], Mapping[Scope, str]],
    ) -> None:  # fmt: skip
        """``connect`` is called for each beginning, ``versions`` for the first alone."""
        self._connect, self._salt, self._namespaces = connect, salt, tuple(namespaces)
        self._first: Callable[[Sequence[Scope]], Mapping[Scope, str]] | None = versions
        self._versions: dict[Scope, str] = {}
        self._served: set[tuple[str, str]] = set()
        self._heeded: set[tuple[str, str]] = set()
        self._out: queue.Queue[Told] = queue.Queue(_WAITING)
        self._stop, self._inner = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def get(self, seconds: float) -> Told | None:
        """What was told next; None when nothing was for so long."""
        try:
            return self._out.get(timeout=seconds) if seconds else self._out.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        """End it. What waits is dropped: it is told again by a watch that begins where the rows end."""
        self._stop.set()
        self._inner.set()
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            try:
                self._watch()
                pause = _FIRST_PAUSE
            except LockgateError as error:
                pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, pause * 2))
                self._put(Skip(error.where or "watch", SkipKind.UNREADABLE, f"{error.message}; it is tried again"))

    def _watch(self) -> None:
        connection = self._connect()
        source = ClusterSource(connection, salt=self._salt, namespaces=self._namespaces)
        try:
            resources, skips = discover(connection)
            for skip in skips:
                self._put(skip)
            self._put(Served(tuple(resources), not skips))
            self._served = {(one.group, one.plural) for one in resources}
            scopes = [(one, name) for one in resources for name in source.scopes(one)]
            if self._first is not None:
                self._versions, self._first = dict(self._first(scopes)), None
            source.versions = dict(self._versions)
            self._inner = threading.Event()
            if self._stop.is_set():
                return
            for told in source.watch(self._inner, resources=resources):
                self._put(told)
                if isinstance(told, Change):
                    self._heed(told)
        finally:
            source.close()

    def _heed(self, change: Change) -> None:
        scope = change.resource, change.namespace
        if change.version:
            self._versions[scope] = change.version
        elif change.type is ChangeType.PRESENT:
            self._versions.pop(scope, None)  # a list under way: a watch that begins anew must begin with a list
        if change.object is not None and change.resource.kind == _DEFINITION and self._is_news(change):
            timer = threading.Timer(_SETTLE_SECONDS, self._inner.set)
            timer.daemon = True
            timer.start()

    def _is_news(self, change: Change) -> bool:
        """Whether a definition is of a resource that is not watched, or was; of each that is told once."""
        assert change.object is not None
        spec = part(change.object.body, "spec")
        defined = text(spec, "group"), text(part(spec, "names"), "plural")
        if change.type is ChangeType.DELETED:
            self._heeded.discard(defined)
            return defined in self._served
        if defined in self._served or defined in self._heeded:
            return False
        self._heeded.add(defined)
        return True

    def _put(self, told: Told) -> None:
        hand_over(told, self._out, self._stop)
