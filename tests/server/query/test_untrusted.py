"""What anybody may send: every request is read, or refused with a reason; nothing else is raised."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.kql import QueryError, Workspace
from lockgate.kql.literals import TICKS_PER_SECOND
from lockgate.kql.text import moment_text, span_text
from lockgate.server.access import FUNCTIONS, QUERY, Person
from lockgate.server.query import logs, management, requests
from lockgate.server.query.desk import Desk
from lockgate.server.query.faults import Refusal
from lockgate.server.query.values import moment, pieces
from lockgate.store.ask import AnswerTable
from lockgate.store.saved import Library

NOW = datetime(2026, 11, 26, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
OPTIONS = st.dictionaries(
    st.sampled_from(["servertimeout", "truncationmaxrecords", "truncationmaxsize", "notruncation", "query_now",
                     "query_datetimescope_from", "query_datetimescope_to", "query_datetimescope_column",
                     "norequesttimeout", "request_app_name"]), JSON,
)  # fmt: skip


@given(st.binary(max_size=200) | JSON.map(orjson.dumps))
def test_no_body_is_an_error(body):
    for read in (requests.read, logs.parsed, logs.batch):
        try:
            read(body)
        except Refusal as refused:
            assert 400 <= refused.fault.status < 500


@given(OPTIONS, st.dictionaries(st.text(max_size=5), JSON, max_size=3), st.booleans())
def test_no_property_is_an_error(options, parameters, as_text):
    properties = {"Options": options, "Parameters": parameters}
    body = {"csl": "print 1", "properties": orjson.dumps(properties).decode() if as_text else properties}
    try:
        found = requests.question(requests.read(orjson.dumps(body)), identity="i", application="")
    except Refusal as refused:
        assert refused.fault.status == 400
        return
    assert 0 < found.seconds <= 3600
    assert all(isinstance(value, str) for value in found.parameters.values())


@given(st.text(max_size=60) | st.from_regex(r"P[0-9]{0,9}[YMWD]?(T[0-9]{0,9}(\.[0-9]+)?[HMS])?(/[0-9TZ:-]{0,20})?",
                                            fullmatch=True))  # fmt: skip
def test_no_timespan_is_an_error(text):
    try:
        since, until = logs.interval(text, now=NOW)
    except Refusal:
        return
    assert since.tzinfo is until.tzinfo is UTC


@pytest.mark.parametrize(("text", "begin", "end"), [
    ("P1D", NOW - timedelta(1), NOW), ("PT3600.0S", NOW - timedelta(hours=1), NOW), ("P1W", NOW - timedelta(7), NOW),
    ("P1DT2H3M4.5S", NOW - timedelta(1, 4.5, hours=2, minutes=3), NOW),
    ("2026-01-01/2026-01-02", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)),
    ("2026-01-01T00:00:00Z/PT1H", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 1, tzinfo=UTC)),
    ("PT1H/2026-01-01T02:00:00+01:00", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 1, tzinfo=UTC)),
])  # fmt: skip
def test_timespans_are_those_of_iso_8601(text, begin, end):
    assert logs.interval(text, now=NOW) == (begin, end)


@given(st.text(max_size=80))
def test_no_preference_is_an_error(header):
    try:
        seconds, _ = logs.preferred(header)
    except Refusal:
        return
    assert 0 < seconds <= 600


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    desk = Desk(lambda *_: pytest.fail("nothing is asked"), threads=1)
    yield management.Place("lockgate", lambda: Workspace({"T": {"a": "string"}}),
                           Library.open(folder / "queries", folder), desk)  # fmt: skip
    desk.close()


WORDS = st.sampled_from([
    "show", "tables", "table", "T", "schema", "as", "json", "cslschema", "details", "databases", "database", "function",
    "functions", "queries", "running", "version", "create", "create-or-alter", "alter", "drop", "cancel", "query",
    "with", "(", ")", "=", ",", "'a'", "['T']", "[", "]", "ifexists", "ifnotexists", "F", "{", "}", "print 1", "|",
    "count", "'", '"', "\x00", "é", ".", "docstring", "x:long",
])  # fmt: skip


@given(st.lists(WORDS, max_size=10).map(lambda words: "." + " ".join(words)) | st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_no_command_is_an_error(place, text):
    try:
        columns, rows = management.answer(text, Person("ana", frozenset((QUERY, FUNCTIONS))), place)
    except (Refusal, QueryError):
        return
    assert all(len(row) == len(columns) for row in rows)
    orjson.dumps(rows)


@given(st.integers(0, 3155378975999999999))
def test_times_have_the_digits_that_they_have(ticks):
    text = moment(ticks)
    assert text.endswith("Z") and not text.rstrip("Z").endswith(".")
    whole, _, fraction = text[:-1].partition(".")
    assert moment_text(ticks) == f"{whole}.{fraction.ljust(7, '0')}Z"


@given(st.lists(st.tuples(st.booleans() | st.none(), st.floats() | st.none(), st.text(), JSON), max_size=5))
def test_every_value_has_a_form_in_json(rows):
    given = [(a, b, c, None if d is None else orjson.dumps(d).decode()) for a, b, c, d in rows]
    columns = (("a", "bool"), ("b", "real"), ("c", "string"), ("d", "dynamic"))
    written = [row for piece in pieces(AnswerTable(columns, given, None)) for row in piece]
    for row, (a, b, c, d) in zip(orjson.loads(orjson.dumps(written)), rows, strict=True):
        assert (row[0], row[2]) == (a, c)
        assert row[1] == b if b is None or b - b == 0 else row[1] in ("NaN", "Infinity", "-Infinity")
        assert row[3] == d if d is None or isinstance(d, str) else orjson.loads(row[3]) == d


@given(st.integers(-(2**62), 2**62))
def test_a_span_is_read_as_it_is_written(ticks):
    ticks -= ticks % 10
    assert requests.span_seconds(span_text(ticks)) == pytest.approx(ticks / TICKS_PER_SECOND)
    if abs(ticks) < 86_400 * TICKS_PER_SECOND * 99_999_999:
        text = str(timedelta(microseconds=ticks // 10))
        assert requests.span_seconds(text) == pytest.approx(ticks / TICKS_PER_SECOND, abs=1e-6)
