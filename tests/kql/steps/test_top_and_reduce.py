"""``sample-distinct``, ``top-hitters``, ``top-nested`` and ``reduce``."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.kql.steps.running import rows

from lockgate.kql.errors import EvaluationError

_SALES = """datatable(k: string, c: string, x: real)[
    "a", "p", 1, "a", "q", 2, "b", "p", 10, "a", "p", 3, "c", "r", 4]"""


def test_a_sample_holds_different_values() -> None:
    assert rows(_SALES + "| sample-distinct 2 of k") == [("a",), ("b",)]
    assert rows(_SALES + "| sample-distinct 0 of k") == []


def test_top_hitters_are_those_there_most_or_that_weigh_most() -> None:
    assert rows(_SALES + "| top-hitters 1 of k") == [("a", 3)]
    assert rows(_SALES + "| top-hitters 2 of k by x") == [("b", 10.0), ("a", 6.0)]


def test_a_count_below_0_is_refused() -> None:
    with pytest.raises(EvaluationError, match="0 or more"):
        rows(_SALES + "| top-hitters -1 of k")


def test_levels_are_nested() -> None:
    found = rows(_SALES + "| top-nested 1 of k by count(), top-nested 2 of c by total = sum(x) asc")
    assert found == [("a", 3, "q", 2.0), ("a", 3, "p", 4.0)]


def test_others_are_summed_up_when_they_are_asked_for() -> None:
    query = '| top-nested 1 of k with others = "rest" by sum(x), top-nested 1 of c with others = "more" by sum(x)'
    assert rows(_SALES + query) == [
        ("b", 10.0, "p", 10.0),
        ("rest", 10.0, "more", 10.0),
    ]
    query = '| top-nested 1 of k with others = "rest" by sum(x), top-nested of c by sum(x)'
    assert rows(_SALES + query)[-1] == ("rest", 10.0, "", None)


def test_texts_that_differ_in_a_word_share_a_pattern() -> None:
    query = """datatable(m: string)["user ann logged in", "user bob logged in", "disk full on c", "user cy logged in"]
        | reduce by m with threshold = 0.3"""
    assert rows(query) == [("user * logged in", 3, "user ann logged in"), ("others", 1, "")]


def test_signs_that_part_words_are_given() -> None:
    query = 'datatable(m: string)["fooZ1", "fooZ2", "fooZ3"] | reduce by m with characters = "Z"'
    assert rows(query) == [("foo*", 3, "fooZ1")]


def test_rows_may_be_shown_with_their_pattern() -> None:
    query = 'datatable(n: long, m: string)[1, "a 1", 2, "a 2"] | reduce kind=source by m'
    assert rows(query) == [(1, "a 1", "a *", 2, "a 1"), (2, "a 2", "a *", 2, "a 1")]


@given(some.lists(some.text(alphabet="ab 1-*", max_size=8), max_size=10))
@settings(max_examples=60, deadline=None)
def test_every_text_is_in_one_pattern(texts: list[str]) -> None:
    data = f"datatable(m: string)[{', '.join(repr(one) for one in texts)}]"
    found = rows(f"{data} | reduce by m")
    assert sum(row[1] for row in found) == len(texts)  # type: ignore[misc]
