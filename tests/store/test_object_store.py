"""A workspace on an object store: the record goes there over its real interface; ledger and caches stay here.

S3 is moto's HTTP server, Azure storage is Azurite where it is installed; both on loopback.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from types import ModuleType

import orjson
import pytest
from tests.simulators.azurite import serving

from lockgate.errors import StoreError
from lockgate.store import Record
from lockgate.store.ingest import Collected, Loader
from lockgate.store.mirror import Mirror

TABLES = ("Runs", "Findings", "Components", "Skips", "Decisions")
S3_SERVER = """
import logging, sys, time
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").disabled = True
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def s3_port() -> Iterator[int]:
    server = subprocess.Popen([sys.executable, "-c", S3_SERVER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert server.stdout is not None
    yield int(server.stdout.readline())
    server.kill()
    server.wait()
    server.stdout.close()


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """Port and account key of an Azurite of our own."""
    with serving(tmp_path_factory.mktemp("azurite")) as found:
        yield found


@pytest.fixture(params=["s3", "az", "abfss"])
def address(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A fresh bucket or container, with the environment a user would set."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_")) or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    name = f"record-{secrets.token_hex(4)}"
    if request.param == "s3":
        port = request.getfixturevalue("s3_port")
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secrets.token_hex(8))
        _asked("PUT", f"http://127.0.0.1:{port}/{name}", {})
        return f"s3://{name}/team/shop"
    port, key = request.getfixturevalue("azurite")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "lockgate")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", key)
    monkeypatch.setenv("AZURE_STORAGE_USE_EMULATOR", "true")  # Azurite lists without ``startFrom``, which Azure knows
    monkeypatch.setenv("AZURITE_BLOB_STORAGE_URL", f"http://127.0.0.1:{port}")
    _make_container(port, key, name)
    where = f"{name}@lockgate.dfs.core.windows.net" if request.param == "abfss" else name
    return f"{request.param}://{where}/team/shop"


def _make_container(port: int, key: str, name: str) -> None:
    """https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key"""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06", "Content-Length": "0"}
    named = f"x-ms-date:{headers['x-ms-date']}\nx-ms-version:{headers['x-ms-version']}\n"
    kind = "application/x-www-form-urlencoded"  # what urllib says of any body
    text = f"PUT{chr(10) * 5}{kind}{chr(10) * 7}{named}/lockgate/lockgate/{name}\nrestype:container"
    mark = base64.b64encode(hmac.digest(base64.b64decode(key), text.encode(), hashlib.sha256)).decode()
    headers["Authorization"] = f"SharedKey lockgate:{mark}"
    _asked("PUT", f"http://127.0.0.1:{port}/lockgate/{name}?restype=container", headers)


def _asked(method: str, address: str, headers: dict[str, str]) -> None:
    request = urllib.request.Request(address, method=method, headers=headers, data=b"")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30):
        return


def test_a_run_on_an_object_store_comes_back_and_can_be_queried(address: str, runs: ModuleType) -> None:
    record = Record.open(address)
    assert record.rows("Findings") == []
    record.append_result(runs.result("one"))
    assert [len(record.rows(name)) for name in TABLES] == [1, 3, 2, 1, 1]
    assert _rows(address, "Findings | summarize count() by Rule") == [("secrets/x", 3)]
    joined = record.sql('SELECT f.Rule, r.RunId FROM "Findings" f JOIN "Runs" r USING (RunId) ORDER BY f.Identity')
    assert joined == [{"Rule": "secrets/x", "RunId": "one"}] * 3


def test_two_writers_on_an_object_store_lose_and_double_nothing(address: str) -> None:
    """Both write the same version of the log at once; the store must refuse the second (a conditional put)."""
    script = Path(__file__).with_name("record_results.py")
    surroundings = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    writers = [
        subprocess.Popen([sys.executable, str(script), address, name, "4"], stdout=subprocess.PIPE, env=surroundings)
        for name in ("left", "right")
    ]
    for writer in writers:
        writer.communicate(timeout=50)
        assert writer.returncode == 0
    stored = Counter(row["RunId"] for row in Record.open(address).rows("Findings"))
    assert stored == {f"{name}-{number}": 20 for name in ("left", "right") for number in range(4)}


