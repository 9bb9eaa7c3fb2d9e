"""Aggregates over the columns of one group: documented results, groups without rows, and any rows at all."""

from decimal import Decimal
from math import isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from lockgate.kql import catalogue
from lockgate.kql.aggregates import PICKS, find
from lockgate.kql.types import (
    ARRAY,
    BAG,
    BOOL,
    DATETIME,
    DECIMAL,
    DYNAMIC,
    INT,
    LONG,
    REAL,
    STRING,
    TIMESPAN,
    Column,
    Tuple,
    Type,
)  # fmt: skip


def of(name: str, types: list[Type], *columns: list[object], result: Type | None = None) -> object:
    maker = find(name)
    assert maker is not None
    return maker(tuple(types), result or types[0])(*columns)


def test_every_aggregate_of_the_catalogue_is_there() -> None:
    assert [one for one in catalogue.names("aggregate") if find(one) is None] == []


@pytest.mark.parametrize(
    ("name", "types", "result", "expected"),
    [
        ("count", [LONG], LONG, 0), ("countif", [BOOL], LONG, 0), ("sum", [LONG], LONG, 0), ("sum", [REAL], REAL, 0),
        ("dcount", [STRING], LONG, 0), ("min", [LONG], LONG, None), ("max", [STRING], STRING, ""),
        ("stdev", [REAL], REAL, 0), ("variance", [LONG], REAL, 0), ("make_list", [LONG], ARRAY, []),
        ("make_set", [LONG], ARRAY, []), ("make_bag", [BAG], BAG, {}), ("avg", [TIMESPAN], TIMESPAN, None),
        ("arg_max", [LONG], Tuple([]), None), ("take_any", [LONG], Tuple([]), None),
        ("percentile", [LONG, REAL], Tuple([Column("p", LONG)]), (None,)), ("binary_all_or", [LONG], LONG, None),
    ],
)  # fmt: skip
def test_a_group_without_rows(name: str, types: list[Type], result: Type, expected: object) -> None:
    assert of(name, types, *[[] for _ in types], result=result) == expected


def test_the_mean_of_no_numbers_is_nan() -> None:
    assert isnan(of("avg", [LONG], [], result=REAL))  # type: ignore[arg-type]
    assert isnan(of("avg", [REAL], [None], result=REAL))  # type: ignore[arg-type]


def test_count_counts_nulls_and_true_conditions() -> None:
    assert of("count", [], 7, result=LONG) == 7  # type: ignore[arg-type]
    assert of("count", [REAL], [None, 5.0], result=LONG) == 2
    assert of("count", [BOOL], [True, False, None], result=LONG) == 1


def test_a_sum_wraps_around_at_64_bits() -> None:
    assert of("sum", [LONG], [2**63 - 1, 1]) == -(2**63)


def test_a_sum_of_infinite_reals_does_not_fail() -> None:
    assert isnan(of("sum", [REAL], [float("inf"), float("-inf")]))  # type: ignore[arg-type]


def test_means_keep_the_type_of_times() -> None:
    assert of("avg", [TIMESPAN], [-3, -4]) == -3
    assert of("avg", [DECIMAL], [Decimal(1), None, Decimal(2)]) == Decimal("1.5")


def test_spreads_are_those_of_the_documentation() -> None:
    even = [one % 2 == 0 for one in range(1, 101)]
    assert of("stdevif", [LONG, BOOL], list(range(1, 101)), even, result=REAL) == pytest.approx(29.1547594742265)
    assert of("variance", [LONG], [1, 2, 3, 4, 5], result=REAL) == 2.5
    assert of("variancep", [LONG], [1, 2, 3, 4, 5], result=REAL) == 2
    pairs = [1.0, 2.0, 3.0, 4.0, 5.0], [14.0, 10.0, 17.0, 20.0, 50.0]
    assert of("covariancep", [REAL, REAL], *pairs) == pytest.approx(16.4)


def test_bits_of_all_rows() -> None:
    assert of("binary_all_or", [LONG], [0x88888008, 0x42000000, 0x00767000, 5]) == 0xCAFEF00D
    assert of("binary_all_xor", [LONG], [0x44404440, 0x1E1E1E1E, 0x90ABBA09, 0x000B105A]) == 0xCAFEF00D


def test_a_list_keeps_order_and_leaves_out_nulls() -> None:
    assert of("make_list", [LONG], [3, None, 1, 3], result=ARRAY) == [3, 1, 3]
    assert of("make_list", [LONG, LONG], [3, None, 1, 3], [2] * 4, result=ARRAY) == [3, 1]
    assert of("make_list", [DYNAMIC], [[1, [2]], [], {"a": [3]}, None, 4], result=ARRAY) == [1, [2], {"a": [3]}, 4]
    assert of("make_list_with_nulls", [INT], [None, 4, 4], result=ARRAY) == [None, 4, 4]


def test_a_set_keeps_what_is_seen_first_and_takes_arrays_apart() -> None:
    assert of("make_set", [STRING], ["b", "a", "b", ""], result=ARRAY) == ["b", "a", ""]
    assert of("make_set", [DYNAMIC], [["x", "y"], ["y", "z"], "x"], result=ARRAY) == ["x", "y", "z"]
    assert of("make_set", [DYNAMIC], [1, 1.0, True, {"a": 1, "b": 2}, {"b": 2, "a": 1}], result=ARRAY) == [
        1, 1.0, True, {"a": 1, "b": 2},
    ]  # fmt: skip
    assert of("make_set_if", [LONG, BOOL, LONG], [1, 2, 3], [True, None, True], [9] * 3, result=ARRAY) == [1, 3]


