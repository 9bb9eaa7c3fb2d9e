"""How values compare: case, coercion, order, like and match."""

import pytest

from lockgate.policy.azure.values import MISSING, contains, equal, fold, instant, like, match, order, written
from lockgate.policy.errors import EvaluationError


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Straße", "STRASSE"),
        ("ﬃce", "FFICE"),
        ("ΚΟΣΜΟΣ", "κοσμος"),
        ("MÜNCHEN", "mu\u0308nchen"),
        (80, "80"),
        ("3.0", 3),
        (True, "TRUE"),
        ("false", False),
        (None, MISSING),
        ([1, "A"], ["1", "a"]),
        ({"A": 1}, {"a": "1"}),
    ],
)
def test_values_that_are_equal(left: object, right: object) -> None:
    assert equal(left, right)
    assert equal(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [("1.0", "1"), (True, 1), (0, False), ("", None), (MISSING, ""), ([1], 1), ({"a": 1}, {"a": 1, "b": 2}), ("x", 80)],
)
def test_values_that_differ(left: object, right: object) -> None:
    assert not equal(left, right)
    assert not equal(right, left)


def test_numbers_order_with_the_text_that_spells_them() -> None:
    assert order("8080", 1024) == 1
    assert order(2, "10") == -1
    assert order("10", "9") == -1, "text with text stays text"


def test_dates_order_by_the_moment_and_not_by_their_text() -> None:
    assert order("2025-01-01T00:00:00.5000000Z", "2025-01-01T00:00:00Z") == 1
    assert order("2025-01-01T02:00:00+02:00", "2025-01-01T00:00:00Z") == 0


@pytest.mark.parametrize(("left", "right"), [(True, 1), ("abc", 1), ([1], [2]), ({}, "a")])
def test_values_of_different_kinds_cannot_be_ordered(left: object, right: object) -> None:
    with pytest.raises(EvaluationError, match="cannot be ordered"):
        order(left, right)


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [
        ("my-prod-vm", "my-*-vm", True),
        ("my-vm", "my-*-vm", False),
        ("abc", "*", True),
        ("abc", "a*b*c", True),
        ("aXbYc", "a*b*c", True),
        ("ac", "a*b*c", False),
        ("vm-1", "vm-?", True),
        ("vm-", "vm-?", False),
        ("a-12-z", "a-??-*", True),
        ("aa", "a*a*a", False),
        ("", "", True),
    ],
)
def test_like(text: str, pattern: str, fits: bool) -> None:
    assert like(text, pattern) is fits


def test_a_like_that_would_take_too_long_fails_and_does_not_hang() -> None:
    with pytest.raises(EvaluationError, match="too long"):
        like("a" * 130_000, "*" + "?" * 1000 + "b*")


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [
        ("abc-12", "abc-##", True),
        ("ABC-12", "abc-##", False),
        ("a1", "?#", True),
        ("a", "..", False),
        ("é9", "?.", True),
    ],
)
def test_match(text: str, pattern: str, fits: bool) -> None:
    assert match(text, pattern) is fits


def test_contains_looks_into_text_and_arrays() -> None:
    assert contains("Die Straße", fold("STRASSE"))
    assert contains(["eastus", "WestUS"], "westus")
    assert not contains({"a": 1}, "a")


@pytest.mark.parametrize("text", ["2025-13-01T00:00:00Z", "2025-01-01", "", "x" * 30, "2025-01-01T00:00:00+99:99"])
def test_what_is_no_moment_is_none(text: str) -> None:
    assert instant(text) is None


def test_a_moment_is_written_as_azure_writes_it() -> None:
    moment = instant("2024-02-29T23:59:59.1234567Z")
    assert moment is not None
    assert written(moment) == "2024-02-29T23:59:59.1234560Z"
