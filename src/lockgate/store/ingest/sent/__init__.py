"""What other programs send, brought into the columns of tables: one module a sender or format.

Pure: values in, rows by table out. What does not belong: HTTP (``server.ingest``), and fitting rows to the types of
columns, which the tables do for all of them alike.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Any, NamedTuple

import orjson

from lockgate.dataclass import dataclass
from lockgate.store.ingest.arrays import pieces_of, pieces_within
from lockgate.store.ingest.fitting import MOST_TEXT, MisfitError, mended_value_of, parsed, text_of
from lockgate.store.ingest.oddities import holds_large
from lockgate.store.ingest.plain import MOST_LINE
from lockgate.tables._collected import COMPANION


def line_of(row: Mapping[str, Any]) -> bytes:
    """A row as a line of JSON. Raises :class:`MisfitError` for half of a character."""
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except (TypeError, ValueError):  # whole numbers beyond 64 bits
        return text_of(row).encode() + b"\n"


_WITHHELD = "(withheld: it may hold the value of a secret)"
_MARKS = (b"ecret", b"oken", b"env", b"last-applied", b"kapp.k14s.io", b"rio.cattle.io", b"banzaicloud")
"""One of them stands wherever a value of a Secret or of a variable may."""
Clean = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Takes what is secret out of an event of the audit log."""
Rows = Iterable[tuple[str, Mapping[str, Any]]]
"""A table, and a row by its columns; what is no column of the table is told of there."""


@dataclass(frozen=True, slots=True)
class Format:
    """What one program sends or writes, as JSON."""

    name: str
    """As it is called on the command line and in a path."""
    about: str
    """One line: what it is of, and which setting of the sender makes it."""
    tables: tuple[str, ...]
    """Where its rows may go. What cannot be read goes to the companion of the first."""
    rows: Callable[[dict[str, Any], Clean], Rows]
    """The rows of one object. Raises :class:`MisfitError` where it is none of this kind."""
    envelope: str = ""
    """The field of an object that holds a list of such objects."""
    secret: bool = False
    """Whether a value may hold secrets, so that none of it is kept that was not understood."""
    known_by: Callable[[dict[str, Any]], bytes] = lambda _: b""
    """What an object is known by when it is sent again; empty where two may be alike and yet not one."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One value that was sent."""

    number: int
    """Its line, or place in the body, from 1."""
    value: Any
    """What it is; None where it could not be read."""
    reason: str = ""
    """Why it could not be read."""
    line: bytes = b""
    """Its text, where it could not be."""
    kept: bool = False
    """Whether it was put right, and comes after this."""


@cache
def formats() -> Mapping[str, Format]:
    """Every format by its name."""
    import lockgate.store.ingest.sent as package
    from lockgate.discover import discover

    groups = discover(package, "FORMATS", tuple).values()
    return {one.name: one for group in groups for one in group}


