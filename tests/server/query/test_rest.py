"""The bytes on the wire: shapes of answers, commands, who is let in, and what happens when a client goes away."""

import threading
import time

import httpx
import pytest
from tests.server.query.test_kusto_client import SLOW

from lockgate.settings import loads


@pytest.fixture
def post(server):
    """Sends a request and gives the response; Ana's token unless another is given."""

    def send(path, body, *, token=None, headers=None, timeout=30):
        shown = {"authorization": f"Bearer {token or server.token}", **(headers or {})}
        return httpx.post(server.url + path, json=body, headers=shown, timeout=timeout)

    return send


@pytest.fixture
def command(post):
    """The rows of a management command, as dicts."""

    def run(text, **more):
        found = post("/v1/rest/mgmt", {"db": "lockgate", "csl": text}, **more)
        assert found.status_code == 200, found.text
        (table,) = found.json()["Tables"]
        names = [one["ColumnName"] for one in table["Columns"]]
        return [dict(zip(names, row, strict=True)) for row in table["Rows"]]

    return run


def test_the_first_version_has_a_table_of_contents(post):
    found = post("/v1/rest/query", {"db": "lockgate", "csl": "print x=1, b=true, d=decimal(1.5); print y='a'"}).json()
    *tables, contents = found["Tables"]
    assert [row[1:3] for row in contents["Rows"]] == [
        ["QueryResult", "PrimaryResult"], ["QueryResult", "PrimaryResult"], ["QueryProperties", "@ExtendedProperties"],
        ["QueryStatus", "QueryStatus"],
    ]  # fmt: skip
    assert tables[0]["Columns"] == [
        {"ColumnName": "x", "DataType": "Int64", "ColumnType": "long"},
        {"ColumnName": "b", "DataType": "SByte", "ColumnType": "bool"},
        {"ColumnName": "d", "DataType": "SqlDecimal", "ColumnType": "decimal"},
    ]  # fmt: skip
    assert [one["Rows"] for one in tables[:2]] == [[[1, True, "1.5"]], [["a"]]]
    assert tables[3]["Rows"][0][2] == "Info"


def test_the_first_version_tells_what_was_cut(post):
    asked = {"db": "lockgate", "csl": "range x from 1 to 9 step 1", "properties": {"Options": {
        "truncationmaxrecords": 2}}}  # fmt: skip
    found = post("/v1/rest/query", asked).json()
    assert found["Tables"][0]["Rows"] == [[1], [2]]
    assert "80DA0003" in found["Exceptions"][0] and found["Tables"][2]["Rows"][0][2] == "Error"


def test_frames_come_in_fragments_where_that_is_asked_for(post):
    asked = {"db": "lockgate", "csl": "range x from 1 to 4500 step 1",
             "properties": '{"Options": {"results_progressive_enabled": true}}'}  # fmt: skip
    frames = post("/v2/rest/query", asked).json()
    assert [one["FrameType"] for one in frames] == [
        "DataSetHeader", "DataTable", "TableHeader", "TableFragment", "TableProgress", "TableFragment",
        "TableProgress", "TableFragment", "TableProgress", "TableCompletion", "DataTable", "DataSetCompletion",
    ]  # fmt: skip
    assert frames[0]["IsProgressive"] is True
    rows = [row[0] for one in frames if one["FrameType"] == "TableFragment" for row in one["Rows"]]
    assert rows == list(range(1, 4501))
    assert frames[9]["RowCount"] == 4500 and frames[8]["TableProgress"] == 100.0


def test_ids_are_repeated(post):
    found = post("/v2/rest/query", {"csl": "print 1"}, headers={"x-ms-client-request-id": "mine;1"})
    assert found.headers["x-ms-client-request-id"] == "mine;1"
    assert len(found.headers["x-ms-activity-id"]) == 36
    status = found.json()[-2]["Rows"]
    assert {row[1] for row in status} == {"mine;1"}


