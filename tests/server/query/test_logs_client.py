"""Microsoft's client of Log Analytics against the server, over TLS, unchanged."""

import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.monitor.query import LogsBatchQuery, LogsQueryClient, LogsQueryStatus
from tests.server.query.served import Running

WORKSPACE = "00000000-0000-0000-0000-000000000001"


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    running = Running(tmp_path_factory.mktemp("secure"), secure=True, workspaces=(WORKSPACE,))
    yield running
    running.close()


class Token:
    """A credential that always gives the same token."""

    def __init__(self, token):
        self.token = token

    def get_token(self, *scopes, **more):
        return AccessToken(self.token, int(time.time()) + 3600)


@pytest.fixture
def client(secure):
    def connect(token=None):
        return LogsQueryClient(Token(token or secure.token), endpoint=secure.url, retry_total=0,
                               connection_verify=str(secure.folder / "authority" / "ca.crt"))  # fmt: skip

    return connect


def test_every_type_comes_as_the_client_knows_it(client):
    query = """print b=true, i=int(5), l=9007199254740993, r=1.5, d=decimal(1.1), s='a', span=1d+2h,
        t=datetime(2026-11-26T10:00:00.5Z), g=guid(74be27de-1e4e-49d9-b579-fe0b331d3642), o=dynamic({"a":1}),
        n=long(null)"""
    table = client().query_workspace(WORKSPACE, query, timespan=None).tables[0]
    assert table.name == "PrimaryResult"
    assert dict(zip(table.columns, table.columns_types, strict=True)) == {
        "b": "bool", "i": "int", "l": "long", "r": "real", "d": "decimal", "s": "string", "span": "timespan",
        "t": "datetime", "g": "guid", "o": "dynamic", "n": "long",
    }  # fmt: skip
    assert list(table.rows[0]) == [
        True, 5, 9007199254740993, 1.5, "1.1", "a", "1.02:00:00", datetime(2026, 11, 26, 10, 0, 0, 500000, UTC),
        "74be27de-1e4e-49d9-b579-fe0b331d3642", '{"a":1}', None,
    ]  # fmt: skip


def test_statistics_and_the_chart_come_where_they_are_asked_for(client):
    query = "print x=1 | render barchart with (title='All')"
    answer = client().query_workspace(WORKSPACE, query, timespan=None, include_statistics=True,
                                      include_visualization=True)  # fmt: skip
    assert (answer.visualization["visualization"], answer.visualization["title"]) == ("barchart", "All")
    assert answer.statistics["query"]["executionTime"] > 0
    answer = client().query_workspace(WORKSPACE, query, timespan=None)
    assert (answer.statistics, answer.visualization) == (None, None)


def test_only_rows_of_the_timespan_are_seen(client, secure, stored):
    def count(timespan):
        return client().query_workspace(WORKSPACE, "AdmissionReviews | count", timespan=timespan).tables[0].rows[0][0]

    noon = stored(secure.record)
    assert count(None) == 3
    assert count((noon - timedelta(minutes=1), noon + timedelta(minutes=1))) == 1
    assert count((noon - timedelta(hours=2), timedelta(hours=2, minutes=1))) == 2
    assert count(timedelta(hours=1)) == 0


def test_what_is_wrong_with_a_query_is_told_as_the_service_tells_it(client):
    for query, inner, code in (
        ("Findngs", "SemanticError", "SEM0100"), ("Findings | where (", "SyntaxError", "SYN0002"),
    ):  # fmt: skip
        with pytest.raises(HttpResponseError) as told:
            client().query_workspace(WORKSPACE, query, timespan=None)
        assert told.value.status_code == 400
        assert told.value.error.code == "BadArgumentError"
        found = told.value.error.innererror
        assert (found["code"], found["innererror"]["code"]) == (inner, code)


def test_a_result_that_is_too_large_is_partial(client, secure):
    answer = client(secure.reader).query_workspace(WORKSPACE, "range x from 1 to 50 step 1", timespan=None)
    assert answer.status == LogsQueryStatus.PARTIAL
    assert [row["x"] for row in answer.partial_data[0].rows] == list(range(1, 11))
    assert answer.partial_error.code == "PartialError"
    assert "E_QUERY_RESULT_SET_TOO_LARGE" in str(answer.partial_error.details)


def test_a_query_that_takes_too_long_is_ended(client, secure):
    query = "range x from 1 to 200000000 step 1 | extend y = hash_sha256(tostring(x)) | summarize dcount(y)"
    with pytest.raises(HttpResponseError) as told:
        client().query_workspace(WORKSPACE, query, timespan=None, server_timeout=1)
    assert (told.value.status_code, told.value.error.code) == (504, "GatewayTimeout")


def test_a_batch_answers_each_by_itself_in_its_order(client):
    queries = ["print x=1", "Findngs | count", "print x=2 | render piechart", "print (", "range x from 1 to 3 step 1"]
    asked = [LogsBatchQuery(WORKSPACE, one, timespan=None, include_visualization=True) for one in queries]
    found = client().query_batch(asked)
    assert [one.status for one in found] == [
        LogsQueryStatus.SUCCESS, LogsQueryStatus.FAILURE, LogsQueryStatus.SUCCESS, LogsQueryStatus.FAILURE,
        LogsQueryStatus.SUCCESS,
    ]  # fmt: skip
    assert [len(one.tables[0].rows) for one in found if one.status == LogsQueryStatus.SUCCESS] == [1, 1, 3]
    assert found[2].visualization["visualization"] == "piechart"
    assert found[1].code == "BadArgumentError" and "Did you mean Findings?" in found[1].message


def test_other_workspaces_are_refused_clearly(client):
    with pytest.raises(HttpResponseError, match="one workspace"):
        client().query_workspace(WORKSPACE, "print 1", timespan=None, additional_workspaces=["other"])
    with pytest.raises(HttpResponseError) as told:
        client().query_workspace("00000000-0000-0000-0000-000000000002", "print 1", timespan=None)
    assert told.value.status_code == 404


def test_a_resource_is_asked_by_the_id_of_its_workspace(client, secure):
    resource = f"/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/{WORKSPACE}"
    answer = client().query_resource(resource, "print x=1", timespan=None)
    assert answer.tables[0].rows[0]["x"] == 1


def test_a_wrong_token_is_refused(client):
    with pytest.raises(HttpResponseError) as told:
        client("wrong").query_workspace(WORKSPACE, "print 1", timespan=None)
    assert told.value.status_code == 401


def test_a_question_may_stand_in_the_address(secure):
    with httpx.Client(verify=secure.context(), headers={"authorization": f"Bearer {secure.token}"}) as client:
        found = client.get(f"{secure.url}/v1/workspaces/{WORKSPACE}/query",
                           params={"query": "print x=1", "timespan": "P1D"})  # fmt: skip
        assert found.json()["tables"][0]["rows"] == [[1]]
        assert client.get(f"{secure.url}/v1/workspaces/{WORKSPACE}/query").status_code == 400
