"""Operators and functions that every engine writes alike, in SQL of the standard, and what they must know of values.

An engine names them in its own tables, beside those that it writes in its own way. Each gives ``None`` for arguments
that it does not cover.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lockgate.kql import bound, relation
from lockgate.kql.emit.values import Expressions
from lockgate.kql.moments import MAX_MOMENT
from lockgate.kql.relation import Field
from lockgate.kql.types import BOOL, DATETIME, DYNAMIC, INTEGERS, LONG, REAL, STRING, TIMESPAN, Type, single

WHOLE = INTEGERS | {DATETIME, TIMESPAN}
NUMBERS = INTEGERS | {REAL}
COMPARED = {"==": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
"""Comparisons as the standard has them."""
MOST_OF_LIST = 5_000
"""Items of ``in`` that are written into a statement."""
NO_NUMBERS = frozenset(("nan", "inf", "infinity"))
"""Words that engines read as reals."""
Write = Callable[[Expressions, bound.Call], str | None]


# --- operators


def joined(value: bound.Operation, write_one: Callable[[bound.Value], str]) -> str | None:
    """A chain of ``and`` or ``or`` in one pair of brackets, however long it is."""
    parts: list[bound.Value] = []
    one: bound.Value = value
    while isinstance(one, bound.Operation) and one.operator == value.operator:
        parts.append(one.arguments[1])
        one = one.arguments[0]
    parts.append(one)
    if any(single(each.type) is not BOOL for each in parts):
        return None
    return "(" + f" {value.operator.upper()} ".join(write_one(each) for each in reversed(parts)) + ")"


def between(value: bound.Operation, compare: Callable[[bound.Operation, tuple[Type, ...]], str | None]) -> str | None:
    """``between`` and its opposite, of two comparisons as ``compare`` writes them where null is as good as false."""
    operand, low, high = value.arguments
    if single(operand.type) is DATETIME and single(high.type) is TIMESPAN:
        high = bound.Operation("+", (low, high), DATETIME, low.constant and high.constant)
    texts: list[str] = []
    for sign, end in ((">=", low), ("<=", high)):
        one = bound.Operation(sign, (operand, end), BOOL, False)
        text = compare(one, (single(operand.type), single(end.type)))
        if text is None:
            return None
        texts.append(text)
    both = f"({texts[0]} AND {texts[1]})"
    return both if value.operator == "between" else f"(NOT {both})"


def items_of(to: Expressions, values: Sequence[bound.Value]) -> list[object] | None:
    """What is looked for, arrays taken apart; ``None`` when it is not known before the rows are."""
    found: list[object] = []
    for one in values:
        known = to.known(one)
        if known is None:
            return None
        found += known[0] if isinstance(known[0], list) else [known[0]]
    return found


def dynamic_within(value: bound.Value) -> bound.Value | None:
    """The dynamic value of which this is the text, itself included."""
    if single(value.type).dynamic:
        return value
    inner: bound.Value | None = None
    if isinstance(value, relation.Converted):
        inner = value.value
    elif isinstance(value, bound.Call) and value.function.name == "tostring":
        inner = value.arguments[0]
    text = single(value.type) is STRING and inner is not None and single(inner.type).dynamic
    return inner if text and not value.constant else None


def stored_timestamp(value: bound.Value) -> Field | None:
    """The column, where it is one that holds timestamps."""
    if isinstance(value, bound.Use) and isinstance(value.column, Field):
        return value.column if value.column.stored == relation.TIMESTAMP else None
    return None


# --- functions


def types_of(call: bound.Call) -> tuple[Type, ...]:
    """The types of the arguments."""
    return tuple(single(one.type) for one in call.arguments)


def opposite(to: Expressions, call: bound.Call) -> str | None:
    """``not``."""
    return f"(NOT {to.sql(call.arguments[0])})" if types_of(call) == (BOOL,) else None


def is_null(*, null: bool) -> Write:
    """``isnull`` and its opposite: a text never is."""

    def found(to: Expressions, call: bound.Call) -> str | None:
        (type_,) = types_of(call)
        if type_ is STRING:
            return "false" if null else "true"
        return f"({to.sql(call.arguments[0])} IS {'' if null else 'NOT '}NULL)"

    return found


def choice(to: Expressions, call: bound.Call) -> str | None:
    """``iff`` and ``case``."""
    arguments, target = call.arguments, single(call.type)
    if any(single(one.type) is not BOOL for one in arguments[:-1:2]):
        return None
    parts = [
        f"WHEN {to.condition(test)} THEN {to.as_type(chosen, target)}"
        for test, chosen in zip(arguments[:-1:2], arguments[1::2], strict=True)
    ]
    return f"CASE {' '.join(parts)} ELSE {to.as_type(arguments[-1], target)} END"


def coalesce(to: Expressions, call: bound.Call) -> str | None:
    """The first that is there; of texts the first that is not empty."""
    target = single(call.type)
    parts = [to.as_type(one, target) for one in call.arguments]
    if target is STRING:
        return "coalesce(" + ", ".join(f"nullif({one}, '')" for one in parts) + ", '')"
    return f"coalesce({', '.join(parts)})"


def text_of(to: Expressions, call: bound.Call) -> str:
    """``tostring``."""
    return to.as_type(call.arguments[0], STRING)


def period(sql: str) -> Write:
    """The start of a period, by arithmetic on ticks; without an offset."""

    def found(to: Expressions, call: bound.Call) -> str | None:
        if len(call.arguments) > 1 or types_of(call)[0] is not DATETIME:
            return None
        return sql.format(to.sql(call.arguments[0]))

    return found


def parse_json(to: Expressions, call: bound.Call) -> str | None:
    """What is dynamic already."""
    (source,) = types_of(call)
    return to.sql(call.arguments[0]) if source.dynamic else None


def as_dynamic(to: Expressions, value: bound.Value) -> str:
    """A value as JSON, null as the word."""
    found = to.as_type(value, DYNAMIC)
    return found if single(value.type) is STRING else f"coalesce({found}, 'null')"


def bag_names(to: Expressions, call: bound.Call) -> list[str] | None:
    """The names of ``bag_pack``, where they are known and differ."""
    names = [to.known(one) for one in call.arguments[::2]]
    texts = [one[0] for one in names if one is not None and isinstance(one[0], str)]
    if len(texts) < len(names) or len(set(texts)) < len(texts) or not texts or len(call.arguments) % 2:
        return None
    return texts


def time_within(ticks: str) -> str:
    """A time of the years 1 to 9999; null beyond them."""
    return f"CASE WHEN {ticks} BETWEEN 0 AND {MAX_MOMENT} THEN {ticks} END"


def absolute(to: Expressions, call: bound.Call) -> str | None:
    """``abs``."""
    (source,) = types_of(call)
    text = to.sql(call.arguments[0])
    if source in (LONG, TIMESPAN):  # the least number has none
        return f"abs(nullif({text}, {to.number(-(1 << 63), LONG)}))"
    return f"abs({text})" if source is REAL else None
