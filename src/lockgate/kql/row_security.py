"""Row-level security: which rows of a table somebody sees, as conditions in the language itself.

A condition is put in where a table becomes rows, the one place through which every mention of it goes: by name, by
wildcard, in ``union``, ``search`` and ``find``, through stored functions and views. As the row level security policy of
Kusto does it: https://learn.microsoft.com/kusto/management/row-level-security-policy
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lockgate.kql import bound
from lockgate.kql.bind import Workspace, bind
from lockgate.kql.errors import Diagnostic, QueryError
from lockgate.kql.parse import parse
from lockgate.kql.syntax import Ask, Name, Pipeline, Where
from lockgate.kql.types import Table

NOBODY = "false"
"""The condition of who sees no row."""
Otherwise = Callable[[str, Mapping[str, str]], "str | None"]
"""Name and columns of a table -> what its rows must meet; None: all are seen."""


class RowSecurity:
    """The conditions of one person."""

    def __init__(
        self, conditions: Mapping[str, str], *, otherwise: Otherwise | None = None,
        beside: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:  # fmt: skip
        """``conditions``: table name -> what its rows must meet. Of other tables every row is seen, unless
        ``otherwise`` says a condition. ``beside``: tables, with their columns, that conditions may look at too."""
        self._conditions, self._otherwise, self._beside = conditions, otherwise, beside or {}
        self._found: dict[str, bound.Relation | None] = {}

    def __bool__(self) -> bool:
        return bool(self._conditions) or self._otherwise is not None

    def rows(self, name: str, table: Table) -> bound.Relation | None:
        """The rows of the table ``name`` that are seen, its columns in their order; None where all are.

        Raises :class:`~lockgate.kql.errors.QueryError` for a condition that is none on this table: rather no answer
        than a row too many.
        """
        if name not in self._found:
            columns = {column.name: column.type.name for column in table.columns}
            condition = self._conditions.get(name)
            if condition is None and self._otherwise is not None:
                condition = self._otherwise(name, columns)
            self._found[name] = None if condition is None else secured(name, columns, condition, beside=self._beside)
        return self._found[name]


def secured(
    name: str, columns: Mapping[str, str], condition: str, *, beside: Mapping[str, Mapping[str, str]] | None = None
) -> bound.Relation:
    """The rows of the table ``name`` that meet ``condition``, which can look at no other table but those ``beside``.

    Raises :class:`~lockgate.kql.errors.QueryError`.
    """
    where = f"row-level access of {name}"
    # The break ends a comment at the end of the condition.
    text = f"['{name}'] | where ({condition}\n)"
    try:
        tree = parse(text)
    except QueryError as error:
        raise QueryError(text, error.diagnostics, where=where) from None
    asked = tree.statements[0] if len(tree.statements) == 1 else None
    pipe = asked.query if isinstance(asked, Ask) else None
    if not (isinstance(pipe, Pipeline) and isinstance(pipe.source, Name) and pipe.source.text == name
            and len(pipe.operators) == 1 and isinstance(pipe.operators[0], Where)):  # fmt: skip
        raise QueryError(text, (Diagnostic("LG103", "This is not one condition.", 0, len(text)),), where=where)
    found = bind(tree, Workspace({**(beside or {}), name: columns}), where=where).results[0]
    assert isinstance(found, bound.Relation)
    return found
