"""Rows that are not plain, one by one: what fits a column goes there, what does not is told with its reason. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import orjson

from lockgate.dataclass import dataclass
from lockgate.errors import LockgateError
from lockgate.store.ingest.memory import Bytes
from lockgate.store.ingest.mending import mended
from lockgate.store.ingest.oddities import LARGE, holds_large
from lockgate.store.ingest.plain import DAY, MOST_DEPTH, MOST_LINE
from lockgate.store.ingest.reading import Reading, Times
from lockgate.tables import Column, ColumnType, Table
from lockgate.tables._collected import MOST_COLUMNS, clash

MOST_TEXT = 32 << 10
"""Characters of a row or value that are kept with what is wrong with it."""
_WITHHELD = "(withheld: it may hold the value of a secret)"
_LARGE = re.compile(LARGE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)? ?([Zz]|[+-]\d\d:?(?:\d\d)?)?\Z",
    re.ASCII,
)
_WHOLE = re.compile(r"-?\d{1,19}\Z", re.ASCII)
_REAL = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?\Z", re.ASCII)
_GUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?\Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBERS = {ColumnType.LONG, ColumnType.REAL}
_NO_NUMBERS = ("NaN", "Infinity", "-Infinity")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that did not fit."""

    line: int
    """From 1."""
    reason: str
    field: str
    """The field; empty for the row."""
    text: str
    """What came."""
    kept: bool
    """Whether the row is in the table, without the field."""


@dataclass(slots=True)
class Fitted:
    """What became of some lines."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    """Values by column, as :func:`raw_of_rows` takes them."""
    problems: list[Problem] = field(default_factory=list)
    new: dict[str, ColumnType] = field(default_factory=dict)
    """Columns that the table must get first; the rows hold values for them."""


class MisfitError(Exception):
    """A value that is none of its column. The text is the reason."""


Clean = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Takes what is secret out of an event of the audit log."""


def fitted(
    lines: Iterable[tuple[int, bytes]], table: Table, reading: Reading, *, received: int, times: Times,
    clean: Clean | None = None,
) -> Fitted:  # fmt: skip
    """The rows of numbered lines. ``clean`` is needed where ``reading`` has objects."""
    return _Fitting(table, reading, received, times, clean).run(lines)


