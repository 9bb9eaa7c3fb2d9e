"""Times: read, written, counted in parts, cut into bins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kql.rows import shown

from lockgate.kql.convert import read_span
from lockgate.kql.moments import MAX_MOMENT, read_moment
from lockgate.kql.text import moment_text, span_text


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2014-05-25T08:20:03.1234567Z", "2014-05-25T08:20:03.1234567Z"),
        ("2014-11-08 15:55", "2014-11-08T15:55:00.0000000Z"),
        ("2014-11-08T15:55:55+05:30", "2014-11-08T10:25:55.0000000Z"),
        ("Sat, 8 Nov 14 15:05:02 GMT", "2014-11-08T15:05:02.0000000Z"),
        ("Saturday, 08-Nov-14 15:05:02 GMT", "2014-11-08T15:05:02.0000000Z"),
        ("02/17/2016 08:40:01", "2016-02-17T08:40:01.0000000Z"),
        ("2/3/2020 1:05 PM", "2020-02-03T13:05:00.0000000Z"),
        ("12-02-2022", "2022-12-02T00:00:00.0000000Z"),
        ("Nov 8, 2014", "2014-11-08T00:00:00.0000000Z"),
        ("2020-02-30", ""),
        ("2020-13-01", ""),
        ("0001-01-01T00:00:00+01:00", ""),
        ("yesterday", ""),
    ],
)
def test_datetimes_are_read_in_many_forms(text: str, moment: str) -> None:
    assert shown(f"todatetime('{text}')") == moment


@given(st.integers(0, MAX_MOMENT))
def test_what_a_datetime_is_written_as_reads_back(ticks: int) -> None:
    assert read_moment(moment_text(ticks)) == ticks


@given(st.integers(-(2**63), 2**63 - 1))
def test_what_a_timespan_is_written_as_reads_back(ticks: int) -> None:
    assert read_span(span_text(ticks)) == ticks


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("format_datetime(datetime(2017-01-29 09:00:05), 'yy-MM-dd [HH:mm:ss tt]')", "17-01-29 [09:00:05 AM]"),
        ("format_datetime(datetime(2017-01-29 15:00:05.1234500), 'h:m:s.ffff/FFFFFFF')", "3:0:5.1234/1234500"),
        ("format_timespan(time(29.09:00:05.12345), 'dd.hh:mm:ss:FF')", "29.09:00:05:12"),
        ("format_timespan(time(29.09:00:05.12345), 'ddd.h:mm:ss [fffffff]')", "029.9:00:05 [1234500]"),
        ("make_datetime(2017, 10, 1, 12, 10, 0.5)", "2017-10-01T12:10:00.5000000Z"),
        ("make_datetime(2017, 13, 1)", ""),
        ("make_timespan(1, 12)", "01:12:00"),
        ("make_timespan(1, 12, 30, 55)", "1.12:30:55"),
        ("make_timespan(1, 12, 30, 55.123)", "1.12:30:55.1230000"),
        ("make_timespan(25, 0)", ""),
        ("dayofweek(datetime(2017-01-01))", "00:00:00"),
        ("week_of_year(datetime(2020-12-31))", "53"),
        ("week_of_year(datetime(2021-01-01))", "53"),
        ("startofweek(datetime(2017-01-01 10:10:17), -1)", "2016-12-25T00:00:00.0000000Z"),
        ("startofmonth(datetime(2017-01-31), 1)", "2017-02-01T00:00:00.0000000Z"),
        ("endofmonth(datetime(2020-02-10))", "2020-02-29T23:59:59.9999999Z"),
        ("endofyear(datetime(9999-05-05))", "9999-12-31T23:59:59.9999999Z"),
        ("startofday(datetime(0001-01-01), -1)", ""),
        ("datetime_add('month', 1, datetime(2020-01-31))", "2020-02-29T00:00:00.0000000Z"),
        ("datetime_part('nanosecond', datetime(2017-10-30 01:02:03.7654321))", "765432100"),
        ("unixtime_seconds_todatetime(1546300899.5)", "2019-01-01T00:01:39.5000000Z"),
        ("datetime_utc_to_local(datetime(2026-07-01 12:00), 'Europe/Berlin')", "2026-07-01T14:00:00.0000000Z"),
        ("datetime_local_to_utc(datetime(2026-01-01 12:00), 'Europe/Berlin')", "2026-01-01T11:00:00.0000000Z"),
        ("datetime_utc_to_local(datetime(2026-07-01), 'Nowhere/At all')", ""),
        ("gettype(parse_json('1'))", "long"),
        ("gettype(parse_json('{}'))", "dictionary"),
        ("gettype(parse_json(''))", "null"),
        ("gettype(123.45)", "real"),
    ],
)
def test_times_are_written_and_taken_apart(expression: str, text: str) -> None:
    assert shown(expression) == text


@pytest.mark.parametrize(
    ("part", "later", "earlier", "difference"),
    [
        ("year", "2017-01-01", "2000-12-31", "17"),
        ("quarter", "2017-07-01", "2017-03-30", "2"),
        ("month", "2017-01-01", "2015-12-30", "13"),
        ("week", "2017-10-29 00:00", "2017-09-30 23:59", "5"),
        ("day", "2017-10-29 00:00", "2017-09-30 23:59", "29"),
        ("hour", "2017-10-31 01:00", "2017-10-30 23:59", "2"),
        ("minute", "2017-10-30 23:05:01", "2017-10-30 23:00:59", "5"),
        ("second", "2017-10-30 23:00:10.100", "2017-10-30 23:00:00.900", "10"),
        ("nanosecond", "2017-10-30 23:00:00.0000000", "2017-10-30 23:00:00.0000007", "-700"),
    ],
)
def test_differences_count_how_often_a_part_begins(part: str, later: str, earlier: str, difference: str) -> None:
    assert shown(f"datetime_diff('{part}', datetime({later}), datetime({earlier}))") == difference


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("bin(4.5, 1)", "4.0"),
        ("bin(-7, 5)", "-10"),
        ("bin(7, 0)", ""),
        ("bin(time(16d), 7d)", "14.00:00:00"),
        ("bin(datetime(2026-11-26 10:11:12), 7d)", "2026-11-23T00:00:00.0000000Z"),
        ("bin_at(6.5, 2.5, 7)", "4.5"),
        ("bin_at(time(1h), 1d, 12h)", "-12:00:00"),
        ("bin_at(datetime(2017-05-15 10:20), 1d, datetime(1970-01-01 12:00))", "2017-05-14T12:00:00.0000000Z"),
        ("bin_at(datetime(2017-05-17 10:20), 7d, datetime(2017-06-04))", "2017-05-14T00:00:00.0000000Z"),
        ("binary_shift_left(1, 65)", "2"),
        ("binary_shift_right(1, -1)", ""),
        ("binary_not(5)", "-6"),
    ],
)
def test_bins_are_multiples_below(expression: str, text: str) -> None:
    assert shown(expression) == text