def test_compaction_and_retention_work_on_an_object_store(address: str, runs: ModuleType) -> None:
    record = Record.open(address)
    now = datetime.now(UTC)
    for number in range(3):
        record.append_result(runs.result(f"run{number}", started=now - timedelta(days=number * 10)))
    before = sorted(str(row) for row in record.rows("Findings"))
    assert record.compact()["Findings"] == 3
    assert sorted(str(row) for row in record.rows("Findings")) == before
    assert record.retain(15)["Findings"] == 3
    assert {row["RunId"] for row in record.rows("Findings")} == {"run0", "run1"}


@pytest.mark.parametrize("address", ["s3"], indirect=True)
def test_of_two_compactions_on_an_object_store_one_steps_back(address: str) -> None:
    record, other = Record.open(address), Record.open(address)
    for number in range(6):
        record.append_alone("AdmissionReviews", [{"TimeGenerated": datetime.now(UTC), "Name": str(number)}])
    with record._rewriting("AdmissionReviews") as mine:
        assert mine
        assert other.compact() == {"AdmissionReviews": 0}
        with pytest.raises(StoreError, match="another process rewrites"):
            other.retain(1, only=["AdmissionReviews"])
        other.append_alone("AdmissionReviews", [{"TimeGenerated": datetime.now(UTC), "Name": "6"}])
    with ThreadPoolExecutor(2) as pool:
        removed = [one["AdmissionReviews"] for one in pool.map(lambda one: one.compact(), (record, other))]
    assert sorted(removed) == [0, 7]
    assert sorted(row["Name"] for row in other.rows("AdmissionReviews")) == list("0123456")
    assert other.compact() == {"AdmissionReviews": 0}


def test_a_check_sends_the_record_there_and_keeps_ledger_and_caches_here(address: str, tmp_path: Path) -> None:
    (tmp_path / "lockgate.yaml").write_text("families: [secrets]\n")
    (tmp_path / "app.py").write_text("print()\n")
    surroundings = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "LOCKGATE_WORKSPACE": address}
    command = [sys.executable, "-m", "lockgate", "check", "--quiet"]
    done = subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [row["Mode"] for row in Record.open(address).rows("Runs")] == ["tree"]
    here = tmp_path / ".lockgate"
    assert (here / "ledger.db").is_file() and (here / "salt").is_file() and not (here / "record").exists()


def test_an_object_store_that_does_not_answer_is_an_error_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    for name, value in {"AWS_ALLOW_HTTP": "true", "AWS_REGION": "x", "AWS_ACCESS_KEY_ID": "x", "AWS_MAX_RETRIES": "0",
                        "AWS_SECRET_ACCESS_KEY": "x", "AWS_RETRY_TIMEOUT": "1s"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    with pytest.raises(StoreError) as caught:
        Record.open("s3://bucket/team").rows("Runs")
    assert caught.value.where == "s3://bucket/team/record/Runs"


def _ingesting(folder: Path, address: str, *words: str) -> subprocess.Popen[str]:
    """A call of ``lockgate ingest`` in a process of its own."""
    (folder / "lockgate.yaml").write_text("version: 1\n")
    surroundings = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "LOCKGATE_WORKSPACE": address}
    command = [sys.executable, "-m", "lockgate", "ingest", "--quiet", "--table", "Rows_CL", *words]
    return subprocess.Popen(command, cwd=folder, env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            text=True)  # fmt: skip


def _rows(address: str, query: str, mirror: Path | None = None) -> list[tuple[object, ...]]:
    from lockgate.store.ask import ask

    tables = Record.open(address, mirror=mirror).asked()
    try:
        return [tuple(row) for row in ask(query, tables).rows]
    finally:
        tables.connection.close()


def test_writers_that_ingest_at_once_lose_and_double_nothing_and_one_that_is_killed_is_made_good(
    address: str, tmp_path: Path
) -> None:
    writers = []
    for name in ("0", "1", "0 again", "2"):
        folder = tmp_path / name
        folder.mkdir()
        writer = int(name[0])
        lines = [f'{{"writer":{writer},"n":{n},"tags":{{"a":[{n}]}}}}\n' for n in range(2000)]
        (folder / "rows.ndjson").write_text("".join(lines) + '{"writer":"none"}\nno JSON\n')
        writers.append((folder, _ingesting(folder, address, "rows.ndjson")))
    time.sleep(0.7)  # wherever it is then: it may be starting, writing, committing, or done
    writers[3][1].kill()
    for folder, process in writers:
        _, said = process.communicate(timeout=50)
        # 4 says that a row is in the companion table only; 0 that another writer took all of it
        assert process.returncode in (0, 4) or folder.name == "2", said
    again = _ingesting(writers[3][0], address, "rows.ndjson")
    assert again.wait(50) in (0, 4)
    assert again.stderr is not None
    again.stderr.close()
    assert _rows(address, "Rows_CL | where isnotnull(writer) | summarize count(), dcount(n, 4), sum(n) by writer "
                 "| order by writer asc") == [(n, 2000, 2000, 1999000) for n in range(3)]  # fmt: skip
    assert _rows(address, "Rows_CL | where toint(tags.a[0]) == 1234 | count") == [(3,)]
    assert _rows(address, "Rows_CL_errors | summarize count() by Kept | order by Kept asc") == [(False, 3), (True, 3)]


