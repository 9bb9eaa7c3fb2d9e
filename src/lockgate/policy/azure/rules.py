"""The ``if`` of a policy rule as a tree: logic, and conditions of one subject, one operator and what is expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lockgate.policy.azure.expressions import Access, Call, Expression, is_expression, parse_expression
from lockgate.policy.azure.fields import Place, pointer
from lockgate.policy.azure.functions import UNAVAILABLE, arity
from lockgate.policy.azure.reader import Reader
from lockgate.policy.azure.values import Json, ascii_fold
from lockgate.policy.errors import PolicyError

OPERATORS: Final = {
    ascii_fold(name): name
    for name in (
        "equals", "notEquals", "like", "notLike", "match", "notMatch", "matchInsensitively", "notMatchInsensitively",
        "contains", "notContains", "in", "notIn", "containsKey", "notContainsKey", "less", "lessOrEquals", "greater",
        "greaterOrEquals", "exists",
    )
}  # fmt: skip
"""The nineteen operators, by folded name."""

MAX_CONDITIONS: Final = 4_096
MAX_EXISTENCE_CONDITIONS: Final = 128
MAX_FUNCTIONS: Final = 2_048
MAX_NESTING: Final = 64
MAX_FIELD_COUNTS: Final = 5
MAX_VALUE_COUNTS: Final = 10


@dataclass(frozen=True, slots=True)
class Template:
    """A JSON value of a policy in which text may be an expression."""

    value: Json
    """As written."""
    parts: dict[str, Expression]
    """The expressions in it, by their text."""
    place: Place
    """Where it stands in the document."""

    @property
    def constant(self) -> bool:
        """Whether it holds no expression."""
        return not self.parts


@dataclass(frozen=True, slots=True)
class FieldSubject:
    """``field``: a name, or an expression that gives one."""

    name: Template
    """The name."""


@dataclass(frozen=True, slots=True)
class ValueSubject:
    """``value``: a literal or an expression."""

    value: Template
    """The value."""


@dataclass(frozen=True, slots=True)
class CountSubject:
    """``count``: how many members of an array meet a condition."""

    field: Template | None
    """The array's alias with ``[*]``; None when values are counted."""
    value: Template | None
    """The array itself; None when a field is counted."""
    name: str
    """What ``current`` calls the member of a counted value."""
    where: Condition | None
    """The condition; None counts every member."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One condition."""

    subject: FieldSubject | ValueSubject | CountSubject
    """What is looked at."""
    operator: str
    """One of :data:`OPERATORS`, as the reference spells it."""
    expected: Template
    """What it is compared with."""
    pointer: str
    """JSON pointer of where it stands in the document."""


@dataclass(frozen=True, slots=True)
class Logic:
    """``allOf``, ``anyOf`` or ``not``."""

    kind: str
    """Its folded name."""
    children: tuple[Condition, ...]
    """What it joins; one for ``not``."""
    place: Place
    """Where it stands in the document."""


Condition = Leaf | Logic


