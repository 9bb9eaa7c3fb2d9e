"""From the bound tree to closures, one for each node; long chains of operators become loops, never too deep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lockgate.kql import bound
from lockgate.kql.convert import converter, literal
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row.context import Context, Evaluate
from lockgate.kql.row.known import Known
from lockgate.kql.syntax import Literal
from lockgate.kql.text import moment_text
from lockgate.kql.types import ERROR, UNKNOWN, Column, Tuple, Type, single

_NEVER_FOLDED = frozenset(("rand", "new_guid", "assert", "now"))
"""Functions that give another value for each row, or an error that only a row brings about."""
_MAX_DEPTH = 400


class Compiler:
    """Makes the functions of one row for values that see ``columns``."""

    def __init__(self, columns: Sequence[Column], context: Context) -> None:
        self.columns, self.context = tuple(columns), context
        self._places = {column: i for i, column in enumerate(columns)}
        self._variables: dict[bound.Variable, Evaluate] = {}
        self._depth = 0

    def compile(self, value: bound.Value) -> Evaluate:
        """What gives ``value``; a :class:`Known` when that is the same for all rows."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise EvaluationError("The value nests too deep.")
        try:
            method: Callable[[Any], Evaluate] = getattr(self, _METHODS[type(value)])
            return method(value)
        finally:
            self._depth -= 1

    def compile_as(self, value: bound.Value, type_: Type) -> Evaluate:
        """What gives ``value`` as one of ``type_``."""
        run = self.compile(value)
        given = single(value.type)
        convert = None if type_ is UNKNOWN or type_ is ERROR or not given.scalar else converter(given, single(type_))
        if convert is None:
            return run
        if isinstance(run, Known):
            return Known(convert(run.value))
        return lambda row: convert(run(row))

    # --- leaves

    def _constant(self, value: bound.Constant) -> Evaluate:
        return Known(plain_json(value.value) if value.type.dynamic else literal(value.value, value.type))

    def _use(self, value: bound.Use) -> Evaluate:
        place = self._places.get(value.column)
        if place is None:
            own = self.context.own(value)
            if own is not None:
                return own
            same = [i for i, one in enumerate(self.columns) if one.name == value.column.name]
            if len(same) != 1:
                raise EvaluationError(f"The column '{value.column.name}' is not at hand.")
            place = same[0]
        index = place
        return lambda row: row[index]

    def _type_value(self, value: bound.TypeValue) -> Evaluate:
        return Known(value.named.name)

    def _own(self, value: bound.Value) -> Evaluate:
        own = self.context.own(value)
        if own is None:
            raise EvaluationError("This value has no meaning for one row.")
        return own

    def _fault(self, value: bound.Fault) -> Evaluate:
        return self._own(value)

    # --- names

    def _named(self, value: bound.Named) -> Evaluate:
        return self.compile(value.value)

    def _variable(self, value: bound.Variable) -> Evaluate:
        known = self._variables.get(value)
        if known is None:
            known = self._variables[value] = self._made_variable(value)
        return known

    def _made_variable(self, value: bound.Variable) -> Evaluate:
        own = self.context.own(value)
        if own is not None:
            return own
        if value.value is None:
            raise EvaluationError(f"The parameter '{value.name}' was given no value.")
        run = self.compile_as(value.value, value.type)
        return run if isinstance(run, Known) else _once_a_row(run)

    def _inlined(self, value: bound.Inlined) -> Evaluate:
        return self.compile(value.body)

    def _rows(self, value: bound.Rows) -> Evaluate:
        """``toscalar``: the first value of the first column."""
        found = self.context.first_column(value.relation)
        return Known(found[0] if found else converter_of_null(value.type))

    def _single(self, value: bound.Once) -> Evaluate:
        """``toscalar`` of one value."""
        run = self.compile(value.value)
        return run if isinstance(run, Known) else Known(run(()))

    # --- members

    def _member(self, value: bound.Member) -> Evaluate:
        if isinstance(value.value, bound.Record):
            return self._own(value)
        if isinstance(value.value.type, Tuple):
            return self._part(value, value.value.type)
        owner = self.compile(value.value)
        if isinstance(value.key, str):
            name = value.key
            return self.folded(value, [owner], lambda row: _by_name(owner(row), name))
        key = self.compile(value.key)
        if isinstance(key, Known):
            fixed = key.value
            return self.folded(value, [owner], lambda row: member(owner(row), fixed))
        return lambda row: member(owner(row), key(row))

    def _part(self, value: bound.Member, type_: Tuple) -> Evaluate:
        """One of several results."""
        if isinstance(value.key, str):
            names = [one.name for one in type_.columns]
            place = names.index(value.key) if value.key in names else -1
        else:
            key = self.compile(value.key)
            place = key.value if isinstance(key, Known) and isinstance(key.value, int) else -1
        if not 0 <= place < len(type_.columns):
            return Known(None)
        owner = self.compile(value.value)
        if len(type_.columns) == 1:
            return owner
        return lambda row: _of_several(owner(row), place)

    # --- operators and calls

    def _operation(self, value: bound.Operation) -> Evaluate:
        from lockgate.kql.row.operators import operation

        return operation(self, value)

    def _call(self, value: bound.Call) -> Evaluate:
        from lockgate.kql.row.calls import call

        return call(self, value)

    def folded(self, value: bound.Value, parts: Sequence[Evaluate], run: Evaluate) -> Evaluate:
        """``run``, or what it gives, when all its parts are known."""
        if any(not isinstance(one, Known) for one in parts):
            return run
        if isinstance(value, bound.Call) and value.function.name in _NEVER_FOLDED:
            return run
        try:
            return Known(run(()))
        except EvaluationError:
            return run  # a row that is never asked for must not fail


