"""`lockgate ingest`: files of every kind into tables, each once, and nothing of them lost without a word."""

import gzip
import json
import subprocess
import sys
import time

import duckdb
import pytest

_EVENT = {
    "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": "1", "verb": "create",
    "stage": "ResponseComplete", "objectRef": {"resource": "secrets", "namespace": "shop"},
    "stageTimestamp": "2026-11-26T10:00:00.000002Z",
}  # fmt: skip


@pytest.fixture
def run(lockgate, tmp_path):
    def run(*arguments: str, stdin: str = "", code: int = 0):
        done = lockgate(*arguments, cwd=tmp_path, stdin=stdin)
        assert done.returncode == code, done.stderr
        return done

    return run


@pytest.fixture
def rows(run):
    def rows(query: str):
        return [json.loads(line) for line in run("ask", query, "--format", "ndjson").stdout.splitlines()]

    return rows


def test_an_audit_log_becomes_rows_of_aksaudit_once_and_holds_no_secret(run, rows, tmp_path):
    value = "c3VyZWx5IG5vdCB0aGlz"
    secret = {"kind": "Secret", "apiVersion": "v1", "data": {"key": value}}
    listed = {"kind": "SecretList", "apiVersion": "v1", "items": [secret]}
    events = [
        {**_EVENT, "requestObject": secret, "responseObject": listed},
        {**_EVENT, "verb": "patch", "requestObject": [{"op": "add", "path": "/data/key", "value": value}]},
    ]
    (tmp_path / "audit.log").write_text("".join(json.dumps(one) + "\n" for one in (*events, {"kind": "Pod"})))
    done = run("ingest", "audit.log", "--format", "audit", code=4)
    assert done.stdout == "audit.log: 2 rows into AKSAudit\n"
    assert "audit.log:3: the field 'kind' is not 'Event'" in done.stderr
    assert run("ingest", "audit.log", "--format", "audit").stdout.startswith("audit.log: was taken before")
    found = rows("AKSAudit | project Verb, Namespace = tostring(ObjectRef.namespace), Body = tostring(RequestObject)")
    assert [(one["Verb"], one["Namespace"]) for one in found] == [("create", "shop"), ("patch", "shop")]
    assert "lockgate-hash:" in found[0]["Body"]
    for file in tmp_path.rglob("*.parquet"):
        columns = duckdb.sql(f"SELECT * FROM read_parquet('{file}')").fetchall()
        assert value not in str(columns)
    assert run("ingest", "audit.log", "--format", "audit", "--again", code=4).stdout.endswith("2 rows into AKSAudit\n")
    assert rows("AKSAudit | count") == [{"Count": 4}]


def _ndjson(path):
    path.write_text('{"Host": "a", "Count": 1}\n\n{"Host": "b", "Count": 2}')


def _gzip(path):
    path.write_bytes(gzip.compress(b'{"Host":"a","Count":1}\n{"Host":"b","Count":2}\n'))


def _array(path):
    path.write_text('[{"Host": "a",\n "Count": 1},\n {"Host": "b", "Count": 2}]')


def _csv(path):
    path.write_text('Host,Count\n"a",1\r\n\nb,2\n')


def _parquet(path):
    duckdb.sql(f"COPY (SELECT * FROM (VALUES ('a', 1), ('b', 2)) AS t(Host, Count)) TO '{path}' (FORMAT parquet)")


def _zstandard(path):
    lines = """SELECT '{"Host":"a","Count":1}' UNION ALL SELECT '{"Host":"b","Count":2}'"""
    form = "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIM '\x01', COMPRESSION zstd"
    duckdb.sql(f"COPY ({lines}) TO '{path}' ({form})")


@pytest.mark.parametrize(
    ("name", "make"),
    [("a.ndjson", _ndjson), ("a.gz", _gzip), ("a.json", _array), ("a.csv", _csv), ("a.parquet", _parquet),
     ("a.ndjson.zst", _zstandard)],
)  # fmt: skip
def test_files_of_every_kind_give_the_same_rows(run, rows, tmp_path, name, make):
    make(tmp_path / name)
    done = run("ingest", name, "--table", "Rows_CL", "--columns", "Count:long")
    assert done.stdout == f"{name}: 2 rows into Rows_CL\n"
    assert rows("Rows_CL | project Host, Count | sort by Host asc") == [
        {"Host": "a", "Count": 1}, {"Host": "b", "Count": 2},
    ]  # fmt: skip


