"""Grids of ``make-series`` and matches of ``scan``."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.kql.steps.running import rows, run

from lockgate.kql.errors import EvaluationError

_DATA = """
datatable(t: datetime, x: real, k: string)[
    datetime(2017-01-01), 4, "a", datetime(2017-01-03T03:00), 6, "a", datetime(2017-01-03T04:00), 8, "a",
    datetime(2017-01-05), 8, "b", datetime(2017-01-05T13:40), 13, "b", datetime(null), 1, "b"]
"""


def _days(*days: int) -> list[str]:
    return [f"2017-01-{day:02}T00:00:00.0000000Z" for day in days]


def test_points_without_rows_have_the_default() -> None:
    series = "| make-series avg(x), n = count() default = long(-1) on t "
    query = series + "from datetime(2017-01-01) to datetime(2017-01-04) step 1d"
    assert rows(_DATA + query) == [([4.0, 0.0, 7.0], [1, -1, 2], _days(1, 2, 3))]


def test_a_grid_that_is_not_bounded_begins_and_ends_with_the_rows_of_each_group() -> None:
    assert rows(_DATA + "| make-series n = count() on t step 1d by k") == [
        ("a", [1, 0, 2], _days(1, 2, 3)),
        ("b", [2], _days(5)),
    ]


def test_a_grid_begins_where_it_is_told_to() -> None:
    query = "| make-series count() on t from datetime(2017-01-01 03:00) to datetime(2017-01-05 03:00) step 2d"
    found = rows(_DATA + query)
    assert found == [([0, 3], ["2017-01-01T03:00:00.0000000Z", "2017-01-03T03:00:00.0000000Z"])]


def test_the_old_form_has_its_end_as_a_point() -> None:
    query = "| make-series max(x) on t in range(datetime(2017-01-01 12:00), datetime(2017-01-05), 1d)"
    assert rows(_DATA + query) == [([4.0, 0.0, 8.0, 0.0, 8.0], _days(1, 2, 3, 4, 5))]


def test_numbers_may_be_the_axis() -> None:
    found = rows("range a from 1 to 6 step 1 | make-series sum(a) on a from 0 to 8 step 4")
    assert found == [([6, 15], [0, 4])]


def test_an_expression_of_aggregates_is_evaluated_for_each_point() -> None:
    found = rows("range a from 1 to 4 step 1 | make-series m = max(a) * 10 + count() on a step 2")
    assert found == [([11, 32, 41], [0, 2, 4])]


@pytest.mark.parametrize("step", ["0", "-1"])
def test_a_step_that_leads_nowhere_is_refused(step: str) -> None:
    with pytest.raises(EvaluationError, match="greater than 0"):
        run(f"range a from 1 to 6 step 1 | make-series sum(a) on a from 0 to 8 step {step}")


def test_a_grid_without_end_is_refused() -> None:
    with pytest.raises(EvaluationError, match="points in a series"):
        run("range a from 1 to 6 step 1 | make-series sum(a) on a from 0 to 8000000000 step 1")


@given(some.lists(some.integers(-50, 50), max_size=12), some.integers(1, 9), some.integers(-20, 20))
@settings(max_examples=60, deadline=None)
def test_every_row_inside_is_counted_once(values: list[int], step: int, first: int) -> None:
    data = f"datatable(a: long)[{', '.join(f'long({one})' for one in values)}]"
    found = rows(f"{data} | make-series n = count() on a from {first} to {first + 30} step {step}")
    inside = [one for one in values if first <= one < first + 30]
    assert (sum(found[0][0]) if found else 0) == len(inside)  # type: ignore[call-overload]


_EVENTS = """
datatable (Ts: timespan, Event: string)[
    0m, "A", 1m, "Start", 2m, "B", 3m, "D", 4m, "Stop", 6m, "C", 8m, "Start", 11m, "E", 12m, "Stop"]
| sort by Ts asc
"""


def _of(query: str) -> list[str]:
    return [f"{row[1]}{row[-1]}" for row in rows(_EVENTS + query)]


def test_events_between_two_others_are_tagged() -> None:
    query = """| scan with_match_id=m with (
        step s1: Event == "Start";
        step s2: Event != "Start" and Event != "Stop";
        step s3: Event == "Stop";)"""
    assert _of(query) == ["Start0", "B0", "D0", "Stop0", "Start1", "E1", "Stop1"]


def test_only_the_last_record_of_a_step_may_be_given() -> None:
    query = """| scan with_match_id=m with (
        step s1 output=none: Event == "Start";
        step s2 output=last: Event != "Start" and Event != "Stop";
        step s3: Event == "Stop";)"""
    assert _of(query) == ["D0", "Stop0", "E1", "Stop1"]


def test_an_optional_step_may_be_passed_over() -> None:
    query = """| scan with_match_id=m with (
        step s1: Event == "Start";
        step s2 optional: Event == "B";
        step s3: Event == "Stop" or Event == "E";)"""
    assert _of(query) == ["Start0", "B0", "Stop0", "Start1", "E1", "Stop1"]


def test_steps_see_what_the_steps_before_matched() -> None:
    query = """| scan declare (since: timespan, n: long = 5) with (
        step s1 output=none: Event == "Start" => since = Ts, n = 1;
        step s2: Event == "Stop" => since = Ts - s1.since, n = s1.n + s2.n;)
        | project since, n"""
    assert rows(_EVENTS + query) == [(1_800_000_000, 6), (2_400_000_000, 6)]


def test_partitions_are_scanned_each_by_itself() -> None:
    query = """datatable(k: string, x: long)["a", 1, "b", 10, "a", 2, "b", 20]
        | scan partition by k declare (total: long = 0) with (step s: true => total = x + s.total;)"""
    assert rows(query) == [("a", 1, 1), ("a", 2, 3), ("b", 10, 10), ("b", 20, 30)]


def test_what_is_declared_and_not_set_is_nothing() -> None:
    query = "| scan declare (a: long, b: string, c: real = 1) with (step s: true;) | take 1 | project a, b, c"
    assert rows(_EVENTS + query) == [(None, "", 1.0)]
