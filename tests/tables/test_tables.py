"""Every table is described, and a wrong one is refused."""

from __future__ import annotations

import pytest

from lockgate.errors import ConfigurationError
from lockgate.tables import Column, ColumnType, Table, common_columns, reference_markdown, tables


def test_the_record_has_its_tables_and_the_page_names_every_column() -> None:
    assert set(tables()) >= {"Runs", "Findings", "Components", "Skips", "Decisions"}
    page = reference_markdown()
    for table in tables().values():
        assert f"## {table.name}\n" in page
        assert table.about
        for column in table.columns:
            assert f"| `{column.name}` | {column.type} | " in page


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ((Column("a b", ColumnType.LONG, "x"),), "no column"),
        ((Column("runid", ColumnType.LONG, "x"),), "twice"),
        ((Column("A", ColumnType.LONG, " "),), "no line about"),
    ],
)
def test_a_wrong_column_is_refused(columns: tuple[Column, ...], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        Table("Wrong", (*common_columns(), *columns), "ours")


def test_a_table_without_its_run_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="demanded"):
        Table("Wrong", (Column("A", ColumnType.LONG, "x"),), "ours")