def values_of(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The values of a body with their numbers from 1, as JSON: one, the elements of an array, or one a line."""
    content = content.removeprefix(BOM_UTF8).strip()
    if content[:1] == b"[" or (content[:1] == b"{" and b"\n" in content):
        try:
            value = parsed(content)
        except MisfitError:
            if content[:1] == b"[" and b"\n[" not in content:
                yield 1, content
                return
        else:
            elements = value if isinstance(value, list) else [value]
            yield from ((number, line_of_value(one)) for number, one in enumerate(elements, 1))
            return
    yield from enumerate(content.split(b"\n"), 1)


def sent(form: Format, lines: Iterable[tuple[int, bytes]]) -> Iterator[Sent]:
    """The objects of numbered values, those of an envelope one by one."""
    for number, line in lines:
        line = line.strip()
        if not line:
            continue
        try:
            value, wrong = mended_value_of(line)
            within = value.get(form.envelope) if form.envelope and isinstance(value, dict) else None
        except MisfitError as error:
            yield Sent(number, None, str(error), line)
            continue
        if wrong:
            yield Sent(number, None, wrong, line, kept=True)
            within = value if isinstance(value, list) else within
        for one in within if isinstance(within, list) else [value]:
            yield Sent(number, one)


class Taken(NamedTuple):
    """What one value of a body brings."""

    known_by: bytes
    """What it is known by when it is sent again; empty for nothing."""
    lines: list[tuple[str, bytes]]
    """Tables, and a line of JSON for each row."""


class Body(NamedTuple):
    """What a body brings."""

    values: list[Taken]
    fields: Mapping[str, AbstractSet[str]]
    """All fields that the rows of a table have; without those of tables of which that is not known."""


def taken(form: Format, content: bytes, *, clean: Clean, origin: str, only: str = "") -> Body:
    """What a body brings, value by value. ``only``: the one table that is wanted, of those of the format.

    Where the body can be cut into its values each of them goes before the next is made, as :mod:`arrays` says.
    """
    wanted = _wanted(only)
    fields: dict[str, set[str]] = {}

    def made(one: Sent) -> Taken:
        by = form.known_by(one.value) if isinstance(one.value, dict) else b""
        return Taken(by, list(_lines(form, one, clean, origin, wanted, fields)))

    try:
        return Body([made(one) for one in _in_pieces(form, content)], fields)
    except _UncutError:  # it may have numbers that no reader of JSON but Python's takes
        return Body([made(one) for one in sent(form, values_of(content))], {})


class _UncutError(Exception):
    """A body whose values are not known by cutting it."""


def _in_pieces(form: Format, content: bytes) -> Iterator[Sent]:
    """The same objects as ``sent(form, values_of(content))``. Raises :class:`_UncutError`, even after some."""
    content = content.removeprefix(BOM_UTF8).strip()
    inside = bool(form.envelope) and content[:1] == b"{" and len(content) <= MOST_LINE
    pieces = pieces_within(content, form.envelope) if inside else pieces_of(content)
    if pieces is None or holds_large(content):  # whose digits orjson does not keep
        raise _UncutError
    for number, piece in enumerate(pieces, 1):
        try:
            value = orjson.loads(piece)
        except ValueError:
            raise _UncutError from None
        if not isinstance(value, dict) or len(piece) > MOST_LINE:
            raise _UncutError
        if inside:
            yield Sent(1, value)
            continue
        within = value.get(form.envelope) if form.envelope else None
        for one in within if isinstance(within, list) else [value]:
            yield Sent(number, one)


def read(
    form: Format, lines: Iterable[tuple[int, bytes]], *, clean: Clean, origin: str, only: str = ""
) -> dict[str, bytes]:  # fmt: skip
    """Lines of rows by table, of numbered values. ``only``: as :func:`taken` has it."""
    found: dict[str, list[bytes]] = {}
    wanted = _wanted(only)
    for one in sent(form, lines):
        for table, line in _lines(form, one, clean, origin, wanted, {}):
            found.setdefault(table, []).append(line)
    return {table: b"".join(rows) for table, rows in found.items()}


def _wanted(only: str) -> frozenset[str]:
    """The tables whose rows are kept; none for all."""
    return frozenset((only, f"{only}{COMPANION}")) if only else frozenset()


def _lines(
    form: Format, one: Sent, clean: Clean, origin: str, wanted: frozenset[str], fields: dict[str, set[str]]
) -> Iterator[tuple[str, bytes]]:  # fmt: skip
    """The rows of a value as lines; one that several tables have is written once. Adds to ``fields`` of the tables."""
    last: Mapping[str, Any] | None = None
    line = b""
    for table, row in _rows(form, one, clean, origin):
        if wanted and table not in wanted:
            continue
        if row is not last:
            try:
                line, last = line_of(row), row
            except MisfitError as error:
                table, last = _misfit(form, one.number, str(error), b"", origin)
                line = line_of(last)
        fields.setdefault(table, set()).update(last)
        yield table, line


def whole(value: dict[str, Any]) -> bytes:
    """All of an object, which its own id makes unlike any other; the same whatever the order of its fields."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError):
        return text_of(value).encode("utf-8", "surrogatepass")


def _rows(form: Format, one: Sent, clean: Clean, origin: str) -> Rows:
    if one.reason:
        yield _misfit(form, one.number, one.reason, one.line, origin, kept=one.kept)
        return
    try:
        if not isinstance(one.value, dict):
            raise MisfitError("the row is no JSON object")
        yield from list(form.rows(one.value, clean))
    except MisfitError as error:
        yield _misfit(form, one.number, str(error), line_of_value(one.value), origin)


def _misfit(
    form: Format, number: int, reason: str, text: bytes, origin: str, *, kept: bool = False
) -> tuple[str, dict[str, Any]]:
    hidden = form.secret and any(mark in text for mark in _MARKS)
    shown = _WITHHELD if hidden else text[:MOST_TEXT].decode("utf-8", "backslashreplace")
    row = {"Reason": reason, "Field": "", "Kept": kept, "Text": shown, "Origin": origin, "Line": number}
    return f"{form.tables[0]}{COMPANION}", row


def line_of_value(value: Any) -> bytes:
    """Any value as JSON."""
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError):
        return text_of(value).encode()


def text(value: Any) -> str:
    """A value where a column holds text: itself, or its JSON; empty for none."""
    if value is None:
        return ""
    return value if isinstance(value, str) else text_of(value)


def inner(value: Any, *names: str) -> Any:
    """What stands below fields of fields; None where one of them is not there."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def rest(value: Mapping[str, Any], *names: str) -> dict[str, Any] | None:
    """What is left without these fields; None for nothing."""
    return {name: one for name, one in value.items() if name not in names} or None
