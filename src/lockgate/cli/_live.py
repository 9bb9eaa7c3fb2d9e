"""The settings of a server, read again when ``lockgate.yaml`` or a data collection rule changes; wrong ones are told,
and the old ones hold."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from lockgate.cli._project import Project
from lockgate.errors import LockgateError
from lockgate.server.entra.tokens import Entra, entra_of
from lockgate.settings import FILE_NAME
from lockgate.store import Record
from lockgate.store.ingest import data_collection_rules
from lockgate.store.ingest.data_collection_rules import Flow, Rules
from lockgate.store.ingest.transforming import Transformation
from lockgate.store.row_access import check_access
from lockgate.store.tending import Tending, tending_of

_RULES = 1.0
"""Seconds between two looks at the files of the data collection rules."""
_log = logging.getLogger("lockgate.settings")


class Live:
    """What holds now. Each look costs a ``stat``, once a second one of each file of rules too; for several threads."""

    def __init__(self, project: Project, again: Callable[[], Project]) -> None:
        """``again`` reads the project anew. Raises :class:`LockgateError` for settings that cannot hold."""
        self._again = again
        self._lock = threading.Lock()
        self._looked = 0.0
        self._files: tuple[object, ...] = ()
        self._entra: Entra | None = None
        self._stamp = _stamp(project)
        self.changes = 0
        """How often other settings came to hold."""
        self._take(project)

    @property
    def project(self) -> Project:
        """The project with its settings."""
        self._look()
        return self._project

    @property
    def record(self) -> Record:
        """Its record, its tables as the settings have them."""
        self._look()
        return self._record

    @property
    def rules(self) -> Rules:
        """The data collection rules that it names."""
        self._look()
        return self._rules

    @property
    def entra(self) -> Entra | None:
        """Who signs in with Entra."""
        self._look()
        return self._entra

    def tending(self) -> Tending:
        """How its record is looked after."""
        return tending_of(self.project.settings.tables, where=FILE_NAME)

    def _look(self) -> None:
        if _stamp(self._project) == self._stamp and time.monotonic() - self._looked < _RULES:
            return
        with self._lock:
            stamp, files = _stamp(self._project), _files_of(self._project)
            self._looked = time.monotonic()
            if (stamp, files) == (self._stamp, self._files):
                return
            self._stamp, self._files = stamp, files  # what is wrong is told once, and looked at when it changes again
            try:
                self._take(self._again())
            except LockgateError as error:
                _log.error("the old settings hold: %s", error)
            else:
                _log.info("the settings of %s hold from now on", FILE_NAME)

    def _take(self, project: Project) -> None:
        record = project.record()
        check_access(project.settings.tables, record.shapes(), where=FILE_NAME)
        rules = data_collection_rules.read([project.top / name for name in project.settings.data_collection_rules])
        if project.settings.environments:
            from lockgate.gates.deployment.environment import environments_of

            environments_of(project.settings.environments)
        self._entra = entra_of(project.settings.entra, self._entra, folder=str(project.top), where=FILE_NAME)
        self._project, self._record, self._rules = project, record, rules
        self._files, self._looked = _files_of(project), time.monotonic()
        self.changes += 1


class LiveRules(Rules):
    """The rules as they are now, for who was given rules once.

    Rows wait in a journal under the flow that took them in; one that is gone by now still says through what they go.
    """

    def __init__(self, live: Live) -> None:
        super().__init__({})
        self._live = live
        self._seen: dict[str, Transformation | None] = {}

    def __bool__(self) -> bool:
        return bool(self._live.rules)

    def streams(self, rule: str) -> Mapping[str, tuple[Flow, ...]] | None:
        """Of :class:`Rules`."""
        found = self._live.rules.streams(rule)
        for flows in (found or {}).values():
            self._seen |= {flow.origin: flow.transformation for flow in flows}
        return found

    def transformation(self, origin: str) -> Transformation | None:
        """Of :class:`Rules`."""
        rules = self._live.rules
        return rules.transformation(origin) if rules.has(origin) else self._seen.get(origin)


def _stamp(project: Project) -> tuple[int, int, int] | None:
    return _stamp_of(project.top / FILE_NAME)


def _files_of(project: Project) -> tuple[object, ...]:
    """Which files hold the data collection rules, and as they are."""
    names = project.settings.data_collection_rules
    try:
        files = data_collection_rules.files([project.top / name for name in names]) if names else ()
    except LockgateError as error:
        return (str(error),)
    return tuple((str(one), _stamp_of(one)) for one in files)


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