def converter_of_null(type_: Type) -> object:
    """What stands for nothing: of a string the empty one."""
    return "" if type_.name == "string" else None


def _once_a_row(run: Evaluate) -> Evaluate:
    """The same, evaluated once for each row however often it is used. What is kept is one pair, set in one step."""
    kept: list[tuple[object, object]] = [(object(), None)]

    def once(row: Sequence[object]) -> object:
        seen, value = kept[0]
        if seen is row and row:
            return value
        value = run(row)
        kept[0] = (row, value)
        return value

    return once


def _by_name(owner: Any, name: str) -> Any:
    return owner.get(name) if isinstance(owner, dict) else None


def member(owner: Any, key: Any) -> Any:
    """An element of an array, from its end when the index is negative, or a member of a bag; else null."""
    if isinstance(owner, dict):
        return owner.get(key) if isinstance(key, str) else None
    if not isinstance(owner, list) or not isinstance(key, int) or isinstance(key, bool):
        return None
    return owner[key] if -len(owner) <= key < len(owner) else None


def _of_several(value: Any, place: int) -> Any:
    return value[place] if isinstance(value, tuple) and place < len(value) else None


def plain_json(value: Any) -> Any:
    """A dynamic literal with the typed literals in it as JSON holds them: times as texts, timespans as their ticks."""
    if isinstance(value, dict):
        return {name: plain_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain_json(one) for one in value]
    if isinstance(value, Literal):
        if value.value is None:
            return None
        written: dict[str, Callable[[Any], str]] = {"datetime": moment_text, "guid": str.lower, "decimal": str}
        return written[value.type](value.value) if value.type in written else plain_json(value.value)
    return value


_METHODS: dict[type, str] = {
    bound.Constant: "_constant", bound.Use: "_use", bound.Call: "_call", bound.Operation: "_operation",
    bound.Member: "_member", bound.Variable: "_variable", bound.Inlined: "_inlined", bound.Rows: "_rows",
    bound.Once: "_single",
    bound.Record: "_own", bound.Columns: "_own", bound.Named: "_named", bound.TypeValue: "_type_value",
    bound.Matches: "_own", bound.Fault: "_fault",
}  # fmt: skip
