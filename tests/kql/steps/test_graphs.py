"""Graphs: made of tables, searched for patterns and shortest ways, made tables of again."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.kql.steps.running import rows

from lockgate.kql.errors import EvaluationError, QueryError
from lockgate.kql.steps import graph_paths
from lockgate.kql.steps.components import strong, weak
from lockgate.store.ask import Tables, ask

_ROADS = """let roads = datatable(a: string, b: string, km: long)[
    "p", "q", 1, "q", "r", 2, "r", "p", 4, "r", "s", 8, "p", "r", 16];
let towns = datatable(name: string, big: bool)["p", true, "q", false, "r", true, "s", false];
roads | make-graph a --> b with towns on name
"""


def _of(query: str) -> list[tuple[object, ...]]:
    return sorted(rows(_ROADS + query), key=str)


def test_an_edge_leads_from_left_to_right_or_back_or_both_ways() -> None:
    assert _of('| graph-match (x)-[e]->(y) where x.name == "q" project y.name') == [("r",)]
    assert _of('| graph-match (x)<-[e]-(y) where x.name == "q" project y.name') == [("p",)]
    assert _of('| graph-match (x)-[e]-(y) where x.name == "q" project y.name') == [("p",), ("r",)]


def test_conditions_may_concern_nodes_edges_and_both() -> None:
    assert _of("| graph-match (x)-[e]->(y) where x.big and e.km > 3 project e.km") == [(16,), (4,), (8,)]
    found = _of("| graph-match (x)-[e]->(y)-[f]->(z) where e.km * 2 == f.km project x.name, z.name")
    assert found == [("p", "r"), ("q", "p")]


def test_a_name_that_comes_again_is_the_same_node() -> None:
    assert _of("| graph-match (x)-->(y)-->(x) project x.name, y.name") == [("p", "r"), ("r", "p")]
    found = _of("| graph-match (x)-->(y), (y)-->(z), (x)-->(z) project x.name, y.name, z.name")
    assert found == [("p", "q", "r")]


def test_a_path_has_edges_and_nodes_within() -> None:
    query = '| graph-match (x)-[e*2..3]->(y) where x.name == "p" and y.name == "s" project map(e, km), '
    assert _of(query + "map(inner_nodes(e), name), e.km") == [
        ([1, 2, 8], ["q", "r"], [1, 2, 8]),
        ([16, 8], ["r"], [16, 8]),
    ]


def test_a_path_against_the_arrow_is_told_from_left_to_right() -> None:
    query = '| graph-match (x)<-[e*2..2]-(y) where y.name == "q" project x.name, map(e, km), map(inner_nodes(e), name)'
    assert _of(query) == [("p", [4, 2], ["r"]), ("s", [8, 2], ["r"])]


def test_conditions_on_all_or_any_of_a_path() -> None:
    query = '| graph-match (x)-[e*1..3]->(y) where x.name == "p" and y.name == "s" and '
    assert _of(query + "all(e, km < 10) project map(e, km)") == [([1, 2, 8],)]
    assert _of(query + "any(e, km > 10) project map(e, km)") == [([16, 8],)]
    assert _of(query + "any(inner_nodes(e), not(big)) project map(e, km)") == [([1, 2, 8],)]
    assert _of(query + "all(inner_nodes(e), big) project map(e, km)") == [([16, 8],)]


def test_cycles_are_a_matter_of_choice() -> None:
    query = '(x)-[e*1..4]->(y) where x.name == "p" and y.name == "p" project map(e, km)'
    assert _of(f"| graph-match cycles=none {query}") == []
    assert _of(f"| graph-match {query}") == [([1, 2, 4],), ([16, 4],)]
    assert len(_of(f"| graph-match cycles=all {query}")) == 3


def test_the_shortest_way_is_one_or_all_that_are_as_short() -> None:
    query = "(x)-[e*1..5]->(y) where x.name == 'p' and y.name == 's' project map(e, km)"
    assert _of(f"| graph-shortest-paths {query}") == [([16, 8],)]
    twice = """datatable(a: string, b: string)["p", "q", "q", "s", "p", "r", "r", "s"]
        | make-graph a --> b with_node_id=name | graph-shortest-paths output="""
    query = "(x)-[e*1..5]->(y) where x.name == 'p' and y.name == 's' project map(inner_nodes(e), name)"
    assert sorted(rows(f"{twice}all {query}"), key=str) == [(["q"],), (["r"],)]
    assert len(rows(f"{twice}any {query}")) == 1


def test_degrees_of_nodes_are_known() -> None:
    assert _of("| graph-match (x) where node_degree_out(x) == 2 project x.name, node_degree_in(x)") == [
        ("p", 1), ("r", 2),
    ]  # fmt: skip
    assert _of("| graph-where-nodes node_degree_in() == 1 | graph-to-table nodes | project name") == [
        ("p",), ("q",), ("s",),
    ]  # fmt: skip


def test_nodes_and_edges_may_be_left_out() -> None:
    assert _of("| graph-where-nodes big | graph-to-table edges | project a, b") == [("p", "r"), ("r", "p")]
    assert _of("| graph-where-edges km > 7 | graph-to-table edges | project km") == [(16,), (8,)]
    assert len(_of("| graph-where-edges km > 7 | graph-to-table nodes")) == 4


def test_a_graph_is_tables_again_with_the_numbers_of_nodes() -> None:
    found = _of("| graph-to-table edges with_source_id=x with_target_id=y | project x, y, km")
    assert found == [(0, 1, 1), (0, 2, 16), (1, 2, 2), (2, 0, 4), (2, 3, 8)]
    assert _of("| graph-to-table nodes with_node_id=n | project n, name") == [(0, "p"), (1, "q"), (2, "r"), (3, "s")]


def test_parts_that_hang_together_are_marked() -> None:
    query = "| graph-mark-components with_component_id=c | graph-to-table nodes | project name, c"
    assert _of(query) == [("p", 0), ("q", 0), ("r", 0), ("s", 0)]
    query = "| graph-mark-components kind=strong with_component_id=c | graph-to-table nodes | project name, c"
    assert _of(query) == [("p", 0), ("q", 0), ("r", 0), ("s", 1)]


def test_a_node_that_stands_in_no_table_has_its_key() -> None:
    query = """datatable(a: string, b: string)["p", "x"]
        | make-graph a --> b with datatable(name: string, n: long)["p", 1] on name
        | graph-match (u)-->(v) project u.n, v.name, v.n"""
    assert rows(query) == [(1, "x", None)]


def test_a_search_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_paths, "MAX_WORK", 100_000)
    dense = """range i from 0 to 899 step 1 | project a = i / 30, b = i % 30
        | make-graph a --> b with_node_id=n | graph-match (x)-[e*1..20]->(y) project x.n"""
    with pytest.raises(EvaluationError, match="too many steps"):
        rows(dense)


def test_the_length_of_a_path_is_two_numbers_in_order() -> None:
    with pytest.raises(EvaluationError, match="two numbers"):
        _of("| graph-match (x)-[e*3..1]->(y) project x.name")


_EDGES = some.lists(some.tuples(some.integers(0, 4), some.integers(0, 4)), max_size=8)


def _graph(edges: list[tuple[int, int]], query: str) -> list[tuple[object, ...]]:
    cells = ", ".join(f"{a}, {b}" for a, b in edges)
    return rows(f"datatable(a: long, b: long)[{cells}] | make-graph a --> b with_node_id=n | {query}")


@given(_EDGES)
@settings(max_examples=40, deadline=None)
def test_two_hops_are_all_pairs_of_different_edges_that_meet(edges: list[tuple[int, int]]) -> None:
    expected = sorted(
        (one[0], other[1])
        for (i, one), (j, other) in product(enumerate(edges), repeat=2)
        if i != j and one[1] == other[0]
    )
    assert sorted(_graph(edges, "graph-match (x)-->(y)-->(z) project x.n, z.n")) == expected
    assert sorted(_graph(edges, "graph-match (x)-[e*2..2]->(z) project x.n, z.n")) == expected


@given(_EDGES)
@settings(max_examples=40, deadline=None)
def test_a_shortest_way_is_as_long_as_the_shortest_path(edges: list[tuple[int, int]]) -> None:
    paths: dict[tuple[object, object], int] = {}
    query = "(x)-[e*1..4]->(y) project x.n, y.n, array_length(map(e, a))"
    for x, y, length in _graph(edges, f"graph-match {query}"):
        paths[(x, y)] = min(paths.get((x, y), 9), length)  # type: ignore[call-overload]
    found = {(x, y): length for x, y, length in _graph(edges, f"graph-shortest-paths {query}")}
    assert found == paths


@given(_EDGES)
@settings(max_examples=60, deadline=None)
def test_components_are_what_reaches_each_other(edges: list[tuple[int, int]]) -> None:
    reach = {(node, node) for node in range(5)} | set(edges)
    both = reach | {(b, a) for a, b in edges}
    for middle, one, other in product(range(5), repeat=3):
        if (one, middle) in reach and (middle, other) in reach:
            reach.add((one, other))
        if (one, middle) in both and (middle, other) in both:
            both.add((one, other))
    weakly, strongly = weak(5, edges), strong(5, edges)
    for one, other in product(range(5), repeat=2):
        assert (weakly[one] == weakly[other]) is ((one, other) in both)
        assert (strongly[one] == strongly[other]) is ((one, other) in reach and (other, one) in reach)


def _tables(text: str) -> list[tuple[tuple[str, ...], list[tuple[object, ...]]]]:
    return [(tuple(name for name, _ in one.columns), list(map(tuple, one.rows))) for one in ask(text, Tables()).tables]


def test_a_query_that_ends_in_a_graph_gives_its_nodes_and_its_edges() -> None:
    ended = f"let g = {_ROADS.split(';')[-1].strip()}; g"
    nodes, edges = _tables("; ".join((*_ROADS.split(";")[:-1], ended)))
    assert nodes == (("NodeId", "name", "big"), [(0, "p", True), (1, "q", False), (2, "r", True), (3, "s", False)])
    assert edges[0] == ("SourceNodeId", "TargetNodeId", "a", "b", "km")
    assert {(one[:2], one[2:4]) for one in edges[1]} == {
        ((0, 1), ("p", "q")), ((1, 2), ("q", "r")), ((2, 0), ("r", "p")), ((2, 3), ("r", "s")), ((0, 2), ("p", "r")),
    }  # fmt: skip


def test_numbers_of_nodes_take_no_name_that_a_column_has() -> None:
    text = """datatable(a: string, b: string, SourceNodeId: long)["p", "q", 7]
        | make-graph a --> b with_node_id=NodeId | graph-mark-components"""
    nodes, edges = _tables(text)
    assert nodes == (("NodeId1", "NodeId", "ComponentId"), [(0, "p", 0), (1, "q", 0)])
    assert edges == (("SourceNodeId1", "TargetNodeId", "a", "b", "SourceNodeId"), [(0, 1, "p", "q", 7)])


def test_a_graph_is_no_table_within_a_query() -> None:
    with pytest.raises(QueryError, match="A graph stands where a table is expected"):
        _tables(f"{_ROADS} | take 1")
