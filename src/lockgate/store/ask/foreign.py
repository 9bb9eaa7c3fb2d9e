"""Functions and aggregates of Kusto that an engine calls in Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from inspect import Parameter, Signature
from typing import Any

from lockgate.kql import aggregates, bound
from lockgate.kql.duckdb.values import sql_type
from lockgate.kql.emit import Foreign
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context, compile_value
from lockgate.kql.text import json_text, text_of
from lockgate.kql.types import BOOL, DECIMAL, INT, LONG, REAL, STRING, Tuple, Type, single

Convert = Callable[[Any], Any]
_LIMITS = {"int": 2**31, "long": 2**63, "datetime": 2**63, "timespan": 2**63}


def register(connection: Any, foreign: Foreign, context: Context) -> None:
    """Make the function known to the connection. Raises :class:`EvaluationError` when there is no such function."""
    make = aggregate if foreign.aggregate else scalar
    count = len(foreign.columns) + (1 if foreign.aggregate else 0)
    # DuckDB takes Python's NaN for NULL, and the text for NaN.
    function = _named(count, make(foreign, context, writer(foreign.value.type, nan="nan")))
    suffix = "[]" if foreign.aggregate else ""
    types = [f"{sql_type(one.type)}{suffix}" for one in foreign.columns]
    if foreign.aggregate:
        types.append("BIGINT")
    connection.create_function(
        foreign.name, function, types, sql_type(foreign.value.type), null_handling="special",
        side_effects=foreign.volatile,
    )  # fmt: skip


def scalar(foreign: Foreign, context: Context, write: Convert) -> Callable[..., object]:
    """A function of the values of one row, as an engine holds them."""
    evaluate = compile_value(foreign.value, foreign.columns, context)
    readers = [reader(one.type) for one in foreign.columns]
    if not any(readers):
        return lambda *row: write(evaluate(row))
    return lambda *row: write(evaluate(
        tuple(one if read is None else read(one) for one, read in zip(row, readers, strict=True))
    ))  # fmt: skip


def aggregate(foreign: Foreign, context: Context, write: Convert) -> Callable[..., object]:
    """A function of the values of a group, a list for each column, and of how many there are."""
    call = foreign.value
    assert isinstance(call, bound.Call)
    maker = aggregates.find(call.function.name)
    if maker is None:
        raise EvaluationError(f"The aggregate '{call.function.name}' is not known here.")
    compute = maker(tuple(single(one.type) for one in call.arguments), call.type)
    readers = {one: reader(one.type) for one in foreign.columns}
    fixed: list[object] = []
    for one in call.arguments:
        fixed.append(None if isinstance(one, bound.Use) else compile_value(one, (), context)(()))
    places = [one.column if isinstance(one, bound.Use) else None for one in call.arguments]

    def run(*values: Any) -> object:
        count = values[-1] or 0
        given = dict(zip(foreign.columns, values[:-1], strict=True))
        lists: list[list[object]] = []
        for column, constant in zip(places, fixed, strict=True):
            if column is None:
                lists.append([constant] * count)
                continue
            own, read = given[column] or [], readers[column]
            lists.append(list(own) if read is None else [read(one) for one in own])
        return write(compute(*lists) if lists else compute(count))

    return run


def _named(count: int, run: Callable[..., object]) -> Callable[..., object]:
    """The function under as many parameters as DuckDB counts; it looks at the signature."""
    kind = Parameter.POSITIONAL_OR_KEYWORD
    run.__signature__ = Signature([Parameter(f"a{i}", kind) for i in range(count)])  # type: ignore[attr-defined]
    return run


def reader(type_: Type) -> Convert | None:
    """What makes a value of how DuckDB holds it; ``None`` where it is one."""
    one = single(type_)
    if one.dynamic:
        return read_json
    return _read_decimal if one is DECIMAL else None


def read_json(text: Any) -> Any:
    """A dynamic value; a text that is no JSON is that text."""
    if text is None:
        return None
    import orjson

    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _read_decimal(text: Any) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return None


def writer(type_: Type, *, nan: object = float("nan")) -> Convert:
    """What brings a value of ``type_`` into the form that an engine holds; ``nan`` is what it takes for no number."""
    if isinstance(type_, Tuple) and len(type_.columns) != 1:
        return _several(type_)
    one = single(type_)
    if isinstance(type_, Tuple):
        inner = writer(one, nan=nan)
        return lambda value: inner(value[0] if isinstance(value, tuple) else value)
    if one is STRING:
        return lambda value: "" if value is None else value if isinstance(value, str) else str(value)
    if one is BOOL:
        return lambda value: None if value is None else bool(value)
    if one is REAL:
        return lambda value: None if value is None else float(value) if value == value else nan
    if one.dynamic:
        return lambda value: None if value is None else json_text(value)
    if one.name in _LIMITS:
        limit = _LIMITS[one.name]
        return lambda value: value if value is None or -limit <= value < limit else None
    return lambda value: None if value is None else str(value)


def _several(type_: Tuple) -> Convert:
    """Several values as a list of texts, from which DuckDB takes each by a cast."""
    writers = [_part(one.type) for one in type_.columns]

    def write(value: Any) -> list[str | None] | None:
        if value is None:
            return None
        parts: Sequence[Any] = value if isinstance(value, tuple) else (value,)
        return [one(part) for one, part in zip(writers, parts, strict=False)]

    return write


def _part(type_: Type) -> Convert:
    write = writer(type_)
    if type_ is REAL:
        return lambda value: None if value is None else repr(float(value))
    if type_ in (INT, LONG):
        return lambda value: None if value is None else str(int(value))
    if type_ is BOOL:
        return lambda value: None if value is None else text_of(BOOL)(value)

    def found(value: Any) -> str | None:
        made = write(value)
        return None if made is None else str(made)

    return found
