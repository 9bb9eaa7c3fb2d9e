"""The aggregates that DuckDB computes itself; all others gather the rows of a group and sum them up in Python.

What Kusto gives for no rows differs from SQL: counts, sums and spreads are 0, averages no number, lists empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lockgate.kql import bound, relation
from lockgate.kql.duckdb import operators
from lockgate.kql.emit.groups import ORDERED, Group, extreme
from lockgate.kql.types import (
    DATETIME,
    DYNAMIC,
    INT,
    INTEGERS,
    LONG,
    REAL,
    STRING,
    TIMESPAN,
    Column,
    single,
)  # fmt: skip

if TYPE_CHECKING:
    from lockgate.kql.emit.values import Expressions


def write(to: Expressions, call: bound.Call, order: str) -> str | None:
    """The aggregate as an expression, or ``None``."""
    group = Group(to, call, order, _PLAIN)
    known = _PLAIN.get(group.name)
    return known(group) if known is not None else None


def _count(group: Group) -> str:
    return f"count(*){group.filter()}"


def _sum(group: Group) -> str | None:
    if group.type is REAL:
        return f"coalesce({group.of('sum')}, 0)"
    if group.type in (INT, LONG, TIMESPAN):
        return _wrapped(f"coalesce({group.of('sum')}, 0)")
    return None


def _wrapped(text: str) -> str:
    """A sum in 64 bits with a sign; DuckDB's has 128."""
    half, whole = 1 << 63, 1 << 64
    return f"((({text}::HUGEINT + {half}) % {whole} + {whole}) % {whole} - {half})::BIGINT"


def _average(group: Group) -> str | None:
    if group.type in INTEGERS or group.type is REAL:
        return f"coalesce({group.of('avg')}, 'nan'::DOUBLE)"
    if group.type in (DATETIME, TIMESPAN):
        return f"(({group.of('sum')}) // nullif(({group.of('count')}), 0))::BIGINT"
    return None


def _distinct(group: Group) -> str | None:
    text = group.text()
    return f"count(DISTINCT {text}){group.filter()}"


def _spread(function: str) -> Callable[[Group], str | None]:
    def found(group: Group) -> str | None:
        if group.type not in INTEGERS and group.type is not REAL:
            return None
        return f"coalesce({group.of(function)}, 0)"

    return found


def _list(group: Group) -> str | None:
    limit = group.to.known(group.arguments[1]) if len(group.arguments) > 1 else (1_048_576,)
    if limit is None or not isinstance(limit[0], int):
        return None
    text = group.text()
    element = text if group.type.dynamic else operators.convert(group.to, group.arguments[0], group.type, DYNAMIC)
    if element is None:
        return None
    some = "" if group.type is STRING else f"{text} IS NOT NULL"
    if group.type.dynamic:
        if limit[0] < 1_048_576:
            return None
        # Of an array the elements are taken: what stands between its brackets.
        element = f"CASE WHEN ({text})[1] = '[' THEN nullif(trim(({text})[2:-2]), '') ELSE {text} END"
    # Joined as text: the elements are JSON already.
    listed = f"list({element}{' ' + group.order if group.order else ''}){group.filter(some)}"
    if limit[0] < 1_048_576:
        listed = f"list_slice({listed}, 1, {max(limit[0], 0)})"
    return f"('[' || coalesce(array_to_string({listed}, ','), '') || ']')"


def _set(group: Group) -> str | None:
    """In DuckDB's own order where the rows have none."""
    if group.order or len(group.arguments) > 1 or group.type.dynamic:
        return None
    text = group.text()
    element = operators.convert(group.to, group.arguments[0], group.type, DYNAMIC)
    if element is None:
        return None
    some = "" if group.type is STRING else f"{text} IS NOT NULL"
    return f"('[' || coalesce(array_to_string(list(DISTINCT {element}){group.filter(some)}, ','), '') || ']')"


_PLAIN: dict[str, Callable[[Group], str | None]] = {
    "count": lambda group: _count(group) if not group.arguments else None,
    "cnt": _count,
    "sum": _sum,
    "avg": _average,
    "min": extreme("min"),
    "max": extreme("max"),
    "dcount": _distinct,
    "count_distinct": _distinct,
    "stdev": _spread("stddev_samp"),
    "stdevp": _spread("stddev_pop"),
    "variance": _spread("var_samp"),
    "variancep": _spread("var_pop"),
    "make_list": _list,
    "makelist": _list,
    "make_set": _set,
    "makeset": _set,
}