def test_a_file_of_zstandard_may_have_several_frames_and_lines_that_are_no_text(run, rows, tmp_path):
    zstd = pytest.importorskip("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    packed = zstd.compress(b'{"n":1}\n{"n":') + zstd.compress(b'2}\n{"s":"\xff"}\n{"n":3}')
    (tmp_path / "a.zst").write_bytes(packed)
    assert "a.zst:3: byte 7 is not UTF-8" in run("ingest", "a.zst", "--table", "Rows_CL").stderr
    assert rows("Rows_CL | where isnotnull(n) | project n | sort by n asc") == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert rows("Rows_CL | where isnull(n) | project s") == [{"s": "\ufffd"}]
    (tmp_path / "b.zst").write_bytes(packed[:-5])
    assert "cannot be read on" in run("ingest", "b.zst", "--table", "Rows_CL", code=5).stderr
    bomb = zstd.compress(b'{"a":1}\n' * 100_000)
    (tmp_path / "c.zst").write_bytes(bomb)
    told = run("ingest", "c.zst", "--table", "Rows_CL", "--max-size", "100000", code=5)
    assert "larger than is allowed" in told.stderr


def test_standard_input_is_known_again_by_the_name_that_it_is_given(run, rows):
    for _ in range(2):
        run("ingest", "-", "--table", "Rows_CL", "--batch-id", "monday", stdin='{"a":1}\n')
    run("ingest", "-", "--table", "Rows_CL", stdin='{"a":2}\n')
    assert rows("Rows_CL | summarize n = count(), s = sum(a)") == [{"n": 2, "s": 3}]


def test_a_csv_row_with_too_many_values_is_kept_beside_the_table(run, rows, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a,b\n1,2\n1,2,3\n\xff,4\n")
    assert "a.csv:3: 3 values for 2 columns" in run("ingest", "a.csv", "--table", "Rows_CL", code=4).stderr
    assert rows("Rows_CL | project a | sort by a asc") == [{"a": "1"}, {"a": "\\xff"}]
    assert rows("Rows_CL_errors | project Text, Line") == [{"Text": "1,2,3", "Line": 3}]


def test_what_is_wrong_in_a_csv_file_is_told_with_its_line_in_it(run, rows, tmp_path):
    (tmp_path / "a.csv").write_bytes(b'Text,Count\n"two\nlines",1\n\nb,no\nc,1,2\n"d\n","x"\n')
    told = run("ingest", "a.csv", "--table", "Rows_CL", "--columns", "Text:string,Count:long", code=4).stderr
    assert "a.csv:5: field 'Count'" in told and "a.csv:7: field 'Count'" in told
    assert rows("Rows_CL_errors | project Line, Text | sort by Line asc") == [
        {"Line": 5, "Text": "no"}, {"Line": 6, "Text": "c,1,2"}, {"Line": 7, "Text": "x"},
    ]  # fmt: skip


def test_a_row_of_a_parquet_file_with_a_number_that_is_none_is_there_without_it(run, rows, tmp_path):
    values = "(VALUES ('say NaN', 'nan'::DOUBLE, ['-inf'::DOUBLE, 1]), ('b', 2.5, [])) AS t(Name, Share, Parts)"
    duckdb.sql(f"COPY (SELECT * FROM {values}) TO '{tmp_path / 'a.parquet'}' (FORMAT parquet)")
    assert "field 'Share'" in run("ingest", "a.parquet", "--table", "Rows_CL").stderr
    assert rows("Rows_CL | project Name, Share, Parts | sort by Name asc") == [
        {"Name": "b", "Share": 2.5, "Parts": []}, {"Name": "say NaN", "Share": None, "Parts": ["-Infinity", 1]},
    ]  # fmt: skip
    (tmp_path / "b.parquet.gz").write_bytes(gzip.compress((tmp_path / "a.parquet").read_bytes()))
    said = run("ingest", "b.parquet.gz", "--table", "Other_CL", code=5).stderr
    assert "a Parquet file cannot be read from a stream or compressed" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PAR1 and nothing more", "no Parquet file"), (gzip.compress(b'{"a":1}\n', mtime=0)[:-4], "cannot be read on"),
        (b"[1, 2", "no JSON"), (b"\x28\xb5\x2f\xfd broken", "no lines packed by Zstandard"),
    ],
)  # fmt: skip
def test_a_file_that_is_broken_is_a_clear_error(run, tmp_path, content, said):
    (tmp_path / "a").write_bytes(content)
    assert said in run("ingest", "a", "--table", "Rows_CL", code=5).stderr


