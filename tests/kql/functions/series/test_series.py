"""Functions of series: documented results, what the documentation says of missing values, and any arrays at all."""

import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from lockgate.kql import catalogue
from lockgate.kql.functions import find
from lockgate.kql.functions.series.arrays import LONGEST
from lockgate.kql.types import DYNAMIC

NAMES = [name for name in catalogue.names("scalar") if catalogue.subject(name) == "series"]
TRAFFIC = [
    80, 139, 87, 110, 68, 54, 50, 51, 53, 133, 86, 141, 97, 156, 94, 149, 95, 140, 77, 61, 50, 54, 47, 133, 72, 152, 94,
    148, 105, 162, 101, 160, 87, 63, 53, 55, 54, 151, 103, 189, 108, 183, 113, 175, 113, 178, 90, 71, 62, 62, 65, 165,
    109, 181, 115, 182, 121, 178, 114, 170,
]  # fmt: skip
"""Two counts a day over a month, from the documentation of series_periods_detect."""
INF, NAN = math.inf, math.nan


def of(name: str, *arguments: object) -> Any:
    maker = find(name)
    assert maker is not None
    return maker(tuple(DYNAMIC for _ in arguments), DYNAMIC)(*arguments)


def same(left: object, right: object) -> bool:
    """Whether both are equal to 12 digits, long for long and real for real."""
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[name], right[name]) for name in left)
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (left != left and right != right) or math.isclose(left, right, rel_tol=1e-12)
    return type(left) is type(right) and left == right


