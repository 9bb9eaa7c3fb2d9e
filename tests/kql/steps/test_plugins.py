"""Plugins of ``evaluate`` over small tables."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.kql.steps.running import rows, run

from lockgate.kql import catalogue
from lockgate.kql.errors import EvaluationError

_BAGS = """datatable(k: string, d: dynamic)[
    "x", dynamic({"b": 1, "a": "one"}), "y", dynamic({"b": 2.5, "c": [1]}), "z", dynamic(null), "w", dynamic("no bag")]
"""


def _names(query: str) -> list[str]:
    return [f"{one.name}:{one.type.name}" for one in run(query).columns]


def test_a_bag_becomes_columns_in_the_order_of_their_names() -> None:
    query = _BAGS + "| evaluate bag_unpack(d)"
    assert _names(query) == ["k:string", "a:string", "b:real", "c:dynamic"]
    assert rows(query) == [
        ("x", "one", 1.0, None), ("y", "", 2.5, [1]), ("z", "", None, None), ("w", "", None, None),
    ]  # fmt: skip


def test_columns_of_a_bag_may_have_a_prefix() -> None:
    assert _names(_BAGS + '| evaluate bag_unpack(d, "p_")') == ["k:string", "p_a:string", "p_b:real", "p_c:dynamic"]


def test_keys_of_a_bag_may_be_passed_over() -> None:
    query = _BAGS + '| evaluate bag_unpack(d, ignoredProperties = dynamic(["a", "c"]))'
    assert _names(query) == ["k:string", "b:real"]


def test_two_columns_of_one_name_need_a_decision() -> None:
    data = 'datatable(a: string, d: dynamic)["old", dynamic({"a": "new", "b": true})]'
    with pytest.raises(EvaluationError, match="there already"):
        run(data + "| evaluate bag_unpack(d)")
    assert rows(data + '| evaluate bag_unpack(d, columnsConflict = "keep_source")') == [("old", True)]
    assert rows(data + '| evaluate bag_unpack(d, columnsConflict = "replace_source")') == [("new", True)]


def test_a_declared_schema_chooses_columns_and_types() -> None:
    assert rows(_BAGS + "| evaluate bag_unpack(d) : (*, b: long, e: string) | take 2") == [("x", 1, ""), ("y", 2, "")]
    assert rows(_BAGS + "| evaluate bag_unpack(d) : (a: string) | take 1") == [("one",)]


def test_values_of_different_types_are_dynamic() -> None:
    query = 'datatable(d: dynamic)[dynamic({"a": 1}), dynamic({"a": "x"})] | evaluate bag_unpack(d)'
    assert _names(query) == ["a:dynamic"]


_SALES = 'datatable(k: string, c: string, x: long)["a", "q", 1, "a", "p", 2, "b", "p", 10, "a", "p", 3]'


def test_a_pivot_counts_when_it_is_not_told_otherwise() -> None:
    query = _SALES + "| project k, c | evaluate pivot(c)"
    assert _names(query) == ["k:string", "p:long", "q:long"]
    assert rows(query) == [("a", 2, 1), ("b", 1, 0)]


def test_a_pivot_sums_up_what_is_asked_for() -> None:
    assert rows(_SALES + "| evaluate pivot(c, sum(x))") == [("a", 5, 1), ("b", 10, 0)]
    assert rows(_SALES + "| evaluate pivot(c, max(x), k)") == [("a", 3, 1), ("b", 10, None)]
    query = _SALES + "| evaluate pivot(c, make_list(x), k) : (k: string, q: dynamic, r: long)"
    assert rows(query) == [("a", [1], None), ("b", [], None)]


def test_narrow_makes_a_row_of_each_value() -> None:
    query = 'datatable(a: long, b: string)[1, "x", 2, ""] | evaluate narrow()'
    assert rows(query) == [(0, "a", "1"), (0, "b", "x"), (1, "a", "2"), (1, "b", "")]


_VISITS = """datatable(who: string, day: datetime, place: string)[
    "ann", datetime(2026-01-01), "p", "bob", datetime(2026-01-01), "q", "ann", datetime(2026-01-02), "p",
    "cy", datetime(2026-01-02), "p", "cy", datetime(2026-01-02 12:00), "p", "bob", datetime(2026-01-04), "q"]
