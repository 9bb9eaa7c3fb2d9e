"""What an import leaves behind stays the same byte by byte however it is sped up: rows, ledger and report.

The digests were taken of the version before findings of a run were appended in a thread and put in order by columns.
"""

from __future__ import annotations

import hashlib
import io
import random
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import orjson

from lockgate.engine import Request, scan
from lockgate.findings import Owners, Waivers
from lockgate.gates.check import GATE
from lockgate.model import Family, Result
from lockgate.reports.terminal import write
from lockgate.rules import load
from lockgate.sources.sarif import SarifSource
from lockgate.store import Ledger, Record

NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)
LEFT = {
    "new": (5865, 0, "da6e68548bd70f94", "dcd119f612f2805a", "e9ba42f4c0c38168"),
    "again": (5865, 0, "82c44b6f2b19ecea", "dcd119f612f2805a", "ac97dd9b96187693"),
    "fewer": (2479, 3386, "bab24dc5cb3df695", "525afedb880e51ff", "69f0f5208e375067"),
    "none": (1, 2478, "53aa53a8f84ee6bf", "6d643bd9c7d1bd35", "844e64e2602522a8"),
}
"""Of each run in turn how many findings are open and fixed, and the digests of what it left behind."""


def _log(count: int) -> bytes:
    chance = random.Random(11)
    results = [_result(chance, number) for number in range(count)]
    rules = [
        {
            "id": f"r/{number}",
            "shortDescription": {"text": f"Rule {number} übersetzt"},
            "properties": {"security-severity": f"{number}.5", "tags": [f"external/cwe/cwe-{number + 20:03}"]},
        }
        for number in range(10)
    ]
    tool = {"driver": {"name": "Zähler", "version": "2", "rules": rules}}
    log = {"version": "2.1.0", "runs": [{"tool": tool, "results": results[:count]}]}
    return orjson.dumps(log)


def _result(chance: random.Random, number: int) -> dict[str, object]:
    # Every flaw twice, in two places.
    rule = f"CVE-2031-{number // 34:04}" if number % 17 == 0 else f"r/{chance.randrange(12)}"
    line = chance.randrange(1, 90)
    region = {"startLine": line, "startColumn": 3, "snippet": {"text": f"    call({chance.randrange(400)}, {rule})\n"}}
    uri = f"src/näh%20{chance.randrange(9)}/a{chance.randrange(40)}.py"
    place = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region if number % 5 else {}}}
    return {"ruleId": rule, "message": {"text": f"finding {number % 7}"}, "locations": [place]}


def _scanned(folder: Path, log: bytes) -> Result:
    (folder / "a.sarif").write_bytes(log)
    told: list[Result] = []
    waivers = "waivers:\n- {rule: 'imported/Zähler/r/3', by: ada, reason: accepted for now, expires: 2031-12-31}"
    request = Request(
        families=(Family.SECRETS,),
        salt=b"0123456789abcdef",
        owners=Owners.parse("* @all\n/src/ @src\n"),
        waivers=Waivers.load(waivers.replace("Zähler", "z-hler"), where="w.yaml"),
        now=lambda: NOW,
        tell=told.append,
    )
    source = SarifSource(folder / "a.sarif", salt=b"0123456789abcdef")
    with Ledger.open(folder) as ledger:
        rules = load((Family.SECRETS,), samples=False)
        scan([source], rules, GATE, store=Record.open(folder), ledger=ledger, request=request, scanners={})
    return told[0]


def _digest(*things: object) -> str:
    return hashlib.sha256(b"\n".join(repr(one).encode() for one in things)).hexdigest()[:16]


def _left_behind(folder: Path, result: Result) -> tuple[str, str, str]:
    """Digests of the rows of the run, of the ledger, and of the report without the line that names the folder."""
    rows = [row for row in Record.open(folder).rows("Findings") if row["RunId"] == result.run.id]
    for row in rows:
        del row["RunId"], row["Batch"]
    connection = sqlite3.connect(folder / "ledger.db")
    known = connection.execute("SELECT * FROM known_places ORDER BY project, path").fetchall()
    connection.close()
    out = io.StringIO()
    write(result, out)
    return _digest(*rows), _digest(*known), _digest(*out.getvalue().splitlines()[1:])


def test_rows_ledger_and_report_of_an_import_are_what_they_were(tmp_path: Path) -> None:
    left = {}
    for name, count in zip(LEFT, (6_000, 6_000, 2_500, 1), strict=True):
        result = _scanned(tmp_path, _log(count))
        left[name] = (len(result.findings), len(result.fixed), *_left_behind(tmp_path, result))
    assert left == LEFT
