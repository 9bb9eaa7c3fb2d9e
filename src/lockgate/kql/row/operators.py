"""Operators as functions of a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lockgate.kql import bound
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row.arithmetic import arithmetic, negated
from lockgate.kql.row.comparing import comparison, key_of, loosely, members
from lockgate.kql.row.compiling import Compiler
from lockgate.kql.row.context import Evaluate
from lockgate.kql.row.known import Known
from lockgate.kql.row.texts import has, prepared, test_of
from lockgate.kql.text import lowered, text_of
from lockgate.kql.types import BOOL, DATETIME, STRING, TIMESPAN, Table, Type, single

Combine = Callable[[Any, Any], Any]
_COMPARISONS = frozenset(("==", "!=", "<>", "<", "<=", ">", ">="))


def operation(compiler: Compiler, value: bound.Operation) -> Evaluate:
    """An operator and its operands."""
    sign = value.operator
    if len(value.arguments) == 1:
        return _signed(compiler, value)
    if sign in ("and", "or"):
        return _logic(compiler, value)
    if sign in ("between", "!between"):
        return _between(compiler, value)
    if sign in ("in", "!in", "in~", "!in~"):
        return _among(compiler, value)
    if sign in ("has_any", "has_all"):
        return _has_several(compiler, value)
    if isinstance(value.arguments[0], bound.Columns):
        return _any_column(compiler, value, value.arguments[0])
    return _chain(compiler, value)


def _signed(compiler: Compiler, value: bound.Operation) -> Evaluate:
    run = compiler.compile(value.arguments[0])
    if value.operator == "+":
        return run
    change = negated(value.type)
    return compiler.folded(value, [run], lambda row: change(run(row)))


# --- two operands


def _spine(value: bound.Operation) -> list[bound.Operation]:
    """The operations that stand in each other's first place, the innermost first."""
    found = [value]
    while True:
        left = found[-1].arguments[0]
        if not isinstance(left, bound.Operation) or len(left.arguments) != 2 or left.operator in _OTHERWISE:
            break
        if isinstance(left.arguments[0], bound.Columns):
            break
        found.append(left)
    return found[::-1]


_OTHERWISE = frozenset(("and", "or", "in", "!in", "in~", "!in~", "has_any", "has_all"))


def _chain(compiler: Compiler, value: bound.Operation) -> Evaluate:
    operations = _spine(value)
    run = compiler.compile(operations[0].arguments[0])
    if len(operations) == 1:
        return _pair(compiler, value, run)
    steps: list[tuple[Combine, Evaluate]] = []
    for one in operations:
        right = compiler.compile(one.arguments[1])
        steps.append((_combine(one), right))

    def chained(row: Sequence[object]) -> object:
        found = run(row)
        for combine, right in steps:
            found = combine(found, right(row))
        return found

    return compiler.folded(value, [run, *(right for _, right in steps)], chained)


def _pair(compiler: Compiler, value: bound.Operation, left: Evaluate) -> Evaluate:
    combine = _combine(value)
    right = compiler.compile(value.arguments[1])
    if isinstance(right, Known):
        fixed = right.value
        text = _text_test(value, fixed)
        if text is not None:
            return compiler.folded(value, [left], lambda row: text(left(row)))
        return compiler.folded(value, [left], lambda row: combine(left(row), fixed))
    return lambda row: combine(left(row), right(row))


def _text_test(value: bound.Operation, words: Any) -> Callable[[Any], bool] | None:
    """A test of texts against words that are the same for every row; ``None`` where it is none, or is only told later
    (a pattern that is none fails the rows that are asked, not the query)."""
    subject, other = (single(one.type) for one in value.arguments)
    try:
        test = prepared(value.operator, text_of(other)(words))
    except EvaluationError:
        return None
    if test is None:
        return None
    if subject is STRING:
        return lambda text: test(text or "")
    write = text_of(subject)
    return lambda text: test(write(text))


def _combine(value: bound.Operation) -> Combine:
    left, right = (single(one.type) for one in value.arguments)
    return combination(value.operator, left, right, single(value.type))


def combination(sign: str, left: Type, right: Type, result: Type) -> Combine:
    """What a sign makes of values of two types."""
    if sign in _COMPARISONS:
        return comparison("!=" if sign == "<>" else sign, left, right)
    test = test_of(sign)
    if test is None:
        return arithmetic(sign, left, right, result)
    first, second = text_of(left), text_of(right)
    if left is STRING and right is STRING:
        return lambda a, b: test(a or "", b or "")
    return lambda a, b: test(first(a), second(b))


def _any_column(compiler: Compiler, value: bound.Operation, star: bound.Columns) -> Evaluate:
    """``* has 'x'``: whether it is so for any column."""
    right = compiler.compile(value.arguments[1])
    type_ = single(value.arguments[1].type)
    tests = [
        (compiler.compile(bound.Use(one, one.type)), combination(value.operator, one.type, type_, BOOL))
        for one in star.columns
    ]

    def run(row: Sequence[object]) -> object:
        sought = right(row)
        return any(test(column(row), sought) for column, test in tests)

    return run