| where isnotnull(day)
"""
_SPAN = "who, day, datetime(2026-01-01), datetime(2026-01-04), "


def _counted(plugin: str, shown: str) -> list[tuple[object, ...]]:
    days = f"| project n = toint((day - datetime(2026-01-01)) / 1d) + 1, {shown}"
    return rows(f"{_VISITS} | evaluate {plugin} {days}")


def test_new_identities_are_told_from_known_ones() -> None:
    found = _counted(f"activity_counts_metrics({_SPAN} 1d)", "['count'], dcount, new_dcount, aggregated_dcount")
    assert found == [(1, 2, 2, 2, 2), (2, 3, 2, 1, 3), (4, 1, 1, 0, 3)]


def test_dimensions_are_counted_each_by_itself() -> None:
    found = rows(f"{_VISITS} | evaluate activity_counts_metrics({_SPAN} 7d, place) | project place, dcount")
    assert sorted(found) == [("p", 2), ("q", 1)]


def test_each_window_is_held_against_the_one_before() -> None:
    found = _counted(f"activity_metrics({_SPAN} 1d)", "dcount_values, dcount_newvalues, retention_rate")
    assert found[1] == (2, 2, 1, 0.5)
    assert str(found[0]) == "(1, 2, 2, nan)"


def test_windows_may_be_months() -> None:
    found = rows(f'{_VISITS} | evaluate new_activity_metrics({_SPAN} "month") | project from_day, dcount_new_values')
    assert found == [(rows("print datetime(2026-01-01)")[0][0], 3)]


def test_engagement_is_a_share_of_a_longer_time() -> None:
    found = _counted(f"activity_engagement({_SPAN} 1d, 2d)", "dcount_activities_inner, dcount_activities_outer")
    assert found == [(1, 2, 2), (2, 2, 3), (4, 1, 1)]


def test_a_sliding_window_counts_what_came_before() -> None:
    found = _counted(f"sliding_window_counts({_SPAN} 2d, 1d)", "Count, Dcount")
    assert found == [(1, 2, 2), (2, 5, 3), (3, 3, 2), (4, 1, 1)]


def test_who_was_there_often_enough_is_active() -> None:
    assert _counted(f"active_users_count({_SPAN} 2d, 1d, 2, 1d)", "dcount") == [(2, 1)]


def test_a_session_begins_after_an_absence() -> None:
    assert _counted(f"session_count({_SPAN} 1d, 1d)", "count_sessions") == [(1, 2), (2, 2), (4, 1)]


def test_cohorts_are_followed() -> None:
    shown = "dcount_new_values, dcount_retained_values, dcount_churn_values, retention_rate"
    query = f"{_VISITS} | evaluate new_activity_metrics({_SPAN} 1d, datetime(2026-01-01)) | project {shown}"
    assert rows(query) == [(2, 2, 0, 1.0), (1, 1, 1, 0.5), (0, 0, 2, 0.0), (0, 1, 1, 0.5)]
    back = 'datatable(who: string)["bob"]'
    query = f"{_VISITS} | evaluate new_activity_metrics({_SPAN} 1d, datetime(2026-01-01), {back})"
    assert rows(query + f" | project {shown}")[0] == (1, 1, 0, 1.0)


_STEPS = """datatable(who: string, t: datetime, s: string)[
    "ann", datetime(2026-01-01 10:00), "in", "ann", datetime(2026-01-01 10:05), "look", "ann",
    datetime(2026-01-01 12:00), "buy", "bob", datetime(2026-01-01 10:00), "in",
    "bob", datetime(2026-01-01 10:20), "buy"]
