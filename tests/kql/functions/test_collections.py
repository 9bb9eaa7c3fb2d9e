"""Arrays, sets and bags."""

from __future__ import annotations

import pytest
from tests.kql.rows import shown, value


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("array_concat(dynamic([1, 2]), dynamic(['a']))", '[1,2,"a"]'),
        ("array_slice(dynamic([1, 2, 3, 4, 5]), -3, -2)", "[3,4]"),
        ("array_slice(dynamic([1, 2, 3]), 2, 9)", "[3]"),
        ("array_split(dynamic([1, 2, 3, 4, 5]), dynamic([1, 3]))", "[[1],[2,3],[4,5]]"),
        ("array_split(dynamic([1, 2, 3, 4, 5]), -2)", "[[1,2,3],[4,5]]"),
        ("array_rotate_left(dynamic([1, 2, 3, 4, 5]), -2)", "[4,5,1,2,3]"),
        ("array_shift_right(dynamic([1, 2, 3]), 1)", "[null,1,2]"),
        ("array_shift_left(dynamic([1, 2, 3]), 9, 0)", "[0,0,0]"),
        ("array_iff(dynamic([true, false, 1, 0, 'x']), 1, dynamic(['a', 'b', 'c']))", '[1,"b",1,null,null]'),
        ("array_index_of(dynamic(['this', 'is', 'is']), 'is', 0, -1, 2)", "2"),
        ("array_index_of(dynamic([1, 2]), 'a')", "-1"),
        ("array_length(parse_json('{}'))", ""),
        ("array_sort_asc(dynamic([null, 'b', 2, 'a', true]))", '[true,2,"a","b",null]'),
        ("array_sort_desc(dynamic([1, 3, null, 2]), false)", "[null,3,2,1]"),
        ("array_sort_asc(dynamic([2, 1]), dynamic(['b', 'a']))[1]", '["a","b"]'),
        ("range(1, 8, 3)", "[1,4,7]"),
        ("range(5, 1)", "[]"),
        ("range(datetime(2026-01-01), datetime(2026-01-02), 1d)",
         '["2026-01-01T00:00:00.0000000Z","2026-01-02T00:00:00.0000000Z"]'),
        ("repeat(1s, 2)", '["00:00:01","00:00:01"]'),
        ("zip(dynamic([1, 2]), dynamic(['a']))", '[[1,"a"],[2,null]]'),
        ("pack_array(1, 1.0, 'a', datetime(2026-01-01), decimal(1.5))",
         '[1,1.0,"a","2026-01-01T00:00:00.0000000Z","1.5"]'),
    ],
)  # fmt: skip
def test_arrays_are_made_cut_and_put_in_order(expression: str, text: str) -> None:
    assert shown(expression) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("set_union(dynamic([1, 2]), dynamic([2.0, true, 3]))", "[1,2,true,3]"),
        ("set_intersect(dynamic([3, 1, 2]), dynamic([1, 2, 3]), dynamic([2, 3]))", "[3,2]"),
        ("set_difference(dynamic([1, 1, 2]), dynamic([2]))", "[1]"),
        ("set_has_element(dynamic(['a', {'b': 1}]), dynamic({'b': 1}))", "true"),
        ("set_equals(dynamic([1, 2, 2]), dynamic([2, 1]))", "true"),
        ("jaccard_index(dynamic([1, 2, 3]), dynamic([1, 2, 3, 4]))", "0.75"),
    ],
)
def test_sets_hold_each_element_once_in_the_order_of_sight(expression: str, text: str) -> None:
    assert shown(expression) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("bag_pack('a', 1, 'b', 2d)", '{"a":1,"b":"2.00:00:00"}'),
        ("bag_merge(dynamic({'a': 1}), dynamic({'a': 2, 'b': 3}))", '{"a":1,"b":3}'),
        ("bag_keys(dynamic({'a': 1, 'b': {'c': 2}}))", '["a","b"]'),
        ("bag_has_key(dynamic({'a': {'b': 1}}), '$.a.b')", "true"),
        ("bag_has_key(dynamic({'a': 1}), 'b')", "false"),
        ("bag_remove_keys(dynamic({'a': {'b': 1, 'c': 2}, 'd': 3}), dynamic(['$.a.b', 'd']))", '{"a":{"c":2}}'),
        ("bag_set_key(dynamic({'a': 1}), '$.b.c', 'x')", '{"a":1,"b":{"c":"x"}}'),
        ("bag_set_key(parse_json('[1]'), 'a', 1)", ""),
        ("bag_zip(dynamic(['a', 'b', 3]), dynamic([1]))", '{"a":1,"b":null}'),
        ("treepath(dynamic({'a': {'b': [1]}}))", """["['a']","['a']['b']","['a']['b'][0]"]"""),
    ],
)
def test_bags_are_packed_merged_and_changed_by_path(expression: str, text: str) -> None:
    assert shown(expression) == text


def test_no_array_is_longer_than_the_service_allows() -> None:
    assert len(value("range(1, 9999999)")) == 1 << 20
    assert len(value("repeat(0, 9999999)")) == 1 << 20
