"""Numbers, distributions, hashes and units."""

from __future__ import annotations

import math

import pytest
from tests.kql.rows import shown, value


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("round(2.15, 1)", 2.2),
        ("round(2.15)", 2.0),
        ("round(-50.55, -2)", -100.0),
        ("round(21.5, -1)", 20.0),
        ("round(25, -1)", 30),
        ("ceiling(-1.1)", -1.0),
        ("abs(-5)", 5),
        ("abs(-5s)", 50_000_000),
        ("sign(-42)", -1.0),
        ("pow(2, 3)", 8.0),
        ("log(0)", -math.inf),
        ("log(-1)", None),
        ("acos(2)", None),
        ("exp(10000)", math.inf),
        ("exp2(3)", 8.0),
        ("gamma(5)", 24.0),
        ("bitset_count_ones(42)", 3),
        ("bitset_count_ones(-1)", 64),
        ("max_of(10, 1.5, -3, 17)", 17.0),
        ("min_of(int(null), 3)", 3),
    ],
)
def test_numbers_are_rounded_raised_and_measured(expression: str, result: object) -> None:
    assert value(expression) == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("beta_pdf(0.5, 10.0, 20.0)", 0.746176019310951),
        ("beta_cdf(0.3, 1.0, 5.0)", 1 - 0.7**5),
        ("erf(0.5)", 0.5204998778130465),
        ("erfc(0.5)", 0.4795001221869535),
        ("loggamma(5)", 3.1780538303479458),
        ("cot(1)", 0.6420926159343306),
        ("welch_test(5.0, 1.0, 10, 5.0, 1.0, 10)", 1.0),
        ("round(welch_test(20.82, 7.8902857, 15, 22.9867, 3.7912381, 15), 3)", 0.021),
    ],
)
def test_distributions_agree_with_published_values(expression: str, result: float) -> None:
    found = value(expression)
    assert isinstance(found, float)
    assert math.isclose(found, result, rel_tol=1e-12)


def test_the_inverse_of_a_distribution_undoes_it() -> None:
    assert math.isclose(value("beta_cdf(beta_inv(0.3, 2.0, 5.0), 2.0, 5.0)"), 0.3, rel_tol=1e-9)
    assert value("beta_inv(1.5, 10.0, 20.0)") is None
    assert math.isnan(value("beta_inv(0.1, -1.0, 20.0)"))


def test_what_has_no_value_is_no_number() -> None:
    assert shown("beta_pdf(1.5, 10.0, 20.0)") == "NaN"
    assert shown("sqrt(-1)") == "NaN"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("hash('World')", "1846988464401551951"),
        ("hash('World', 100)", "51"),
        ("hash(datetime(2015-01-01))", "1380966698541616202"),
        ("hash_xxhash64('Hello')", "753694413698530628"),
        ("hash_md5('World')", "f5a7924e621e84c9280a9a27e1bcb7f6"),
        ("hash_sha1(datetime(2020-01-01))", "e903e533f4d636b4fc0dcf3cf81e7b7f330de776"),
        ("hash_sha256('World')", "78ae647dc5544d227130a0682a51e30bc7777fbb6d8a8f17007463a3ecd1d524"),
    ],
)
def test_hashes_are_those_of_the_service(expression: str, text: str) -> None:
    assert shown(expression) == text


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("convert_angle(1.2, 'Degree', 'Arcminute')", 72.0),
        ("convert_energy(1.2, 'Joule', 'BritishThermalUnit')", 0.00113738054437598),
        ("convert_force(1.2, 'Newton', 'Decanewton')", 0.12),
        ("convert_length(1.2, 'Meter', 'Foot')", 3.93700787401575),
        ("convert_mass(1.2, 'Kilogram', 'Pound')", 2.64554714621853),
        ("convert_speed(1.2, 'MeterPerSecond', 'CentimeterPerHour')", 432_000.0),
        ("convert_temperature(1.2, 'Kelvin', 'DegreeCelsius')", -271.95),
        ("convert_temperature(100.0, 'DegreeCelsius', 'DegreeFahrenheit')", 212.0),
        ("convert_volume(1.2, 'CubicMeter', 'AcreFoot')", 0.0009728568),
    ],
)
def test_units_are_converted_by_their_definitions(expression: str, result: float) -> None:
    found = value(expression)
    assert isinstance(found, float)
    assert math.isclose(found, result, rel_tol=1e-12)


def test_a_unit_that_nobody_knows_gives_null() -> None:
    assert value("convert_length(1.0, 'Meter', 'Parasang')") is None


def test_random_values_differ_from_row_to_row() -> None:
    assert value("new_guid()") != value("new_guid()")
    assert 0 <= value("rand()") < 1
    assert value("rand(10)") in range(10)