@pytest.mark.parametrize(("body", "said"), [
    ({"db": "lockgate"}, "csl"), (["print 1"], "csl"), ({"csl": "print 1", "properties": "{"}, "no JSON"),
    ({"csl": "print 1", "properties": [1]}, "objects"), ({"csl": "print 1", "db": 7}, "db"),
    ({"csl": "print 1", "properties": {"Options": {"servertimeout": "soon"}}}, "servertimeout"),
    ({"csl": "print 1", "properties": {"Options": {"servertimeout": "02:00:00"}}}, "an hour"),
    ({"csl": "print 1", "properties": {"Options": {"truncationmaxrecords": -1}}}, "above 0"),
    ({"csl": "print 1", "properties": {"Options": {"query_datetimescope_from": "noon"}}}, "must be a time"),
    ({"csl": ".purge table T records"}, "not known here"), ({"csl": ".show"}, "not known here"),
    ({"csl": ".drop function"}, "name is missing"), ({"csl": "."}, "not known here"),
])  # fmt: skip
def test_a_wrong_request_is_told(post, body, said):
    found = post("/v1/rest/query", body)
    assert found.status_code == 400
    assert said in found.json()["error"]["@message"]


def test_what_is_no_json_is_told(server):
    shown = {"authorization": f"Bearer {server.token}"}
    for content, kind, said in ((b"{", "application/json", "no JSON"), (b"{}", "text/plain", "application/json")):
        found = httpx.post(server.url + "/v1/rest/query", content=content, headers={**shown, "content-type": kind})
        assert found.status_code == 400 and said in found.text
    found = httpx.post(server.url + "/v1/rest/query", content=b" " * 5_000_000,
                       headers={**shown, "content-type": "application/json"})  # fmt: skip
    assert found.status_code == 413
    assert httpx.delete(server.url + "/v1/rest/query", headers=shown).status_code == 405
    assert httpx.get(server.url + "/elsewhere", headers=shown).status_code == 404
    assert httpx.get(server.url + "/v1/rest/auth/metadata").status_code == 404


def test_the_time_of_a_query_can_be_bounded_by_the_request(post, server, stored):
    noon = stored(server.record)

    def count(**options):
        asked = {"csl": "AdmissionReviews | count", "properties": {"Options": options}}
        return post("/v1/rest/query", asked).json()["Tables"][0]["Rows"][0][0]

    assert count() == 3
    assert count(query_datetimescope_from=noon.isoformat()) == 2
    assert count(query_datetimescope_from=noon.isoformat(), query_datetimescope_to=noon.isoformat()) == 1


# --- commands


def test_tables_and_their_columns_are_shown(command):
    tables = {row["TableName"]: row for row in command(".show tables")}
    assert {"Findings", "Runs", "AKSAudit"} <= tables.keys()
    assert tables["Findings"]["DatabaseName"] == "lockgate" and tables["AKSAudit"]["Folder"] == "Azure Monitor"
    (row,) = command(".show table Findings cslschema")
    assert row["Schema"].startswith("TimeGenerated:datetime,RunId:string,Batch:string,")
    (row,) = command('.show table ["Findings"] schema as json')
    assert '"CslType":"datetime"' in row["Schema"]


def test_databases_versions_and_schemas_are_shown(command):
    assert [row["DatabaseName"] for row in command(".show databases")] == ["lockgate"]
    assert command(".show version")[0]["ServiceType"] == "Lockgate"
    import json

    schema = json.loads(command(".show database lockgate schema as json")[0]["DatabaseSchema"])
    assert "Findings" in schema["Databases"]["lockgate"]["Tables"]
    rows = command(".show databases schema")
    assert {"DatabaseName": "lockgate", "TableName": "Runs", "ColumnName": "RunId"}.items() <= next(
        row for row in rows if (row["TableName"], row["ColumnName"]) == ("Runs", "RunId")
    ).items()