@pytest.fixture
def audited(address: str, tmp_path: Path) -> tuple[Record, Path]:
    """A record with two files of events each of which is large enough for paths of JSON as columns."""
    folder = tmp_path / "mirror"
    record = Record.open(address, mirror=folder)
    loader = Loader(Collected(record), "AKSAudit", audit=True, clean=lambda event: event)
    for batch in range(2):
        loader.load(b"".join(_event(batch * 11_000 + number) for number in range(11_000)), once=("log", batch + 1))
    loader.close()
    return record, folder


def _event(number: int) -> bytes:
    moment = f"2026-11-20T10:{number // 600 % 60:02}:{number // 10 % 60:02}.{number:06}Z"
    return orjson.dumps({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": f"{number:036}",
        "stage": "ResponseComplete", "requestURI": f"/api/v1/pods/{number}", "verb": "get",
        "user": {"username": f"person-{number % 500}", "groups": ["a", "b"]}, "objectRef": {"name": f"pod-{number}"},
        "requestReceivedTimestamp": moment, "stageTimestamp": moment,
    }) + b"\n"  # fmt: skip


_ASKED = ("AKSAudit | count", "AKSAudit | where User.username == 'person-77' | count",
          "AKSAudit | where RequestUri has '21999' | project tostring(ObjectRef.name)")  # fmt: skip
_TOLD = [[(22_000,)], [(44,)], [("pod-21999",)]]


@pytest.mark.parametrize("address", ["s3"], indirect=True)
def test_files_of_an_object_store_are_fetched_once_and_get_paths_and_filters_here(
    audited: tuple[Record, Path], address: str
) -> None:
    record, folder = audited
    assert [_rows(address, one) for one in _ASKED] == _TOLD
    assert [_rows(address, one, folder) for one in _ASKED] == _TOLD
    fetched = {one: one.stat().st_mtime_ns for one in folder.glob("*/*.parquet")}
    assert len(fetched) == 2
    assert [_rows(address, one, folder) for one in _ASKED] == _TOLD
    assert {one: one.stat().st_mtime_ns for one in folder.glob("*/*.parquet")} == fetched
    assert record.compact() == {"AKSAudit": 2}
    (shredded,) = folder.glob("*/*-paths-*.parquet")
    assert (shredded.parent / "_terms" / f"{shredded.name}.terms").exists()
    source = Collected(record).source("AKSAudit", None)
    assert any("/text" in one for one in source.paths)
    assert str(shredded) in source.text
    assert [_rows(address, one, folder) for one in _ASKED] == _TOLD
    assert [_rows(address, one) for one in _ASKED] == _TOLD


@pytest.mark.parametrize("address", ["s3"], indirect=True)
def test_what_is_no_part_of_a_table_any_more_goes_after_an_hour(audited: tuple[Record, Path]) -> None:
    record, folder = audited
    assert record.mirror is not None
    before = record.lie(record.delta("AKSAudit"))
    assert before is not None
    record.compact()
    assert all(Path(one).exists() for one in before), "a query may be at it still"
    record.mirror.clear(record.delta("AKSAudit"))
    for one in folder.glob("*/*.gone"):
        os.utime(one, (0, 0))
    record.mirror.clear(record.delta("AKSAudit"))
    assert not any(Path(one).exists() for one in before)
    (left,) = folder.glob("*/*.parquet")
    assert "-paths-" in left.name, "the file without the columns stands twice"


@pytest.mark.parametrize("address", ["s3"], indirect=True)
def test_a_file_that_is_cut_here_is_fetched_anew_and_a_table_too_large_to_keep_is_read_there(
    audited: tuple[Record, Path], address: str
) -> None:
    record, folder = audited
    files = record.lie(record.delta("AKSAudit"))
    assert files is not None
    Path(files[0]).write_bytes(b"PAR1")
    assert _rows(address, _ASKED[0], folder) == _TOLD[0]
    assert Mirror(folder, most=10).files(record.delta("AKSAudit"), record.options) is None
