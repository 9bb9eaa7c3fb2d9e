"""The Log Analytics query API: what a request says, and the shape of its answer.

https://learn.microsoft.com/azure/azure-monitor/logs/api/overview. The time of the request and the one that a query asks
itself both hold. Queries over other workspaces are refused: there is one record here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.kql import literals
from lockgate.lazy_pattern import lazy_pattern
from lockgate.server.query import visualization
from lockgate.server.query.desk import Question
from lockgate.server.query.faults import Kind, cut_fault, partial_error, refusal
from lockgate.server.query.values import pieces

if TYPE_CHECKING:
    from lockgate.store.ask import Answer

SECONDS, MAX_SECONDS = 180.0, 600.0
"""Of the service: the time of a query, and the most that ``wait`` may ask for."""
MAX_BATCH = 100
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_DURATION = lazy_pattern(
    r"P(?:([0-9]{1,5})Y)?(?:([0-9]{1,5})M)?(?:([0-9]{1,5})W)?(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)D)?"
    r"(?:T(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)H)?(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)M)?(?:([0-9]{1,12}(?:\.[0-9]{1,9})?)S)?)?"
)
_DAYS = (365, 30, 7, 1)
"""Of a year, a month, a week and a day, as .NET counts them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What ``Prefer`` asks for beside the tables."""

    statistics: bool = False
    render: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One request of a batch."""

    identity: str
    workspace: str
    body: dict[str, Any]
    prefer: str


def workspace_of(path: str) -> str | None:
    """The workspace that a path names: its id, or the last part of the id of a resource."""
    parts = path.strip("/").split("/")
    if len(parts) == 4 and parts[1] == "workspaces" and parts[3] == "query":
        return parts[2]
    if len(parts) > 4 and parts[1] == "subscriptions" and parts[-1] == "query":
        return parts[-2]
    return None


def parsed(body: bytes) -> dict[str, Any]:
    """The object that a body is. Raises :class:`Refusal`."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise refusal(Kind.REQUEST, "The body is no JSON.") from None
    if not isinstance(found, dict):
        raise refusal(Kind.REQUEST, "The body must be an object.")
    return found


def question(
    body: dict[str, Any], prefer: str, *, identity: str, now: datetime | None = None
) -> tuple[Question, Wanted]:
    """What is asked. Raises :class:`Refusal`."""
    text, span, others = body.get("query"), body.get("timespan"), body.get("workspaces")
    if not isinstance(text, str) or not text.strip():
        raise refusal(Kind.REQUEST, "The query is missing.")
    if span is not None and not isinstance(span, str):
        raise refusal(Kind.REQUEST, "The timespan must be a text.")
    if others:
        raise refusal(Kind.REQUEST, "There is one workspace here: queries over several are not answered.")
    since, until = interval(span, now=now or datetime.now(UTC)) if span else (None, None)
    seconds, wanted = preferred(prefer)
    return Question(text, identity, {}, since, until, seconds, application="Log Analytics API"), wanted


def batch(content: bytes) -> list[Item]:
    """The requests of a batch. Raises :class:`Refusal`."""
    items = parsed(content).get("requests")
    if not isinstance(items, list) or not 0 < len(items) <= MAX_BATCH:
        raise refusal(Kind.REQUEST, f'"requests" must be a list of 1 to {MAX_BATCH}.')
    return [_item(one) for one in items]


def _item(given: Any) -> Item:
    if not isinstance(given, dict) or not isinstance(given.get("id"), str):
        raise refusal(Kind.REQUEST, 'A request of a batch is an object with a text under "id".')
    headers, body = given.get("headers") or {}, given.get("body")
    if isinstance(body, str):
        body = parsed(body.encode())
    if not isinstance(headers, dict) or not isinstance(body, dict):
        raise refusal(Kind.REQUEST, f"The request {given['id'][:100]} has no body.")
    prefer = next((value for name, value in headers.items() if str(name).lower() == "prefer"), "")
    return Item(given["id"], str(given.get("workspace", "")), body, str(prefer or ""))


def preferred(header: str) -> tuple[float, Wanted]:
    """Seconds, and what else is wanted, of ``wait=30,include-statistics=true``."""
    given = dict(part.strip().lower().partition("=")[::2] for part in header.replace(";", ",").split(",") if part)
    seconds = SECONDS
    if "wait" in given:
        if not given["wait"].isdecimal() or not 0 < int(given["wait"][:9]) <= MAX_SECONDS:
            raise refusal(Kind.REQUEST, f"wait must be 1 to {MAX_SECONDS:g} seconds.")
        seconds = float(given["wait"])
    return seconds, Wanted(given.get("include-statistics") == "true", given.get("include-render") == "true")


def interval(text: str, *, now: datetime) -> tuple[datetime | None, datetime | None]:
    """From and until, of ``P1D``, ``start/end``, ``start/P1D`` or ``P1D/end`` (ISO 8601). Raises :class:`Refusal`."""
    first, slash, second = text.strip().partition("/")
    try:
        if not slash:
            return now - duration(first), now
        if first.startswith("P"):
            end = _moment(second)
            return end - duration(first), end
        start = _moment(first)
        return start, start + duration(second) if second.startswith("P") else _moment(second)
    except (ValueError, OverflowError):
        raise refusal(Kind.REQUEST, f"{text[:100]!r} is no timespan: P1D, start/end, start/P1D or P1D/end.") from None


def duration(text: str) -> timedelta:
    """Of ``P1DT2H3M4.5S``. ``ValueError`` where it is none."""
    found = _DURATION.fullmatch(text)
    if not found or not any(found.groups()):
        raise ValueError(text)
    days = sum(float(number or 0) * each for number, each in zip(found.groups()[:4], _DAYS, strict=True))
    hours, minutes, seconds = (float(one or 0) for one in found.groups()[4:])
    return timedelta(days, seconds, hours=hours, minutes=minutes)


def _moment(text: str) -> datetime:
    ticks = literals.moment(text) if 0 < len(text) <= 64 else None
    if ticks is None:
        raise ValueError(text)
    return _EPOCH + timedelta(microseconds=ticks // 10)


def body(answer: Answer, wanted: Wanted) -> bytes:
    """The body of an answer; what could not be given whole has an error beside it."""
    tables = [
        {
            "name": "PrimaryResult" if number == 0 else f"Table_{number}",
            "columns": [{"name": name, "type": type_} for name, type_ in table.columns],
            "rows": [row for piece in pieces(table) for row in piece],
        }
        for number, table in enumerate(answer.tables)
    ]  # fmt: skip
    found: dict[str, Any] = {"tables": tables}
    if wanted.statistics:
        found["statistics"] = {"query": {
            "executionTime": round(answer.statistics.get("seconds", 0.0), 7),
            "datasetStatistics": [{"tableRowCount": len(table.rows)} for table in answer.tables],
        }}  # fmt: skip
    if wanted.render:
        found["render"] = visualization.render(answer.tables[0])
    faults = [cut_fault(one.over) for one in answer.tables if one.over is not None]
    if faults:
        found["error"] = partial_error(faults)
    return orjson.dumps(found)
