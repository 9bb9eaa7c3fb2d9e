"""arg_max and arg_min give one row that there is, also of many that are equal, from several threads, with nulls."""

from __future__ import annotations

import pytest

from lockgate.store.ask import Tables, ask

COLUMNS = {"Id": "long", "Group": "string", "By": "long", "When": "datetime", "Text": "string", "Real": "real",
           "Flag": "bool", "Bag": "dynamic"}  # fmt: skip
ROWS = 200_000
SOURCE = f"""(SELECT i AS Id, 'g' || (i % 50) AS "Group",
    CASE WHEN i % 50 = 7 OR i % 3 = 0 THEN NULL ELSE i % 40 END AS "By",
    make_timestamp((i // 4000) * 1000000) AS "When", CASE WHEN i % 2 = 0 THEN NULL ELSE 't' || i END AS Text,
    CASE WHEN i % 5 > 0 THEN i / 7 END AS Real, CASE WHEN i % 4 > 0 THEN i % 8 = 1 END AS Flag,
    CASE WHEN i % 6 > 0 THEN '{{"i":' || i || '}}' END AS Bag FROM range({ROWS}) AS r(i))"""


@pytest.fixture(scope="module")
def tables() -> Tables:
    found = Tables(threads=4)
    found.add("T", COLUMNS, SOURCE)
    return found


@pytest.mark.parametrize("function", ["arg_max", "arg_min"])
@pytest.mark.parametrize("by", ["By", "When", "Text", "Real"])
@pytest.mark.parametrize("others", [("Id", "Text"), ("Id", "Text", "Real"), ("Id", "Flag", "Bag"), tuple(COLUMNS)])
def test_the_row_that_wins_is_one(function: str, by: str, others: tuple[str, ...], tables: Tables) -> None:
    own = [one for one in others if one not in (by, "Group")]
    given = ask(f"T | summarize {function}({by}, {', '.join(own)}) by Group", tables)
    names = [name for name, _ in given.columns]
    assert names == ["Group", by, *own]
    extreme = "max" if function == "arg_max" else "min"
    best = dict(ask(f"T | summarize {extreme}({by}) by Group", tables).rows)
    ids = ", ".join(str(row[names.index("Id")]) for row in given.rows)
    rows = ask(f"T | where Id in ({ids}) | project {', '.join(names)}", tables).rows
    assert sorted(map(repr, given.rows)) == sorted(map(repr, rows))
    assert {row[0]: row[1] for row in given.rows} == best
    assert len(given.rows) == 50


def test_of_rows_that_all_lack_the_value_one_is_taken(tables: Tables) -> None:
    (row,) = ask("T | where Group == 'g7' | summarize arg_max(By, Id, Text, Group)", tables).rows
    assert row[0] is None and row[3] == "g7"
    assert ask(f"T | where Id == {row[1]} | project Text", tables).rows == [(row[2],)]
    assert ask("T | where false | summarize arg_max(By, Id, Text)", tables).rows == [(None, None, "")]


def test_sorted_rows_give_the_first_of_the_best(tables: Tables) -> None:
    query = "T | where Id < 1000 | sort by Id desc | summarize arg_max(When, Id, Text) by Flag"
    assert sorted(row[2] for row in ask(query, tables).rows) == [993, 996, 999]


@pytest.mark.parametrize("pattern", ["* 'row' N", "'x' * 'y' N", "N", "'t' N:long"])
def test_what_is_parsed_is_known_from_what_is_not(pattern: str) -> None:
    found = Tables()
    found.add("T", {"Text": "string"}, "(VALUES ('row1'), (''), (NULL), ('xay2'), ('t5'), ('a row row3'))")
    query = f"T | parse Text with {pattern} | where isnotempty(N) | project Text, tostring(N)"
    expected = {
        "* 'row' N": [("a row row3", " row3"), ("row1", "1")],
        "'x' * 'y' N": [("xay2", "2")],
        "N": [(one, one) for one in ("a row row3", "row1", "t5", "xay2")],
        "'t' N:long": [("t5", "5")],
    }
    assert sorted(ask(query, found).rows) == expected[pattern]
    whole = ask(f"T | parse-where Text with {pattern} | count", found).rows
    assert whole == [({"N": 6}.get(pattern, len(expected[pattern])),)]
