"""The client of Elasticsearch, and agents that send as Fluent Bit, Fluentd and Vector do, bring rows in unchanged."""

import gzip
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest
from elasticsearch import ApiError, AuthenticationException, Elasticsearch
from elasticsearch.helpers import BulkIndexError, bulk
from hypothesis import given
from hypothesis import strategies as st
from tests.server.ingest.served import Served

from lockgate.errors import StoreError
from lockgate.server.ingest.taking import Taker
from lockgate.store.ingest.identities import Identities, identity
from lockgate.store.ingest.journalled import Batch
from lockgate.store.ingest.sent._documents import moment_of, row_of, table_of


@pytest.fixture
def client(served):
    with Elasticsearch(f"http://127.0.0.1:{served.port}", basic_auth=("ana", served.token), retry_on_timeout=False,
                       max_retries=0) as client:  # fmt: skip
        yield client


def test_the_client_of_elasticsearch_sends_in_bulk_and_an_id_comes_once(served, client):
    assert client.info()["version"]["number"].startswith("9.")
    documents = [
        {"_op_type": "create", "_index": "logs-web-2026.11.26", "_id": f"id-{n}", "n": n, "log": {"level": "info"},
         "@timestamp": "2020-01-02T03:04:05Z", "dotted.name": "x", "Type": "own"}
        for n in range(1000)
    ]  # fmt: skip
    assert bulk(client, documents) == (1000, [])
    with pytest.raises(BulkIndexError) as failed:
        bulk(client, documents[:3])
    assert [one["create"]["status"] for one in failed.value.errors] == [409, 409, 409]
    served.until("logs_web_CL | summarize count(), dcount(DocumentId, 4), sum(n)", [(1000, 1000, 499500)])
    query = "logs_web_CL | where n == 7 | project DocumentId, tostring(log.level), dotted_name, Type_, Type"
    assert served.ask(query) == [("id-7", "info", "x", "own", "logs_web_CL")]


def _created(port, token, ids):
    """Status of each of these when they are sent."""
    lines = b"".join(b'{"create":{"_id":"%s"}}\n{"n":1}\n' % one.encode() for one in ids)
    answer = httpx.post(f"http://ana:{token}@127.0.0.1:{port}/docs/_bulk", content=lines)
    return [one["create"]["status"] for one in answer.json()["items"]]


def test_an_id_is_known_to_another_process_and_after_a_restart(tmp_path):
    served = Served(tmp_path)
    other = Taker(tmp_path / "incoming", served._loader)
    try:
        assert _created(served.port, served.token, ["a", "b", "a"]) == [201, 201, 409]
        known = [identity("docs", "a"), identity("docs", "b"), identity("docs", "c"), identity("doc", "sa")]
        assert other.identities.known(known) == set(known[:2])
        other.identities.add([known[2]])
        assert _created(served.port, served.token, ["c", "d"]) == [409, 201]
        served.until("docs_CL | summarize count(), dcount(DocumentId, 4)", [(3, 3)])
    finally:
        other.close()
        served.close()
    (tmp_path / "tokens").unlink()
    again = Served(tmp_path)
    try:
        assert _created(again.port, again.token, ["a", "d", "e"]) == [409, 409, 201]
    finally:
        again.close()
    assert again.ask("docs_CL | summarize count(), dcount(DocumentId, 4)") == [(4, 4)]


@pytest.mark.parametrize("closed", [True, False])
def test_an_id_whose_writer_died_before_it_kept_it_is_known_by_its_rows(tmp_path, closed):
    root = tmp_path / "incoming"
    (root / "died").mkdir(parents=True)
    now, lines = datetime.now(UTC), b'{"DocumentId":"a"}\n'
    batch = Batch("docs_CL", "elasticsearch/ana", now, lines, None, identity("docs", "a"))
    (root / "died" / f"0000000001.{'jsonl' if closed else 'part'}").write_bytes(b"".join(batch.journalled()))
    served = Served(tmp_path)
    try:
        assert _created(served.port, served.token, ["a", "b"]) == [409, 201]
        served.until("docs_CL | project DocumentId | order by DocumentId asc", [("a",), ("b",)])
    finally:
        served.close()
    kept = Identities(root)
    assert kept.known([identity("docs", "a")]) == {identity("docs", "a")}
    kept.close()


def test_an_id_that_two_requests_bring_at_once_comes_once(served):
    with ThreadPoolExecutor(8) as senders:
        sent = [senders.submit(_created, served.port, served.token, [f"id-{n}" for n in range(200)]) for _ in range(8)]
    found = [status for one in sent for status in one.result()]
    assert found.count(201) == 200 and set(found) <= {201, 409, 429}
    served.until("docs_CL | summarize count(), dcount(DocumentId, 4)", [(200, 200)])


def test_an_id_that_one_process_kept_is_known_to_another_at_once_and_kept_once(tmp_path):
    one, other = Identities(tmp_path), Identities(tmp_path)
    ids = [identity("x", str(n)) for n in range(30)]
    for at, writer in enumerate((one, other, one)):
        writer.add(ids[at * 10 : at * 10 + 10])
        assert one.known(ids) == other.known(ids) == set(ids[: at * 10 + 10])
    other.settled(ids)
    one.settled(ids)
    one.close()
    other.close()
    with sqlite3.connect(tmp_path / "identities.db") as connection:
        assert connection.execute("SELECT sum(length(ids)) FROM came").fetchall() == [(30 * 16,)]
    connection.close()