class RuleReader:
    """Reads conditions and templates of one rule and holds the rule's limits."""

    def __init__(self, reader: Reader, *, parameters: frozenset[str] | None = None) -> None:
        self.reader = reader
        self.parameters = parameters
        self.functions = 0
        self.conditions = 0
        self.most_conditions = MAX_CONDITIONS
        self._value_counts = 0
        self._field_counts: dict[str, int] = {}
        self._expressions: dict[str, Expression] = {}

    def condition(self, value: Json, place: Place, depth: int = 0, counting: int = 0) -> Condition:
        """A condition or a logical operator."""
        if depth > MAX_NESTING:
            raise self.reader.error(f"conditions are nested deeper than {MAX_NESTING}", place)
        members = self.reader.members(value, place, "a condition")
        for name in ("allof", "anyof", "not"):
            if name in members:
                return self._logic(name, members, place, depth, counting)
        return self._leaf(members, place, depth, counting)

    def _logic(
        self, kind: str, members: dict[str, tuple[str, Json]], place: Place, depth: int, counting: int
    ) -> Condition:
        written, inner = members[kind]
        if len(members) > 1:
            other = next(name for folded, (name, _) in members.items() if folded != kind)
            raise self.reader.error(f"{written} stands alone, and {other!r} is beside it", (place, other))
        at: Place = (place, written)
        if kind == "not":
            return Logic(kind, (self.condition(inner, at, depth + 1, counting),), place)
        children = self.reader.array(inner, at, written)
        return Logic(
            kind,
            tuple(self.condition(one, (at, index), depth + 1, counting) for index, one in enumerate(children)),
            place,
        )

    def _leaf(self, members: dict[str, tuple[str, Json]], place: Place, depth: int, counting: int) -> Condition:
        self.conditions += 1
        if self.conditions > self.most_conditions:
            raise self.reader.error(f"more than {self.most_conditions} conditions", place)
        subjects = [name for name in ("field", "value", "count") if name in members]
        operators = [name for name in members if name in OPERATORS]
        unknown = [written for folded, (written, _) in members.items() if folded not in {*subjects, *operators}]
        if unknown:
            raise self.reader.error(
                f"{unknown[0]!r} is not known in a condition", (place, unknown[0]),
                hint="a condition has field, value or count, and one operator",
            )  # fmt: skip
        if len(subjects) != 1:
            raise self.reader.error("a condition needs exactly one of field, value and count", place)
        if len(operators) != 1:
            raise self.reader.error("a condition needs exactly one operator", place)
        written, expected = members[operators[0]]
        operator = OPERATORS[operators[0]]
        at: Place = (place, written)
        template = self.template(expected, at)
        self._check_expected(operator, template)
        subject_name, subject_value = members[subjects[0]]
        inside: Place = (place, subject_name)
        subject: FieldSubject | ValueSubject | CountSubject
        if subjects[0] == "field":
            self.reader.string(subject_value, inside, "field")
            subject = FieldSubject(self.template(subject_value, inside))
        elif subjects[0] == "value":
            subject = ValueSubject(self.template(subject_value, inside))
        else:
            subject = self._count(subject_value, inside, depth, counting)
        return Leaf(subject, operator, template, pointer(place))

    def _check_expected(self, operator: str, expected: Template) -> None:
        value = expected.value
        if isinstance(value, str) and is_expression(value):
            return
        if operator in ("in", "notIn") and not isinstance(value, list):
            raise self.reader.error(f"{operator} needs an array or an expression", expected.place)
        if operator == "exists" and not (isinstance(value, bool) or str(value).lower() in ("true", "false")):
            raise self.reader.error("exists needs true or false", expected.place)
        texts = ("like", "notLike", "match", "notMatch", "matchInsensitively", "notMatchInsensitively")
        if operator in texts and not isinstance(value, str | int | float):
            raise self.reader.error(f"{operator} needs text", expected.place)

    def _count(self, value: Json, place: Place, depth: int, counting: int) -> CountSubject:
        members = self.reader.members(value, place, "count")
        known = ("field", "value", "name", "where")
        unknown = [written for folded, (written, _) in members.items() if folded not in known]
        if unknown:
            raise self.reader.error(f"{unknown[0]!r} is not known in count", (place, unknown[0]))
        if ("field" in members) == ("value" in members):
            raise self.reader.error("count needs exactly one of field and value", place)
        where: Condition | None = None
        if "where" in members:
            written, inner = members["where"]
            where = self.condition(inner, (place, written), depth + 1, counting + 1)
        if "field" in members:
            return self._field_count(members, place, where)
        return self._value_count(members, place, where, counting)

    def _field_count(self, members: dict[str, tuple[str, Json]], place: Place, where: Condition | None) -> CountSubject:
        written, name = members["field"]
        at: Place = (place, written)
        self.reader.string(name, at, "count.field")
        if "name" in members:
            raise self.reader.error("count.name belongs to counted values, not to a field", (place, members["name"][0]))
        if not is_expression(name):
            if "[*]" not in name:
                raise self.reader.error("count.field needs an array alias with [*]", at)
            folded = ascii_fold(name)
            self._field_counts[folded] = self._field_counts.get(folded, 0) + 1
            if self._field_counts[folded] > MAX_FIELD_COUNTS:
                raise self.reader.error(f"one array is counted more than {MAX_FIELD_COUNTS} times", at)
        return CountSubject(self.template(name, at), None, "", where)

    def _value_count(
        self, members: dict[str, tuple[str, Json]], place: Place, where: Condition | None, counting: int
    ) -> CountSubject:
        written, value = members["value"]
        at: Place = (place, written)
        if not isinstance(value, list) and not (isinstance(value, str) and is_expression(value)):
            raise self.reader.error("count.value needs an array or an expression", at)
        self._value_counts += 1
        if self._value_counts > MAX_VALUE_COUNTS:
            raise self.reader.error(f"values are counted more than {MAX_VALUE_COUNTS} times", at)
        name = ""
        if "name" in members:
            name = self.reader.string(members["name"][1], (place, members["name"][0]), "count.name")
        elif counting:
            raise self.reader.error("a count inside another needs a name for its values", place)
        return CountSubject(None, self.template(value, at), name or "default", where)

    def template(self, value: Json, place: Place) -> Template:
        """A value with its expressions read. Only text and members of arrays and objects are looked into."""
        parts: dict[str, Expression] = {}
        todo: list[tuple[Json, Place]] = [(value, place)]
        while todo:
            one, at = todo.pop()
            if isinstance(one, str):
                if is_expression(one):
                    parts[one] = self.expression(one, at)
            elif isinstance(one, list):
                todo += [(member, (at, index)) for index, member in enumerate(one)]
            elif isinstance(one, dict):
                todo += [(member, (at, name)) for name, member in one.items()]
        return Template(value, parts, place)

    def expression(self, text: str, place: Place) -> Expression:
        """One expression, checked for functions that a rule may not call and for parameters that do not exist."""
        known = self._expressions.get(text)
        if known is not None:
            return known
        try:
            tree = parse_expression(text)
        except PolicyError as error:
            raise self.reader.error(error.message, place) from None
        self._check(tree, place)
        self._expressions[text] = tree
        return tree

    def _check(self, tree: Expression, place: Place) -> None:
        todo: list[Expression] = [tree]
        while todo:
            one = todo.pop()
            if isinstance(one, Access):
                todo += [one.target, one.index]
            if not isinstance(one, Call):
                continue
            todo += one.arguments
            self.functions += 1
            if self.functions > MAX_FUNCTIONS:
                raise self.reader.error(f"more than {MAX_FUNCTIONS} functions in one rule", place)
            self._check_call(one, place)

    def _check_call(self, call: Call, place: Place) -> None:
        name = call.name.lower()
        if name in UNAVAILABLE:
            raise self.reader.error(f"the function {call.name} is not available in policy rules", place)
        least, most = arity(name)
        if least < 0:
            raise self.reader.error(f"there is no function {call.name}", place)
        if not least <= len(call.arguments) <= most:
            raise self.reader.error(f"{call.name} takes {_range(least, most)}, not {len(call.arguments)}", place)
        if name == "parameters" and self.parameters is not None:
            first = call.arguments[0]
            named = getattr(first, "value", None)
            if isinstance(named, str) and ascii_fold(named) not in self.parameters:
                raise self.reader.error(f"the parameter {named!r} is not declared", place)


def _range(least: int, most: int) -> str:
    if least == most:
        return f"{least} argument{'' if least == 1 else 's'}"
    return f"{least} to {most} arguments"
