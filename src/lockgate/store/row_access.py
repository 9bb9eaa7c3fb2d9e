"""Who sees which rows: the ``access`` lines of the tables in ``lockgate.yaml``, as row-level security of one person."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from lockgate.errors import ConfigurationError
from lockgate.kql.errors import QueryError
from lockgate.kql.row_security import NOBODY, RowSecurity, secured
from lockgate.settings import TableSettings
from lockgate.tables._collected import COMPANION

if TYPE_CHECKING:
    from lockgate.kql import Workspace


def security_of(person: str, tables: Mapping[str, TableSettings]) -> RowSecurity | None:
    """What the person sees; None for everything. What did not fit into a table goes with every row of it, or not."""
    conditions: dict[str, str] = {}
    for name, table in tables.items():
        if not table.access:
            continue
        mine = [line.where for line in table.access if any(fnmatchcase(person, one) for one in line.people)]
        if None in mine:
            continue
        conditions[name] = " or ".join(f"({one}\n)" for one in mine) or NOBODY
        if name + COMPANION not in tables:
            conditions[name + COMPANION] = NOBODY
    return RowSecurity(conditions) if conditions else None


def check_access(tables: Mapping[str, TableSettings], workspace: Workspace, *, where: str) -> None:
    """Raises :class:`ConfigurationError` for a condition that is none on its table, as far as that is known yet."""
    for name, table in tables.items():
        shape = workspace.table(name)
        for number, line in enumerate(table.access):
            if shape is None or line.where is None:
                continue
            try:
                secured(name, {column.name: column.type.name for column in shape.columns}, line.where)
            except QueryError as error:
                raise ConfigurationError(
                    f"tables.{name}.access[{number}].where is no condition on the table: {error.message}",
                    where=where, hint=error.hint,
                ) from None  # fmt: skip
