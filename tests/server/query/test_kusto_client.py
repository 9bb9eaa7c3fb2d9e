"""Microsoft's client of Azure Data Explorer against the server, unchanged."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from azure.kusto.data import ClientRequestProperties
from azure.kusto.data.exceptions import (
    KustoApiError,
    KustoMultiApiError,
    KustoServiceError,
    KustoThrottlingError,
)
from azure.kusto.data.response import WellKnownDataSet

from lockgate.server.access import add, people_in

EVERY_TYPE = """
print b=true, i=int(5), l=9007199254740993, r=1.5, d=decimal(1.10), s='a"b',
      t=datetime(2026-11-26T10:00:00.1234567Z), w=datetime(2026-11-26), span=1d+2h+3m+4.5s, short=-90s,
      g=guid(74be27de-1e4e-49d9-b579-fe0b331d3642), o=dynamic({"a":[1,null]}), e=dynamic("x"),
      nan=real(nan), inf=real(+inf), n=long(null), nt=datetime(null), ns='', nd=dynamic(null), nb=bool(null)
"""


def test_every_type_comes_as_the_client_knows_it(kusto):
    table = kusto().execute("lockgate", EVERY_TYPE).primary_results[0]
    assert [(one.column_name, one.column_type) for one in table.columns] == [
        ("b", "bool"), ("i", "int"), ("l", "long"), ("r", "real"), ("d", "decimal"), ("s", "string"),
        ("t", "datetime"), ("w", "datetime"), ("span", "timespan"), ("short", "timespan"), ("g", "guid"),
        ("o", "dynamic"), ("e", "dynamic"), ("nan", "real"), ("inf", "real"), ("n", "long"), ("nt", "datetime"),
        ("ns", "string"), ("nd", "dynamic"), ("nb", "bool"),
    ]  # fmt: skip
    row = table[0].to_dict()
    assert row == {
        "b": True, "i": 5, "l": 9007199254740993, "r": 1.5, "d": Decimal("1.10"), "s": 'a"b',
        "t": datetime(2026, 11, 26, 10, 0, 0, 123456, UTC), "w": datetime(2026, 11, 26, tzinfo=UTC),
        "span": timedelta(1, 4.5, hours=2, minutes=3), "short": -timedelta(seconds=90),
        "g": "74be27de-1e4e-49d9-b579-fe0b331d3642", "o": '{"a":[1,null]}', "e": "x", "nan": "NaN", "inf": "Infinity",
        "n": None, "nt": None, "ns": "", "nd": None, "nb": None,
    }  # fmt: skip
    assert not math.isnan(row["l"])


def test_the_record_is_asked_and_every_table_of_the_answer_is_there(kusto):
    answer = kusto().execute_query("lockgate", "Findings | summarize Count=count() by Severity")
    assert [one.table_kind for one in answer] == [
        WellKnownDataSet.QueryProperties, WellKnownDataSet.PrimaryResult, WellKnownDataSet.QueryCompletionInformation,
    ]  # fmt: skip
    assert answer.errors_count == 0 and answer.get_exceptions() == []
    assert [one.column_name for one in answer.primary_results[0].columns] == ["Severity", "Count"]
    levels = [row["LevelName"] for row in answer[2]]
    assert levels == ["Info", "Stats"]


def test_statements_and_forks_give_several_primary_results(kusto):
    answer = kusto().execute("lockgate", "print a=1; range x from 1 to 3 step 1 | fork (count) (where x > 1)")
    assert [[list(row) for row in one] for one in answer.primary_results] == [[[1]], [[3]], [[2], [3]]]


def test_what_render_asks_for_stands_among_the_properties(kusto):
    import json

    answer = kusto().execute("lockgate", "print x=1, y=2 | render barchart with (title='All', ycolumns=x, y, ymin=0)")
    (row,) = answer[0]
    assert (row["TableId"], row["Key"]) == (1, "Visualization")
    shown = json.loads(row["Value"])
    assert (shown["Visualization"], shown["Title"], shown["YColumns"], shown["Ymin"]) == (
        "barchart", "All", ["x", "y"], 0.0,
    )  # fmt: skip


def test_parameters_are_bound_and_never_become_text(kusto):
    properties = ClientRequestProperties()
    properties.set_parameter("n", "7")
    properties.set_parameter("who", "x' | take 0 //")
    properties.set_parameter("at", "datetime(2026-11-26)")
    properties.set_parameter("list", '["a", "b"]')
    query = """declare query_parameters(n:long, who:string, at:datetime, list:dynamic, left:int = 3);
        print n + left, who, at, list[1]"""
    (row,) = kusto().execute("lockgate", query, properties).primary_results[0]
    assert list(row) == [10, "x' | take 0 //", datetime(2026, 11, 26, tzinfo=UTC), "b"]


@pytest.mark.parametrize(("query", "given", "said"), [
    ("declare query_parameters(n:long); print n", {}, "has no value"),
    ("declare query_parameters(n:long); print n", {"n": "seven"}, "is no long"),
])  # fmt: skip
def test_a_parameter_without_a_value_is_told(kusto, query, given, said):
    properties = ClientRequestProperties()
    for name, value in given.items():
        properties.set_parameter(name, value)
    with pytest.raises(KustoApiError, match=said):
        kusto().execute("lockgate", query, properties)


def test_a_name_that_there_is_not_is_a_semantic_error_with_its_code(kusto):
    with pytest.raises(KustoApiError) as told:
        kusto().execute("lockgate", "Findngs | count")
    error = told.value
    assert error.is_semantic_error()
    assert error.http_response.status_code == 400
    found = error.get_api_error()
    assert (found.code, found.permanent) == ("General_BadRequest", True)
    assert found.type == "Kusto.Data.Exceptions.KustoBadRequestException"
    assert "SEM0100" in found.description and "Did you mean Findings?" in found.description
    inner = error.http_response.json()["error"]["innererror"]
    assert (inner["code"], inner["@type"]) == ("SEM0100", "Kusto.Data.Exceptions.SemanticException")


def test_a_query_that_cannot_be_read_is_a_syntax_error_with_its_place(kusto):
    with pytest.raises(KustoApiError) as told:
        kusto().execute("lockgate", "Findings\n| where (")
    found = told.value.get_api_error()
    assert (found.code, found.type) == ("BadRequest_SyntaxError", "Kusto.Data.Exceptions.SyntaxException")
    assert "on line [2,10]" in found.description


def test_an_unknown_database_is_told(kusto):
    with pytest.raises(KustoApiError) as told:
        kusto().execute("samples", "print 1")
    assert told.value.get_api_error().code == "BadRequest_DatabaseNotExist"


def test_a_result_that_is_too_large_is_given_as_far_as_it_may_be(kusto):
    properties = ClientRequestProperties()
    properties.set_option("truncationmaxrecords", 5)
    with pytest.raises(KustoMultiApiError, match="E_QUERY_RESULT_SET_TOO_LARGE") as told:
        kusto().execute("lockgate", "range x from 1 to 100 step 1", properties)
    assert told.value.get_api_errors()[0].code == "LimitsExceeded"

    properties.set_option(properties.results_defer_partial_query_failures_option_name, True)
    answer = kusto().execute("lockgate", "range x from 1 to 100 step 1", properties)
    assert [row["x"] for row in answer.primary_results[0]] == [1, 2, 3, 4, 5]
    assert answer.errors_count == 1 and "80DA0003" in answer.get_exceptions()[0]

    properties.set_option("notruncation", True)
    assert len(kusto().execute("lockgate", "range x from 1 to 100 step 1", properties).primary_results[0]) == 100


def test_a_person_gets_no_more_rows_than_allowed_whatever_is_asked_for(kusto, server):
    properties = ClientRequestProperties()
    properties.set_option("notruncation", True)
    with pytest.raises(KustoMultiApiError, match="more than 10 rows"):
        kusto(server.reader).execute("lockgate", "range x from 1 to 100 step 1", properties)


def test_a_query_that_needs_more_memory_than_its_person_may_take_is_ended(kusto, server):
    token = add(server.tokens, "tim", words="memory=48MB")
    query = "range x from 1 to 3000000 step 1 | extend s=strcat(x, '-', hash_md5(tostring(x % 7)))"
    with pytest.raises(KustoApiError) as told:
        kusto(token).execute("lockgate", f"{query} | summarize make_list(s)")
    assert told.value.get_api_error().code == "LowMemoryCondition"


SLOW = "range x from 1 to 200000000 step 1 | extend y = hash_sha256(tostring(x)) | summarize dcount(y)"


def test_a_query_that_takes_too_long_is_ended(kusto):
    properties = ClientRequestProperties()
    properties.set_option(ClientRequestProperties.request_timeout_option_name, timedelta(seconds=0.3))
    with pytest.raises(KustoApiError) as told:
        kusto().execute("lockgate", SLOW, properties)
    assert told.value.http_response.status_code == 504
    assert told.value.get_api_error().type == "Kusto.Data.Exceptions.KustoServiceTimeoutException"


def test_options_may_stand_in_the_query(kusto):
    with pytest.raises(KustoApiError) as told:
        kusto().execute("lockgate", f"set servertimeout = 300ms; {SLOW}")
    assert told.value.http_response.status_code == 504
    with pytest.raises(KustoMultiApiError):
        kusto().execute("lockgate", "set truncationmaxrecords = 5; range x from 1 to 100 step 1")


def test_nobody_is_let_in_without_a_token_that_is_known(kusto, server):
    from azure.kusto.data import KustoClient, KustoConnectionStringBuilder

    for client in (kusto("wrong"), KustoClient(KustoConnectionStringBuilder(server.url))):
        with pytest.raises(KustoServiceError, match="401"):
            client.execute("lockgate", "print 1")


def test_rows_stream_and_errors_among_them_are_told(kusto):
    query = "range x from 1 to 5000 step 1 | extend s=strcat('row ', x)"
    answer = kusto().execute_streaming_query("lockgate", query)
    found = [[row["s"] for row in table] for table in answer.iter_primary_results()]
    assert [len(one) for one in found] == [5000] and found[0][-1] == "row 5000"
    answer.set_skip_incomplete_tables(True)
    for _ in answer:
        pass
    assert answer.errors_count == 0

    properties = ClientRequestProperties()
    properties.set_option("truncationmaxrecords", 3)
    answer = kusto().execute_streaming_query("lockgate", query, properties=properties)
    with pytest.raises(KustoMultiApiError, match="80DA0003"):
        for table in answer.iter_primary_results():
            list(table)


def test_one_person_has_so_many_queries_at_a_time(kusto, server):
    import threading
    import time

    rob = next(one for one in people_in(server.tokens) if one.name == "rob")
    properties = ClientRequestProperties()
    properties.client_request_id = "slow;1"

    def slow():
        with pytest.raises(KustoApiError):
            kusto(server.reader).execute("lockgate", SLOW, properties)

    first = threading.Thread(target=slow)
    first.start()
    end = time.monotonic() + 20
    while not server.desk.runs(rob, ended=False):
        assert time.monotonic() < end
        time.sleep(0.01)
    with pytest.raises(KustoThrottlingError):
        kusto(server.reader).execute("lockgate", "print 1")
    assert kusto().execute("lockgate", "print x=1").primary_results[0][0]["x"] == 1
    assert server.desk.cancel(rob, "slow;1") is not None
    first.join(20)
    assert not first.is_alive()
