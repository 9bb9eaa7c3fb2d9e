"""What Grafana's Azure Data Explorer source sends and reads of answers, as its own code has it (pkg/azuredx, src).

Grafana itself could not be run here; how it shows who asks is not part of this.
"""

from __future__ import annotations

import json
from datetime import datetime

import httpx
import pytest
from tests.server.query.served import Running

PROPERTIES = {"Options": {"servertimeout": "00:00:30", "queryconsistency": "strongconsistency",
                          "query_datascope": "hotcache"}}  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory):
    server = Running(tmp_path_factory.mktemp("grafana"), secure=False)
    yield server
    server.close()


@pytest.fixture
def send(running):
    def post(path: str, text: str, source: str, database: str = "") -> list[dict[str, object]]:
        headers = {"authorization": f"Bearer {running.token}", "x-ms-app": "Grafana-ADX", "accept": "application/json",
                   "x-ms-client-request-id": "KGC.schema;1f"}  # fmt: skip
        body = {"csl": text, "db": database, "properties": PROPERTIES, "querySource": source}
        found = httpx.post(f"{running.url}{path}", json=body, headers=headers)
        assert found.status_code == 200, found.text
        return found.json()["Tables"]

    return post


def test_its_check_of_the_connection_is_answered(send) -> None:
    assert send("/v1/rest/query", ".show databases schema", "", "lockgate")[0]["Rows"]


def test_it_finds_databases_tables_columns_and_functions(send) -> None:
    names = [row[5] or row[0] for table in send("/v1/rest/mgmt", ".show databases", "") for row in table["Rows"]]
    assert names == ["Lockgate's record"]
    (row,) = send("/v1/rest/mgmt", ".show databases schema as json", "schema")[0]["Rows"]
    (database,) = json.loads(row[0])["Databases"].values()
    columns = {one["Name"]: one["CslType"] for one in database["Tables"]["Findings"]["OrderedColumns"]}
    assert (columns["Severity"], columns["Facts"]) == ("string", "dynamic")
    assert {"Functions", "ExternalTables", "MaterializedViews"} <= set(database)
    asked = database["Functions"]["ContainerInsightsNodes"]["InputParameters"]
    assert [(one["Name"], one["CslType"]) for one in asked] == [
        ("Metric", "string"), ("Back", "timespan"), ("Step", "timespan"),
    ]  # fmt: skip


def test_it_asks_what_is_in_a_dynamic_column(send) -> None:
    facts = '["Facts"]'
    kept = f"Findings\n | take 50000\n | where isnotnull({facts})\n | project {facts}"
    text = f"{kept}\n | summarize buildschema({facts})"
    table = send("/v1/rest/query", text, "schema", "lockgate")[0]
    assert [one["ColumnName"] for one in table["Columns"]] == ["schema_Facts"]
    # It reads the names of the keys there, as JSON and not as a text of JSON.
    text = """print d=dynamic({"a": {"b": 1.5}, "c": "x"}) | summarize buildschema(d)"""
    assert send("/v1/rest/query", text, "schema", "lockgate")[0]["Rows"] == [[{"a": {"b": "double"}, "c": "string"}]]


def test_a_series_of_arrays_comes_as_arrays(send) -> None:
    """The form ``time_series_adx_series``: a column of times and columns of numbers, each row a line of the graph."""
    text = (
        "range t from datetime(2026-01-01) to datetime(2026-01-02) step 12h | extend v = 1.5, who = 'ana'"
        " | make-series avg(v) on t from datetime(2026-01-01) to datetime(2026-01-02) step 12h by who"
        " | project who, avg_v, Timestamp = t"
    )
    table = send("/v1/rest/query", text, "raw", "lockgate")[0]
    assert [one["ColumnType"] for one in table["Columns"]] == ["string", "dynamic", "dynamic"]
    who, values, times = table["Rows"][0]
    assert (who, values) == ("ana", [1.5, 1.5])
    assert [datetime.fromisoformat(one).hour for one in times] == [0, 12]


def test_dynamic_values_are_what_they_are(send) -> None:
    text = 'print o=dynamic({"z": 12345678901234567890, "a": null}), s=dynamic("x"), n=dynamic(3), e=dynamic(null)'
    (row,) = send("/v1/rest/query", text, "raw", "lockgate")[0]["Rows"]
    assert row[0].keys() == {"z", "a"} and row[1:] == ["x", 3, None]


def test_a_time_series_has_the_types_that_it_draws_by(send) -> None:
    text = (
        "range t from datetime(2026-01-01) to datetime(2026-01-02) step 12h | extend v = 1.5"
        " | where t between (datetime(2026-01-01T00:00:00Z) .. datetime(2026-01-02T00:00:00Z))"
        " | summarize avg(v) by bin(t, 43200000ms) | order by t asc"
    )
    table = send("/v1/rest/query", text, "raw", "lockgate")[0]
    assert [one["ColumnType"] for one in table["Columns"]] == ["datetime", "real"]
    assert table["Rows"][0] == ["2026-01-01T00:00:00Z", 1.5]
    assert table["TableName"] == "Table_0"
