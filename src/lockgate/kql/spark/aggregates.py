"""The aggregates that Spark computes itself; all others gather the rows of a group and sum them up in Python.

What Kusto gives for no rows differs from SQL: counts, sums and spreads are 0, averages no number, lists empty. Lists
have no order in Spark until they are sorted: where the rows have one, their places are gathered with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lockgate.kql import bound, relation
from lockgate.kql.emit.groups import ORDERED, Group, extreme
from lockgate.kql.emit.values import Foreign
from lockgate.kql.spark import operators
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

_MOST = 1_048_576


def write(to: Expressions, call: bound.Call, order: str) -> str | None:
    """The aggregate as an expression, or ``None``."""
    group = Group(to, call, order, _PLAIN)
    known = _PLAIN.get(group.name)
    return known(group) if known is not None else None


def _sum(group: Group) -> str | None:
    if group.type is REAL:
        return f"coalesce({group.of('sum')}, 0D)"
    return f"coalesce({group.of('sum')}, 0L)" if group.type in (INT, LONG, TIMESPAN) else None


def _average(group: Group) -> str | None:
    if group.type in INTEGERS or group.type is REAL:
        return f"coalesce({group.of('avg')}, CAST('NaN' AS DOUBLE))"
    if group.type in (DATETIME, TIMESPAN):
        # Sums of ticks are longer than 64 bits.
        total = group.of("sum", f"CAST({group.text()} AS DECIMAL(20, 0))")
        return f"CAST({total} div nullif({group.of('count')}, 0L) AS BIGINT)"
    return None


def _spread(function: str) -> Callable[[Group], str | None]:
    def found(group: Group) -> str | None:
        if group.type not in INTEGERS and group.type is not REAL:
            return None
        return f"coalesce({group.of(function)}, 0D)"

    return found


def _list(group: Group) -> str | None:
    limit = group.to.known(group.arguments[1]) if len(group.arguments) > 1 else (_MOST,)
    if limit is None or not isinstance(limit[0], int) or (group.type.dynamic and limit[0] < _MOST):
        return None
    text = group.text()
    element = text if group.type.dynamic else operators.convert(group.to, group.arguments[0], group.type, DYNAMIC)
    if element is None:
        return None
    if group.type.dynamic:
        # Of an array the elements are taken: what stands between its brackets.
        inside = f"nullif(trim(substring({text}, 2, length({text}) - 2)), '')"
        element = f"CASE WHEN startswith({text}, '[') THEN {inside} ELSE {text} END"
    some = "" if group.type is STRING else f"{text} IS NOT NULL"
    if group.order:
        rows = group.of("collect_list", f"struct({group.order} AS o, {element} AS e)", some)
        listed = f"transform(sort_array({rows}), r -> r.e)"
    else:
        listed = group.of("collect_list", element, some)
    if limit[0] < _MOST:
        listed = f"slice({listed}, 1, {max(limit[0], 0)})"
    return f"concat('[', array_join({listed}, ','), ']')"


def _set(group: Group) -> str | None:
    """In Spark's own order where the rows have none."""
    if group.order or len(group.arguments) > 1 or group.type.dynamic:
        return None
    element = operators.convert(group.to, group.arguments[0], group.type, DYNAMIC)
    if element is None:
        return None
    some = "" if group.type is STRING else f"{group.text()} IS NOT NULL"
    return f"concat('[', array_join({group.of('collect_set', element, some)}, ','), ']')"


_PLAIN: dict[str, Callable[[Group], str | None]] = {
    "count": lambda group: group.of("count", "*") if not group.arguments else None,
    "cnt": lambda group: group.of("count", "*"),
    "sum": _sum,
    "avg": _average,
    "min": extreme("min"),
    "max": extreme("max"),
    "dcount": lambda group: group.of("count", f"DISTINCT {group.text()}"),
    "count_distinct": lambda group: group.of("count", f"DISTINCT {group.text()}"),
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
    """The row that ``arg_max`` or ``take_any`` chooses, as a struct with a member for each of ``fields``, as stored."""
    row = "struct(" + ", ".join(f"{to.raw(value)} AS {field.name}" for field, value in fields) + ")"
    first = f"min_by({row}, {order})" if order else f"first({row})"
    name = call.function.name
    if name in ("any", "take_any"):
        if len(call.arguments) > 1 or isinstance(call.arguments[0], bound.Columns):
            return first
        only = call.arguments[0]
        some = f"{to.sql(only)} <> ''" if single(only.type) is STRING else f"{to.sql(only)} IS NOT NULL"
        return f"coalesce({first} FILTER (WHERE {some}), {first})"
    by = call.arguments[0]
    text = to.sql(by) if single(by.type) is STRING else to.raw(by)
    largest = "max" in name
    # Of rows with the same value the first is taken: a struct compares their places next.
    key = f"struct({text} AS k, {'-' if largest else ''}{order} AS o)" if order else text
    best = f"{'max_by' if largest else 'min_by'}({row}, {key}) FILTER (WHERE {text} IS NOT NULL)"
    # Of rows that all have no value one is taken.
    return f"coalesce({best}, {first})"


def foreign(to: Expressions, call: bound.Call, order: str) -> str:
    """An aggregate in Python, of the rows of a group as structs in their order; constant arguments as they are."""
    columns: list[Column] = []
    members = [f"{order} AS o"] if order else ["1 AS o"]
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
        members.append(f"{to.sql(one)} AS {column.name}")
    name = to.statement.names.take("py")
    value = bound.Call(call.function, tuple(arguments), call.type, False, call.signature)
    to.statement.foreign.append(Foreign(name, value, tuple(columns), aggregate=True))
    rows = f"collect_list(struct({', '.join(members)}))"
    return f"{name}({f'sort_array({rows})' if order else rows})"


def part(to: Expressions, call: bound.Call, index: int) -> str | None:
    """One of several results: the value at its rank, as it is (Spark's own percentiles are reals)."""
    if call.function.name not in ("percentile", "percentiles") or single(call.arguments[0].type) not in ORDERED:
        return None
    share = to.known(call.arguments[index + 1])
    if share is None or not isinstance(share[0], int | float) or not 0 <= share[0] <= 100:
        return None
    text = to.sql(call.arguments[0])
    rank = f"count({text}) - floor(count({text}) - {share[0] / 100!r}D * count({text}))"
    return f"get(sort_array(collect_list({text})), CAST(greatest({rank}, 1L) AS INT) - 1)"
