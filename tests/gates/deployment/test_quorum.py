"""Whether those who agree fill the places that are asked for."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from lockgate.gates.deployment.quorum import Filling, Places, Shortfall, fill


def line(count: int, *people: str) -> Places:
    return Places(count, frozenset(people))


TWO_AND_ONE = (line(2, "ada", "bea", "cas"), line(1, "cas", "dov"))
"""2 of security, 1 of sre; cas is of both."""


def test_three_people_meet_two_of_one_team_and_one_of_another() -> None:
    assert fill(TWO_AND_ONE, ["ada", "bea", "dov"]).met


def test_somebody_of_both_teams_fills_the_place_where_they_are_needed() -> None:
    assert fill(TWO_AND_ONE, ["ada", "bea", "cas"]).places == (frozenset({"ada", "bea"}), frozenset({"cas"}))
    assert fill(TWO_AND_ONE, ["ada", "cas", "dov"]).places == (frozenset({"ada", "cas"}), frozenset({"dov"}))


def test_two_people_are_no_three_however_many_teams_they_are_of() -> None:
    filling = fill(TWO_AND_ONE, ["ada", "cas"])
    assert filling.short == (Shortfall((0, 1), 1),)  # one more of either helps, for cas can move


def test_a_line_that_nobody_can_free_a_place_of_is_not_named_as_missing() -> None:
    assert fill(TWO_AND_ONE, ["ada", "bea"]).short == (Shortfall((1,), 1),)
    assert fill(TWO_AND_ONE, ["dov"]).short == (Shortfall((0,), 2),)


def test_with_a_place_in_each_line_one_person_counts_for_both() -> None:
    assert fill(TWO_AND_ONE, ["ada", "cas"], once=False).met
    assert fill(TWO_AND_ONE, ["ada"], once=False).short == (Shortfall((0,), 1), Shortfall((1,), 1))


def test_an_environment_that_asks_for_nobody_is_met_by_nobody() -> None:
    assert fill((), []) == Filling((), ())


PEOPLE = st.lists(st.sampled_from("abcdefg"), max_size=7, unique=True)
LINES = st.lists(
    st.builds(Places, st.integers(1, 3), st.frozensets(st.sampled_from("abcdefg"))), max_size=4
).map(tuple)  # fmt: skip


def most(lines: tuple[Places, ...], people: list[str]) -> int:
    """As many places as can be filled, by trying every assignment."""
    if not people:
        return 0
    first, *rest = people
    best = most(lines, rest)
    for at, one in enumerate(lines):
        if first in one.fitting and one.count:
            left = (*lines[:at], Places(one.count - 1, one.fitting), *lines[at + 1 :])
            best = max(best, 1 + most(left, rest))
    return best


@given(LINES, PEOPLE)
def test_as_many_places_are_filled_as_can_be_and_each_by_somebody_who_fits(lines, people) -> None:
    filling = fill(lines, people)
    seated = [who for place in filling.places for who in place]
    assert len(seated) == len(set(seated)) == most(lines, people)
    for one, place in zip(lines, filling.places, strict=True):
        assert place <= one.fitting
        assert len(place) <= one.count
    assert sum(one.count for one in filling.short) == sum(one.count for one in lines) - len(seated)


@given(LINES, PEOPLE, st.randoms())
def test_the_order_of_answers_and_of_lines_changes_nothing(lines, people, random) -> None:
    mixed = random.sample(people, len(people))
    assert fill(lines, mixed) == fill(lines, people)
    order = random.sample(range(len(lines)), len(lines))
    short = fill(tuple(lines[at] for at in order), people).short
    back = {(tuple(sorted(order[at] for at in one.lines)), one.count) for one in short}
    assert back == {(one.lines, one.count) for one in fill(lines, people).short}


@given(LINES, PEOPLE)
def test_one_more_of_a_line_that_is_short_helps_and_of_another_does_not(lines, people) -> None:
    filling = fill(lines, people)
    short = {at for one in filling.short for at in one.lines}
    missing = sum(one.count for one in filling.short)
    for at in range(len(lines)):
        more = tuple(
            Places(one.count, one.fitting | {"new"} if number == at else one.fitting)
            for number, one in enumerate(lines)
        )
        after = sum(one.count for one in fill(more, [*people, "new"]).short)
        assert after == missing - (at in short)


@given(LINES, PEOPLE)
def test_another_yes_never_takes_a_place_away(lines, people) -> None:
    counts = [sum(len(one) for one in fill(lines, people[:end]).places) for end in range(len(people) + 1)]
    assert counts == sorted(counts)


def test_every_order_of_four_answers_gives_the_same() -> None:
    assert len({fill(TWO_AND_ONE, order) for order in permutations(("ada", "bea", "cas", "dov"))}) == 1
