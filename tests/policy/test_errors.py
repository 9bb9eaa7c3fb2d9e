"""Errors of policies name their place and underline it."""

import pytest

from lockgate.policy.budget import Budget
from lockgate.policy.errors import BudgetExceededError, PolicyError, underlined


def test_an_error_names_file_line_and_column() -> None:
    assert str(PolicyError("unknown name", where="a.rego", line=3, column=7)) == "a.rego:3:7: unknown name"


def test_an_error_without_a_file_still_names_its_line() -> None:
    assert str(PolicyError("unknown name", line=3)) == "policy:3: unknown name"


def test_the_place_is_underlined() -> None:
    assert underlined("a\nx := fo(1)\n", 2, 6, 2) == "x := fo(1)\n     ^^"


def test_a_tab_is_one_column() -> None:
    assert underlined("\tx", 1, 2) == " x\n ^"


def test_a_long_line_is_cut_around_the_place() -> None:
    shown, carets = underlined("a" * 1000 + "B" + "c" * 1000, 1, 1001).splitlines()
    assert len(shown) == 160
    assert shown[carets.index("^")] == "B"


def test_a_line_that_does_not_exist_gives_nothing() -> None:
    assert underlined("a", 5, 1) == ""


def test_a_budget_stops_after_its_steps() -> None:
    budget = Budget(3)
    budget.spend(3)
    with pytest.raises(BudgetExceededError, match="more than 3 steps"):
        budget.spend()