def test_a_file_that_unpacks_to_more_than_is_allowed_is_refused(run, tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b'{"a":1}\n' * 100_000))
    done = run("ingest", "a.gz", "--table", "Rows_CL", "--max-size", "100000", code=5)
    assert "larger than is allowed" in done.stderr


def test_a_small_parquet_file_that_holds_much_is_refused(run, tmp_path):
    path = tmp_path / "a.parquet"
    duckdb.sql(f"COPY (SELECT repeat('x', 100000) AS a FROM range(20000)) TO '{path}' (FORMAT parquet)")
    assert path.stat().st_size < 1_000_000
    done = run("ingest", "a.parquet", "--table", "Rows_CL", "--max-size", "100000000", code=5)
    assert "larger than is allowed" in done.stderr


def test_a_wrong_call_is_refused_with_what_to_do(run, tmp_path):
    (tmp_path / "a").write_text("{}\n")
    assert "which table" in run("ingest", "a", code=2).stderr
    assert "ends in _CL" in run("ingest", "a", "--table", "Nowhere", code=3).stderr
    assert "is no column" in run("ingest", "a", "--table", "A_CL", "--columns", "a:text", code=2).stderr
    assert "cannot be read" in run("ingest", "b", "--table", "A_CL", code=5).stderr


@pytest.mark.slow
def test_a_load_that_is_killed_and_done_again_leaves_every_row_once(run, rows, tmp_path):
    count = 13_000
    with (tmp_path / "a.ndjson").open("w") as stream:
        for number in range(count):
            stream.write(f'{{"n":{number},"text":"{"x" * 10_000}"}}\n')
    command = [sys.executable, "-m", "lockgate", "ingest", "a.ndjson", "--table", "Rows_CL", "--quiet"]
    logs = tmp_path / ".lockgate" / "record" / "Rows_CL" / "_delta_log"
    started = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    while not (logs.is_dir() and len(list(logs.glob("*.json"))) > 1) and started.poll() is None:
        time.sleep(0.005)
    started.kill()
    assert started.wait() == -9
    assert 0 < rows("Rows_CL | count")[0]["Count"] < count
    assert "blocks were taken before" in run("ingest", "a.ndjson", "--table", "Rows_CL").stdout
    assert rows("Rows_CL | summarize c = count(), d = dcount(n, 4), s = sum(n)")[0]["c"] == count
    assert rows("Rows_CL | summarize s = sum(n)") == [{"s": count * (count - 1) // 2}]


def test_files_that_other_programs_write_become_rows_of_their_tables_once(run, rows, tmp_path):
    started = {"process_exec": {"process": {"binary": "/bin/sh", "pid": 3}}, "time": "2026-11-26T10:00:00.000002Z"}
    lines = [started, {"process_exit": {"process": {"pid": 3}}, "time": started["time"]}, {"time": "?"}]
    (tmp_path / "tetragon.log").write_text("".join(json.dumps(one) + "\n" for one in lines))
    done = run("ingest", "tetragon.log", "--format", "tetragon", code=4)
    assert done.stdout == "tetragon.log: 1 rows into CloudProcessEvents, 2 rows into TetragonEvents_CL\n"
    assert "1 could not be read: TetragonEvents_CL_errors" in done.stderr
    assert run("ingest", "tetragon.log", "--format", "tetragon").stdout.startswith("tetragon.log: was taken before")
    assert rows("CloudProcessEvents | project ProcessName, ProcessId") == [{"ProcessName": "sh", "ProcessId": 3}]
    assert rows("TetragonEvents_CL_errors | project Line, Origin") == [{"Line": 3, "Origin": "tetragon.log"}]
    (tmp_path / "audit.log").write_text(json.dumps({**_EVENT, "verb": "get"}) + "\n" + json.dumps(_EVENT) + "\n")
    assert run("ingest", "audit.log", "--format", "kubernetes-audit").stdout == (
        "audit.log: 2 rows into AKSAudit, 1 rows into AKSAuditAdmin\n")  # fmt: skip
    for wrong in (("--table", "Other_CL"), ("--time-field", "x")):
        assert "lockgate:" in run("ingest", "audit.log", "--format", "kubernetes-audit", *wrong, code=2).stderr
