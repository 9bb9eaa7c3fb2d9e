"""What is known of alerts: what the newest run about them says in the record, and not a ledger.

Several servers over one record look in turn. The ledger of one would call new what another has found before, and would
not know what that found to be over; the record knows both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from lockgate.findings.identity import fingerprint
from lockgate.model import Confidence, Family, Finding, Location, Related, RuleId, Severity, Subject
from lockgate.sources.fired import MODE
from lockgate.store.known import KnownFinding

if TYPE_CHECKING:
    from lockgate.store import Record
    from lockgate.store.known import Packed

_NEWEST = """
SELECT * FROM "Findings" WHERE State <> 'fixed' AND RunId = (
  SELECT RunId FROM "Runs" WHERE Mode = ? ORDER BY TimeGenerated DESC, Ended DESC LIMIT 1)
"""
_NEW = """
SELECT * FROM "Findings" WHERE RunId = ? AND State = 'new' AND NOT Waived ORDER BY SeverityLevel DESC, Rule, SubjectKey
"""


class RecordMemory:
    """The alerts that the newest run left open. One that comes back after it was over is a new one."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def known(self, project: str) -> Sequence[KnownFinding]:
        """Those of all clusters; ``project`` is the only one. Raises ``StoreError``."""
        del project
        return [_known(row) for row in self._record.sql(_NEWEST, [MODE], only=("Findings",))]

    def remember(
        self, project: str, known: Sequence[KnownFinding], packed: Mapping[str, Packed] | None = None, *,
        ready: Callable[[], None] | None = None,
    ) -> int:  # fmt: skip
        """Nothing beside the run itself, which ``ready`` stores."""
        del project, packed
        if ready is not None:
            ready()
        return len(known)


def new_of(record: Record, run: str) -> list[dict[str, Any]]:
    """What is told of the alerts that a run says are new and not waived; nothing of a run that is not there."""
    return [_told(row) for row in record.sql(_NEW, [run], only=("Findings",))]


def _known(row: Mapping[str, Any]) -> KnownFinding:
    path = str(row["Path"])
    finding = Finding(
        rule=RuleId(row["Rule"]),
        family=Family.ALERTS,
        severity=Severity(int(row["SeverityLevel"])),
        confidence=Confidence[str(row["Confidence"]).upper()],
        subject=Subject(row["SubjectKind"], row["SubjectName"], row["SubjectKey"]),
        location=Location(path),
        message=row["Message"],
        facts=tuple(Related(one["name"], one["value"]) for one in orjson.loads(row["Facts"])),
    )
    return KnownFinding(row["Identity"], fingerprint(finding), finding, (finding.location,), row["FirstSeen"])


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    facts = {one["name"]: one["value"] for one in orjson.loads(row["Facts"])}
    return {
        "identity": row["Identity"], "rule": row["Rule"], "severity": row["Severity"], "message": row["Message"],
        "cluster": facts.get("cluster", ""), "kind": facts.get("kind", ""), "namespace": facts.get("namespace", ""),
        "name": facts.get("name", ""), "value": facts.get("value", ""), "fix": row["FixText"],
        "owners": orjson.loads(row["Owners"]), "firstSeen": row["FirstSeen"],
    }  # fmt: skip
