"""Row-level security: a query over rows that are held back answers as it does where those rows do not exist."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockgate.kql import QueryError, parse
from lockgate.kql.row_security import NOBODY, RowSecurity
from lockgate.store.ask import Tables, ask

COLUMNS = {"n": "long", "who": "string", "bag": "dynamic"}
ROWS = [(1, "ana", '{"k":1}'), (2, "bob", '{"k":2}'), (2, "ana", "{}"), (None, "", None), (5, "eve", '{"z":[1,2]}')]
OTHER = [(1, "x"), (5, "y")]
QUERIES = [
    "T", "T | count", "T | summarize c=count(), m=max(n) by who", "union withsource=w *", "union T, U | count",
    "union T* | count", "search 'ana'", "search in (T) who == 'eve'", "find where n > 1",
    "find in (T) where who has 'a'",
    "T | join kind=inner U on n", "U | join kind=leftouter T on n", "U | where n in ((T | project n))",
    "U | where n in (T)", "print x=toscalar(T | summarize max(n))", "let f = () { T }; f() | union f()",
    "let m = materialize(T); m | join m on who", "T | as hidden | where n > 0", "table('T') | count", "Stored()",
    "T | mv-expand bag", "T | evaluate bag_unpack(bag)", "T | make-series c=count() on n from 0 to 6 step 1",
    "T | top-nested 2 of who by sum(n)", "T | partition by who (summarize count())", "T | top 2 by n asc",
    "T | sort by n asc | extend p=prev(n)", "T | invoke Given()", "database('ws').T | count", "T | facet by who",
    "T | fork (count) (take 0)", "U | lookup T on n", "T | getschema", "T | distinct who | sort by who asc",
]  # fmt: skip


def workspace(rows, security=None):
    functions = {
        "Stored": parse("let f = () { T | where n > 1 }; f").statements[0].value,
        "Given": parse("let f = (X: (n: long)) { X | where n > 0 }; f").statements[0].value,
    }
    tables = Tables(security=security, functions=functions)
    texts = [[None if value is None else str(value) for value in row] for row in rows]
    tables.fill("T", COLUMNS, texts)
    tables.fill("U", {"n": "long", "other": "string"}, [[str(value) for value in row] for row in OTHER])
    return tables


def answered(query, tables):
    """Everything a query gives, rows without an order sorted."""
    return [(one.columns, sorted(map(repr, one.rows))) for one in ask(query, tables).tables]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(("condition", "seen"), [
    ("who == 'ana' // and nobody else", lambda row: row[1] == "ana"),
    ("n > 1", lambda row: row[0] is not None and row[0] > 1),
    ("isnotnull(bag.k) or who in ('eve')", lambda row: (row[2] or "").startswith('{"k"') or row[1] == "eve"),
    (NOBODY, lambda row: False),
])  # fmt: skip
def test_no_way_to_name_a_table_leads_around_its_condition(query, condition, seen):
    secured = answered(query, workspace(ROWS, RowSecurity({"T": condition})))
    assert secured == answered(query, workspace([row for row in ROWS if seen(row)]))


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["ana", "bob", ""]), st.none()), max_size=8),
    st.sampled_from(QUERIES), st.integers(0, 3),
)  # fmt: skip
def test_whatever_the_rows_those_that_are_held_back_do_not_matter(rows, query, bound):
    secured = answered(query, workspace(rows, RowSecurity({"T": f"n <= {bound}"})))
    assert secured == answered(query, workspace([row for row in rows if row[0] <= bound]))


def test_a_condition_sees_all_of_its_table():
    tables = workspace(ROWS, RowSecurity({"T": "n == toscalar(T | summarize max(n))"}))
    assert ask("T | project who", tables).tables[0].rows == [("eve",)]


@pytest.mark.parametrize(("condition", "told"), [
    ("n ==", "A value is missing"), ("true) | take 1 | where (true", "not one condition"), ("n == 1; T", "Expected"),
    ("nope == 1", "no column"), ("who", "type bool"), ("n in (U)", "no column, table"), ("true) or (true", None),
])  # fmt: skip
def test_a_condition_that_is_none_gives_no_row_and_says_so(condition, told):
    tables = workspace(ROWS, RowSecurity({"T": condition}))
    if told is None:
        assert len(ask("T", tables).tables[0].rows) == len(ROWS)
        return
    with pytest.raises(QueryError, match=told) as found:
        ask("T", tables)
    assert found.value.where.startswith("row-level access of T:")


def test_other_tables_are_asked_all_the_same_where_a_condition_is_none():
    assert ask("U | count", workspace(ROWS, RowSecurity({"T": "nope"}))).tables[0].rows == [(2,)]