def numbered(data: Bytes, first: int) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers, the first of which is ``first``."""
    return enumerate(bytes(data).split(b"\n"), first)


class _Fitting:
    def __init__(self, table: Table, reading: Reading, received: int, times: Times, clean: Clean | None) -> None:
        self._table, self._reading, self._times, self._clean = table, reading, times, clean
        self._received = _EPOCH + timedelta(microseconds=received)
        self._columns = {column.name: column for column in table.columns}
        self._done = Fitted()

    def run(self, lines: Iterable[tuple[int, bytes]]) -> Fitted:
        read = [(number, row) for number, line in lines if (row := self._read(number, line)) is not None]
        if self._reading.widens:
            self._widen(row for _, row in read)
        for number, row in read:
            self._done.rows.append(self._row(number, row))
        return self._done

    def _read(self, number: int, line: bytes) -> dict[str, Any] | None:
        line = line.strip(b" \t\r\n")
        if not line:
            return None
        try:
            row, wrong = mended_value_of(line)
            if not isinstance(row, dict):
                raise MisfitError("the row is no JSON object")
            for name, text in (self._reading.demanded or {}).items():
                if row.get(name) != text:
                    raise MisfitError(f"the field {name!r} is not {text!r}")
        except MisfitError as error:
            self._tell(number, str(error), "", line.decode("utf-8", "backslashreplace"), kept=False)
            return None
        if wrong:
            self._tell(number, wrong, "", line.decode("utf-8", "backslashreplace"), kept=True)
        return row

    def _widen(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """New columns for fields that no column has, of the type that all their values have."""
        found: dict[str, list[Any]] = {}
        known = self._reading.known
        for row in rows:
            for name in row.keys() - known:
                if row[name] is not None:
                    found.setdefault(name, []).append(row[name])
        for name in sorted(found, key=lambda one: -len(found[one])):
            if not _NAME.match(name) or len(self._columns) >= MOST_COLUMNS or clash(self._columns.values(), name):
                continue
            self._done.new[name] = kind = type_of(found[name])
            self._columns[name] = Column(name, kind, "")

    def _row(self, number: int, row: Mapping[str, Any]) -> dict[str, Any]:
        if self._reading.objects and self._clean is not None:
            try:
                row = self._clean(row)
            except (LockgateError, ValueError, TypeError, AttributeError, RecursionError):
                row = {name: value for name, value in row.items() if name not in self._reading.objects}
                self._tell(number, "the object cannot be freed of what is secret", "", _WITHHELD, kept=True)
        kept: dict[str, Any] = {"Type": self._table.name, "_IngestionTime": self._received}
        for name, value in row.items():
            if name in self._reading.fields or name not in self._reading.time:
                self._place(kept, number, name, value)
        kept["TimeGenerated"] = self._generated(number, row, kept)
        for column in self._columns.values():
            if column.type is ColumnType.STRING:
                kept.setdefault(column.name, "")
        return kept

    def _place(self, kept: dict[str, Any], number: int, name: str, value: Any) -> None:
        column = self._columns.get(self._reading.fields.get(name, name if name in self._done.new else ""))
        if column is None:
            if name not in self._reading.ignored and name not in (self._reading.demanded or ()) and value is not None:
                self._tell(number, self._no_column(name), name, _shown(value), kept=True)
            return
        try:
            kept[column.name] = fit(column.type, value)
        except MisfitError as error:
            self._tell(number, str(error), name, _shown(value), kept=True)

    def _no_column(self, name: str) -> str:
        if not self._reading.widens:
            return "the table has no column for the field"
        other = clash(self._columns.values(), name)
        if other:
            return f"the field differs from the column {other!r} by case alone"
        if not _NAME.match(name):
            return "the field's name is none that a column can have"
        return f"the table has {MOST_COLUMNS} columns already"

    def _generated(self, number: int, row: Mapping[str, Any], kept: Mapping[str, Any]) -> datetime:
        found, by = None, ""
        for name in self._reading.time:
            if found is None and row.get(name) is not None:
                try:
                    found, by = fit(ColumnType.DATETIME, row[name]), name
                except MisfitError as error:
                    if name not in self._reading.fields:  # else it was told of as a column
                        self._tell(number, str(error), name, _shown(row[name]), kept=True)
        if found is None:
            return self._received
        early = self._times is Times.SERVICE and found < self._received - timedelta(days=2)
        late = found - self._received > timedelta(microseconds=DAY)
        if not early and not late:
            return found  # type: ignore[no-any-return]
        if found not in kept.values():  # no column has what it was
            reason = "the time is more than two days old" if early else "the time is more than a day ahead"
            self._tell(number, f"{reason}; that of ingestion stands in its place", by, _shown(row[by]), kept=True)
        return self._received

    def _tell(self, number: int, reason: str, name: str, text: str, *, kept: bool) -> None:
        if self._reading.objects and (not name or name in self._reading.objects) and _may_be_secret(text):
            text = _WITHHELD
        text = text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}..."
        self._done.problems.append(Problem(number, reason, name[:1000], text, kept))


def value_of(line: bytes) -> Any:
    """The JSON value of a line. Raises :class:`MisfitError`."""
    if len(line) > MOST_LINE:
        raise MisfitError(f"the row is longer than {MOST_LINE} bytes")
    return parsed(line)


def mended_value_of(line: bytes) -> tuple[Any, str]:
    """The same, read past signs and numbers that JSON has not, and what was wrong; empty for nothing.

    Raises :class:`MisfitError`.
    """
    try:
        return value_of(line), ""
    except MisfitError as error:
        right = mended(line)
        if right == line:
            raise
        try:
            return value_of(right), str(error)
        except MisfitError:
            raise error from None


def parsed(content: bytes) -> Any:
    """The value of JSON text, whole numbers with all their digits. Raises :class:`MisfitError`."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise MisfitError(f"byte {error.start + 1} is not UTF-8") from None
    try:
        if not holds_large(content):
            return orjson.loads(content)
        orjson.loads(_LARGE.sub(_ones, content))  # bounds the depth
        return json.loads(text, parse_float=_real, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        reason = "its numbers stand too deep" if isinstance(error, RecursionError) else str(error)
        raise MisfitError(f"no JSON: {reason[:200]}") from None


def _ones(found: re.Match[bytes]) -> bytes:
    return b"1" * len(found[0])


def _real(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"the number {text[:40]} is beyond what 64 bits hold")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def fit(kind: ColumnType, value: Any) -> Any:
    """``value`` as a column of ``kind`` holds it, None for null. Raises :class:`MisfitError`."""
    if value is None:
        return "" if kind is ColumnType.STRING else None
    return _FIT[kind](value)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else text_of(value)


def text_of(value: Any) -> str:
    """JSON text without blanks. Raises :class:`MisfitError` for half of a character."""
    try:
        return orjson.dumps(value).decode()
    except (TypeError, ValueError):  # whole numbers beyond 64 bits, halves of characters, more than 254 levels
        pass
    text = "".join(_pieces(value))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise MisfitError("the text has half of a character") from None
    return text


class _Sign(str):
    """Text that is written as it is."""

    __slots__ = ()


def _pieces(value: Any) -> Iterator[str]:
    """The same in pieces, without recursion."""
    waiting: list[Any] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, _Sign):
            yield one
        elif isinstance(one, dict):
            waiting.append(_Sign("}"))
            for place, (name, inner) in reversed(list(enumerate(one.items()))):
                waiting += inner, _Sign(f"{',' * (place > 0)}{json.dumps(name, ensure_ascii=False)}:")
            waiting.append(_Sign("{"))
        elif isinstance(one, list):
            waiting.append(_Sign("]"))
            for place, inner in reversed(list(enumerate(one))):
                waiting += inner, _Sign("," * (place > 0))
            waiting.append(_Sign("["))
        else:
            yield json.dumps(one, ensure_ascii=False)