def picked(to: Expressions, call: bound.Call, fields: Sequence[tuple[relation.Field, bound.Value]], order: str) -> str:
    """The row that ``arg_max`` or ``take_any`` chooses, as a struct with a member for each of ``fields``, as stored.

    A few values are each taken of the row that wins: of equal rows DuckDB keeps the one it met first, so that all of
    them are of the same. Many are kept together.
    """
    struct = "struct_pack(" + ", ".join(f"{field.name} := {to.raw(value)}" for field, value in fields) + ")"
    name = call.function.name
    if name in ("any", "take_any"):
        if len(call.arguments) == 1 and not isinstance(call.arguments[0], bound.Columns):
            only = call.arguments[0]
            text = to.sql(only)
            some = f"{text} <> ''" if single(only.type) is STRING else f"{text} IS NOT NULL"
            chosen = f"first({struct}{order}) FILTER (WHERE {some})"
            return f"coalesce({chosen}, first({struct}{order}))"
        return f"first({struct}{order})"
    function = "arg_max" if "max" in name else "arg_min"
    by = call.arguments[0]
    text = to.sql(by) if single(by.type) is STRING else to.raw(by)
    if len(fields) <= _APART:
        each = (f"{field.name} := {_of_best(to, function, value, by, text, order)}" for field, value in fields)
        return f"struct_pack({', '.join(each)})"
    best = f"{function}({struct}, {text}{order})"
    # Of rows that all have no value one is taken; a text always has one.
    none = f"first({struct}{order}) FILTER (WHERE {text} IS NULL)"
    return best if single(by.type) is STRING else f"coalesce({best}, {none})"


_APART = 4
"""Values up to which it is cheaper to keep them apart."""


def _of_best(to: Expressions, function: str, value: bound.Value, by: bound.Value, text: str, order: str) -> str:
    """One value of the row that wins, null as well."""
    extreme = f"{function.removeprefix('arg_')}({text})"
    if value is by:
        return extreme
    own = to.raw(value)
    best = f"{function}_null({own}, {text}{order})"
    if single(by.type) is STRING:
        return best
    return f"CASE WHEN {extreme} IS NULL THEN first({own}{order}) FILTER (WHERE {text} IS NULL) ELSE {best} END"


def foreign(to: Expressions, call: bound.Call, order: str) -> str:
    """An aggregate in Python: the arguments of a group as lists, constant ones as they are."""
    from lockgate.kql.emit.values import Foreign

    columns: list[Column] = []
    texts: list[str] = []
    arguments: list[bound.Value] = []
    for i, one in enumerate(call.arguments):
        if isinstance(one, bound.Constant | bound.TypeValue):
            arguments.append(one)
            continue
        if (known := to.known(one)) is not None:
            arguments.append(bound.Constant(known[0], one.type))
            continue
        column = Column(f"a{i}", one.type)
        columns.append(column)
        arguments.append(bound.Use(column, one.type))
        texts.append(f"list({to.sql(one)}{order})")
    texts.append("count(*)")
    name = to.statement.names.take("py")
    value = bound.Call(call.function, tuple(arguments), call.type, False, call.signature)
    to.statement.foreign.append(Foreign(name, value, tuple(columns), aggregate=True))
    return f"{name}({', '.join(texts)})"


def part(to: Expressions, call: bound.Call, index: int) -> str | None:
    """One of several results."""
    if call.function.name not in ("percentile", "percentiles") or single(call.arguments[0].type) not in ORDERED:
        return None
    shares: list[str] = []
    for one in call.arguments[1:]:
        share = to.known(one)
        if share is None or not isinstance(share[0], int | float) or not 0 <= share[0] <= 100:
            return None
        shares.append(repr(share[0] / 100))
    if len(shares) == 1:
        return f"quantile_disc({to.sql(call.arguments[0])}, {shares[0]})"
    # All of one call are the same aggregate, which DuckDB computes once.
    return f"quantile_disc({to.sql(call.arguments[0])}, [{', '.join(shares)}])[{index + 1}]"