def test_every_function_of_the_catalogue_is_there() -> None:
    assert [name for name in NAMES if find(name) is None] == []
    assert len(NAMES) == 52


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("series_add", ([1, 2, 4], [4, 2, 1]), [5, 4, 5]),
        ("series_add", ([1, 2.5], 1), [2, 3.5]),
        ("series_subtract", (1, [1, None, "x"]), [0, None, None]),
        ("series_multiply", ([1, 2, 4], [4, 2]), [4, 4, None]),
        ("series_multiply", ([2**62], [4]), [0]),
        ("series_divide", ([1, 2, 4], [4, 2, 1]), [0.25, 1.0, 4.0]),
        ("series_divide", ([2, -2, 0, NAN], 0), [INF, -INF, NAN, NAN]),
        ("series_pow", ([1, 2, -8, 0], [4, 2, 0.5, -1]), [1.0, 4.0, NAN, INF]),
        ("series_pow", ([-1e200, 10.0], [3, 400]), [-INF, INF]),
        ("series_greater_equals", ([1, 2, 4], [4, 2, 1]), [False, True, True]),
        ("series_not_equals", ([1, 2, True], [1, 3, 1]), [False, True, None]),
        ("series_equals", (["2026-01-01T00:00:00.0000000Z"], [639_028_224_000_000_000]), [True]),
        ("series_abs", ([-6.5, 0, 8.2],), [6.5, 0.0, 8.2]),
        ("series_abs", ([-6, None],), [6, None]),
        ("series_sign", ([-6, 0, 8],), [-1, 0, 1]),
        ("series_floor", ([-1.5, 1, 2.5],), [-2.0, 1.0, 2.0]),
        ("series_ceiling", ([-1.5, 1, 2.5, INF],), [-1.0, 1.0, 3.0, INF]),
        ("series_asin", ([-1, 0, 1, 2],), [-1.5707963267948966, 0.0, 1.5707963267948966, NAN]),
        ("series_atan", ([-1, 0, 1],), [-0.78539816339744828, 0.0, 0.78539816339744828]),
        ("series_cos", ([-1, 0, 1],), [0.54030230586813976, 1.0, 0.54030230586813976]),
        ("series_tan", ([-1, 0, 1],), [-1.5574077246549023, 0.0, 1.5574077246549023]),
        ("series_log", ([1, 0, -1],), [0.0, -INF, NAN]),
        ("series_exp", ([0, 1000],), [1.0, INF]),
        ("series_sum", ([1, 2, 3, 4],), 10.0),
        ("series_product", ([1, 2, 3, 4],), 24.0),
        ("array_sum", ([1, "a"],), None),
        ("series_magnitude", ([3, 4],), 5.0),
        ("series_dot_product", ([1, 2, 3], [4, 5]), 14.0),
        ("series_dot_product", ([1, 2, 3], 2), 12.0),
        ("series_cosine_similarity", ([0.1, 0.2, 0.1, 0.2], [0.11, 0.2, 0.11, 0.21]), 0.99935343825504),
        ("series_cosine_similarity", ([0.1, 0.2, 0.1, 0.2], [1, 2, 3, 4]), 0.923760430703401),
        ("series_pearson_correlation", ([1, 2, 3], [2, 4, 6]), 1.0),
        ("series_pearson_correlation", ([1, 2, 3], [2, 4]), None),
        ("series_iir", ([1.0, 2.0, 3.0, 4.0], [1], [1, -1]), [1.0, 3.0, 6.0, 10.0]),
        ("series_iir", ([1], [1], [0]), None),
        ("series_fir", ([0, 0, 0, 0, 2, 2, 3, 3], [1, -1]), [0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 1.0, 0.0]),
        ("series_fir", ([0, 10, 0], [1, 1]), [0.0, 5.0, 5.0]),
        ("series_fir", ([0, 0, 30, 0, 0], [1, 1, 1], True, True), [0.0, 10.0, 10.0, 10.0, 0.0]),
        ("series_fir", ([1], [1, -1], True), None),
        ("series_fill_forward", ([None, None, 36, 41, None, None, 16],), [None, None, 36, 41, 41, 41, 16]),
        ("series_fill_backward", ([None, 36, None, None],), [36, 36, None, None]),
        ("series_fill_const", ([None, 36, -1], 0.0, -1), [None, 36, 0]),
        ("series_fill_const", ([None, 36.5], 0), [0.0, 36.5]),
        ("series_fill_linear", ([None, 111.0, None, 36.0, 41.0, None],), [111.0, 111.0, 73.5, 36.0, 41.0, 41.0]),
        ("series_fill_linear", ([None, 111, None, 36, 41, None, None, 16],), [111, 111, 73, 36, 41, 32, 24, 16]),
        ("series_fill_linear", ([None, 1, None], None, False), [None, 1, None]),
        ("series_fill_linear", ([None, None], None, True, 3.14159), [3.14159, 3.14159]),
        ("series_fft", ([1, 0, 0, 0],), ([1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0])),
        ("series_ifft", ([1, 1, 1, 1], [0, 0, 0, 0]), ([1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0])),
        ("series_stats", ([1, None],), (None,) * 7),
        ("series_stats", ([None, 5, NAN, 1], True), (1.0, 3, 5.0, 1, 3.0, math.sqrt(8), 8.0)),
        ("series_seasonal", ([1, 3, 5, 2, 4, 6] * 2,), [0.0] * 12),
        ("series_seasonal", ([1, 3, 5, 2, 4, 6] * 2, 3), [1.5, 3.5, 5.5] * 4),
        ("series_seasonal", ([1, 3, 5, 1, 3, 5, 2, 4, 6], 3), [1.0, 3.0, 5.0] * 3),
        ("series_seasonal", ([8, *[12, 14, 12, 10, 10] * 3, 12, 14, 12, 10],), [10.0, 12.0, 14.0, 12.0, 10.0] * 4),
    ],
)  # fmt: skip
def test_a_function_gives(name: str, arguments: tuple[object, ...], result: object) -> None:
    found = of(name, *arguments)
    assert same(found, result), found


def test_statistics_are_those_of_the_documentation() -> None:
    numbers = [23, 46, 23, 87, 4, 8, 3, 75, 2, 56, 13, 75, 32, 16, 29]
    variance, deviation = 812.45714285714291, 28.503633853548269
    assert same(of("series_stats", numbers), (2.0, 8, 87.0, 3, 32.8, deviation, variance))
    bag = {"min": 2.0, "min_idx": 8, "max": 87.0, "max_idx": 3, "avg": 32.8, "stdev": deviation, "variance": variance}
    assert same(of("series_stats_dynamic", numbers), bag | {"sum": 492.0, "len": 15})