def _dynamic(value: Any) -> str:
    text = text_of(value)
    if text.count("[") + text.count("{") >= MOST_DEPTH and _depth(text) >= MOST_DEPTH:
        raise MisfitError(f"the value is deeper than {MOST_DEPTH} levels")
    return text


def _depth(text: str) -> int:
    depth = most = 0
    inside = escaped = False
    for sign in text:
        if inside:
            escaped, inside = sign == "\\" and not escaped, escaped or sign != '"'
        elif sign == '"':
            inside = True
        elif sign in "[{":
            depth += 1
            most = max(most, depth)
        elif sign in "]}":
            depth -= 1
    return most


def _whole(bits: int) -> Callable[[Any], int]:
    def whole(value: Any) -> int:
        if (isinstance(value, str) and _WHOLE.match(value)) or (isinstance(value, float) and value.is_integer()):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise MisfitError("the value is no whole number")
        if not -(1 << bits - 1) <= value < 1 << bits - 1:
            raise MisfitError(f"the number does not fit into {bits} bits")
        return value

    return whole


def _number(value: Any) -> float:
    if isinstance(value, str) and _REAL.match(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MisfitError("the value is no number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise MisfitError("the number does not fit into 64 bits")
    return number


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise MisfitError("the value is neither true nor false")


def _moment(value: Any) -> datetime:
    found = _MOMENT.match(value) if isinstance(value, str) else None
    if found is None:
        raise MisfitError("the value is no time in the form of ISO 8601")
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    micro = int(f"{fraction or '':0<6}"[:6])
    try:
        clock = time(int(hour or 0), int(minute or 0), int(second or 0), micro, UTC)
        moment = datetime.combine(date(int(year), int(month), int(day)), clock)
        if zone and zone not in "Zz":
            digits = zone[1:].replace(":", "").ljust(4, "0")
            apart = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
            moment = moment.replace(tzinfo=timezone(apart if zone[0] == "+" else -apart)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise MisfitError("there is no such time") from None
    return moment


def _guid(value: Any) -> str:
    found = _GUID.match(value) if isinstance(value, str) else None
    if found is None:
        raise MisfitError("the value is no GUID")
    return found[1].lower()


_FIT: dict[ColumnType, Callable[[Any], Any]] = {
    ColumnType.STRING: _string, ColumnType.DYNAMIC: _dynamic, ColumnType.LONG: _whole(64), ColumnType.INT: _whole(32),
    ColumnType.REAL: _number, ColumnType.BOOL: _truth, ColumnType.DATETIME: _moment, ColumnType.GUID: _guid,
}  # fmt: skip


def type_of(values: Iterable[Any]) -> ColumnType:
    """The type that all ``values`` have, none of them null; string where they differ, dynamic where one has parts.

    What languages write for a number that is none does not make text of numbers.
    """
    values = list(values)
    kinds = {_type_of(value) for value in values}
    if kinds & _NUMBERS and all(value in _NO_NUMBERS for value in values if isinstance(value, str)):
        kinds.discard(ColumnType.STRING)
    if ColumnType.DYNAMIC in kinds:
        return ColumnType.DYNAMIC
    if kinds == {ColumnType.LONG, ColumnType.REAL}:
        return ColumnType.REAL
    return kinds.pop() if len(kinds) == 1 else ColumnType.STRING


def _type_of(value: Any) -> ColumnType:
    if isinstance(value, dict | list):
        return ColumnType.DYNAMIC
    if isinstance(value, bool):
        return ColumnType.BOOL
    if isinstance(value, int):
        return ColumnType.LONG
    if isinstance(value, float):
        return ColumnType.REAL
    if _GUID.match(value):
        return ColumnType.GUID
    found = _MOMENT.match(value)
    return ColumnType.DATETIME if found and found[4] else ColumnType.STRING


def _shown(value: Any) -> str:
    try:
        return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else text_of(value)
    except MisfitError as error:
        return f"({error})"


def _may_be_secret(text: str) -> bool:
    return "oken" in text or "ecret" in text or '"env"' in text
