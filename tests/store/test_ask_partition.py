"""``partition`` with a query of its own, and graphs of each value: what the documentation of both says."""

from typing import Any

import pytest

from lockgate.kql import QueryError
from lockgate.store.ask import Tables, ask
from lockgate.store.ask.spark import Spark

GRAPH = """let edges = datatable(a: string, b: string, t: string)[
    "p", "q", "A", "q", "r", "A", "p", "q", "B", "q", "s", "B"];
let nodes = datatable(id: string, t: string, w: long)[
    "p", "A", 1, "q", "A", 2, "r", "A", 3, "p", "B", 10, "q", "B", 20];
edges | make-graph a --> b with nodes on id """


@pytest.fixture(scope="module")
def tables() -> Tables:
    found = Tables()
    storms = "(SELECT i AS Id, i % 5 AS InjuriesIndirect, 's' || (i % 3) AS State FROM range(20) t(i))"
    found.add("StormEvents", {"Id": "long", "InjuriesIndirect": "long", "State": "string"}, storms)
    return found


def rows(query: str, tables: Tables) -> list[tuple[object, ...]]:
    return ask(query, tables).rows


DOCUMENTED = """range x from 1 to 2 step 1
| partition hint.strategy=legacy by x {StormEvents | where x == InjuriesIndirect}
| count"""


def test_the_query_runs_once_for_each_value(tables: Tables) -> None:
    assert rows(DOCUMENTED, tables) == [(8,)]


def test_the_value_is_there_as_a_scalar_also_where_the_own_table_has_such_a_column(tables: Tables) -> None:
    query = """StormEvents | where Id < 2
        | partition by Id {StormEvents | where InjuriesIndirect == toscalar(Id) | summarize n = count(), m = max(Id)}"""
    assert rows(query, tables) == [(4, 15), (4, 16)]


def test_a_query_that_finds_nothing_is_summed_up_all_the_same(tables: Tables) -> None:
    query = "range x from 4 to 6 step 1 | partition by x {StormEvents | where InjuriesIndirect == x | count}"
    assert rows(query, tables) == [(4,), (0,), (0,)]


@pytest.mark.parametrize(
    ("keys", "value", "expected"),
    [("(k: string)['b', 'a', 'a', '']", "strcat(k, '!')", ["!", "a!", "b!"]),
     ("(k: datetime)[datetime(2020-01-01), datetime(null)]", "dayofyear(k)", [None, 1]),
     ("(k: guid)[guid(74be27de-1e4e-49d9-b579-fe0b331d3642)]", "gettype(k)", ["guid"]),
     ("(k: decimal)[decimal(1.5)]", "k * 2", ["3.0"]), ("(k: timespan)[1h, 2h]", "k / 1h", [1.0, 2.0]),
     ("(k: bool)[true, false]", "not(k)", [True, False]), ("(k: real)[1.5]", "k * 2", [3.0])],
)  # fmt: skip
def test_values_keep_their_types(keys: str, value: str, expected: list[object], tables: Tables) -> None:
    assert rows(f"datatable{keys} | partition by k {{print {value}}}", tables) == [(one,) for one in expected]


def test_a_value_that_is_typed_is_data(tables: Tables) -> None:
    text = "'; DROP TABLE w0; --\""
    written = text.replace("'", "\\'")
    assert rows(f"print k = '{written}' | partition by k {{StormEvents | take 1 | project k}}", tables) == [(text,)]


def test_no_value_gives_no_row_but_the_columns(tables: Tables) -> None:
    found = ask("StormEvents | where false | partition by State {range y from 1 to 3 step 1}", tables)
    assert (found.tables[0].columns, found.rows) == ((("y", "long"),), [])


def test_more_than_64_values_are_refused_as_the_service_does(tables: Tables) -> None:
    assert len(rows("range x from 1 to 64 step 1 | partition by x {print x}", tables)) == 64
    with pytest.raises(QueryError, match="'x' has more than 64 values"):
        rows("range x from 1 to 65 step 1 | partition by x {print x}", tables)


def test_one_may_stand_in_another_and_in_functions(tables: Tables) -> None:
    query = """range x from 1 to 2 step 1 | partition by x {
        range z from 1 to x step 1 | partition by z {print a = x * 10 + z} | as U | extend n = toscalar(U | count)}"""
    assert rows(query, tables) == [(11, 1), (21, 2), (22, 2)]
    query = """let f = (a: long) {range x from 1 to a step 1 | partition by x {print y = x * a}};
        union (f(2)), (f(3)) | sort by y asc"""
    assert rows(query, tables) == [(2,), (3,), (4,), (6,), (9,)]


def test_what_is_no_algebra_knows_the_value_too(tables: Tables) -> None:
    query = """range x from 1 to 2 step 1
        | partition by x {range y from 1 to x step 1 | make-series count() on y from 0 to x + 1 step 1}"""
    assert rows(query, tables) == [("[0,1]", "[0,1]"), ("[0,1,1]", "[0,1,2]")]


def test_on_rows_of_a_sub_query_it_is_refused_by_name(tables: Tables) -> None:
    with pytest.raises(QueryError, match="cannot stand in a sub-query on rows"):
        rows("StormEvents | partition by State (partition by Id {print Id})", tables)


def test_spark_gives_the_same(tables: Tables, spark_session: Any) -> None:
    engine = Spark(tables, spark_session)
    texts = "datatable(k: string)['a', 'b', ''] | partition by k {print strcat(k, '!'), 1 | where isnotempty(k)}"
    for query in (DOCUMENTED.replace("StormEvents", "(range InjuriesIndirect from 0 to 9 step 1)"), texts):
        assert sorted(ask(query, tables, engine=engine).rows) == sorted(rows(query, tables)), query


def test_a_graph_for_each_value_by_itself(tables: Tables) -> None:
    query = f"{GRAPH} partitioned-by t (graph-match (x)-->(y)-->(z) project x.id, z.id, x.w + y.w) | sort by z_id asc"
    assert rows(query, tables) == [("p", "r", 3), ("p", "s", 30)]
    query = f"{GRAPH} partitioned-by t (graph-to-table nodes) | summarize count(), sum(w) by isempty(t)"
    assert sorted(rows(query, tables)) == [(False, 5, 36), (True, 1, 0)]
    with pytest.raises(QueryError, match="end in graph-match or graph-to-table"):
        rows(f"{GRAPH} partitioned-by t (graph-match (x)-->(y) project x.id | count)", tables)
    with pytest.raises(QueryError, match="need the column 'km'"):
        rows(f"{GRAPH.replace('edges |', 'edges | extend km = 1 |')} partitioned-by km (graph-to-table nodes)", tables)


def test_nodes_and_edges_are_two_tables(tables: Tables) -> None:
    found = ask(f"{GRAPH} | graph-to-table nodes as N with_node_id=Node, edges as E; N | count; E | count", tables)
    assert [one.columns[0][0] for one in found.tables] == ["Node", "a", "Count", "Count"]
    assert [len(one.rows) for one in found.tables[:2]] == [4, 4]
    assert [one.rows for one in found.tables[2:]] == [[(4,)], [(4,)]]
