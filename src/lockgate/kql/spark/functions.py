"""The functions that Spark computes itself. Everything else goes through its definition in Python.

Each entry is given the writer and the call, and gives ``None`` for the arguments that it does not cover.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lockgate.kql import bound, relation
from lockgate.kql.spark import operators
from lockgate.kql.types import BOOL, DATETIME, DYNAMIC, INT, INTEGERS, LONG, REAL, STRING, TIMESPAN, Type, single

if TYPE_CHECKING:
    from lockgate.kql.emit.values import Expressions

Write = Callable[["Expressions", bound.Call], str | None]


def write(to: Expressions, call: bound.Call) -> str | None:
    """The call as an expression, or ``None``."""
    known = FUNCTIONS.get(call.function.name)
    return known(to, call) if known is not None else None


def _types(call: bound.Call) -> tuple[Type, ...]:
    return tuple(single(one.type) for one in call.arguments)


def _not(to: Expressions, call: bound.Call) -> str | None:
    return f"(NOT {to.sql(call.arguments[0])})" if _types(call) == (BOOL,) else None


def _is_empty(*, empty: bool) -> Write:
    def found(to: Expressions, call: bound.Call) -> str | None:
        (type_,) = _types(call)
        if type_.dynamic:
            return None
        text = to.sql(call.arguments[0])
        if type_ is STRING:
            return f"({text} {'=' if empty else '<>'} '')"
        return f"({text} IS {'' if empty else 'NOT '}NULL)"

    return found


def _is_null(*, null: bool) -> Write:
    def found(to: Expressions, call: bound.Call) -> str | None:
        (type_,) = _types(call)
        if type_ is STRING:
            return "false" if null else "true"
        return f"({to.sql(call.arguments[0])} IS {'' if null else 'NOT '}NULL)"

    return found


def _as(to: Expressions, value: bound.Value, target: Type) -> str:
    """A value as one of another type, in Python where there is no other way."""
    source = single(value.type)
    if isinstance(value, bound.Constant) and value.value is None:
        return to.constant(None, target)
    if source is target:
        return to.sql(value)
    found = operators.convert(to, value, source, target)
    return found if found is not None else to.foreign(relation.Converted(value, target))


def _choice(to: Expressions, call: bound.Call) -> str | None:
    """``iff`` and ``case``"""
    arguments, target = call.arguments, single(call.type)
    if any(single(one.type) is not BOOL for one in arguments[:-1:2]):
        return None
    parts = [
        f"WHEN {to.condition(test)} THEN {_as(to, chosen, target)}"
        for test, chosen in zip(arguments[:-1:2], arguments[1::2], strict=True)
    ]
    return f"CASE {' '.join(parts)} ELSE {_as(to, arguments[-1], target)} END"


def _coalesce(to: Expressions, call: bound.Call) -> str | None:
    target = single(call.type)
    parts = [_as(to, one, target) for one in call.arguments]
    if target is STRING:
        return "coalesce(" + ", ".join(f"nullif({one}, '')" for one in parts) + ", '')"
    return f"coalesce({', '.join(parts)})"


def _tostring(to: Expressions, call: bound.Call) -> str:
    return _as(to, call.arguments[0], STRING)


def _strcat(to: Expressions, call: bound.Call) -> str:
    return f"concat({', '.join(_as(to, one, STRING) for one in call.arguments)})"


def _of_text(name: str) -> Write:
    return lambda to, call: f"{name}({_as(to, call.arguments[0], STRING)})"


def _to_number(target: Type) -> Write:
    """Of numbers; what is written in a text is read in Python."""

    def found(to: Expressions, call: bound.Call) -> str | None:
        (source,) = _types(call)
        if source is not target and source not in INTEGERS and source is not BOOL:
            return None
        return operators.convert(to, call.arguments[0], source, target)

    return found


def _length(to: Expressions, call: bound.Call) -> str | None:
    return f"CAST(length({to.sql(call.arguments[0])}) AS BIGINT)" if _types(call) == (STRING,) else None


def _bin(to: Expressions, call: bound.Call) -> str | None:
    """Counted from the year 1, as Kusto counts; a size that is known and positive makes it plain arithmetic."""
    value, size = call.arguments
    one, by = _types(call)
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


def _period(sql: str) -> Write:
    """The start of a period, by arithmetic on ticks; without an offset."""

    def found(to: Expressions, call: bound.Call) -> str | None:
        if len(call.arguments) > 1 or _types(call)[0] is not DATETIME:
            return None
        return sql.format(to.sql(call.arguments[0]))

    return found


def _parse_json(to: Expressions, call: bound.Call) -> str | None:
    (source,) = _types(call)
    return to.sql(call.arguments[0]) if source.dynamic else None


def _as_dynamic(to: Expressions, value: bound.Value) -> str:
    found = _as(to, value, DYNAMIC)
    return found if single(value.type) is STRING else f"coalesce({found}, 'null')"


def _bag_pack(to: Expressions, call: bound.Call) -> str | None:
    """A bag under names that are known and differ."""
    from lockgate.kql.text import quoted

    names = [to.known(one) for one in call.arguments[::2]]
    texts = [one[0] for one in names if one is not None and isinstance(one[0], str)]
    if len(texts) < len(names) or len(set(texts)) < len(texts) or not texts or len(call.arguments) % 2:
        return None
    pieces: list[str] = []
    for i, (name, value) in enumerate(zip(texts, call.arguments[1::2], strict=True)):
        pieces.append(to.constant(f"{',' if i else '{'}{quoted(name)}:", STRING))
        pieces.append(_as_dynamic(to, value))
    return f"concat({', '.join(pieces)}, '}}')"


def _pack_array(to: Expressions, call: bound.Call) -> str | None:
    values = [_as_dynamic(to, one) for one in call.arguments]
    return "concat('[', " + ", ',', ".join(values) + ", ']')" if values else None


def _pack_some(to: Expressions, call: bound.Call) -> str:
    """A bag of what is neither null nor empty; lowering put the names before the values."""
    from lockgate.kql.text import quoted

    pieces: list[str] = []
    for name, value in zip(call.arguments[::2], call.arguments[1::2], strict=True):
        assert isinstance(name, bound.Constant)
        start = to.constant(f"{quoted(str(name.value))}:", STRING)
        pieces.append(f"concat({start}, nullif(nullif({_as(to, value, DYNAMIC)}, '\"\"'), 'null'))")
    return f"concat('{{', array_join(array({', '.join(pieces)}), ','), '}}')"


def _array_length(to: Expressions, call: bound.Call) -> str | None:
    (source,) = _types(call)
    return f"CAST(json_array_length({to.sql(call.arguments[0])}) AS BIGINT)" if source.dynamic else None


def _substring(to: Expressions, call: bound.Call) -> str | None:
    known = [to.known(one) for one in call.arguments[1:]]
    numbers = [one[0] for one in known if one is not None and isinstance(one[0], int) and 0 <= one[0] < 2**31 - 1]
    if _types(call)[0] is not STRING or len(numbers) < len(known):
        return None
    rest = "" if len(numbers) == 1 else f", {numbers[1]}"
    return f"substring({to.sql(call.arguments[0])}, {numbers[0] + 1}{rest})"


def _absolute(to: Expressions, call: bound.Call) -> str | None:
    (source,) = _types(call)
    return f"abs({to.sql(call.arguments[0])})" if source in (LONG, REAL, TIMESPAN) else None


def _replaced(to: Expressions, call: bound.Call) -> str | None:
    if any(one is not STRING for one in _types(call)):
        return None
    return f"replace({', '.join(to.sql(one) for one in call.arguments)})"


FUNCTIONS: dict[str, Write] = {
    "not": _not,
    "isempty": _is_empty(empty=True),
    "isnotempty": _is_empty(empty=False),
    "notempty": _is_empty(empty=False),
    "isnull": _is_null(null=True),
    "isnotnull": _is_null(null=False),
    "notnull": _is_null(null=False),
    "iff": _choice,
    "iif": _choice,
    "case": _choice,
    "coalesce": _coalesce,
    "tostring": _tostring,
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
    "startofday": _period("({0} - {0} % 864000000000L)"),
    "startofweek": _period("({0} - ({0} + 864000000000L) % 6048000000000L)"),
    "parse_json": _parse_json,
    "todynamic": _parse_json,
    "toobject": _parse_json,
    "parsejson": _parse_json,
    "bag_pack": _bag_pack,
    "pack": _bag_pack,
    "pack_dictionary": _bag_pack,
    "pack_all": _pack_some,
    "pack_array": _pack_array,
    "array_length": _array_length,
    "arraylength": _array_length,
    "substring": _substring,
    "abs": _absolute,
    "replace_string": _replaced,
}
