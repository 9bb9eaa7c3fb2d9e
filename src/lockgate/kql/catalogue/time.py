"""Datetimes and timespans. Source: the public documentation of Kusto Query Language."""

SIGNATURES = """
datetime_local_to_utc(from: datetime, timezone: string) -> datetime
datetime_utc_to_local(from: datetime, timezone: string) -> datetime
datetime_list_timezones() -> array
gettype(value: scalar) -> string named type_$0
format_datetime(date: datetime, format: text string) -> string named $0
format_timespan(timespan: timespan, format: text string) -> string named $0
make_datetime(year: number, month: number, day: number, hour: number?, minute: number?, second: number?) -> datetime
    named $only
make_datetime(value: scalar) -> datetime named $only
make_timespan(days: integer, hours: integer, minutes: integer, seconds: number) -> timespan named $only
make_timespan(hours: integer, minutes: integer, seconds: number?) -> timespan named $only
make_timespan(value: scalar) -> timespan named $only
datetime_add(part: literal string in parts, value: integer, datetime: datetime) -> datetime
datetime_diff(part: literal string in parts, datetime1: datetime, datetime2: datetime) -> long
dayofweek(date: datetime) -> timespan
dayofmonth(date: datetime) -> int
dayofyear(date: datetime) -> int
hourofday(date: datetime) -> int
weekofyear(date: datetime) -> int
week_of_year(date: datetime) -> int
monthofyear(date: datetime) -> int
startofday(date: datetime, offset: long?) -> datetime named $0
startofweek(date: datetime, offset: long?) -> datetime
startofmonth(date: datetime, offset: long?) -> datetime
startofyear(date: datetime, offset: long?) -> datetime
endofday(date: datetime, offset: long?) -> datetime
endofweek(date: datetime, offset: long?) -> datetime
endofmonth(date: datetime, offset: long?) -> datetime
endofyear(date: datetime, offset: long?) -> datetime
getyear(date: datetime) -> int
getmonth(date: datetime) -> int
datepart(part: literal string in all_parts, date: datetime) -> int
datetime_part(part: literal string in all_parts, date: datetime) -> int
now(offset: timespan?) -> datetime
ago(timespan: timespan) -> datetime
unixtime_seconds_todatetime(number: number) -> datetime
unixtime_milliseconds_todatetime(number: number) -> datetime
unixtime_microseconds_todatetime(number: number) -> datetime
unixtime_nanoseconds_todatetime(number: number) -> datetime
bin(value: number, round_to: number) -> widest named $0
bin(value: timespan, round_to: timespan) -> timespan named $0
bin(value: datetime, round_to: datetime) -> datetime named $0
bin(value: datetime, round_to: timespan) -> datetime named $0
floor(value: number, round_to: number) -> widest named $0
floor(value: timespan, round_to: timespan) -> timespan named $0
floor(value: datetime, round_to: datetime) -> datetime named $0
floor(value: datetime, round_to: timespan) -> datetime named $0
bin_at(value: number, bin_size: number, fixed_point: number) -> widest named $0
bin_at(value: timespan, bin_size: number, fixed_point: timespan) -> timespan named $0
bin_at(value: timespan, bin_size: timespan, fixed_point: timespan) -> timespan named $0
bin_at(value: datetime, bin_size: summable, fixed_point: datetime) -> datetime named $0
bin_auto(value: summable) -> custom named $0
around(value: scalar, center: scalar, delta: scalar) -> bool
binary_and(value1: integer, value2: integer) -> long named $0
binary_or(value1: integer, value2: integer) -> long named $0
binary_xor(value1: integer, value2: integer) -> long named $0
binary_not(value: integer) -> long named $0
binary_shift_right(value: integer, shift: integer) -> long named $0
binary_shift_left(value: integer, shift: integer) -> long named $0
"""
