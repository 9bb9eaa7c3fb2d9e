"""Calls as functions of a row: those that choose among their arguments evaluate only what is chosen; some depend on
the row's columns or on who asks; all others go to their definition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lockgate.kql import bound, functions
from lockgate.kql.convert import to_dynamic
from lockgate.kql.errors import EvaluationError
from lockgate.kql.moments import MAX_MOMENT
from lockgate.kql.row.comparing import loosely
from lockgate.kql.row.compiling import Compiler, converter_of_null
from lockgate.kql.row.context import Evaluate
from lockgate.kql.row.known import Known
from lockgate.kql.types import BOOL, single

Special = Callable[[Compiler, bound.Call], Evaluate]


def call(compiler: Compiler, value: bound.Call) -> Evaluate:
    """A call of the catalogue."""
    own = compiler.context.own(value)
    if own is not None:
        return own
    name = value.function.name
    special = _SPECIAL.get(name)
    if special is not None:
        return special(compiler, value)
    if value.function.kind != "scalar":
        raise EvaluationError(f"'{name}' sums up rows; one row has no value of it.")
    maker = functions.find(name)
    if maker is None:
        raise EvaluationError(f"'{name}' is a function of the service itself, or needs more than one row.")
    arguments = _arguments(value)
    compute = maker(tuple(single(one.type) for one in arguments), value.type)
    runs = [compiler.compile(one) for one in arguments]
    return compiler.folded(value, runs, applied(compute, runs))


def applied(compute: Callable[..., object], runs: Sequence[Evaluate]) -> Evaluate:
    """A function of values as a function of a row."""
    if len(runs) == 1:
        (one,) = runs
        return lambda row: compute(one(row))
    if len(runs) == 2:
        first, second = runs
        return lambda row: compute(first(row), second(row))
    return lambda row: compute(*(each(row) for each in runs))


def _arguments(value: bound.Call) -> list[bound.Value]:
    """The arguments, with the columns that ``*`` or a wildcard stands for in its place."""
    found: list[bound.Value] = []
    for one in value.arguments:
        if isinstance(one, bound.Columns):
            found += [bound.Use(column, column.type) for column in one.columns]
        else:
            found.append(one)
    return found


# --- choosing


def _condition(compiler: Compiler, value: bound.Value) -> Evaluate:
    run = compiler.compile(value)
    if single(value.type) is BOOL:
        return run
    convert = loosely(BOOL)
    assert convert is not None
    return lambda row: convert(run(row))


def _case(compiler: Compiler, value: bound.Call) -> Evaluate:
    """``iff`` and ``case``: a condition that is null is one that does not hold."""
    arguments = _arguments(value)
    pairs = [
        (_condition(compiler, arguments[i]), compiler.compile_as(arguments[i + 1], value.type))
        for i in range(0, len(arguments) - 1, 2)
    ]
    otherwise = compiler.compile_as(arguments[-1], value.type)

    def run(row: Sequence[object]) -> object:
        for condition, chosen in pairs:
            if condition(row):
                return chosen(row)
        return otherwise(row)

    return compiler.folded(value, [otherwise, *(one for pair in pairs for one in pair)], run)


def _coalesce(compiler: Compiler, value: bound.Call) -> Evaluate:
    """The first that is not null; of texts, the first that is not empty."""
    runs = [compiler.compile_as(one, value.type) for one in _arguments(value)]
    nothing = converter_of_null(single(value.type))

    def run(row: Sequence[object]) -> object:
        for one in runs:
            found = one(row)
            if found is not None and found != nothing:
                return found
        return nothing

    return compiler.folded(value, runs, run)


# --- columns


def _pack_all(compiler: Compiler, value: bound.Call) -> Evaluate:
    """A bag of every column of the row."""
    skip = bool(value.arguments and compiler.compile(value.arguments[0])(()))
    packers = [(one.name, i, to_dynamic(one.type)) for i, one in enumerate(compiler.columns)]

    def run(row: Sequence[object]) -> object:
        found = {name: pack(row[i]) for name, i, pack in packers}
        return {name: one for name, one in found.items() if one is not None and one != ""} if skip else found

    return run


def _pack_columns(compiler: Compiler, value: bound.Call) -> Evaluate:
    found: list[tuple[str, Evaluate, Callable[[Any], Any]]] = []
    for one in _arguments(value):
        inner = one.value if isinstance(one, bound.Named) else one
        name = inner.column.name if isinstance(inner, bound.Use) else ""
        found.append((name, compiler.compile(inner), to_dynamic(single(inner.type))))
    return lambda row: {name: pack(run(row)) for name, run, pack in found}


def _column_if_exists(compiler: Compiler, value: bound.Call) -> Evaluate:
    name = compiler.compile(value.arguments[0])(())
    for one in compiler.columns:
        if one.name == name:
            return compiler.compile_as(bound.Use(one, one.type), value.type)
    return compiler.compile_as(value.arguments[1], value.type)


def _column_exists(compiler: Compiler, value: bound.Call) -> Evaluate:
    name = compiler.compile(value.arguments[0])(())
    return Known(any(one.name == name for one in compiler.columns))


# --- the asking itself


def _now(compiler: Compiler, value: bound.Call) -> Evaluate:
    return _moment(compiler, value, 1)


def _ago(compiler: Compiler, value: bound.Call) -> Evaluate:
    return _moment(compiler, value, -1)


def _moment(compiler: Compiler, value: bound.Call, sign: int) -> Evaluate:
    now = compiler.context.now
    if not value.arguments:
        return Known(now)
    offset = compiler.compile(value.arguments[0])

    def run(row: Sequence[object]) -> object:
        given = offset(row)
        found = now + sign * given if isinstance(given, int) else None
        return found if found is not None and 0 <= found <= MAX_MOMENT else None

    return Known(run(())) if isinstance(offset, Known) else run


def _member_of(compiler: Compiler, value: bound.Call) -> Evaluate:
    groups = compiler.context.groups
    runs = [compiler.compile(one) for one in value.arguments]

    def run(row: Sequence[object]) -> object:
        for one in runs:
            given = one(row)
            several = given if isinstance(given, list) else [given]
            if any(isinstance(each, str) and each.lower() in groups for each in several):
                return True
        return False

    return run


def _of_context(read: Callable[[Compiler], object]) -> Special:
    return lambda compiler, value: Known(read(compiler))


_SPECIAL: dict[str, Special] = {
    **dict.fromkeys(("iff", "iif", "case"), _case),
    "coalesce": _coalesce,
    "pack_all": _pack_all,
    "bag_pack_columns": _pack_columns,
    **dict.fromkeys(("column_ifexists", "columnifexists"), _column_if_exists),
    "iscolumnexists": _column_exists,
    "now": _now,
    "ago": _ago,
    "current_principal": _of_context(lambda compiler: compiler.context.principal),
    "current_principal_details": _of_context(lambda compiler: dict(compiler.context.details)),
    "current_principal_is_member_of": _member_of,
    "current_database": _of_context(lambda compiler: compiler.context.database),
    "current_cluster_endpoint": _of_context(lambda compiler: compiler.context.endpoint),
}
