"""Values as expressions of Spark.

Every type has one form there: ``bool`` BOOLEAN, ``int`` INT, ``long``, ``datetime`` and ``timespan`` BIGINT, ``real``
DOUBLE, ``string`` STRING that is never null, ``guid``, ``decimal`` and ``dynamic`` (JSON) STRING.
"""

from __future__ import annotations

from math import isfinite

from lockgate.kql import bound, relation
from lockgate.kql.emit import values
from lockgate.kql.emit.values import Foreign
from lockgate.kql.literals import EPOCH
from lockgate.kql.spark import functions, operators
from lockgate.kql.spark.python import Elements
from lockgate.kql.types import INT, STRING, Column, Tuple, Type, single

SQL_TYPES = {"bool": "BOOLEAN", "int": "INT", "long": "BIGINT", "real": "DOUBLE", "datetime": "BIGINT",
             "timespan": "BIGINT"}  # fmt: skip
_LEAST = -(2**63)


def sql_type(type_: Type) -> str:
    """The type by which Spark holds values."""
    return "ARRAY<STRING>" if isinstance(type_, Tuple) and len(type_.columns) != 1 else SQL_TYPES.get(
        single(type_).name, "STRING")  # fmt: skip


def result_type(value: bound.Value) -> str:
    """The type of what a function in Python gives."""
    return "ARRAY<STRING>" if isinstance(value, Elements | relation.Captures) else sql_type(value.type)


class Expressions(values.Expressions):
    """Writes values for Spark."""

    def type_of(self, type_: Type) -> str:
        return sql_type(type_)

    def parameter(self, value: object, type_: Type = STRING) -> str:
        mark = self.statement.parameter(value)
        return mark if isinstance(value, str) else f"CAST({mark} AS {sql_type(type_)})"

    def number(self, value: int | float, type_: Type) -> str:
        if isinstance(value, float):
            text = f"{value!r}D" if isfinite(value) else f"CAST('{value!r}' AS DOUBLE)"
        elif type_ is INT:
            text = f"CAST({value} AS INT)"  # a bare number would count columns after ORDER BY and GROUP BY
        else:
            text = f"{value}L" if value != _LEAST else f"CAST('{value}' AS BIGINT)"
        return f"({text})" if text[0] == "-" else text

    def formed(self, text: str, stored: str) -> str:
        if stored == relation.TIMESTAMP:
            return f"(unix_micros({text}) * 10L + {EPOCH}L)"
        return f"coalesce({text}, '')" if stored == relation.NULLABLE_TEXT else text

    def part(self, text: str, index: int, type_: Type) -> str:
        part, wanted = f"get({text}, {index})", sql_type(type_)
        if wanted == "STRING":
            return f"coalesce({part}, '')" if type_ is STRING else part
        return f"try_cast({part} AS {wanted})"

    def captured(self, text: str, index: int) -> str:
        return f"get({text}, {index})" if index else f"(get({text}, 0) <> '')"

    def captures(self, value: relation.Captures) -> str:
        column = Column("a0", value.value.type)
        detached = relation.Captures(bound.Use(column, column.type), value.pattern, value.groups, value.type)
        return self._called(detached, column, value.value)

    def elements(self, value: bound.Value, *, pairs: bool) -> str:
        """What a dynamic value is taken apart into, as a list of JSON texts."""
        column = Column("a0", value.type)
        return self._called(Elements(bound.Use(column, column.type), pairs), column, value)

    def _called(self, value: bound.Value, column: Column, of: bound.Value) -> str:
        name = self.statement.names.take("py")
        self.statement.foreign.append(Foreign(name, value, (column,)))
        return f"{name}({self.sql(of)})"

    def own(self, value: bound.Value) -> str | None:
        if isinstance(value, bound.Call):
            return functions.write(self, value)
        return operators.write(self, value) if isinstance(value, bound.Operation) else None

    def convert(self, value: bound.Value, source: Type, target: Type) -> str | None:
        return operators.convert(self, value, source, target)

    def test(self, value: bound.Operation) -> str | None:
        return operators.condition(self, value)