def test_the_oldest_ids_go_and_a_disk_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("lockgate.store.ingest.identities.MOST", 100)
    kept = Identities(tmp_path)
    ids = [identity("x", str(n)) for n in range(1500)]
    for at in range(0, 1500, 20):
        kept.add(ids[at : at + 20])
    begun = Identities(tmp_path)  # which has them from the disk alone
    for one in (kept, begun):
        assert one.known(ids[-100:]) == set(ids[-100:])
        assert one.known(ids[:1200]) == set()
        one.close()
    with pytest.raises(StoreError, match="cannot be kept"):
        Identities(tmp_path / "nowhere").add(ids)


def test_what_cannot_be_done_is_told_item_by_item_and_the_rest_is_kept(served, client):
    answer = client.bulk(operations=[
        {"index": {"_index": "a"}}, {"n": 1}, {"delete": {"_index": "a", "_id": "1"}},
        {"update": {"_index": "a", "_id": "1"}}, {"doc": {}}, {"index": {}}, {"n": 2},
    ])  # fmt: skip
    assert answer["errors"] is True
    assert [next(iter(one.values()))["status"] for one in answer["items"]] == [201, 400, 400, 400]
    answer = client.bulk(operations=[{"create": {}}, {"n": 3}], index="a")
    assert (answer["errors"], answer["items"][0]["create"]["_index"]) == (False, "a")
    served.until("a_CL | summarize sum(n)", [(4,)])


def test_a_client_without_a_token_and_a_path_that_leads_nowhere_are_refused(served, client):
    with pytest.raises(ApiError, match="404"):
        client.search(index="a")
    with Elasticsearch(f"http://127.0.0.1:{served.port}", api_key=("ana", "wrong")) as other, \
            pytest.raises(AuthenticationException):  # fmt: skip
        other.bulk(operations=[{"index": {"_index": "a"}}, {"n": 1}])
    with Elasticsearch(f"http://127.0.0.1:{served.port}/elasticsearch", api_key=("ana", served.token)) as other:
        assert not other.bulk(operations=[{"index": {"_index": "a"}}, {"n": 1}])["errors"]


@pytest.mark.parametrize("body", [b"", b"\n", b'{"index":{}}', b"{}\n{}\n", b'{"other":{}}\n{}\n', b"[]\n{}\n"])
def test_a_body_that_is_no_list_of_actions_is_refused_as_a_whole(served, body):
    answer = httpx.post(f"http://127.0.0.1:{served.port}/a/_bulk", content=body, headers=served.bearer)
    assert answer.status_code == 400 and answer.json()["error"]["reason"]
    assert answer.headers["x-elastic-product"] == "Elasticsearch"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'[{"date":1577934245.5,"log":"a"},{"date":1577934246.5,"log":"b"}]', {"content-type": "application/json"}),
        (b'{"date":1577934245.5,"log":"a"}\n{"date":1577934246.5,"log":"b"}\n',
         {"content-type": "application/x-ndjson"}),
        (gzip.compress(b'{"timestamp":"2020-01-02T03:04:05.5Z","log":"a"}\n{"log":"b"}', mtime=0),
         {"content-type": "application/x-ndjson", "content-encoding": "gzip"}),
    ],
    ids=["Fluent Bit", "Fluentd", "Vector"],
)  # fmt: skip
def test_rows_of_any_shape_go_to_the_table_that_the_path_names(served, body, headers):
    url = f"http://ana:{served.token}@127.0.0.1:{served.port}/ingest/rows?table=Agent_CL"
    assert httpx.post(url, content=body, headers=headers).status_code == 204
    served.until("Agent_CL | project log | order by log asc", [("a",), ("b",)])
    assert httpx.post(url.replace("Agent_CL", "Nothing"), content=body, headers=headers).status_code == 400
    assert httpx.post(url.replace("Agent_CL", "Heartbeat"), json={"Computer": "n", "odd": 1}).status_code == 204
    served.until("Heartbeat | project Computer", [("n",)])
    served.until("Heartbeat_errors | project Field, Text", [("odd", "1")])


def test_an_index_is_a_table_without_its_date():
    assert table_of("logs-app.default-2026.11.26") == "logs_app_default_CL"
    assert table_of("filebeat-9.0.0-2026.11") == "filebeat_9_0_0_CL" and table_of("k8s_20261126") == "k8s_CL"
    assert table_of("2026.11.26") == "T_2026_11_26_CL" and table_of("-") == "T__CL"


def test_a_time_is_a_text_or_a_number_since_1970_in_any_usual_unit():
    for number in (1577934245, 1577934245000, 1577934245000000, 1577934245000000000, 1577934245.0):
        assert moment_of(number) == "2020-01-02T03:04:05+00:00"
    assert [moment_of(one) for one in ("soon", -1, True, None, [], 1e30)] == [""] * 6


_NAMES = ["Type", "type", "@timestamp", "a.b", "a_b", "1", "_1", "AdditionalFields", "TimeGenerated", "time"]


@given(st.dictionaries(st.text(max_size=8) | st.sampled_from(_NAMES), st.integers(-5, 5) | st.text(max_size=3)))
def test_no_field_of_an_object_is_lost(value):
    row = row_of(value)
    kept = [one for name, one in row.items() if name not in ("AdditionalFields", "TimeGenerated")]
    kept += row.get("AdditionalFields", {}).values()
    moment = [name for name in ("TimeGenerated", "@timestamp") if moment_of(value.get(name))][:1]
    assert sorted(map(str, kept)) == sorted(str(one) for name, one in value.items() if name not in moment)
    json.dumps(row)
