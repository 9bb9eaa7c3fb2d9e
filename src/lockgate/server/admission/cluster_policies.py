"""Policies as a cluster holds them: Gatekeeper's objects, admission policies with parameters, Namespaces, synced kinds.

Listed once before anything is judged, then watched. What a change may bring or take away as a kind (a template, a
Config, a parameter kind) means a new list of everything, since the set of resources may be another one then. While the
API server cannot be reached the last state goes on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lockgate.errors import LockgateError, SourceError
from lockgate.gates.admission import Placed
from lockgate.model import Skip
from lockgate.sources.cluster import Change, ChangeType, ClusterSource, Connection, Resource
from lockgate.sources.cluster.policies import Key, PolicyObjects, key_of, read_policies

_log = logging.getLogger("lockgate.admission")
_SHAPING = frozenset({"ConstraintTemplate", "Config", "SyncSet", "ValidatingAdmissionPolicy",
                      "MutatingAdmissionPolicy"})  # fmt: skip
_SETTLE = 0.3
"""Seconds after such a change, for what comes along with it."""
_AGAIN = 1.0
"""Seconds until kinds are looked for that a template has and the API server does not serve yet."""
_LONGEST_PAUSE = 30.0


class ClusterPolicies:
    """One cluster as a feed of policies; see ``loader.Feed``."""

    def __init__(self, connect: Callable[[], Connection], *, salt: bytes) -> None:
        """``connect`` makes a new connection; ``salt`` keys the hashes of Secret values, should Secrets be synced."""
        self._connect, self._salt = connect, salt
        self._lock = threading.Lock()
        self._found = PolicyObjects()
        self._relisted: dict[Resource, set[Key]] = {}
        self._revision = 0
        self._stop, self._round = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="policies of the cluster", daemon=True)

    @property
    def revision(self) -> str:
        """A number that grows with every change."""
        return str(self._revision)

    def start(self) -> None:
        """Read everything once, then follow in a thread. Raises ``SourceError`` when it cannot be read whole."""
        self._begun = self._read()
        self._thread.start()

    def close(self) -> None:
        """End the following."""
        self._stop.set()
        self._round.set()

    def manifests(self) -> Sequence[Placed]:
        """Policies, bindings and parameters."""
        with self._lock:
            return [Placed(where, body) for where, body in self._found.manifests()]

    def inventory(self) -> Sequence[Mapping[str, Any]]:
        """Everything else that is read: Namespaces and what Config and SyncSets name."""
        with self._lock:
            return list(self._found.inventory())

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.is_set():
            try:
                self._follow(*self._begun)
                if self._stop.wait(_SETTLE):
                    return
                self._begun = self._read()
                pause = 0.0
            except LockgateError as error:
                pause = min(_LONGEST_PAUSE, max(1.0, pause * 2))
                _log.error("the policies of the cluster cannot be read, the last ones go on: %s", error)
                self._begun = (None, [], False)
                self._stop.wait(pause)
            except Exception as error:  # a defect here must not end the following
                _log.error("the policies of the cluster cannot be followed: %s: %s", type(error).__name__, error)
                self._begun = (None, [], False)
                self._stop.wait(_LONGEST_PAUSE)

    def _read(self) -> tuple[ClusterSource | None, list[Resource], bool]:
        """List everything that counts; (a source to watch from there, what to watch, whether kinds are missing)."""
        connection = self._connect()
        try:
            found = read_policies(connection, salt=self._salt)
            for resource, skip in found.unread.items():
                raise SourceError(f"cannot be read whole: {skip.reason}", where=f"cluster: {resource.title}",
                                  hint="the account needs get, list and watch")  # fmt: skip
        except BaseException:
            connection.close()
            raise
        if found.unknown:
            _log.warning("part of the API cannot be asked what it has: %s", found.unknown[0].reason)
        source = ClusterSource(connection, salt=self._salt)
        source.versions.update({(resource, ""): version for resource, version in found.versions.items()})
        with self._lock:
            changed = found.held != self._found.held or found.parameters != self._found.parameters
            self._found = found
            self._revision += changed
        return source, sorted(found.held), bool(found.awaited)

    def _follow(self, source: ClusterSource | None, resources: list[Resource], missing: bool) -> None:
        """Take changes until everything has to be listed anew."""
        if source is None:
            return
        self._round = threading.Event()
        if self._stop.is_set():
            return
        timer = threading.Timer(_AGAIN, self._round.set) if missing else None
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            for told in source.watch(self._round, resources=[one for one in resources if one.watchable]):
                if isinstance(told, Skip):
                    _log.warning("%s: %s", told.path, told.reason)
                elif self._take(told):
                    return
        finally:
            self._round.set()
            source.close()
            if timer is not None:
                timer.cancel()

    def _take(self, change: Change) -> bool:
        """Apply one change; whether it may change which resources count."""
        with self._lock:
            held = self._found.held.setdefault(change.resource, {})
            if change.object is None:
                seen = self._relisted.pop(change.resource, set())
                for key in [key for key in held if key not in seen]:
                    del held[key]
                self._revision += 1
                return change.resource.kind in _SHAPING
            key = key_of(change.object.body)
            if change.type is ChangeType.PRESENT:
                self._relisted.setdefault(change.resource, set()).add(key)
            if change.type is ChangeType.DELETED:
                held.pop(key, None)
                self._revision += 1
                return change.resource.kind in _SHAPING
            before, held[key] = held.get(key), change.object.body
            if before is not None and _spelt(before) == _spelt(change.object.body):
                return False  # a status was written, as Gatekeeper's audit does all the time
            self._revision += 1
            return change.resource.kind in _SHAPING


def _spelt(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What somebody wrote: not the status, nor the versions that a server counts."""
    metadata = body.get("metadata")
    kept = {key: value for key, value in body.items() if key not in ("status", "metadata")}
    if isinstance(metadata, Mapping):
        kept["metadata"] = {key: metadata[key] for key in ("name", "namespace", "labels", "annotations", "uid")
                            if key in metadata}  # fmt: skip
    return kept
