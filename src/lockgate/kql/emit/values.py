"""Values as expressions of SQL. What a user wrote reaches the text as a parameter only; columns by generated names.

What the tables of operators and functions of an engine do not know is computed in Python (:class:`Foreign`), from the
columns that it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count

from lockgate.dataclass import dataclass
from lockgate.kql import bound, relation
from lockgate.kql.emit.shredded import Paths
from lockgate.kql.relation import Field
from lockgate.kql.types import REAL, STRING, Column, Type, single

PARSES = frozenset(("parse_json", "parsejson", "todynamic", "toobject"))
"""Functions that read a text as JSON."""
_LEAVES = (bound.Use, relation.Slot, relation.Collected, relation.Within, relation.Picked)


@dataclass(frozen=True, slots=True, eq=False)
class Foreign:
    """A function of the engine that runs in Python."""

    name: str
    """What it is called there."""
    value: bound.Value
    """What it computes, over ``columns``; of an aggregate a call."""
    columns: tuple[Column, ...]
    """Its arguments. Those of an aggregate are lists."""
    aggregate: bool = False
    volatile: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Late:
    """A parameter whose value is known when an earlier part of the query has run."""

    value: relation.Slot | relation.Collected


class Unknown(Exception):  # noqa: N818 -- caught where the place of the value is known
    """A value that cannot be computed: ``what`` says so in one sentence."""

    def __init__(self, value: bound.Value, what: str) -> None:
        super().__init__(what)
        self.value = value
        self.what = what


class Statement:
    """What one statement gathers besides its text."""

    def __init__(self, names: Names) -> None:
        self.parameters: list[object] = []
        self.places: dict[int, str] = {}
        self.foreign: list[Foreign] = []
        self.names = names
        self.alive: list[object] = []

    def parameter(self, value: object) -> str:
        """The mark of a bound value, until the statement is whole; the same object is bound once."""
        key = id(value)
        if key not in self.places:
            self.parameters.append(value)
            self.places[key] = f"${len(self.parameters)}"
        return self.places[key]


class Names:
    """Numbers for what is made for one query: functions, tables, parts."""

    _queries = count(1)

    def __init__(self) -> None:
        self._last = 0
        self._query = next(self._queries)

    def take(self, kind: str) -> str:
        """A name that nothing else has, also in other queries: functions in Python are seen by all of them."""
        self._last += 1
        return f"{kind}{self._query}_{self._last}"


class Expressions:
    """Writes values over columns, each of which is an expression itself. What an engine writes in its own way is a
    method that it gives."""

    def __init__(self, statement: Statement, columns: Mapping[Field, str]) -> None:
        self.statement = statement
        self.columns = columns
        self.paths: Mapping[Field, Paths] = {}
        """Paths below columns that are columns themselves."""
        self.tables: Mapping[int, str] = {}
        """Where the rows of nodes are found that values look into."""

    # --- what an engine gives

    def type_of(self, type_: Type) -> str:
        """The type by which it holds values; of several values at once, that of the list that holds them."""
        raise NotImplementedError

    def parameter(self, value: object, type_: Type = STRING) -> str:
        """A bound value of the type."""
        raise NotImplementedError

    def number(self, value: int | float, type_: Type) -> str:
        """A literal number."""
        raise NotImplementedError

    def formed(self, text: str, stored: str) -> str:
        """What is stored in a form (see :mod:`lockgate.kql.relation`), in the form of its type."""
        raise NotImplementedError

    def part(self, text: str, index: int, type_: Type) -> str:
        """One of several values in a list of texts."""
        raise NotImplementedError

    def captured(self, text: str, index: int) -> str:
        """A group of what a pattern found, or (0) whether it was found."""
        raise NotImplementedError

    def captures(self, value: relation.Captures) -> str:
        """All groups of what a pattern finds."""
        raise NotImplementedError

    def own(self, value: bound.Value) -> str | None:
        """A call, operation or member from the engine's tables; None where they lack it."""
        raise NotImplementedError

    def convert(self, value: bound.Value, source: Type, target: Type) -> str | None:
        """The value of one type as one of another; None where Python does it."""
        raise NotImplementedError

    def test(self, value: bound.Operation) -> str | None:
        """An operation as a condition of which null and false mean the same, where that has a form of its own."""
        raise NotImplementedError

    def kept(self, value: bound.Value) -> bool:
        """Whether a member is a column by itself, so that nobody has to read what it is a member of."""
        del value
        return False

    # --- values

    def sql(self, value: bound.Value) -> str:
        """The value in the form of its type."""
        if isinstance(value, bound.Use):
            return self.use(value)
        if isinstance(value, bound.Constant):
            return self.constant(value.value, single(value.type))
        if isinstance(value, bound.Call | bound.Operation | bound.Member | relation.Converted):
            return self._computed(value)
        if isinstance(value, relation.Picked):
            return self._picked(value)
        if isinstance(value, relation.Slot | relation.Collected):
            return self.parameter(self._late(value), value.type)
        if isinstance(value, relation.Within):
            return f"coalesce({self._within(value)}, false)"
        if isinstance(value, relation.Captures):
            return self.captures(value)
        raise Unknown(value, "This value cannot be computed here.")

    def _late(self, value: relation.Slot | relation.Collected) -> Late:
        for one in self.statement.parameters:
            if isinstance(one, Late) and one.value is value:
                return one
        return Late(value)

    def use(self, value: bound.Use) -> str:
        """A column, brought from how it is stored into the form of its type."""
        field = value.column
        assert isinstance(field, Field)
        return self.formed(self.columns[field], field.stored)

    def raw(self, value: bound.Value) -> str:
        """The value as it is stored where it is a column, else in the form of its type; see :func:`stored_form`."""
        return self.columns[value.column] if stored_form(value) else self.sql(value)  # type: ignore[attr-defined]

    def constant(self, value: object, type_: Type) -> str:
        """A literal: numbers and booleans as they are, all else as a parameter."""
        if value is None:
            return "''" if type_ is STRING else f"CAST(NULL AS {self.type_of(type_)})"
        if type_.dynamic:
            from lockgate.kql.row.compiling import plain_json
            from lockgate.kql.text import json_text

            text = json_text(plain_json(value))
            self.statement.alive.append(text)
            return self.parameter(text)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int) and type_ is REAL:
            value = float(value)
        if isinstance(value, int | float):
            return self.number(value, type_)
        from lockgate.kql.convert import literal

        known = literal(value, type_)
        if known is None:  # ``guid(null)``
            return f"CAST(NULL AS {self.type_of(type_)})"
        text = str(known)
        if text == value:
            text = value  # the same object, so that it is bound once
        self.statement.alive.append(text)
        return self.parameter(text) if text else "''"

    def known(self, value: bound.Value) -> tuple[object] | None:
        """What a constant value is, in a tuple; ``None`` when it is no constant."""
        if isinstance(value, bound.Constant):
            from lockgate.kql.convert import literal
            from lockgate.kql.row.compiling import plain_json

            return (plain_json(value.value) if value.type.dynamic else literal(value.value, value.type),)
        kinds = bound.Call | bound.Operation | bound.Member | relation.Converted
        if not value.constant or not isinstance(value, kinds):
            return None
        return self._folded(value)

    def _folded(self, value: bound.Value) -> tuple[object] | None:
        from lockgate.kql.errors import EvaluationError
        from lockgate.kql.row import compile_value
        from lockgate.kql.row.known import Known

        detached, leaves = self.detached(value)
        if leaves:
            return None
        try:
            found = compile_value(detached, ())
        except EvaluationError:
            return None
        return (found.value,) if isinstance(found, Known) and not isinstance(found.value, tuple) else None

    def _computed(self, value: bound.Call | bound.Operation | bound.Member | relation.Converted) -> str:
        if value.constant and not relation.volatile(value) and (folded := self.known(value)) is not None:
            return self.constant(_literal(folded[0]), single(value.type))
        if isinstance(value, relation.Converted):
            found = self.convert(value.value, single(value.value.type), value.type)
        else:
            found = self.own(value)
        return found if found is not None else self.foreign(value)

    def as_type(self, value: bound.Value, target: Type) -> str:
        """The value as one of another type, in Python where there is no other way."""
        source = single(value.type)
        if isinstance(value, bound.Constant) and value.value is None:
            return self.constant(None, target)
        if source is target:
            return self.sql(value)
        found = self.convert(value, source, target)
        return found if found is not None else self.foreign(relation.Converted(value, target))

    def condition(self, value: bound.Value) -> str:
        """The value as a condition of which null and false mean the same."""
        if isinstance(value, bound.Operation) and not value.constant and (found := self.test(value)) is not None:
            return found
        return self._within(value) if isinstance(value, relation.Within) else self.sql(value)

    # --- relations in values

    def _within(self, value: relation.Within) -> str:
        field = value.field
        inner = type(self)(self.statement, {field: field.name}).use(bound.Use(field, field.type))
        return f"{self.sql(value.value)} IN (SELECT {inner} FROM {self.tables[id(value.node)]})"

    # --- several in one

    def _picked(self, value: relation.Picked) -> str:
        whole = value.value
        assert isinstance(whole, bound.Use)
        assert isinstance(whole.column, Field)
        text = self.columns[whole.column]
        if whole.column.stored == relation.CAPTURES:
            return self.captured(text, value.index)
        return text if len(getattr(whole.type, "columns", ())) == 1 else self.part(text, value.index, value.type)

    # --- Python

    def foreign(self, value: bound.Value) -> str:
        """The value computed by its definition in Python."""
        detached, leaves = self.detached(value)
        name = self.statement.names.take("py")
        columns = tuple(column for column, _ in leaves)
        self.statement.foreign.append(Foreign(name, detached, columns, volatile=relation.volatile(value)))
        return f"{name}({', '.join(self.sql(one) for _, one in leaves)})"

    def detached(self, value: bound.Value) -> tuple[bound.Value, list[tuple[Column, bound.Value]]]:
        """The value over columns of its own, and what these are."""
        leaves: dict[object, tuple[Column, bound.Value]] = {}
        return _detach(value, leaves, self.kept), list(leaves.values())