"""


def test_a_sequence_is_found_in_each_way_that_it_comes_about() -> None:
    query = _STEPS + '| evaluate sequence_detect(t, 1h, 3h, a = (s == "in"), b = (s == "look"), who)'
    assert _names(query) == ["who:string", "a_t:datetime", "b_t:datetime", "Duration:timespan"]
    assert [(row[0], row[3]) for row in rows(query)] == [("ann", 5 * 60 * 10**7)]
    query = _STEPS + '| evaluate sequence_detect(t, 3h, 3h, a = (s != "buy"), b = (s == "buy"), who) | project who'
    assert rows(query) == [("ann",), ("ann",), ("bob",)]


def test_a_funnel_narrows() -> None:
    query = (
        "| evaluate funnel_sequence_completion(who, t, datetime(2026-01-01), datetime(2026-01-02), 1d, s, "
        'dynamic(["in", "look", "buy"]), dynamic([1h, 4h])) | project s, dcount'
    )
    assert rows(_STEPS + query) == [("in", 2), ("look", 1), ("buy", 0), ("in", 2), ("look", 1), ("buy", 1)]


def test_what_comes_before_and_after_a_sequence() -> None:
    query = (
        "| evaluate funnel_sequence(who, t, datetime(2026-01-01), datetime(2026-01-02), 1d, 1d, s, "
        'dynamic(["look"])) | project prev, next, dcount, samples'
    )
    assert rows(_STEPS + query) == [("in", "buy", 1, ["ann"])]


def test_a_percentile_rolls_over_bins() -> None:
    data = "range i from 0 to 11 step 1 | extend even = i % 2 == 0"
    query = f"{data} | evaluate rolling_percentile(i, 50, i, 3, 2)"
    assert _names(query) == ["i:long", "rolling_2_percentile_i_50:long"]
    assert rows(query) == [(0, 1), (3, 2), (6, 5), (9, 8)]
    assert len(rows(f"{data} | evaluate rolling_percentile(i, 50, i, 3, 2, even)")) == 8


def test_rows_near_a_condition() -> None:
    data = "range i from 1 to 10 step 1 | serialize"
    assert rows(f"{data} | evaluate rows_near(i == 3 or i == 5, 1)") == [(2,), (3,), (4,), (5,), (6,)]
    assert rows(f"{data} | evaluate rows_near(i == 1 or i == 10, 0, 2)") == [(1,), (2,), (3,), (10,)]


_NETWORKS = """datatable(net: string, zone: string, tag: string)[
    "10.0.0.0/8", "wide", "t", "10.1.0.0/16", "near", "t", "192.168.1.7", "one", "u", "bad", "none", "t"]"""


def test_addresses_are_looked_up_in_networks() -> None:
    data = 'datatable(ip: string, tag: string)["10.1.2.3", "t", "192.168.1.7", "t", "8.8.8.8", "t", "x", "t"]'
    query = f"{data} | evaluate ipv4_lookup({_NETWORKS}, ip, net) | project ip, zone"
    assert rows(query) == [("10.1.2.3", "near"), ("10.1.2.3", "wide"), ("192.168.1.7", "one")]
    query = f"{data} | evaluate ipv4_lookup({_NETWORKS}, ip, net, return_unmatched = true)"
    assert [row[3] for row in rows(query)] == ["near", "wide", "one", "", ""]
    query = f"{data} | evaluate ipv4_lookup({_NETWORKS}, ip, net, tag) | project ip, zone"
    assert rows(query) == [("10.1.2.3", "near"), ("10.1.2.3", "wide")]


def test_addresses_of_version_6_are_looked_up_too() -> None:
    table = 'datatable(net: string, z: string)["2001:db8::/32", "a", "10.0.0.0/8", "b"]'
    data = 'datatable(ip: string)["2001:db8::1", "10.1.1.1", "2001:db9::1", "::ffff:10.2.2.2"]'
    query = f"{data} | evaluate ipv6_lookup({table}, ip, net) | project ip, z"
    assert rows(query) == [("2001:db8::1", "a"), ("10.1.1.1", "b"), ("::ffff:10.2.2.2", "b")]


def test_sketches_are_intersected() -> None:
    query = """range x from 1 to 60 step 1
        | summarize a = hll(iff(x % 2 == 0, x, long(null))), b = hll(iff(x % 3 == 0, x, long(null)))
        | evaluate dcount_intersect(a, b) | project s0, s1"""
    assert rows(query) == [(30, 10)]


_FAILURES = """range i from 0 to 99 step 1
    | project state = iff(i < 60, "ok", "failed"), region = iff(i < 60, iff(i % 2 == 0, "north", "south"), "south"),
        size = case(i < 60, "small", i < 95, "large", "huge")"""


def test_frequent_patterns_are_closed() -> None:
    found = [row[1:] for row in rows(_FAILURES + "| evaluate basket(0.3)")]
    assert found == [
        (70, 70.0, "", "south", ""), (60, 60.0, "ok", "", "small"), (40, 40.0, "failed", "south", ""),
        (35, 35.0, "failed", "south", "large"), (30, 30.0, "ok", "north", "small"), (30, 30.0, "ok", "south", "small"),
    ]  # fmt: skip


def test_any_value_may_be_shown_otherwise() -> None:
    assert rows(_FAILURES + '| evaluate basket(0.65, "~", "~", "*")') == [(0, 70, 70.0, "*", "south", "*")]


def test_rows_may_weigh() -> None:
    data = 'datatable(k: string, w: long)["a", 3, "b", 1]'
    assert rows(data + "| evaluate basket(0.5, w)") == [(0, 3, 75.0, "a", None)]


def test_clusters_are_few_and_apart() -> None:
    found = [row[1:] for row in rows(_FAILURES + "| evaluate autocluster()")]
    assert (60, 60.0, "ok", "", "small") in found
    assert len(found) <= 3


def test_what_tells_two_sets_of_rows_apart() -> None:
    found = rows(_FAILURES + '| evaluate diffpatterns(state, "failed", "ok")')
    assert found[0][1:6] == (0, 60, 0.0, 100.0, 100.0)
    assert found[0][-1] == "small"
    with pytest.raises(EvaluationError, match="both values"):
        rows(_FAILURES + '| evaluate diffpatterns(state, "failed", "odd")')


def test_what_needs_a_service_says_which() -> None:
    with pytest.raises(EvaluationError, match="'sql_request' needs a database server"):
        run('evaluate sql_request("Server=x", "select 1")')
    with pytest.raises(EvaluationError, match="a sandbox with Python"):
        run('range x from 1 to 2 step 1 | evaluate python(typeof(*), "result = df")')


@pytest.mark.parametrize("name", catalogue.names("plugin"))
def test_every_plugin_of_the_catalogue_is_answered(name: str) -> None:
    from lockgate.kql.steps import plugins

    assert name in plugins._runs()


_CELLS = some.tuples(
    some.sampled_from(['"a"', '"b"', '""', '"10.0.0.1"']),
    some.sampled_from(["datetime(null)", "datetime(2026-01-01)", "datetime(2026-01-03 04:00)", "datetime(0001-01-01)"]),
    some.sampled_from(["1", "-5", "long(null)", "9223372036854775807"]),
    some.sampled_from(["dynamic(null)", 'dynamic({"s": 1})', 'dynamic({"u": [1, {"v": 2}]})', 'dynamic("x")']),
)
_EDGES = "datetime(2026-01-01), datetime(2026-01-05)"
_CALLS = (
    "bag_unpack(d)", "pivot(k)", "pivot(k, sum(n), t)", "narrow()", "basket()", "autocluster()", "rows_near(n > 0, 1)",
    f"activity_counts_metrics(k, t, {_EDGES}, 1d)", f"activity_metrics(k, t, {_EDGES}, 1d, n)",
    f"activity_engagement(k, t, {_EDGES}, 1d, 3d)", f"active_users_count(k, t, {_EDGES}, 3d, 1d, 1, 1d)",
    f"session_count(k, t, {_EDGES}, 1d, 1d, k)", f"sliding_window_counts(k, t, {_EDGES}, 3d, 1d)",
    f"new_activity_metrics(k, t, {_EDGES}, 1d)", "sequence_detect(t, 3d, 3d, a = n > 0, b = n < 2, k)",
    f'funnel_sequence(k, t, {_EDGES}, 1d, 1d, k, dynamic(["a"]))', "rolling_percentile(n, 50, t, 1000d, 2)",
    f'funnel_sequence_completion(k, t, {_EDGES}, 1d, k, dynamic(["a", "b"]), dynamic([1d]))',
    'ipv4_lookup(datatable(net: string)["10.0.0.0/8"], k, net)', 'diffpatterns(k, "a", "b")', "preview(1)",
)  # fmt: skip


@pytest.mark.parametrize("call", _CALLS)
@given(cells=some.lists(_CELLS, max_size=5))
@settings(max_examples=15, deadline=None)
def test_no_rows_whatever_make_a_plugin_fail(call: str, cells: list[tuple[str, ...]]) -> None:
    values = ", ".join(cell for row in cells for cell in row)
    try:
        run(f"datatable(k: string, t: datetime, n: long, d: dynamic)[{values}] | evaluate {call}")
    except EvaluationError as error:
        assert "both values" in str(error)


_SCHEMAS = """datatable(ColumnName: string, ColumnOrdinal: long, DataType: string, ColumnType: string)[
    "a", 0, "System.String", "string", "b", 1, "System.Int32", "int",
    "a", 0, "System.String", "string", "c", 1, "System.String", "string", "b", 2, "System.Int64", "long"]
"""


def test_schemas_are_merged_when_their_order_allows() -> None:
    found = [(row[0], row[1], row[3]) for row in rows(_SCHEMAS + "| evaluate schema_merge(PreserveOrder = false)")]
    assert found == [("a", 0, "string"), ("c", 1, "string"), ("b", 2, "long")]
    found = [(row[0], row[1], row[3]) for row in rows(_SCHEMAS + "| evaluate schema_merge()")]
    assert found == [("a", 0, "string"), ("c", 1, "string"), ("b", -1, "ERROR(columns are out of order)")]
