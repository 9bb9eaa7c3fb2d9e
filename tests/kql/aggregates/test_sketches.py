"""Sketches: exact while small, near when large, the same however they are put together."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from lockgate.kql import aggregates, functions
from lockgate.kql.sketches import hll, tdigest
from lockgate.kql.types import ARRAY, DATETIME, DYNAMIC, LONG, REAL, Type


def summed(name: str, values: list[object], *more: list[object]) -> list[object]:
    maker = aggregates.find(name)
    assert maker is not None
    found = maker((LONG,), ARRAY)(values, *more)
    assert isinstance(found, list)
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


def of(name: str, *values: object, result: Type = ARRAY) -> object:
    maker = functions.find(name)
    assert maker is not None
    return maker((ARRAY,) * len(values), result)(*values)


def test_few_values_are_counted_exactly() -> None:
    left, right = summed("hll", list(range(1, 11))), summed("hll", list(range(11, 21)))
    assert of("dcount_hll", of("hll_merge", left, right)) == 20
    assert of("dcount_hll", of("hll_merge", left, left)) == 10


@pytest.mark.parametrize(("accuracy", "error"), [(0, 0.05), (1, 0.025), (2, 0.0125), (3, 0.009), (4, 0.006)])
def test_many_values_are_counted_nearly(accuracy: int, error: float) -> None:
    values: list[object] = list(range(40_000))
    found = summed("hll", values, [accuracy] * len(values))
    assert found[2] == "registers"
    assert of("dcount_hll", found) == pytest.approx(40_000, rel=error)


def test_a_count_is_the_same_however_its_parts_are_put_together() -> None:
    whole = summed("hll", list(range(9_000)))
    parts = [summed("hll", list(range(at, at + 1_500))) for at in range(0, 8_000, 750)]
    assert summed("hll_merge", list(parts)) == whole
    assert summed("hll_merge", list(reversed(parts))) == whole


def test_the_less_accurate_sketch_rules() -> None:
    values: list[object] = list(range(9_000))
    fine, coarse = summed("hll", values, [4] * 9_000), summed("hll", values, [0] * 9_000)
    assert of("hll_merge", fine, coarse) == coarse
    assert of("hll_merge", coarse, fine) == coarse


def test_what_sketches_share() -> None:
    rows = range(1, 101)
    made = [hll.read(summed("hll", [one if one % by == 0 else 0 for one in rows], [2] * 100)) for by in (2, 3, 5)]
    known = [one for one in made if one is not None]
    assert [hll.shared(known[: i + 1]) - 1 for i in range(3)] == [50, 16, 3]


def test_what_large_sketches_share_is_near() -> None:
    made = [hll.read(summed("hll", list(range(at, at + 20_000)))) for at in (0, 10_000)]
    assert hll.shared([one for one in made if one is not None]) == pytest.approx(10_000, rel=0.1)


def test_few_values_have_exact_ranks() -> None:
    found = summed("tdigest", list(range(1, 1001)))
    assert of("rank_tdigest", found, 685) == 685.0
    assert of("percentrank_tdigest", found, 685) == 68.5
    assert of("percentile_tdigest", found, 95.0, result=DYNAMIC) == 950
    assert of("percentiles_array_tdigest", found, [50, 100]) == [500, 1000]


def test_many_values_have_near_percentiles() -> None:
    found = tdigest.of(REAL, [one / 7 for one in range(70_000)])
    assert len(found.values) < tdigest.MOST
    for share in (0.1, 1, 50, 99, 99.9):
        assert found.percentile(share) == pytest.approx(share * 100, rel=0.003, abs=1)


def test_a_percentile_of_times_is_a_time() -> None:
    maker = aggregates.find("tdigest")
    assert maker is not None
    found = maker((DATETIME,), ARRAY)([636188256000000000])
    assert of("percentile_tdigest", found, 50, result=DYNAMIC) == "2017-01-01T00:00:00.0000000Z"
    assert of("percentile_tdigest", found, 50, DATETIME, result=DATETIME) == 636188256000000000


@given(some.recursive(some.none() | some.integers() | some.text(max_size=9), lambda one: some.lists(one, max_size=4)))
@settings(max_examples=200, deadline=None)
def test_what_is_no_sketch_is_null(value: object) -> None:
    assert of("dcount_hll", value) is None
    assert of("rank_tdigest", value, 1) is None
    assert of("hll_merge", value, value) is None
    assert of("tdigest_isvalid", value) is False


@pytest.mark.parametrize(
    "value",
    [
        ["hll", 1, "values", "AAA"], ["hll", 9, "values", ""], ["hll", 1, "registers", "AAAA"],
        ["hll", 1, "values", "#"], ["tdigest", "long", [1], [0]], ["tdigest", "long", [1, 2], [1]],
        ["tdigest", "odd", [1], [1]], ["tdigest", "real", ["1"], [1]],
    ],
)  # fmt: skip
def test_a_damaged_sketch_is_null(value: list[object]) -> None:
    assert hll.read(value) is None
    assert tdigest.read(value) is None