def stored_form(value: bound.Value) -> str:
    """How a column holds its values, where that is neither the form of its type nor one of several values."""
    column = value.column if isinstance(value, bound.Use) else None
    stored = column.stored if isinstance(column, Field) else relation.PLAIN
    return stored if stored in (relation.TIMESTAMP, relation.NULLABLE_TEXT) else relation.PLAIN


def _detach(
    value: bound.Value, leaves: dict[object, tuple[Column, bound.Value]], kept: Callable[[bound.Value], bool]
) -> bound.Value:
    if isinstance(value, _LEAVES) or kept(value):
        key: object = value.column if isinstance(value, bound.Use) else id(value)
        if key not in leaves:
            leaves[key] = (Column(f"a{len(leaves)}", value.type), value)
        return bound.Use(leaves[key][0], value.type)
    if isinstance(value, bound.Call):
        arguments = tuple(_detach(one, leaves, kept) for one in value.arguments)
        return bound.Call(value.function, arguments, value.type, value.constant, value.signature)
    if isinstance(value, bound.Operation):
        chain = [value]
        while isinstance(first := chain[-1].arguments[0], bound.Operation):
            chain.append(first)
        found = _detach(chain[-1].arguments[0], leaves, kept)
        for one in reversed(chain):
            rest = tuple(_detach(other, leaves, kept) for other in one.arguments[1:])
            found = bound.Operation(one.operator, (found, *rest), one.type, one.constant)
        return found
    if isinstance(value, bound.Member):
        key_ = value.key if isinstance(value.key, str) else _detach(value.key, leaves, kept)
        return bound.Member(_detach(value.value, leaves, kept), key_, value.type, value.constant)
    if isinstance(value, relation.Converted):
        return bound.Variable("", _detach(value.value, leaves, kept), value.type, value.constant)
    return value


def _literal(value: object) -> object:
    from decimal import Decimal

    return str(value) if isinstance(value, Decimal) else value


