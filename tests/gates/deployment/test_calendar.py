"""When deployments may begin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.errors import ConfigurationError
from lockgate.gates.deployment.calendar import read
from lockgate.settings import Day, Freeze, Window

WORK = Window((Day.MON, Day.TUE, Day.WED, Day.THU), "09:00", "16:00", "Europe/Amsterdam")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "is_open"),
    [
        ("2026-07-06T06:59:59", False),  # Monday, 08:59:59 in summer
        ("2026-07-06T07:00:00", True),
        ("2026-07-06T13:59:59", True),
        ("2026-07-06T14:00:00", False),
        ("2026-01-05T07:30:00", False),  # 08:30 in winter
        ("2026-01-05T08:00:00", True),
        ("2026-07-10T09:00:00", False),  # Friday
    ],
)
def test_a_window_is_open_by_the_clock_of_its_zone(instant: str, is_open: bool) -> None:
    assert read((WORK,), (), where="x").open_at(at(instant)) is is_open


def test_a_window_that_closes_before_it_opens_goes_on_until_the_next_day() -> None:
    night = read((Window((Day.FRI,), "22:00", "02:00"),), (), where="x")
    assert night.open_at(at("2026-07-10T22:00:00"))
    assert night.open_at(at("2026-07-11T01:59:00"))  # Saturday
    assert not night.open_at(at("2026-07-11T02:00:00"))
    assert not night.open_at(at("2026-07-10T01:00:00"))  # Friday, from Thursday's night


def test_a_freeze_holds_over_windows_and_the_next_time_is_behind_it() -> None:
    frozen = read((WORK,), (Freeze("2026-12-18T12:00", "2027-01-03", "Europe/Amsterdam", "year's end"),), where="x")
    assert frozen.frozen_by(at("2026-12-18T10:59:59")) is None
    assert frozen.frozen_by(at("2026-12-18T11:00:00")) == 0
    assert frozen.frozen_by(at("2027-01-03T22:59:59")) == 0  # the day is frozen to its end
    assert frozen.next_allowed(at("2026-12-18T11:00:00")) == at("2027-01-04T08:00:00")


def test_an_hour_that_clocks_leave_out_opens_a_window_as_soon_as_they_show_a_later_time_of_it() -> None:
    spring = read((Window((Day.SUN,), "02:30", "05:00", "Europe/Amsterdam"),), (), where="x")
    assert spring.next_allowed(at("2026-03-28T12:00:00")) == at("2026-03-29T01:00:00")  # 03:00 is shown then


def test_an_hour_that_is_shown_twice_is_open_twice() -> None:
    autumn = read((Window((Day.SUN,), "02:00", "02:30", "Europe/Amsterdam"),), (), where="x")
    assert autumn.next_allowed(at("2026-10-25T00:00:00")) == at("2026-10-25T00:00:00")
    assert autumn.next_allowed(at("2026-10-25T00:30:00")) == at("2026-10-25T01:00:00")


def test_a_window_within_an_hour_that_is_left_out_opens_a_week_later() -> None:
    never = read((Window((Day.SUN,), "02:10", "02:20", "Europe/Amsterdam"),), (), where="x")
    assert never.next_allowed(at("2026-03-28T12:00:00")) == at("2026-04-05T00:10:00")


CLOCK = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
ZONES = st.sampled_from(["UTC", "Europe/Amsterdam", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"])
WINDOWS = st.builds(
    Window, st.lists(st.sampled_from(list(Day)), min_size=1, max_size=7).map(tuple), CLOCK, CLOCK, ZONES
)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda one: one.replace(tzinfo=UTC))


@given(st.lists(WINDOWS, max_size=3), INSTANTS, st.integers(0, 400))
def test_the_next_time_is_one_and_nothing_before_it_is(windows: list[Window], instant: datetime, hours: int) -> None:
    frozen = Freeze(f"{instant:%Y-%m-%d}", f"{instant + timedelta(hours=hours):%Y-%m-%d}")
    calendar = read(windows, (frozen,), where="x")
    found = calendar.next_allowed(instant)
    assert found is not None
    assert found >= instant
    assert calendar.allows(found)
    steps = 40
    for step in range(steps):
        assert not calendar.allows(instant + (found - instant) * step / steps) or found == instant


@pytest.mark.parametrize(
    ("window", "freeze", "words"),
    [
        (Window(zone="Mars/Olympus"), None, "no time zone"),
        (Window(zone="../../etc/passwd"), None, "no time zone"),
        (Window(opens="9:00"), None, "no time of day"),
        (Window(opens="24:00"), None, "before the end of the day"),
        (None, Freeze("2026-12-20", ""), "no day or time"),
        (None, Freeze("2026-12-20T10:00+02:00", "2026-12-21"), "no day or time"),
        (None, Freeze("2026-12-20", "2026-12-18"), "ends before it begins"),
    ],
)
def test_what_is_no_window_or_freeze_is_said_with_its_line(window, freeze, words) -> None:
    with pytest.raises(ConfigurationError, match=words) as raised:
        read((window,) if window else (), (freeze,) if freeze else (), where="lockgate.yaml: environments[0]")
    assert raised.value.where.startswith("lockgate.yaml: environments[0].")
