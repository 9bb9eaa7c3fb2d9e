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
from lockgate.kql.text import clean, text_of
from lockgate.kql.types import BOOL, DATETIME, DECIMAL, GUID, INT, STRING, Table, single

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
        raise EvaluationError(f"'{name}' {_REFUSED.get(name, 'needs more than one row, or the service itself')}.")
    arguments = _arguments(value)
    compute = maker(tuple(single(one.type) for one in arguments), value.type)
    runs = [compiler.compile(one) for one in arguments]
    return compiler.folded(value, runs, applied(compute, runs))


_SERVICE = "asks for something that only the service itself has"
_ORDERED = "needs rows in order"
_REFUSED = {
    **dict.fromkeys(
        ("extent_id", "extentid", "extent_tags", "current_node_id", "row_id", "rowstore_ordinal_range", "cursor_after",
         "cursor_before_or_at", "cursor_current", "current_cursor", "stored_query_result"), _SERVICE,
    ),
    **dict.fromkeys(
        ("row_number", "row_cumsum", "row_rank", "row_rank_dense", "row_rank_min", "row_window_session", "prev",
         "next"), _ORDERED,
    ),
    **dict.fromkeys(
        ("hash_combine", "hash_many", "__hash_many_crc32"), "is computed in a way that the service does not publish"
    ),
    "bin_auto": "takes its size from an option of the query, which one row does not know",
}  # fmt: skip
"""What is said of functions that are not computed here."""


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


def _column_names(compiler: Compiler, value: bound.Call) -> Evaluate:
    del compiler
    type_ = value.arguments[0].type
    return Known([one.name for one in type_.columns] if isinstance(type_, Table) else [])


def _data_size(compiler: Compiler, value: bound.Call) -> Evaluate:
    """About how many bytes the values of a row take: those of texts and of JSON, and what each type takes."""
    several = [(compiler.compile(one), single(one.type)) for one in _arguments(value)]
    fixed = sum(_SIZES.get(type_, 8) for _, type_ in several if type_ is not STRING and not type_.dynamic)
    texts = [(run, text_of(type_)) for run, type_ in several if type_ is STRING or type_.dynamic]
    return lambda row: fixed + sum(len(clean(write(run(row))).encode()) for run, write in texts)


_SIZES = {BOOL: 1, INT: 4, GUID: 16, DECIMAL: 16}
"""Bytes of a value, where they are not eight."""


def _ingested(compiler: Compiler, value: bound.Call) -> Evaluate:
    """When the row was taken in, as a column of its own tells, else when it was made."""
    del value
    by_name = {one.name: one for one in compiler.columns if one.type is DATETIME}
    for name in ("_IngestionTime", "$IngestionTime", "TimeGenerated"):
        if name in by_name:
            return compiler.compile(bound.Use(by_name[name], DATETIME))
    return Known(None)


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
    "column_names_of": _column_names,
    "estimate_data_size": _data_size,
    "ingestion_time": _ingested,
    "now": _now,
    "ago": _ago,
    "current_principal": _of_context(lambda compiler: compiler.context.principal),
    "current_principal_details": _of_context(lambda compiler: dict(compiler.context.details)),
    "current_principal_is_member_of": _member_of,
    "current_database": _of_context(lambda compiler: compiler.context.database),
    "current_cluster_endpoint": _of_context(lambda compiler: compiler.context.endpoint),
}