def test_scores_of_outliers_are_those_of_the_service() -> None:
    values = [-3, 2.4, 15, 3.9, 5, 6, 4.5, 5.2, 3, 4, 5, 16, 7, 5, 5, 4]
    scores = [-1.9040785483608571, -0.10021466044004519, 1.3361954725339347, *[0.0] * 8, 1.6702443406674186, *[0.0] * 4]
    assert of("series_outliers", values) == pytest.approx(scores, rel=1e-7)
    assert of("series_outliers", [*values, None, -1], "ctukey", -1) == pytest.approx([*scores, 0.0, 0.0], rel=1e-7)
    assert of("series_outliers", [0, 1, 2, 3, 4, 10], "tukey") == pytest.approx([-0.5, -0.1, 0, 0, 0.1, 2.5], rel=1e-12)
    assert of("series_outliers", [0] * 20 + [5]) == [0.0] * 20 + [INF]
    assert of("series_outliers", values, "other") is None
    assert of("series_outliers", values, "ctukey", None, 1, 90) is None


def test_lines_are_those_of_the_documentation() -> None:
    values = [2, 5, 6, 8, 11, 15, 17, 18, 25, 26, 30, 30]
    rsquare, slope, variance, rvariance, interception, fitted = of("series_fit_line", values)
    assert (round(rsquare, 3), round(slope, 2), round(variance, 2), round(rvariance, 3)) == (0.983, 2.73, 98.63, 1.686)
    assert (fitted[0], fitted[-1], interception) == pytest.approx((1.064, 31.103, 1.064), abs=5e-4)
    assert of("series_fit_line_dynamic", values)["slope"] == slope
    # A polynomial counts its points from 1.
    assert of("series_fit_poly", values)[1] == pytest.approx([slope, interception - slope])
    assert of("series_fit_poly", [1, 4, 9, 16], [1, 2, 3, 4], 2)[1] == pytest.approx([1, 0, 0], abs=1e-9)
    assert of("series_fit_poly", values, [1], 2) == (None,) * 5


def test_two_lines_split_where_they_leave_least() -> None:
    found = of("series_fit_2lines_dynamic", [1, 2.2, 2.5, 4.7, 5.0, 12, 10.3, 10.3, 9, 8.3, 6.2])
    assert (found["split_idx"], round(found["rsquare"], 3)) == (5, 0.987)
    assert found["left"]["slope"] > 0 > found["right"]["slope"]
    assert list(found)[:5] == ["rsquare", "split_idx", "variance", "rvariance", "line_fit"]
    assert len(of("series_fit_2lines", [1, 2, 3, 9, 8, 7])) == 15


@given(some.lists(some.integers(-100, 100), min_size=4, max_size=24))
def test_the_split_is_the_best_of_all(values: list[int]) -> None:
    from lockgate.kql.functions.series import fits

    def rest(split: int) -> float:
        import numpy

        parts = [numpy.array(part, dtype=float) for part in (values[:split], values[split:])]
        return float(sum(((part - fits.through(part).values) ** 2).sum() for part in parts))

    found = of("series_fit_2lines", values)
    assert rest(found[1]) <= min(rest(split) for split in range(2, len(values) - 1)) + 1e-6


def test_a_week_is_found_in_two_counts_a_day() -> None:
    periods, scores = of("series_periods_detect", TRAFFIC, 0.0, 50.0, 2)
    assert (periods, [round(one, 2) for one in scores]) == ([14.0, 0.0], [0.84, 0.0])
    periods, scores = of("series_periods_validate", TRAFFIC, 14.0, 10.0)
    assert (periods, [round(one, 2) for one in scores]) == ([14.0, 10.0], [0.84, 0.0])
    assert of("series_periods_detect", TRAFFIC, 15, 50.0, 1) == ([0.0], [0.0])