# --- logic


def _logic(compiler: Compiler, value: bound.Operation) -> Evaluate:
    """Three values: what decides by itself decides, else null is null."""
    sign = value.operator
    operands: list[bound.Value] = []
    for one in _spine_of_logic(value):
        operands += [one.arguments[1]] if operands else one.arguments
    runs = [_truth(compiler, one) for one in operands]
    decisive = sign == "or"

    def run(row: Sequence[object]) -> object:
        found: object = not decisive
        for one in runs:
            given = one(row)
            if given is decisive:
                return decisive
            if given is None:
                found = None
        return found

    return compiler.folded(value, runs, run)


def _spine_of_logic(value: bound.Operation) -> list[bound.Operation]:
    found = [value]
    while isinstance(left := found[-1].arguments[0], bound.Operation) and left.operator == value.operator:
        found.append(left)
    return found[::-1]


def _truth(compiler: Compiler, value: bound.Value) -> Evaluate:
    run = compiler.compile(value)
    type_ = single(value.type)
    if type_ is BOOL:
        return run
    convert = loosely(BOOL)
    assert convert is not None
    if isinstance(run, Known):
        return Known(convert(run.value))
    return lambda row: convert(run(row))


# --- between, in, has_any


def _between(compiler: Compiler, value: bound.Operation) -> Evaluate:
    subject, low, high = (single(one.type) for one in value.arguments)
    runs = [compiler.compile(one) for one in value.arguments]
    above = comparison(">=", subject, low)
    spanned = low is DATETIME and high is TIMESPAN
    below = comparison("<=", subject, DATETIME if spanned else high)
    add = arithmetic("+", DATETIME, TIMESPAN, DATETIME)
    inside = value.operator == "between"

    def run(row: Sequence[object]) -> object:
        one, first, last = (each(row) for each in runs)
        if spanned:
            last = add(first, last)
        lower, upper = above(one, first), below(one, last)
        found = False if lower is False or upper is False else None if lower is None or upper is None else True
        return found if inside or found is None else not found

    return compiler.folded(value, runs, run)


def _among(compiler: Compiler, value: bound.Operation) -> Evaluate:
    lower, wanted = value.operator.endswith("~"), not value.operator.startswith("!")
    subject = single(value.arguments[0].type)
    run = compiler.compile(value.arguments[0])
    types, items = _items(compiler, value.arguments[1:])
    # A dynamic value looked for among texts is compared by its text, as == does.
    textual = lower or subject is STRING or (subject.dynamic and types and all(one is STRING for one in types))
    write = text_of(subject) if textual else key_of
    target = STRING if textual else subject

    def key(row: Sequence[object]) -> Any:
        found = write(run(row))
        return lowered(found) if lower else found

    if all(isinstance(one, Known) for one in items):
        fixed = members(types, [one(()) for one in items], target, lower=lower)
        return compiler.folded(value, [run], lambda row: (key(row) in fixed) is wanted)

    def among(row: Sequence[object]) -> object:
        return (key(row) in members(types, [one(row) for one in items], target, lower=lower)) is wanted

    return among


def _items(compiler: Compiler, values: Sequence[bound.Value]) -> tuple[list[Type], list[Evaluate]]:
    """The values of a list, where a table stands for its first column."""
    types: list[Type] = []
    runs: list[Evaluate] = []
    for one in values:
        if isinstance(one, bound.Rows) and isinstance(one.type, Table):
            type_ = one.type.columns[0].type if one.type.columns else STRING
            found = compiler.context.first_column(one.relation)
            types += [type_] * len(found)
            runs += [Known(item) for item in found]
        else:
            types.append(single(one.type))
            runs.append(compiler.compile(one))
    return types, runs


def _has_several(compiler: Compiler, value: bound.Operation) -> Evaluate:
    choose: Callable[[Any], bool] = any if value.operator == "has_any" else all
    read = text_of(single(value.arguments[0].type))
    run = compiler.compile(value.arguments[0])
    types, items = _items(compiler, value.arguments[1:])

    def words(row: Sequence[object]) -> list[str]:
        found: list[str] = []
        for type_, item in zip(types, items, strict=True):
            given = item(row)
            several = given if isinstance(given, list) else [] if given is None else [given]
            write = text_of(type_)
            # A null among the elements is the empty text, which every text has.
            found += [lowered(write(one)) for one in several]
        return found

    if all(isinstance(one, Known) for one in items):
        fixed = words(())
        return compiler.folded(value, [run], lambda row: _chosen(choose, lowered(read(run(row))), fixed))
    return lambda row: _chosen(choose, lowered(read(run(row))), words(row))


def _chosen(choose: Callable[[Any], bool], text: str, words: list[str]) -> bool:
    return choose(has(text, one) for one in words)
