"""The work of ``lockgate waivers``: the waiver file and the last whole check, side by side with acknowledgements."""

from __future__ import annotations

import argparse
import difflib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson

from lockgate.cli._project import Project, project_at
from lockgate.cli._text import safe
from lockgate.errors import UsageError
from lockgate.store import Ledger

_COVERED = """
SELECT WaiverId, WaivedBy, WaiverReason, WaiverExpires, Identity, Rule, Path, Line FROM "Findings"
WHERE WaiverId <> '' AND State <> 'fixed' AND Batch = (
  SELECT Batch FROM "Runs" WHERE Mode = 'tree' ORDER BY TimeGenerated DESC, Batch LIMIT 1)
ORDER BY Path, Line, Rule, Identity
"""
_ANY_RUN = """SELECT count(*) AS runs FROM "Runs" WHERE Mode = 'tree'"""
_Key = tuple[str, str, str]
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Told:
    """One waiver with what is known of it."""

    id: str
    where: str
    """``file:line``; empty for one in a comment, which the record knows by what it covers."""
    by: str
    reason: str
    expires: str
    state: str
    covers: tuple[Mapping[str, Any], ...]
    acknowledged: tuple[Mapping[str, str], ...]

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "id": self.id, "where": self.where, "by": self.by, "reason": self.reason, "expires": self.expires,
            "state": self.state, "covers": list(self.covers), "acknowledged": list(self.acknowledged),
        }  # fmt: skip


def show(arguments: argparse.Namespace) -> int:
    """Print them all."""
    if arguments.days < 0:
        raise UsageError("must be 0 or more", where="--days")
    waivers = _waivers(project_at(Path.cwd()), soon=arguments.days)
    if arguments.json:
        print(orjson.dumps([one.plain() for one in waivers], option=orjson.OPT_INDENT_2).decode())
        return 0
    for one in waivers:
        _print(one)
    if not waivers:
        print("no waiver")
    return 0


def acknowledge(arguments: argparse.Namespace) -> int:
    """Write one acknowledgement down."""
    if not arguments.by.strip():
        raise UsageError("an acknowledgement names a person", where="--by")
    project = project_at(Path.cwd())
    known = {one.id: one for one in _waivers(project, soon=0)}
    chosen = known.get(arguments.waiver)
    if chosen is None:
        near = difflib.get_close_matches(arguments.waiver, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "'lockgate waivers list' shows them"
        raise UsageError(f"there is no waiver {arguments.waiver!r}", where="ID", hint=hint)
    if chosen.state == "expired":
        raise UsageError(
            "an expired waiver is not acknowledged", where=chosen.where, hint="give it a new day in the waiver file"
        )
    with Ledger.open(project.workspace.folder) as ledger:
        ledger.acknowledge_waiver(chosen.id, arguments.by.strip(), note=arguments.note)
    print(f"{safe(arguments.by.strip())} stands by {safe(chosen.id)}")
    return 0


def _waivers(project: Project, *, soon: int) -> list[_Told]:
    """Those of the file in its order, then those of comments that covered something."""
    covers, any_run = _covered(project)
    acknowledged = _acknowledged(project)
    today = datetime.now(UTC).date()
    told: list[_Told] = []
    entries = [(one.id, one.by, one.reason, one.expires, one.where) for one in project.waivers().entries]
    keys = {(id, by, expires) for id, by, _, expires, _ in entries}
    for key, rows in covers.items():
        if key not in keys:
            entries.append((key[0], key[1], str(rows[0]["WaiverReason"]), key[2], ""))
    for id, by, reason, expires, where in entries:
        rows = covers.get((id, by, expires), [])
        state = _state(expires, today, soon=soon, used=bool(rows), any_run=any_run)
        told.append(_Told(id, where, by, reason, expires, state, tuple(map(_place, rows)), tuple(acknowledged[id])))
    return told


def _covered(project: Project) -> tuple[dict[_Key, list[Mapping[str, Any]]], bool]:
    record = project.record()
    found: dict[_Key, list[Mapping[str, Any]]] = defaultdict(list)
    if not record.sql(_ANY_RUN)[0]["runs"]:
        return found, False
    for row in record.sql(_COVERED):
        found[str(row["WaiverId"]), str(row["WaivedBy"]), str(row["WaiverExpires"])].append(row)
    return found, True


def _acknowledged(project: Project) -> Mapping[str, Sequence[Mapping[str, str]]]:
    found: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    if (project.workspace.folder / "ledger.db").is_file():
        with Ledger.open(project.workspace.folder) as ledger:
            for one in ledger.acknowledgements():
                found[one.waiver].append({"who": one.who, "note": one.note, "time": one.time})
    return found


def _state(expires: str, today: date, *, soon: int, used: bool, any_run: bool) -> str:
    left = (date.fromisoformat(expires) - today).days
    if left < 0:
        return "expired"
    if not any_run:
        return "unknown"
    if not used:
        return "unused"
    return "expiring" if left <= soon else "active"


def _place(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"identity": row["Identity"], "rule": row["Rule"], "path": row["Path"], "line": row["Line"]}


def _print(one: _Told) -> None:
    place = f"  ({safe(one.where)})" if one.where else ""
    print(f"{one.state:<8} {_line(one.id)}")
    print(f"         by {_line(one.by)} until {one.expires}: {_line(one.reason)}{place}")
    for shown in one.covers[:_SHOWN]:
        print(f"         covers {_line(shown['rule'])} at {_line(shown['path'])}:{shown['line']}")
    if len(one.covers) > _SHOWN:
        print(f"         covers {len(one.covers) - _SHOWN} more (--json lists them)")
    for word in one.acknowledged:
        note = f": {_line(word['note'])}" if word["note"] else ""
        print(f"         {_line(word['who'])} stood by it on {word['time'][:10]}{note}")


def _line(text: str) -> str:
    return safe(" ".join(str(text).split()))