def _weeks(weekend: float, rise: float) -> list[float]:
    """Five weeks of hours with a weekend, three dips and three spikes: the documented example of anomalies."""
    drawn = random.Random(7)
    dips = {150: -8.0, 200: -8.0, 780: -8.0, 300: 8.0, 400: 8.0, 600: 8.0}
    return [
        2 * drawn.random() + (weekend if hour // 24 % 7 >= 5 else 15.0) - (hour % 24 // 10) ** 2 + hour * rise
        + dips.get(hour, 0.0)
        for hour in range(1, 24 * 7 * 5 + 1)
    ]  # fmt: skip


def test_anomalies_are_found_as_the_documentation_shows() -> None:
    planted = {150: -1, 200: -1, 780: -1, 300: 1, 400: 1, 600: 1}

    def flagged(values: list[float], *more: object) -> dict[int, int]:
        flags, scores, baseline = of("series_decompose_anomalies", values, *more)
        assert len(flags) == len(scores) == len(baseline) == len(values)
        return {hour: flag for hour, flag in enumerate(flags, 1) if flag}

    assert flagged(_weeks(10, 0), 5) == planted
    rising = _weeks(5, 1 / 72)
    missed = flagged(rising)
    assert set(missed) < set(planted)
    low = flagged(rising, 1.5, -1, "linefit")
    assert planted.items() < low.items()
    assert flagged(rising, 2.8, -1, "linefit") == planted
    assert flagged(rising, 1.5, -1, "linefit", 0, "tukey").items() >= planted.items()


def test_parts_of_a_series_add_up_and_a_forecast_goes_on() -> None:
    values = [float(value + day) for day in range(10) for value in (1, 5, 3, 9, 2)]
    baseline, seasonal, trend, residual = of("series_decompose", values, -1, "linefit")
    assert seasonal[:5] == seasonal[5:10]
    assert [a + b for a, b in zip(seasonal, trend, strict=True)] == pytest.approx(baseline)
    assert [a + b for a, b in zip(baseline, residual, strict=True)] == pytest.approx(values)
    unknown = values[:40] + [0.0] * 10
    forecast = of("series_decompose_forecast", unknown, 10, 5, "linefit")[0]
    assert forecast[40:] == pytest.approx(values[40:], abs=1.5)
    assert of("series_decompose", values, 0, "none")[3] == values
    assert of("series_decompose", values, 0, "other") == (None,) * 4


def test_a_flat_series_with_a_spike_has_one_anomaly() -> None:
    flags, scores, baseline = of("series_decompose_anomalies", [3] * 20 + [30], 1.5, 0)
    assert (flags, scores[-1], baseline[0]) == ([0] * 20 + [1], INF, pytest.approx(90 / 21))
    assert of("series_decompose_anomalies", [0.1] * 30)[0] == [0] * 30


ELEMENTS = (
    some.none() | some.booleans() | some.integers(-(2**70), 2**70) | some.floats() | some.text(max_size=3)
    | some.just("2026-01-01T00:00:00.1Z") | some.lists(some.integers(), max_size=2)
)  # fmt: skip
NUMBERS = some.integers(-5, 5) | some.floats()
ARGUMENTS = some.lists(ELEMENTS, max_size=12) | some.lists(NUMBERS, max_size=40) | ELEMENTS | some.just("linefit")


@settings(max_examples=300)
@given(some.sampled_from(NAMES), some.lists(ARGUMENTS, min_size=6, max_size=6), some.data())
def test_no_arguments_end_in_an_error(name: str, arguments: list[object], data: some.DataObject) -> None:
    function = catalogue.find(name)
    assert function is not None
    signature = function.signatures[0]
    count = data.draw(some.integers(max(signature.least, 1), min(signature.most, 6)))
    found = of(name, *arguments[:count])
    first = arguments[0]
    of_one = name.startswith(("series_fill", "series_outliers", "series_s")) and name != "series_subtract"
    if of_one and isinstance(first, list):
        assert not isinstance(found, list) or len(found) == len(first)


def test_a_series_too_long_gives_null() -> None:
    assert of("series_abs", [1] * (LONGEST + 1)) is None
    assert of("series_iir", [1.0] * 40_000, [1.0] * 1_000, [1.0] * 1_000) is None
