"""Values as expressions of DuckDB.

Every type has one form there: ``bool`` BOOLEAN, ``int`` INTEGER, ``long``, ``datetime`` and ``timespan`` BIGINT,
``real`` DOUBLE, ``string`` VARCHAR that is never null, ``guid``, ``decimal`` and ``dynamic`` (JSON) VARCHAR.
"""

from __future__ import annotations

from math import isfinite

from lockgate.kql import bound, relation
from lockgate.kql.duckdb import functions, operators
from lockgate.kql.emit import values
from lockgate.kql.errors import EvaluationError
from lockgate.kql.literals import EPOCH
from lockgate.kql.patterns import matches
from lockgate.kql.types import INT, STRING, Tuple, Type, single

SQL_TYPES = {"bool": "BOOLEAN", "int": "INTEGER", "long": "BIGINT", "real": "DOUBLE", "datetime": "BIGINT",
             "timespan": "BIGINT"}  # fmt: skip


def sql_type(type_: Type) -> str:
    """The type by which DuckDB holds values."""
    return "VARCHAR[]" if isinstance(type_, Tuple) and len(type_.columns) != 1 else SQL_TYPES.get(
        single(type_).name, "VARCHAR")  # fmt: skip


class Expressions(values.Expressions):
    """Writes values for DuckDB."""

    def type_of(self, type_: Type) -> str:
        return sql_type(type_)

    def parameter(self, value: object, type_: Type = STRING) -> str:
        return f"{self.statement.parameter(value)}::{sql_type(type_)}"

    def number(self, value: int | float, type_: Type) -> str:
        if isinstance(value, int):
            return f"{value}" if type_ is INT else f"({value})::BIGINT" if value < 0 else f"{value}::BIGINT"
        return f"{value!r}::DOUBLE" if isfinite(value) else f"'{value!r}'::DOUBLE"

    def formed(self, text: str, stored: str) -> str:
        if stored == relation.TIMESTAMP:
            return f"(epoch_us({text}) * 10 + {EPOCH})"
        return f"coalesce({text}, '')" if stored == relation.NULLABLE_TEXT else text

    def part(self, text: str, index: int, type_: Type) -> str:
        part, wanted = f"{text}[{index + 1}]", sql_type(type_)
        if wanted == "VARCHAR":
            return f"coalesce({part}, '')" if type_ is STRING else part
        return f"try_cast({part} AS {wanted})"

    def captured(self, text: str, index: int) -> str:
        return f"{text}.g{index}" if index else f"({text}.hit <> '')"

    def captures(self, value: relation.Captures) -> str:
        pattern, text = value.pattern, self.sql(value.value)
        if _matches_nothing(pattern):
            # A line before the text makes the hit tell an empty text that matches from one that does not.
            pattern, text = pattern.replace("^", "^(?:\\n)", 1), f"(chr(10) || {text})"
        self.statement.alive.append(pattern)
        names = ", ".join(["'hit'", *(f"'g{i}'" for i in range(1, value.groups + 1))])
        return f"regexp_extract({text}, {self.parameter(f'({pattern})')}, [{names}])"

    def own(self, value: bound.Value) -> str | None:
        if isinstance(value, bound.Call):
            return functions.write(self, value)
        if isinstance(value, bound.Operation):
            return operators.write(self, value)
        return operators.member(self, value) if isinstance(value, bound.Member) else None

    def kept(self, value: bound.Value) -> bool:
        return operators.kept(self, value) is not None

    def convert(self, value: bound.Value, source: Type, target: Type) -> str | None:
        return operators.convert(self, value, source, target)

    def test(self, value: bound.Operation) -> str | None:
        return operators.condition(self, value)


def _matches_nothing(pattern: str) -> bool:
    """Whether what it finds may be empty: in the empty text, or between two letters."""
    try:
        return "\\b" in pattern or "\\B" in pattern or matches(pattern, "")
    except EvaluationError:
        return True  # what is wrong with it is said when it runs
