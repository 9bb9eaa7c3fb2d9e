"""A list of numbers as bars: what is drawn, and what stays text."""

from __future__ import annotations

import pytest

from lockgate.reports.trend import bars, numbers_of


@pytest.mark.parametrize(("text", "found"), [
    ("[1, 2.5, null]", [1.0, 2.5, 0.0]), ("[1]", []), ("[null, null]", []), ('["a", 1]', []), ("[true, 1]", []),
    ("[1, 2", []), ("x", []), (f"[{'1,' * 200}1]", []),
])  # fmt: skip
def test_a_list_of_numbers_is_known(text, found) -> None:
    assert numbers_of(text) == found


def test_bars_go_from_nothing_to_the_most_and_say_what_they_are() -> None:
    drawn = bars([0.0, 50.0, 100.0], '[0,50,100]"><script>')
    assert [f'height="{tall}"' in drawn for tall in ("1.0", "10.0", "19.0")] == [True] * 3
    assert "<title>50</title>" in drawn and "<script>" not in drawn