def test_what_is_shown_can_be_asked_further(command):
    assert command(".show tables | where TableName startswith 'Run' | project TableName") == [{"TableName": "Runs"}]
    assert command(".show databases schema | where TableName == 'Runs' and ColumnName == 'RunId' | count") == [
        {"Count": 1}
    ]
    assert command(".show database | project IsCurrent, DatabaseId") == [{"IsCurrent": True, "DatabaseId": None}]
    command("  .show queries | where Duration > 0s | summarize max(StartedOn)")


def test_grafanas_source_finds_its_way(post):
    """Save-and-test sends a command to the path of queries, and takes the first table."""
    found = post("/v1/rest/query", {"db": "", "csl": ".show databases schema"}).json()["Tables"]
    assert found[0]["TableName"] == "Table_0"
    query = "Findings | summarize Count=count() by bin(TimeGenerated, 1h) | order by TimeGenerated asc"
    table = post("/v1/rest/query", {"db": "lockgate", "csl": query, "properties": {"Options": {
        "servertimeout": "00:00:30", "queryconsistency": "strongconsistency"}}}).json()["Tables"][0]  # fmt: skip
    assert [(one["ColumnName"], one["ColumnType"]) for one in table["Columns"]] == [
        ("TimeGenerated", "datetime"), ("Count", "long"),
    ]  # fmt: skip


def test_what_there_is_not_is_told(post):
    for text, code in ((".show table Nothing cslschema", "BadRequest_EntityNotFound"),
                       (".show database other schema", "BadRequest_DatabaseNotExist"),
                       (".show function nothing", "BadRequest_EntityNotFound")):  # fmt: skip
        found = post("/v1/rest/mgmt", {"csl": text})
        assert (found.status_code, found.json()["error"]["code"]) == (400, code)


FUNCTION = """.create-or-alter function with (docstring='Reviews of a kind', folder='Lockgate')
OfKind(T:(Kind:string), which:string='Pod') { T | where Kind == which | summarize Count=count() by Kind }"""


def test_functions_are_stored_and_asked(command, post, server, stored):
    stored(server.record)
    (made,) = command(FUNCTION)
    assert made == {
        "Name": "OfKind", "Parameters": "(T:(Kind:string), which:string='Pod')", "Folder": "Lockgate",
        "Body": "{ T | where Kind == which | summarize Count=count() by Kind }", "DocString": "Reviews of a kind",
    }  # fmt: skip
    assert command(".show function OfKind") == [made] and made in command(".show functions")
    found = post("/v1/rest/query", {"csl": "OfKind(AdmissionReviews); AdmissionReviews | invoke OfKind('Node')"}).json()
    assert [one["Rows"] for one in found["Tables"][:2]] == [[["Pod", 3]], []]

    command(".create-or-alter function OfKind() { print Again=1 }")
    assert post("/v1/rest/query", {"csl": "OfKind"}).json()["Tables"][0]["Rows"] == [[1]]
    assert [one.who for one in server.library.history("function", "OfKind")] == ["ana", "ana"]
    command(".drop function OfKind")
    assert post("/v1/rest/query", {"csl": "OfKind"}).status_code == 400
    assert command(".drop function OfKind ifexists") == command(".show functions")


@pytest.mark.parametrize("text", [
    ".create-or-alter function F( { print 1 }", ".create-or-alter function F() { Nothing | count }",
    ".create-or-alter function F() print 1", ".create-or-alter function F() { print 1 }; print 2",
    ".create-or-alter function Findings() { print 1 }", ".create-or-alter function AzureDiagnostics() { print 1 }",
    ".create-or-alter function ['a b']() { print 1 }", ".alter function Nothing() { print 1 }",
])  # fmt: skip
def test_a_function_that_cannot_be_is_not_stored(post, server, text):
    before = server.library.functions()
    assert post("/v1/rest/mgmt", {"csl": text}).status_code == 400
    assert server.library.functions() == before


