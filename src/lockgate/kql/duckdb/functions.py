"""The functions that DuckDB computes itself. Everything else goes through its definition in Python.

Each entry is given the writer and the call, and gives ``None`` for the arguments that it does not cover.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lockgate.kql import bound
from lockgate.kql.duckdb import operators
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
from lockgate.kql.patterns import with_plain_names
from lockgate.kql.types import BOOL, DATETIME, DYNAMIC, INT, INTEGERS, LONG, REAL, STRING, TIMESPAN, Type

if TYPE_CHECKING:
    from lockgate.kql.emit.values import Expressions


def write(to: Expressions, call: bound.Call) -> str | None:
    """The call as an expression, or ``None``."""
    known = FUNCTIONS.get(call.function.name)
    return known(to, call) if known is not None else None


def _of_strings(template: str) -> Write:
    """A function of strings alone."""

    def found(to: Expressions, call: bound.Call) -> str | None:
        if any(one is not STRING for one in types_of(call)):
            return None
        return template.format(*(to.sql(one) for one in call.arguments))

    return found


def _is_empty(*, empty: bool) -> Write:
    def found(to: Expressions, call: bound.Call) -> str | None:
        (type_,) = types_of(call)
        text = to.sql(call.arguments[0])
        if type_ is STRING:
            return f"({text} {'=' if empty else '<>'} '')"
        if type_.dynamic:
            text = operators.dynamic_text(to, call.arguments[0])
            return f"({text} {'=' if empty else '<>'} '')"
        return f"({text} IS {'' if empty else 'NOT '}NULL)"

    return found


def _strcat(to: Expressions, call: bound.Call) -> str:
    return "(" + " || ".join(to.as_type(one, STRING) for one in call.arguments) + ")"


def _lowered(name: str) -> Write:
    return lambda to, call: f"{name}({to.as_type(call.arguments[0], STRING)})"


def _to_number(target: Type, sql: str) -> Write:
    def found(to: Expressions, call: bound.Call) -> str | None:
        (source,) = types_of(call)
        text = to.sql(call.arguments[0])
        if source is target:
            return text
        if source is LONG and target is INT:
            return operators.low_bits(text)
        if source in INTEGERS or source is BOOL:
            return f"try_cast({text} AS {sql})"
        if source is STRING or source.dynamic:
            return operators.number(to, call, call.arguments[0], target)
        return None

    return found


def _length(to: Expressions, call: bound.Call) -> str | None:
    return f"length({to.sql(call.arguments[0])})" if types_of(call) == (STRING,) else None


def _bin(to: Expressions, call: bound.Call) -> str | None:
    """Counted from the year 1, as Kusto counts; a size that is known and positive makes it plain arithmetic."""
    value, size = call.arguments
    one, by = types_of(call)
    known = to.known(size)
    if known is None or not isinstance(known[0], int | float) or isinstance(known[0], bool) or known[0] <= 0:
        return None
    text = to.sql(value)
    whole = (DATETIME, TIMESPAN, INT, LONG)
    if one in whole and by in whole and isinstance(known[0], int):
        step = known[0]
        if one is DATETIME:
            return f"({text} - {text} % {step})"
        text = f"({text})::BIGINT" if one is INT else text
        return f"({text} - (({text} % {step}) + {step}) % {step})"
    if REAL in (one, by) and one in (REAL, INT, LONG):
        step_text = f"{float(known[0])!r}::DOUBLE"
        return f"(floor({text} / {step_text}) * {step_text})"
    return None


def _bag_pack(to: Expressions, call: bound.Call) -> str | None:
    """A bag under names that are known and differ."""
    texts = bag_names(to, call)
    if texts is None:
        return None
    values = [as_dynamic(to, one) for one in call.arguments[1::2]]
    from lockgate.kql.text import quoted

    pieces: list[str] = []
    for i, (name, value) in enumerate(zip(texts, values, strict=True)):
        pieces.append(to.constant(f"{',' if i else '{'}{quoted(name)}:", STRING))
        pieces.append(value)
    return "(" + " || ".join(pieces) + " || '}')"


def _pack_array(to: Expressions, call: bound.Call) -> str | None:
    values = [as_dynamic(to, one) for one in call.arguments]
    return "('[' || " + " || ',' || ".join(values) + " || ']')" if values else None


def _pack_some(to: Expressions, call: bound.Call) -> str:
    """A bag of what is neither null nor empty; lowering put the names before the values."""
    from lockgate.kql.text import quoted

    pieces: list[str] = []
    for name, value in zip(call.arguments[::2], call.arguments[1::2], strict=True):
        assert isinstance(name, bound.Constant)
        start = to.constant(f"{quoted(str(name.value))}:", STRING)
        some = f"nullif(nullif({to.as_type(value, DYNAMIC)}, '\"\"'), 'null')"
        pieces.append(f"({start} || {some})")
    return f"('{{' || coalesce(array_to_string([{', '.join(pieces)}], ','), '') || '}}')"


def _get_type(to: Expressions, call: bound.Call) -> str | None:
    """The kind of a dynamic value."""
    (source,) = types_of(call)
    if not source.dynamic:
        return None
    cases = " ".join(f"WHEN '{one}' THEN '{name}'" for one, name in _KINDS.items())
    return f"CASE json_type({to.sql(call.arguments[0])}) {cases} ELSE 'null' END"


_KINDS = {
    "VARCHAR": "string", "BIGINT": "long", "UBIGINT": "long", "HUGEINT": "long", "DOUBLE": "double", "BOOLEAN": "bool",
    "OBJECT": "dictionary", "ARRAY": "array",
}  # fmt: skip


def _array_length(to: Expressions, call: bound.Call) -> str | None:
    (source,) = types_of(call)
    if not source.dynamic:
        return None
    text = to.sql(call.arguments[0])
    return f"CASE WHEN json_type({text}) = 'ARRAY' THEN json_array_length({text})::BIGINT END"


def _extract(to: Expressions, call: bound.Call) -> str | None:
    if len(call.arguments) != 3 or types_of(call)[2] is not STRING:
        return None
    pattern, group = to.known(call.arguments[0]), to.known(call.arguments[1])
    if pattern is None or group is None or not isinstance(pattern[0], str) or not isinstance(group[0], int):
        return None
    if not 0 <= group[0] <= 9 or group[0] > pattern[0].count("("):
        return None
    plain = to.constant(with_plain_names(pattern[0]), STRING)
    return f"regexp_extract({to.sql(call.arguments[2])}, {plain}, {group[0]})"


def _substring(to: Expressions, call: bound.Call) -> str | None:
    types = types_of(call)
    known = [to.known(one) for one in call.arguments[1:]]
    numbers = [one[0] for one in known if one is not None and isinstance(one[0], int) and one[0] >= 0]
    if types[0] is not STRING or len(numbers) < len(known):
        return None
    text = to.sql(call.arguments[0])
    rest = "" if len(numbers) == 1 else f", {numbers[1]}"
    return f"substring({text}, {numbers[0] + 1}{rest})"


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
    "tolower": _lowered("lower"),
    "toupper": _lowered("upper"),
    "toint": _to_number(INT, "INTEGER"),
    "tolong": _to_number(LONG, "BIGINT"),
    "toreal": _to_number(REAL, "DOUBLE"),
    "todouble": _to_number(REAL, "DOUBLE"),
    "strlen": _length,
    "bin": _bin,
    "floor": _bin,
    "startofday": period("({0} - {0} % 864000000000)"),
    "startofweek": period("({0} - ({0} + 864000000000) % 6048000000000)"),
    "parse_json": parse_json,
    "todynamic": parse_json,
    "toobject": parse_json,
    "parsejson": parse_json,
    "bag_pack": _bag_pack,
    "pack": _bag_pack,
    "pack_dictionary": _bag_pack,
    "pack_all": _pack_some,
    "pack_array": _pack_array,
    "gettype": _get_type,
    "array_length": _array_length,
    "arraylength": _array_length,
    "extract": _extract,
    "substring": _substring,
    "abs": absolute,
    "replace_string": _of_strings("replace({0}, {1}, {2})"),
}
