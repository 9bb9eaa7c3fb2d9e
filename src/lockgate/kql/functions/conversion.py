"""Conversions, choices, tests for nothing; the parsers of texts stand in :mod:`lockgate.kql.functions.parsing`."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from lockgate.kql.convert import converter, read_json
from lockgate.kql.errors import EvaluationError
from lockgate.kql.functions import Compute, Maker, parsing, plain, strict
from lockgate.kql.text import json_text, text_of
from lockgate.kql.types import (
    BOOL,
    DATETIME,
    DECIMAL,
    DYNAMIC,
    GUID,
    INT,
    LONG,
    REAL,
    STRING,
    TIMESPAN,
    Type,
)


def conversion(target: Type) -> Maker:
    """``to...``: of any type."""

    def make(types: tuple[Type, ...], result: Type) -> Compute:
        del result
        return converter(types[0], target) or (lambda value: value)

    return make


def _to_string(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    return text_of(types[0])


def _to_hex(types: tuple[Type, ...], result: Type) -> Compute:
    """Digits of the two's complement, of 32 bits for an int and of 64 for a long."""
    del result
    mask = (1 << (32 if types[0] is INT else 64)) - 1

    def run(value: Any, length: Any = 0) -> str:
        return "" if value is None else f"{value & mask:x}".rjust(min(max(length or 0, 0), 64), "0")

    return run


# --- choices


def _case(*values: Any) -> Any:
    """Conditions and values in turn, and what is given when no condition holds."""
    for i in range(0, len(values) - 1, 2):
        if values[i]:
            return values[i + 1]
    return values[-1]


def _coalesce(types: tuple[Type, ...], result: Type) -> Compute:
    del types
    nothing = "" if result is STRING else None

    def run(*values: Any) -> Any:
        return next((one for one in values if one is not None and one != nothing), nothing)

    return run


def _extreme(choose: Callable[..., Any]) -> Maker:
    """``max_of`` and ``min_of``: nulls are passed over."""

    def make(types: tuple[Type, ...], result: Type) -> Compute:
        del types, result

        def run(*values: Any) -> Any:
            # Of what cannot be compared with itself (NaN) the first stays.
            return choose((one for one in values if one is not None), default=None)

        return run

    return make


def _assert(holds: Any, message: Any) -> bool:
    if holds is not True:
        raise EvaluationError(f"assert() has failed with message: '{message or ''}'.")
    return True


# --- nothing


def _is_null(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    if types[0] is STRING:
        return lambda value: False
    return lambda value: value is None


def _is_not_null(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    if types[0] is STRING:
        return lambda value: True
    return lambda value: value is not None


def _is_empty(value: Any) -> bool:
    return value is None or value == ""


def _is_not_empty(value: Any) -> bool:
    return value is not None and value != ""


def _json(types: tuple[Type, ...], result: Type) -> Compute:
    del result
    return read_json if types[0] is STRING else (lambda value: value)


def _to_json(types: tuple[Type, ...], result: Type) -> Compute:
    """``dynamic_to_json``: members of bags in the order of their names."""
    del result
    pack = converter(types[0], DYNAMIC) or (lambda value: value)
    return lambda value: json_text(_in_order(pack(value))) if value is not None else ""


def _in_order(value: Any, depth: int = 0) -> Any:
    if depth > 200:
        return value
    if isinstance(value, dict):
        return {name: _in_order(value[name], depth + 1) for name in sorted(value)}
    return [_in_order(one, depth + 1) for one in value] if isinstance(value, list) else value


def _cast(types: tuple[Type, ...], result: Type) -> Compute:
    convert = converter(types[1], result) or (lambda value: value)
    return lambda _, value: convert(value)


def _version(text: str) -> Decimal | None:
    return parsing.version(text)


FUNCTIONS: dict[str, Maker] = {
    "tostring": _to_string,
    "tohex": _to_hex,
    **dict.fromkeys(("todynamic", "toobject", "parsejson", "parse_json"), _json),
    "tolong": conversion(LONG),
    "toint": conversion(INT),
    **dict.fromkeys(("toreal", "todouble"), conversion(REAL)),
    "todatetime": conversion(DATETIME),
    **dict.fromkeys(("totimespan", "totime"), conversion(TIMESPAN)),
    **dict.fromkeys(("tobool", "toboolean"), conversion(BOOL)),
    "todecimal": conversion(DECIMAL),
    "toguid": conversion(GUID),
    **dict.fromkeys(("iff", "iif", "case"), plain(_case)),
    "coalesce": _coalesce,
    "max_of": _extreme(max),
    "min_of": _extreme(min),
    "assert": plain(_assert),
    "not": strict(lambda value: not value),
    "isnull": _is_null,
    **dict.fromkeys(("isnotnull", "notnull"), _is_not_null),
    "isempty": plain(_is_empty),
    **dict.fromkeys(("isnotempty", "notempty"), plain(_is_not_empty)),
    "dynamic_to_json": _to_json,
    "__cast": _cast,
    "parse_version": strict(_version),
    **parsing.FUNCTIONS,
}
