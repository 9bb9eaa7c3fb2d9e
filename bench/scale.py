"""What a gigabyte costs, to take in, to keep and to ask: ``python -m bench.scale [GB ...]`` (default: 0.25 0.5 1 2).

Events of an audit log, about 1 KB each, as :mod:`bench.ingest` makes them, in files of a quarter of a gigabyte that
are loaded one after the other into AKSAudit of one workspace; at each size the queries are asked in a process of their
own, of which the kernel counts the CPU time. At the end the record is compacted and asked again, and a server is
started over it to see what it takes when nobody asks. The last line says what 100 GB a day would cost if it went on as
measured.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from bench.ingest import Used, events, loaded, timed

QUARTER = 1 << 28
QUERIES = {
    "one hour, by verb": "AKSAudit | where RequestReceivedTime between (datetime(2026-11-20 03:00) .. 1h)"
                         " | summarize count() by Verb",
    "all, by verb and code": "AKSAudit | summarize count() by Verb, tostring(ResponseStatus.code)",
    "a word that is nowhere": "AKSAudit | where RequestUri has 'kube-proxy-nowhere' | count",
    "one user, by path": "AKSAudit | where User.username == 'system:serviceaccount:team-7:sa-3'"
                         " | summarize count() by tostring(ObjectRef.resource)",
    "users, distinct": "AKSAudit | summarize dcount(tostring(User.username))",
}  # fmt: skip


def main() -> None:
    """Print the tables."""
    sizes = [float(word) for word in sys.argv[1:]] or [0.25, 0.5, 1.0, 2.0]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "lockgate.yaml").write_text("version: 1\n")
        written = _file(Path(folder) / "audit.log")
        print("| GB taken in | CPU s a GB | wall s a GB | MB at the peak | GB as Parquet | "
              + " | ".join(f"{name}: CPU s" for name in QUERIES) + " |")  # fmt: skip
        print("|---" * (5 + len(QUERIES)) + "|")
        there, used, rate = 0.0, Used(0, 0, 0), 0.0
        for size in sizes:
            while there < size - 1e-9:
                one = loaded(folder, "audit.log", "--format", "audit")
                used = Used(used.cpu + one.cpu, used.wall + one.wall, max(used.peak, one.peak))
                there += written / 1e9
            rate = used.cpu / there
            asked = " | ".join(f"{_asked(folder, query).cpu:.2f}" for query in QUERIES.values())
            row = f"{there:.2f} | {rate:.1f} | {used.wall / there:.1f} | {used.peak:.0f} | {_kept(folder):.3f}"
            print(f"| {row} | {asked} |", flush=True)
        compacting = timed(folder, "record", "compact")
        asked = " | ".join(f"{_asked(folder, query).cpu:.2f}" for query in QUERIES.values())
        kept = _kept(folder)
        print(f"| compacted: {there:.2f} | {compacting.cpu / there:.1f} | {compacting.wall / there:.1f} | "
              f"{compacting.peak:.0f} | {kept:.3f} | {asked} |")  # fmt: skip
        print(f"\nidle server: {_idle(folder)}")
        a_day = 100 * (rate + compacting.cpu / there)
        print(f"100 GB a day, as measured: {a_day / 86_400:.2f} cores, {100 * kept / there:.1f} GB of Parquet a day")


def _file(path: Path) -> int:
    """A file of a quarter of a gigabyte; its bytes."""
    written, count = 0, 260_000
    with path.open("wb") as stream:
        for event in events(count):
            written += stream.write(json.dumps(event, separators=(",", ":")).encode() + b"\n")
            if written >= QUARTER:
                break
    return written


def _asked(folder: str, query: str) -> Used:
    return timed(folder, "ask", query, "--format", "csv")


def _kept(folder: str) -> float:
    """GB of the files that the table names."""
    from lockgate.store import Record

    table = Record.open(Path(folder) / ".lockgate").delta("AKSAudit")
    return sum(Path(uri.removeprefix("file://")).stat().st_size for uri in table.file_uris()) / 1e9


def _idle(folder: str) -> str:
    """Resident memory of a server before anybody asks, and a while after somebody did."""
    command = [sys.executable, "-m", "lockgate", "serve", "--anonymous", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        found = re.search(rb"listening on (\d+)", process.stdout.readline())
        assert found is not None
        time.sleep(2)
        before = _resident(process.pid)
        body = json.dumps({"db": "lockgate", "csl": QUERIES["all, by verb and code"]}).encode()
        url = f"http://127.0.0.1:{int(found[1])}/v1/rest/query"
        urllib.request.urlopen(urllib.request.Request(url, body, {"content-type": "application/json"})).read()
        time.sleep(5)
        after = _resident(process.pid)
        process.terminate()
    return f"{before:.0f} MB before anybody asked, {after:.0f} MB after a query over everything"


def _resident(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
