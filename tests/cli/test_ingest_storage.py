"""`lockgate ingest` of a container that diagnostic settings write into: each line of its blobs once, as they grow."""

import json

import pytest
from tests.simulators.azurite import serving

from lockgate.engine.stored_logs import StoredLogs
from lockgate.errors import SourceError, StoreError, UsageError
from lockgate.sources.azure_storage import Container
from lockgate.store import Record
from lockgate.store.ask import ask
from lockgate.store.ingest import Collected, Loader
from lockgate.store.ingest.sent import formats
from lockgate.store.journal import held

blobs = pytest.importorskip("azure.storage.blob")
_RESOURCE = "/SUBSCRIPTIONS/ABC/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/ONE"
_BLOB = f"resourceId={_RESOURCE}/y=2026/m=11/d=27/h={{:02}}/m=00/PT1H.json"


def _line(number, verb="create"):
    event = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": str(number),
             "stage": "ResponseComplete", "verb": verb, "stageTimestamp": "2026-11-27T10:00:00.000002Z"}  # fmt: skip
    record = {"time": "2026-11-27T10:00:01.1234567Z", "resourceId": _RESOURCE, "category": "kube-audit",
              "operationName": "Microsoft.ContainerService/managedClusters/diagnosticLogs/Read",
              "properties": {"log": json.dumps(event), "stream": "stdout", "pod": "kube-apiserver-1"}}  # fmt: skip
    return json.dumps(record).encode() + b"\n"


def _guard(text):
    return json.dumps({"time": "2026-11-27T10:00:01Z", "resourceId": _RESOURCE, "category": "guard",
                       "properties": {"log": text, "stream": "stderr", "pod": "guard-1"}}).encode() + b"\n"  # fmt: skip


@pytest.fixture(scope="module")
def storage(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("azurite")) as (port, key):
        yield f"http://127.0.0.1:{port}/lockgate", key


@pytest.fixture
def container(storage, monkeypatch, request):
    """A container of its own, and its address; the environment lets in."""
    address, key = storage
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", key)
    name = f"logs-{abs(hash(request.node.name))}"
    with blobs.BlobServiceClient(address, credential=key) as service:
        made = service.create_container(name)
        yield made, f"{address}/{name}"


def _append(container, hour, content):
    blob = container.get_blob_client(_BLOB.format(hour))
    if not blob.exists():
        blob.create_append_blob()
    blob.append_block(content)


def test_what_blobs_have_grown_by_is_taken_and_what_is_no_whole_line_waits(container, lockgate, tmp_path):
    made, address = container

    def taken(code=0):
        done = lockgate("ingest", "--format", "azure-diagnostics", address, cwd=tmp_path)
        assert done.returncode == code, done.stderr
        return done.stdout.strip().removeprefix(f"{address}: ")

    _append(made, 9, _line(1) + _line(2, "get"))
    _append(made, 10, _line(3) + _guard("a line\n") + _line(4)[:50])
    assert taken() == "3 rows into AKSAudit, 1 rows into AKSControlPlane"
    assert taken() == "no rows"
    _append(made, 10, _line(4)[50:] + b"no record\n")
    assert taken(4) == "1 rows into AKSAudit"
    made.delete_blob(_BLOB.format(9))
    _append(made, 9, _line(5))
    made.upload_blob("other.json", b"{}")
    assert taken(4) == "1 rows into AKSAudit"
    done = lockgate("ask", "AKSAudit | project AuditId, PodName, _ResourceId | order by AuditId asc", "--format", "csv",
                    cwd=tmp_path)  # fmt: skip
    assert done.stdout.splitlines()[1:] == [f"{n},kube-apiserver-1,{_RESOURCE.lower()}" for n in range(1, 6)]
    done = lockgate("ask", "AKSControlPlane | project Message", "--format", "csv", cwd=tmp_path)
    assert done.stdout.splitlines()[1:] == ["a line"]


def test_a_pass_that_ends_between_two_tables_is_done_again_over_the_same_and_doubles_nothing(container, tmp_path):
    made, address = container
    record = Record.open(tmp_path / "record")
    collected = Collected(record)
    broken = True

    def write(once, rows):
        for place, (table, lines) in enumerate(rows.items()):
            if broken and place:
                raise StoreError("the power went")
            loader = Loader(collected, table, origin="test")
            loader.load(lines, once=once)
            loader.close()

    logs = StoredLogs(Container(address), formats()["azure-diagnostics"], "", dict, write, print)
    _append(made, 9, _line(1) + _guard("one"))
    with pytest.raises(StoreError, match="power"):
        logs.take(tmp_path / "position.json")
    broken = False
    _append(made, 9, _line(2) + _guard("two"))
    for _ in range(2):
        logs.take(tmp_path / "position.json")
    with held(tmp_path / "position.lock"), pytest.raises(StoreError, match="another process"):
        logs.take(tmp_path / "position.json")
    logs.container.close()
    assert _asked(record, "AKSAudit | project AuditId | order by AuditId asc") == [("1",), ("2",)]
    assert _asked(record, "AKSControlPlane | project Message | order by Message asc") == [("one",), ("two",)]


def _asked(record, query):
    tables = record.asked()
    try:
        return ask(query, tables).rows
    finally:
        tables.connection.close()


def test_what_is_no_container_or_does_not_let_in_is_told(container, monkeypatch):
    _, address = container
    for wrong in ("http://logs.blob.core.windows.net/a", "https://logs.blob.core.windows.net/", "https://a:b@c/d"):
        with pytest.raises(UsageError, match="no address of a container"):
            Container(wrong)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "bm90IHRoaXM=")
    found = Container(address)
    with pytest.raises(SourceError, match="does not give its blobs"):
        list(found.grown({}))
    found.close()
