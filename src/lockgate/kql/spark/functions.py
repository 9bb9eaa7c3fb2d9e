"""The functions that Spark computes itself. Everything else goes through its definition in Python.

Each entry is given the writer and the call, and gives ``None`` for the arguments that it does not cover.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockgate.kql import bound
from lockgate.kql.emit.standard import (
    Write,
    absolute,
    as_dynamic,
    bag_names,
    choice,
    coalesce,
    is_null,
    opposite,
    parse_json,
    period,
    text_of,
    types_of,
)
from lockgate.kql.spark import operators
from lockgate.kql.types import BOOL, DATETIME, DYNAMIC, INT, INTEGERS, LONG, REAL, STRING, TIMESPAN, Type

if TYPE_CHECKING:
    from lockgate.kql.emit.values import Expressions


def write(to: Expressions, call: bound.Call) -> str | None:
    """The call as an expression, or ``None``."""
    known = FUNCTIONS.get(call.function.name)
    return known(to, call) if known is not None else None


def _is_empty(*, empty: bool) -> Write:
    def found(to: Expressions, call: bound.Call) -> str | None:
        (type_,) = types_of(call)
        if type_.dynamic:
            return None
        text = to.sql(call.arguments[0])
        if type_ is STRING:
            return f"({text} {'=' if empty else '<>'} '')"
        return f"({text} IS {'' if empty else 'NOT '}NULL)"

    return found


def _strcat(to: Expressions, call: bound.Call) -> str:
    return f"concat({', '.join(to.as_type(one, STRING) for one in call.arguments)})"


def _of_text(name: str) -> Write:
    return lambda to, call: f"{name}({to.as_type(call.arguments[0], STRING)})"


def _to_number(target: Type) -> Write:
    """Of numbers; what is written in a text is read in Python."""

    def found(to: Expressions, call: bound.Call) -> str | None:
        (source,) = types_of(call)
        if source is not target and source not in INTEGERS and source is not BOOL:
            return None
        return operators.convert(to, call.arguments[0], source, target)

    return found


def _length(to: Expressions, call: bound.Call) -> str | None:
    return f"CAST(length({to.sql(call.arguments[0])}) AS BIGINT)" if types_of(call) == (STRING,) else None


def _bin(to: Expressions, call: bound.Call) -> str | None:
    """Counted from the year 1, as Kusto counts; a size that is known and positive makes it plain arithmetic."""
    value, size = call.arguments
    one, by = types_of(call)
    known = to.known(size)
    if known is None or not isinstance(known[0], int | float) or isinstance(known[0], bool) or known[0] <= 0:
        return None
    whole = (DATETIME, TIMESPAN, INT, LONG)
    if one in whole and by in whole and isinstance(known[0], int):
        text = f"CAST({to.sql(value)} AS BIGINT)" if one is INT else to.sql(value)
        return f"({text} - pmod({text}, {known[0]}L))"
    if REAL in (one, by) and one in (REAL, INT, LONG):
        step = to.constant(float(known[0]), REAL)
        # Its floor of a real is a whole number, which not every real has.
        return None if one is REAL else f"(floor(CAST({to.sql(value)} AS DOUBLE) / {step}) * {step})"
    return None


def _bag_pack(to: Expressions, call: bound.Call) -> str | None:
    """A bag under names that are known and differ."""
    from lockgate.kql.text import quoted

    texts = bag_names(to, call)
    if texts is None:
        return None
    pieces: list[str] = []
    for i, (name, value) in enumerate(zip(texts, call.arguments[1::2], strict=True)):
        pieces.append(to.constant(f"{',' if i else '{'}{quoted(name)}:", STRING))
        pieces.append(as_dynamic(to, value))
    return f"concat({', '.join(pieces)}, '}}')"


def _pack_array(to: Expressions, call: bound.Call) -> str | None:
    values = [as_dynamic(to, one) for one in call.arguments]
    return "concat('[', " + ", ',', ".join(values) + ", ']')" if values else None


def _pack_some(to: Expressions, call: bound.Call) -> str:
    """A bag of what is neither null nor empty; lowering put the names before the values."""
    from lockgate.kql.text import quoted

    pieces: list[str] = []
    for name, value in zip(call.arguments[::2], call.arguments[1::2], strict=True):
        assert isinstance(name, bound.Constant)
        start = to.constant(f"{quoted(str(name.value))}:", STRING)
        pieces.append(f"concat({start}, nullif(nullif({to.as_type(value, DYNAMIC)}, '\"\"'), 'null'))")
    return f"concat('{{', array_join(array({', '.join(pieces)}), ','), '}}')"


def _array_length(to: Expressions, call: bound.Call) -> str | None:
    (source,) = types_of(call)
    return f"CAST(json_array_length({to.sql(call.arguments[0])}) AS BIGINT)" if source.dynamic else None


def _substring(to: Expressions, call: bound.Call) -> str | None:
    known = [to.known(one) for one in call.arguments[1:]]
    numbers = [one[0] for one in known if one is not None and isinstance(one[0], int) and 0 <= one[0] < 2**31 - 1]
    if types_of(call)[0] is not STRING or len(numbers) < len(known):
        return None
    rest = "" if len(numbers) == 1 else f", {numbers[1]}"
    return f"substring({to.sql(call.arguments[0])}, {numbers[0] + 1}{rest})"


def _replaced(to: Expressions, call: bound.Call) -> str | None:
    if any(one is not STRING for one in types_of(call)):
        return None
    return f"replace({', '.join(to.sql(one) for one in call.arguments)})"


FUNCTIONS: dict[str, Write] = {
    "not": opposite,
    "isempty": _is_empty(empty=True),
    "isnotempty": _is_empty(empty=False),
    "notempty": _is_empty(empty=False),
    "isnull": is_null(null=True),
    "isnotnull": is_null(null=False),
    "notnull": is_null(null=False),
    "iff": choice,
    "iif": choice,
    "case": choice,
    "coalesce": coalesce,
    "tostring": text_of,
    "strcat": _strcat,
    "tolower": _of_text("lower"),
    "toupper": _of_text("upper"),
    "toint": _to_number(INT),
    "tolong": _to_number(LONG),
    "toreal": _to_number(REAL),
    "todouble": _to_number(REAL),
    "strlen": _length,
    "bin": _bin,
    "floor": _bin,
    "startofday": period("({0} - {0} % 864000000000L)"),
    "startofweek": period("({0} - ({0} + 864000000000L) % 6048000000000L)"),
    "parse_json": parse_json,
    "todynamic": parse_json,
    "toobject": parse_json,
    "parsejson": parse_json,
    "bag_pack": _bag_pack,
    "pack": _bag_pack,
    "pack_dictionary": _bag_pack,
    "pack_all": _pack_some,
    "pack_array": _pack_array,
    "array_length": _array_length,
    "arraylength": _array_length,
    "substring": _substring,
    "abs": absolute,
    "replace_string": _replaced,
}
