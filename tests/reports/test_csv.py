"""The CSV report: no cell is a formula, and nothing is lost."""

from __future__ import annotations

import csv
import io

import pytest

from lockgate.reports.csv import COLUMNS, _cell


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_findings_fixed_ones_and_skips_are_lines(result, draw):
    read = rows(draw("csv", result))
    assert [row["state"] for row in read] == ["new", "known", "new", "new", "fixed", "skipped", "skipped"]
    assert [row["waived"] for row in read][:4] == ["no", "no", "expired", "yes"]
    assert tuple(read[0]) == COLUMNS


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\uff1d1", "\r=1"])
def test_a_cell_that_could_be_a_formula_is_defused(text):
    assert not str(_cell(text)).lstrip().startswith(("=", "+", "-", "@", "\uff1d"))


def test_no_cell_of_a_hostile_result_is_a_formula_or_moves_the_cursor(hostile, draw):
    for row in rows(draw("csv", hostile)):
        for cell in row.values():
            assert cell.isprintable()
            assert not cell.startswith(("=", "+", "-", "@"))