def test_times_in_a_list_are_text() -> None:
    assert of("make_list", [DATETIME], [636188256000000001], result=ARRAY) == ["2017-01-01T00:00:00.0000001Z"]
    assert of("make_list", [TIMESPAN], [-864_600_000_000 - 5], result=ARRAY) == ["-1.00:01:00.0000005"]


def test_the_first_value_of_a_key_goes_into_the_bag() -> None:
    assert of("make_bag", [BAG], [{"a": 1}, "none", {"a": 2, "b": 3}]) == {"a": 1, "b": 3}


def test_the_schema_of_the_documentation() -> None:
    rows: list[object] = [
        {"x": 1, "y": 3.5},
        {"x": "somevalue", "z": [1, 2, 3]},
        {"y": {"w": "zzz"}, "t": ["aa", "bb"], "z": ["foo"]},
    ]
    assert of("buildschema", [BAG], rows) == {
        "x": ["long", "string"],
        "y": ["double", {"w": "string"}],
        "z": {"`indexer`": ["long", "string"]},
        "t": {"`indexer`": "string"},
    }


def test_percentiles_are_values_that_are_there() -> None:
    shares: list[list[object]] = [[one] * 100 for one in (0, 50, 95, 99.9, 100)]
    found = of("percentiles", [LONG, *[REAL] * 5], list(range(100, 0, -1)), *shares)
    assert found == (1, 50, 95, 100, 100)


def test_weighted_percentiles_of_the_documentation() -> None:
    columns: list[list[object]] = [[10, 20, 30, 40], [8, 6, 3, 1], [50] * 4, [75] * 4, [99.9] * 4]
    assert of("percentilesw", [LONG, LONG, REAL, REAL, REAL], *columns) == (20, 20, 40)
    array: list[object] = [[50, 75, 99.9]] * 4
    assert of("percentilesw_array", [LONG, LONG, ARRAY], *columns[:2], array) == ([20, 20, 40],)


def test_a_null_is_chosen_only_when_all_are_null() -> None:
    assert of("arg_min", [INT], [None, 1, 1]) == 1
    assert of("arg_max", [INT], [None, None]) == 0
    assert of("take_any", [STRING], ["", "x"]) == 1
    assert of("take_any", [STRING, LONG], ["", "x"], [None, 1]) == 0
    assert of("take_anyif", [STRING, BOOL], ["", "x", "y"], [True, False, True], result=STRING) == "y"


_VALUES: dict[Type, some.SearchStrategy[object]] = {
    LONG: some.none() | some.integers(-(2**63), 2**63 - 1),
    REAL: some.none() | some.floats(),
    STRING: some.text(max_size=3),
    DECIMAL: some.none() | some.decimals(allow_nan=False, allow_infinity=False),
    BOOL: some.none() | some.booleans(),
    DATETIME: some.none() | some.integers(0, 3155378975999999999),
    DYNAMIC: some.recursive(
        some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=2),
        lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=2), inner, max_size=3),
        max_leaves=6,
    ),
}
_KINDS: dict[str, list[Type]] = {
    "integer": [LONG], "number": [REAL], "real": [REAL], "decimal": [DECIMAL], "timespan": [LONG], "bool": [BOOL],
    "datetime": [DATETIME], "summable": [LONG, REAL, DATETIME], "orderable": [LONG, REAL, STRING, BOOL],
    "static": [LONG, STRING, REAL], "countable": [LONG, STRING, DYNAMIC], "bag": [DYNAMIC], "array": [DYNAMIC],
    "scalar": [LONG, STRING, DYNAMIC, REAL, BOOL],
}  # fmt: skip


@given(some.data())
@settings(max_examples=400, deadline=None)
def test_no_rows_whatever_make_an_aggregate_fail(data: some.DataObject) -> None:
    name = data.draw(some.sampled_from(catalogue.names("aggregate")))
    function = catalogue.find(name, "aggregate")
    assert function is not None
    signature = data.draw(some.sampled_from(function.signatures))
    types = [data.draw(some.sampled_from(_KINDS[one.kinds[0]])) for one in signature.parameters]
    height = data.draw(some.integers(0, 4))
    columns = [data.draw(some.lists(_VALUES[one], min_size=height, max_size=height)) for one in types]
    result = data.draw(some.sampled_from([LONG, REAL, STRING, ARRAY]))
    maker = find(name)
    assert maker is not None
    compute = maker(tuple(types), result)
    found = compute(*columns) if columns else compute(height)
    if name in PICKS:
        assert found is None if height == 0 else found in range(height)


@pytest.mark.parametrize("name", ["count", "sum", "min", "max", "dcount", "stdev", "variance", "binary_all_xor", "hll"])
@given(rows=some.lists(_VALUES[LONG], max_size=6), data=some.data())
@settings(max_examples=30, deadline=None)
def test_the_order_of_rows_is_no_matter(name: str, rows: list[object], data: some.DataObject) -> None:
    mixed = data.draw(some.permutations(rows))
    assert of(name, [LONG], rows, result=LONG) == pytest.approx(of(name, [LONG], mixed, result=LONG))
