"""Times that other programs write."""

from datetime import UTC, datetime

import pytest

from lockgate.formats.moments import moment_of


@pytest.mark.parametrize(("text", "moment"), [
    ("2026-11-01T08:00:00Z", datetime(2026, 11, 1, 8, tzinfo=UTC)),
    ("2026-11-01T08:00:00.25+02:00", datetime(2026, 11, 1, 6, 0, 0, 250_000, tzinfo=UTC)),
    ("2026-11-01T08:00:00", datetime(2026, 11, 1, 8, tzinfo=UTC)),
    ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
    ("0001-01-01T00:00:00+14:00", None),
    ("9999-12-31T23:59:59-14:00", None),
    ("yesterday", None),
    ("", None),
])  # fmt: skip
def test_a_time_is_read_in_utc_and_what_is_none_is_none(text, moment):
    assert moment_of(text) == moment