def test_a_function_that_calls_itself_ends(command, post):
    command(".create-or-alter function with (skipvalidation='true') Round(x:long) { Round(x) }")
    assert post("/v1/rest/query", {"csl": "Round(1)"}).status_code == 400
    command(".drop function Round")


def test_who_may_not_write_functions_is_told(post, server):
    for token, options in ((server.reader, {}), (server.token, {"request_readonly": True})):
        body = {"csl": ".create-or-alter function F() { print 1 }", "properties": {"Options": options}}
        assert post("/v1/rest/mgmt", body, token=token).status_code == 403
    assert "F" not in server.library.functions()


# --- queries at work


def _begun(server, request):
    end = time.monotonic() + 20
    while not any(one.question.request == request for one in server.desk.runs(ANA, ended=False)):
        assert time.monotonic() < end, "the query did not begin"
        time.sleep(0.01)


def _ended(server, request):
    end = time.monotonic() + 20
    while True:
        for one in server.desk.runs(ANA):
            if one.question.request == request and one.state != "InProgress":
                return one
        assert time.monotonic() < end, "the query did not end"
        time.sleep(0.01)


class ANA:
    name, rights = "ana", frozenset()


def test_a_query_is_cancelled_by_its_name_and_shown(command, post, server):
    found = []
    slow = threading.Thread(target=lambda: found.append(
        post("/v2/rest/query", {"csl": SLOW}, headers={"x-ms-client-request-id": "long;1"})))  # fmt: skip
    slow.start()
    _begun(server, "long;1")
    assert [row["State"] for row in command(".show running queries") if row["ClientActivityId"] == "long;1"] == [
        "InProgress"
    ]
    assert command('.cancel query "long;1"', token=server.reader)[0]["RunningQueryCanceled"] is False
    assert command('.cancel query "long;1"') == [{"RunningQueryCanceled": True, "ClientRequestId": "long;1"}]
    slow.join(20)
    assert (found[0].status_code, found[0].json()["error"]["code"]) == (400, "QueryCancelled")
    assert _ended(server, "long;1").state == "Cancelled"
    assert [row["State"] for row in command(".show queries") if row["ClientActivityId"] == "long;1"] == ["Cancelled"]
    assert not any(row["ClientActivityId"] == "long;1" for row in command(".show queries", token=server.reader))


def test_a_query_ends_when_its_client_goes_away(post, server):
    with pytest.raises(httpx.ReadTimeout):
        post("/v2/rest/query", {"csl": SLOW}, headers={"x-ms-client-request-id": "gone;1"}, timeout=1)
    assert _ended(server, "gone;1").state == "Cancelled"


# --- who is let in


def test_a_token_that_is_added_or_removed_counts_at_once(post, server):
    from lockgate.server.access import add, remove

    token = add(server.tokens, "eve")
    assert post("/v1/rest/query", {"csl": "print 1"}, token=token).status_code == 200
    assert remove(server.tokens, "eve")
    found = post("/v1/rest/query", {"csl": "print 1"}, token=token)
    assert found.status_code == 401 and found.headers["www-authenticate"] == "Bearer"


def test_health_needs_no_token(server):
    assert [httpx.get(server.url + path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


def test_a_person_sees_only_the_rows_that_a_line_lets_through(server, post, stored):
    stored(server.record)
    reviews = {"db": "lockgate", "csl": "AdmissionReviews | count"}
    server.access = loads(b"tables: {AdmissionReviews: {access: [{people: [ana]}, {where: Kind == 'Node'}]}}").tables
    try:
        seen = [post("/v1/rest/query", reviews, token=one).json()["Tables"][0]["Rows"]
                for one in (server.token, server.reader)]  # fmt: skip
    finally:
        server.access = {}
    assert seen == [[[3]], [[0]]]
