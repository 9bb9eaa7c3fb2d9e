"""Keeps what was read of a forge in the record: ``ForgeObjects``, what is new, changed or gone, and a row of
``ForgeRepositories`` for each repository.

Rows are appended before the run's own and show with it. Where not everything was listed, nothing counts as gone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from lockgate.errors import NothingCheckedError
from lockgate.formats.forge_settings import FORM
from lockgate.formats.moments import moment_of
from lockgate.model import Family, Object, Skip, SkipKind
from lockgate.sources import Wants
from lockgate.store import Record

OBJECTS, REPOSITORIES = "ForgeObjects", "ForgeRepositories"
REPOSITORY_KINDS = frozenset({"GitHubRepository", "AzureDevOpsRepository", "GitLabProject"})
_PIECE = 5_000
_FIELDS = ("Kind", "Namespace", "Name", "Path", "Digest", "Change")
_NEWEST = (
    f"SELECT * FROM (SELECT Key, {', '.join(f'arg_max({one}, TimeGenerated) AS {one}' for one in _FIELDS)} "  # noqa: S608
    "FROM ForgeObjects WHERE Forge = ? AND Organization = ? GROUP BY Key) WHERE Change <> 'gone'"
)

_STOOD = (
    "SELECT Path, Unread, Body FROM (SELECT *, row_number() OVER (PARTITION BY Key ORDER BY TimeGenerated DESC) AS Age "
    "FROM ForgeObjects WHERE Forge = ? AND Organization = ? AND TimeGenerated <= ?) "
    "WHERE Age = 1 AND Change <> 'gone' ORDER BY Path, Kind, Name"
)


class ForgeLog:
    """What one run sees of one organisation."""

    def __init__(
        self, record: Record, *, forge: str, organization: str, batch: str, run: str, started: datetime
    ) -> None:
        """``batch`` is that of the run whose row will make these show."""
        self._record = record
        self._common = {
            "TimeGenerated": started, "RunId": run, "Batch": batch, "Forge": forge, "Organization": organization,
        }  # fmt: skip
        self._known = {row["Key"]: row for row in record.sql(_NEWEST, [forge, organization])}
        self._objects: list[dict[str, Any]] = []
        self._repositories: list[dict[str, Any]] = []

    def met(self, judged: Object) -> None:
        """Take in one object. Raises ``StoreError`` when the record cannot be written."""
        kind, namespace, name = _named(judged)
        key = "|".join((kind, namespace, name))
        before = self._known.pop(key, None)
        text = _written(judged.body)
        unread = orjson.dumps(sorted(judged.unresolved)).decode()
        digest = f"sha256:{hashlib.sha256(f'{_settings(judged.body)}{unread}'.encode()).hexdigest()}"
        if before is None or before["Digest"] != digest:
            change = "new" if before is None else "changed"
            row = {"Key": key, "Change": change, "Kind": kind, "Namespace": namespace, "Name": name,
                   "Path": judged.path, "Digest": digest, "Bytes": len(text.encode()), "Unread": unread,
                   "Body": text}  # fmt: skip
            self._objects.append(self._common | row)
        if kind in REPOSITORY_KINDS:
            self._repositories.append(self._common | repository_row(judged))
        if max(len(self._objects), len(self._repositories)) >= _PIECE:
            self._write()

    def finish(self, *, whole: bool) -> None:
        """Write what is left. ``whole``: whether everything was listed, so that what was not met is gone."""
        if whole:
            self._objects += [
                self._common | {**{name: row[name] for name in _FIELDS}, "Key": key, "Change": "gone", "Bytes": 0}
                for key, row in self._known.items()
            ]
        self._write()

    def _write(self) -> None:
        for table, rows in ((OBJECTS, self._objects), (REPOSITORIES, self._repositories)):
            if rows:
                self._record.append_piece(table, rows)
        self._objects, self._repositories = [], []


class RecordedForge:
    """An organisation as the record has it at a time: rules and waivers are tried on it, and no forge is asked."""

    mode = "posture-record"

    def __init__(self, record: Record, *, forge: str, organization: str, at: datetime) -> None:
        self._record, self._forge, self._organization, self._at = record, forge, organization, at
        self.root = f"{forge}:{organization} as of {at.isoformat(timespec='seconds')}"

    def sibling(self, path: str) -> bytes | None:  # noqa: ARG002 -- the shape of Source.sibling
        """There are no files."""
        return None

    def collect(self, wants: Wants) -> Iterator[Object | Skip]:  # noqa: ARG002 -- the shape of Source.collect
        """The newest state of each object that was there. Raises ``NothingCheckedError`` where the record has none."""
        rows = self._record.sql(_STOOD, [self._forge, self._organization, self._at], only=(OBJECTS,))
        if not rows:
            raise NothingCheckedError(
                "the record holds nothing of it from that time", where=self.root, hint="run it without --recorded first"
            )
        for row in rows:
            unread = frozenset(orjson.loads(row["Unread"]))
            yield Object(FORM, orjson.loads(row["Body"]), row["Path"], unresolved=unread)
            if unread:
                words = ", ".join(sorted(one.removeprefix("/spec/") for one in unread))
                yield Skip(row["Path"], SkipKind.UNREADABLE, f"was not read then: {words}", Family.POSTURE)


def repository_row(judged: Object) -> dict[str, Any]:
    """The columns of ``ForgeRepositories`` that say what a repository is like."""
    _, namespace, name = _named(judged)
    spec = judged.body["spec"]
    protection = spec.get("protection")
    guarded: Mapping[str, Any] = protection if isinstance(protection, dict) else {}
    return {
        "Namespace": namespace, "Repository": name, "Visibility": spec.get("visibility"),
        "Archived": spec.get("archived"), "DefaultBranch": spec.get("defaultBranch"),
        "PushedAt": moment_of(spec.get("pushedAt") or ""),
        "Protected": guarded.get("protected"), "PullRequests": guarded.get("pullRequests"),
        "Approvals": guarded.get("approvals"), "Checks": _list(guarded, "checks"),
        "Signatures": guarded.get("signatures"), "ForcedPushes": guarded.get("forced"),
        "Bypass": _list(guarded, "bypass"), "Environments": _count(spec, "environments"),
        "DeployKeys": _count(spec, "deployKeys"), "Webhooks": _count(spec, "webhooks"),
        "Outsiders": _count(spec, "outsideCollaborators"),
    }  # fmt: skip


def _named(judged: Object) -> tuple[str, str, str]:
    metadata = judged.body["metadata"]
    return judged.body["kind"], metadata["namespace"], metadata["name"]


def _written(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _settings(body: Mapping[str, Any]) -> str:
    """What an object is like, without when it was read."""
    return _written(body["spec"])


def _list(spec: Mapping[str, Any], name: str) -> str | None:
    return orjson.dumps(spec[name]).decode() if name in spec else None


def _count(spec: Mapping[str, Any], name: str) -> int | None:
    return len(spec[name]) if isinstance(spec.get(name), list) else None
