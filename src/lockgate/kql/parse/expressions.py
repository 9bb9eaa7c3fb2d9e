"""Values: operators by how close they bind, calls, members, and what tables are written as."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lockgate.kql.keywords import (
    AFTER_A_NAME,
    DECLARED_NAMES,
    KEYWORDS,
    LIST_OPERATORS,
    SPECIAL_NAMES,
    STRING_OPERATORS,
    words,
)
from lockgate.kql.parse.cursor import ENDS
from lockgate.kql.parse.names import Names
from lockgate.kql.syntax import (
    Among,
    Between,
    Binary,
    Call,
    ContextualDataTable,
    DataScope,
    DataTable,
    Element,
    Expression,
    ExternalData,
    Name,
    Named,
    Parameter,
    Parenthesised,
    Path,
    Star,
    ToScalar,
    ToTable,
    Unary,
)  # fmt: skip

T = TypeVar("T")
_OR, _AND, _EQUAL, _COMPARE, _ADD, _MULTIPLY, _TEXT, _NONE = range(8)
_BINDING = {
    "or": _OR, "and": _AND, "==": _EQUAL, "!=": _EQUAL, "<>": _EQUAL, "between": _EQUAL, "!between": _EQUAL,
    "<": _COMPARE, "<=": _COMPARE, ">": _COMPARE, ">=": _COMPARE, "+": _ADD, "-": _ADD,
    "*": _MULTIPLY, "/": _MULTIPLY, "%": _MULTIPLY,
    **dict.fromkeys(LIST_OPERATORS, _EQUAL), **dict.fromkeys(STRING_OPERATORS, _TEXT),
}  # fmt: skip
_ONCE = frozenset((_EQUAL, _COMPARE, _TEXT))
"""Operators that do not follow one another: ``a == b == c`` is wrong."""
_CONSTANTS = frozenset(
    ("STRING", "BOOL", "LONG", "REAL", "DECIMAL", "INT", "GUID", "RAWGUID", "DATETIME", "TIMESPAN")
)  # fmt: skip
_BEGINS_A_QUERY = words(
    """as assert-schema __executeAndCache find graph-match graph-to-table invoke macro-expand make-graph
    graph-mark-components make-series mv-apply mv-expand parse-where parse-kv print project project-away project-keep
    project-rename project-by-names project-reorder sample sample-distinct search top-hitters top-nested union
    where"""
)
"""Words of operators that are never names."""


class Expressions(Names):
    """Reads values."""

    def pipeline(self) -> Expression:
        """A query; given by the layer of operators."""
        raise NotImplementedError

    def sub_pipeline(self) -> Expression:
        """A query that begins with an operator; given by the layer of operators."""
        raise NotImplementedError

    def parameters(self, known: dict[str, str], *, certain: bool = False) -> tuple[Parameter, ...]:
        """``name=value`` pairs; given by the layer of parameters."""
        raise NotImplementedError

    def items(self, read: Callable[[], T], *, least: int = 1) -> tuple[T, ...]:
        """What ``read`` reads, between commas; nothing when ``least`` is 0 and nothing begins here."""
        found: list[T] = []
        kinds = self.kinds
        if not least and not self.begins_value():
            return ()
        while True:
            found.append(read())
            kind = kinds[self.i]
            if kind != ",":
                if kind == "NAME" or kind in _CONSTANTS:
                    self.expected(",")
                return tuple(found)
            self.i += 1

    # --- operators

    def begins_value(self) -> bool:
        """Whether what stands here begins a value, a name before ``=`` or a list of such, or was meant to."""
        kind = self.kinds[self.i]
        return (
            kind in _BEGINS
            or kind == ","
            or self.is_name(self.i)
            or kind in DECLARED_NAMES
            or (kind in KEYWORDS and self.kinds[self.i + 1] in AFTER_A_NAME)
        )

    def value(self, level: int = _OR) -> Expression:
        """A value whose operators bind at least as close as ``level``."""
        if self.depth >= 79:
            self.deeper()  # says so when it is too deep
            self.depth -= 1
        self.depth += 1
        kinds = self.kinds
        left = self._operand()
        highest = _NONE
        while True:
            operator = kinds[self.i]
            binding = _BINDING.get(operator)
            if binding is None or not level <= binding <= highest or (binding == highest and binding in _ONCE):
                break
            at = self.starts[self.i]
            if operator == "in" and kinds[self.i + 1] == "range":
                break
            self.i += 1
            if operator in LIST_OPERATORS:
                left = self._among(operator, left, at)
            elif operator == "between" or operator == "!between":
                left = self._between(operator, left, at)
            else:
                right = self.value(binding + 1)
                left = Binary(operator, left, right, at, left.start, right.end)
            highest = binding
        self.depth -= 1
        return left

    def _operand(self) -> Expression:
        kind = self.kinds[self.i]
        if kind == "-" or kind == "+":
            start = self.starts[self.i]
            self.i += 1
            value = self.path()
            return Unary(kind, value, start, value.end)
        if kind == "*" and (self.kinds[self.i + 1] in STRING_OPERATORS or self.kinds[self.i + 1] == "=="):
            self.i += 1
            return Star(self.starts[self.i - 1], self.last_end)
        return self.path()

    def _among(self, operator: str, value: Expression, at: int) -> Among:
        self.expect("(")
        items = (self.pipeline(),) if self._is_query() else self.items(self.value)
        self.expect(")")
        return Among(operator, value, items, at, value.start, self.last_end)

    def _is_query(self) -> bool:
        """Whether a table stands between the brackets of ``in``: an operator first, or a pipe not in inner brackets."""
        kinds, i, depth = self.kinds, self.i, 0
        if kinds[i] in _BEGINS_A_QUERY:
            return True
        while True:
            kind = kinds[i]
            if kind == "(":
                depth += 1
            elif kind == "|" and not depth:
                return True
            elif kind == "END" or kind == ";" or (not depth and (kind == "," or kind == ")")):
                return False
            elif kind == ")":
                depth -= 1
            i += 1

    def _between(self, operator: str, value: Expression, at: int) -> Between:
        self.expect("(")
        low = self.value()
        self.expect("..")
        high = self.value()
        self.expect(")")
        return Between(operator, value, low, high, at, value.start, self.last_end)

    # --- members, calls, single values

    def path(self) -> Expression:
        """A value with the members that follow it: ``a.b['c'][0]``."""
        if self.kinds[self.i] == "totable":
            return self._to_table()
        return self.followed(self._primary(), self.member)

    def followed(self, found: Expression, read: Callable[[], Expression], *, indexed: bool = True) -> Expression:
        """``found`` with the members behind it: what ``read`` reads after each dot, and indexes in brackets."""
        kinds = self.kinds
        steps = 0
        while True:
            kind = kinds[self.i]
            if kind == ".":
                self.i += 1
                member = read()
                found = Path(found, member, found.start, member.end)
            elif kind == "[" and indexed:
                self.i += 1
                index = self.value()
                self.expect("]")
                found = Element(found, index, found.start, self.last_end)
            else:
                return found
            steps += 1
            if steps > 80:
                self.fail("KS245", "A value has more than 80 members in a row.")

    def member(self) -> Expression:
        """What stands after a dot."""
        length = self.name_length(self.i)
        if length and self.kinds[self.i + length] == "(":
            return self.call()
        if self.kinds[self.i] == "[":
            return self.wildcard_or_none() or self.name_or_none() or self._bracketed()
        if self.kinds[self.i] in SPECIAL_NAMES:
            self.i += 1
            return Name(self.tokens.text(self.i - 1), self.starts[self.i - 1], self.last_end)
        return self.name()

    def _bracketed(self) -> Expression:
        """``.[value]``, an element with a dot before it."""
        start = self.expect("[")
        value = self.value()
        self.expect("]")
        return Parenthesised(value, start, self.last_end)

    def _primary(self) -> Expression:
        kinds, i = self.kinds, self.i
        kind = kinds[i]
        if kind == "NAME":
            if kinds[i + 1] == "(":
                return self.call()
            self.i = i + 1
            found = Name(self.source[self.starts[i] : self.ends[i]], self.starts[i], self.ends[i])
            return self._scoped(found) if kinds[self.i] == "datascope" else found
        if kind in _CONSTANTS:
            constant = self.constant()
            assert constant is not None
            return constant
        if kind == "(":
            return self.parenthesised()
        if kind == "dynamic" and kinds[i + 1] == "(":
            return self.dynamic()
        if kind == "toscalar":
            self.i = i + 1
            query = self._of_query()
            return ToScalar(query, self.starts[i], self.last_end)
        if kind in _TABLES:
            return self._table(kind)
        if kind == "typeof" and kinds[i + 1] == "(":
            return self.type_of()
        return self._odd_name()

    def _odd_name(self) -> Expression:
        """A keyword or a bracketed name as column, table or function."""
        length = self.name_length(self.i)
        if length and self.kinds[self.i + length] == "(":
            return self.call()
        if self.kinds[self.i] in SPECIAL_NAMES:
            self.i += 1
            return Name(self.tokens.text(self.i - 1), self.starts[self.i - 1], self.last_end)
        found: Expression | None = self.wildcard_or_none() if self.kinds[self.i] == "[" else None
        found = found or self.name_or_none()
        if found is None and self.kinds[self.i] == "[":
            return self._bracketed()
        if found is None:
            self.expression_missing()
        return self._scoped(found)

    def _scoped(self, table: Expression) -> Expression:
        if self.kinds[self.i] != "datascope":
            return table
        return DataScope(table, self.data_scope(), table.start, self.last_end)

    def data_scope(self) -> str:
        """``datascope=all`` or ``datascope=hotcache``"""
        self.expect("datascope")
        self.expect("=")
        word = self.tokens.text(self.i)
        if word not in ("all", "hotcache"):
            self.expected("all or hotcache")
        self.i += 1
        return word

    def parenthesised(self) -> Parenthesised:
        """``(value or query)``"""
        start = self.expect("(")
        inner = self.pipeline()
        self.expect(")")
        return Parenthesised(inner, start, self.last_end)

    def call(self) -> Call:
        """``name(arguments)``, where a name is known to stand."""
        name = self.name()
        self.expect("(")
        arguments = self.items(self._argument, least=0)
        self.expect(")")
        return Call(name, arguments, name.start, self.last_end)

    def _argument(self) -> Expression:
        if self.kinds[self.i] == "*" and self.kinds[self.i + 1] in (")", ","):
            self.i += 1
            return Star(self.starts[self.i - 1], self.last_end)
        return self.named()

    def _of_query(self) -> Expression:
        if self.kinds[self.i] == "kind" and self.kinds[self.i + 1] == "=":
            self.i += 2
            self.expect("nooptimization")
        self.expect("(")
        query = self.pipeline()
        self.expect(")")
        return query

    def _to_table(self) -> ToTable:
        start = self.expect("totable")
        query = self._of_query()
        return ToTable(query, start, self.last_end)

    # --- values with names

    def named(self) -> Expression:
        """``name = value``, ``(one, two) = value`` or a value alone."""
        kinds, i = self.kinds, self.i
        length = self.name_length(i, declared=True)
        if length and kinds[i + length] == "=":
            name = self.name(declared=True)
            self.i += 1
            value = self.value()
            return Named((name,), value, False, name.start, value.end)
        if kinds[i] == "(" and (stop := self._name_list_end(i)):
            self.i += 1
            names = self.items(lambda: self.name(declared=True))
            self.i = stop + 1
            value = self.value()
            return Named(names, value, True, self.starts[i], value.end)
        if dashed := self._dashed_name(i):
            end = self.ends[i + dashed - 1]
            text = self.source[self.starts[i] : end]
            self.fail("KS228", f"The name '{text}' needs brackets here: ['{text}'].", start=self.starts[i], end=end)
        return self.value()

    def _name_list_end(self, i: int) -> int:
        """The ``=`` after ``(one, two)`` at token ``i``, or 0."""
        i += 1
        while length := self.name_length(i, declared=True):
            i += length
            if self.kinds[i] != ",":
                break
            i += 1
        return i + 1 if self.kinds[i] == ")" and self.kinds[i + 1] == "=" else 0

    def _dashed_name(self, i: int) -> int:
        """How many tokens ``two-words`` takes where ``=`` follows, or 0: a name that lacks its brackets."""
        kinds, stop = self.kinds, i
        if not (kinds[i] == "NAME" or kinds[i] in KEYWORDS):
            return 0
        while stop == i or (
            self.starts[stop] == self.ends[stop - 1]
            and (kinds[stop] == "NAME" or kinds[stop] == "-" or kinds[stop] in KEYWORDS)
        ):
            stop += 1
        return stop - i if kinds[stop] == "=" else 0

    # --- tables that are written down

    def _table(self, kind: str) -> Expression:
        start = self.starts[self.i]
        self.i += 1
        if kind == "__contextual_datatable":
            id_ = self.literal_or_none() or self.value()
            return ContextualDataTable(id_, self.schema(), start, self.last_end)
        parameters = self.parameters({})
        schema = self.schema()
        self.expect("[")
        self.accept(",")
        if kind == "datatable":
            values = self._constants()
            return DataTable(schema, values, parameters, start, self.last_end)
        addresses = self._until_bracket(self.pipeline)
        return ExternalData(schema, addresses, self.properties(), start, self.last_end)

    def _until_bracket(self, read: Callable[[], Expression]) -> tuple[Expression, ...]:
        found: list[Expression] = []
        while self.kinds[self.i] not in ENDS:
            found.append(read())
            if not self.accept(","):
                break
        self.expect("]")
        return tuple(found)

    def _constants(self) -> tuple[Expression, ...]:
        found: list[Expression] = []
        while (one := self.literal_or_none()) is not None:
            found.append(one)
            if not self.accept(","):
                if self.kinds[self.i] in _CONSTANTS:
                    self.expected(",")
                break
        self.expect("]")
        return tuple(found)

    def properties(self) -> tuple[Parameter, ...]:
        """``with (format='csv', ignoreFirstRecord=true)``, or nothing."""
        if not self.accept("with"):
            return ()
        self.expect("(")
        found = self.items(self._property, least=0)
        self.expect(")")
        return found

    def _property(self) -> Parameter:
        name = self.name(declared=True)
        self.expect("=")
        value: Expression | None = None
        if self.kinds[self.i] not in ("dynamic", "typeof", "-", "+", "INT", "DECIMAL", "TIMESPAN"):
            value = self.literal_or_none() or self.name_or_none(declared=True)
        if value is None:
            self.lacking("KS006", "A value is missing.")
        return Parameter(name.text, value, name.start, self.last_end)


_TABLES = frozenset(("datatable", "externaldata", "external_data", "__contextual_datatable"))
_BEGINS = _CONSTANTS | _TABLES | SPECIAL_NAMES | frozenset(("(", "[", "-", "+", "*", "dynamic", "toscalar", "totable"))
