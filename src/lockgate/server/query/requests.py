"""What a request to Kusto says: the database, the text, and the properties that change how it is answered.

Properties: https://learn.microsoft.com/kusto/api/rest/request-properties. They may stand in the request or, as ``set
name = value``, in the query, which counts first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.kql import literals
from lockgate.kql.convert import read_span
from lockgate.kql.literals import TICKS_PER_SECOND
from lockgate.kql.syntax import Literal, Name, Query, SetOption
from lockgate.lazy_pattern import lazy_pattern
from lockgate.server.query.desk import Question
from lockgate.server.query.faults import Kind, refusal

MAX_SECONDS = 3600.0
"""The service's most for ``servertimeout``, and what ``norequesttimeout`` means."""
_PYTHON_SPAN = lazy_pattern(r"(-?[0-9]{1,8}) days?, ([0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,7})?)")
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_MAX_PARAMETERS = 1_000


@dataclass(frozen=True, slots=True)
class Request:
    """One request."""

    database: str
    text: str
    """``csl``: a query, or a command that begins with a dot."""
    options: Mapping[str, Any]
    """By name in lower case."""
    parameters: Mapping[str, str]

    def flag(self, name: str) -> bool:
        """Whether an option is on."""
        return _true(self.options.get(name))


def read(body: bytes) -> Request:
    """The request of a body: ``{"db", "csl", "properties"}``. Raises :class:`Refusal`."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise refusal(Kind.REQUEST, "The body is no JSON.") from None
    if not isinstance(found, dict) or not isinstance(found.get("csl"), str):
        raise refusal(Kind.REQUEST, 'The body must be an object with the query as text under "csl".')
    database = found.get("db")
    if database is not None and not isinstance(database, str):
        raise refusal(Kind.REQUEST, '"db" must be a text.')
    options, parameters = _properties(found.get("properties"))
    return Request(database or "", found["csl"], options, parameters)


def _properties(given: Any) -> tuple[dict[str, Any], dict[str, str]]:
    if isinstance(given, str) and given.strip():
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            raise refusal(Kind.REQUEST, '"properties" is a text that is no JSON.') from None
    if not given:
        return {}, {}
    parts = [given.get(one) or {} for one in ("Options", "Parameters")] if isinstance(given, dict) else []
    if not parts or not all(isinstance(one, dict) for one in parts):
        raise refusal(Kind.REQUEST, '"properties" must have objects under "Options" and "Parameters".')
    options, parameters = parts
    if len(options) > _MAX_PARAMETERS or len(parameters) > _MAX_PARAMETERS:
        raise refusal(Kind.REQUEST, f"More than {_MAX_PARAMETERS} options or parameters.")
    return {str(name).lower(): value for name, value in options.items()}, {
        str(name): _text(value) for name, value in parameters.items()
    }


def with_set(request: Request, query: Query) -> Request:
    """The request with what the query sets."""
    own = {
        one.name.text.lower(): _set(one.value) for one in query.statements if isinstance(one, SetOption)
    }  # fmt: skip
    return Request(request.database, request.text, {**request.options, **own}, request.parameters) if own else request


def question(request: Request, *, identity: str, application: str) -> Question:
    """The question that is asked. Raises :class:`Refusal` for an option that cannot be what it says."""
    options = request.options
    free = request.flag("notruncation")
    rows = _count(options, "truncationmaxrecords", 500_000)
    size = _count(options, "truncationmaxsize", 64 << 20)
    since = _moment(options, "query_datetimescope_from")
    until = _moment(options, "query_datetimescope_to")
    if options.get("query_datetimescope_column", "TimeGenerated") != "TimeGenerated":
        raise refusal(Kind.REQUEST, "query_datetimescope_column can only be TimeGenerated here.")
    now = _moment(options, "query_now")
    return Question(
        request.text, identity, request.parameters, since, until, _seconds(request),
        None if free else rows, None if free else size, str(options.get("request_app_name", application)),
        None if now is None else literals.ticks_of(now),
    )  # fmt: skip


def _seconds(request: Request) -> float:
    if request.flag("norequesttimeout"):
        return MAX_SECONDS
    given = request.options.get("servertimeout")
    if given is None:
        return 240.0
    found = span_seconds(given)
    if found is None or not 0 < found <= MAX_SECONDS:
        raise refusal(Kind.REQUEST, f"servertimeout must be a timespan of at most an hour, not {_cut(given)}.")
    return found


def span_seconds(given: Any) -> float | None:
    """Seconds of ``00:04:00``, ``4m`` or what Python makes of a ``timedelta``; None where it is none."""
    if not isinstance(given, str) or len(given) > 64:
        return None
    if found := _PYTHON_SPAN.fullmatch(given.strip()):
        clock = read_span(found[2])
        return None if clock is None else int(found[1]) * 86_400 + clock / TICKS_PER_SECOND
    value = literals.timespan(given.strip())
    return None if value is None else value / TICKS_PER_SECOND


def _count(options: Mapping[str, Any], name: str, default: int) -> int:
    given = options.get(name)
    if given is None:
        return default
    try:
        found = int(str(given))
    except ValueError:
        found = 0
    if not 0 < found < 2**63:
        raise refusal(Kind.REQUEST, f"{name} must be a number above 0, not {_cut(given)}.")
    return found


def _moment(options: Mapping[str, Any], name: str) -> datetime | None:
    given = options.get(name)
    if given is None or given == "":
        return None
    found = given if isinstance(given, int) and not isinstance(given, bool) else literals.moment(str(given)[:100])
    try:
        if found is not None:
            return _EPOCH + timedelta(microseconds=found // 10)
    except OverflowError:
        pass
    raise refusal(Kind.REQUEST, f"{name} must be a time, not {_cut(given)}.")


def _set(value: object) -> Any:
    if value is None:
        return True
    if isinstance(value, Name):
        return value.text
    if isinstance(value, Literal):
        return _span_text(value) if value.type == "timespan" else value.value
    return None


def _span_text(value: Literal) -> str:
    from lockgate.kql.text import span_text

    return span_text(value.value)


def _true(value: Any) -> bool:
    return value is True or (isinstance(value, str | int) and str(value).lower() in ("true", "1"))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def _cut(value: Any) -> str:
    return repr(value)[:80]
