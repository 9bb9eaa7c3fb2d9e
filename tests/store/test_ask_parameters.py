"""Values that come beside a query, and answers that are cut at a limit."""

import pytest

from lockgate.kql import QueryError
from lockgate.store.ask import Limits, Tables, ask


def asked(type_, text, query="print y=x"):
    return ask(f"declare query_parameters(x:{type_}); {query}", Tables(), parameters={"x": text}).rows[0][0]


@pytest.mark.parametrize(("type_", "text", "value"), [
    ("long", "5", 5), ("int", "long(7)", 7), ("int", "-7", -7), ("real", "-2.5", -2.5), ("real", "3", 3.0),
    ("string", "abc", "abc"), ("string", "'a b'", "a b"), ("string", "5", "5"), ("bool", "true", True),
    ("datetime", "2026-11-26", 639312480000000000), ("datetime", "datetime(2026-11-26)", 639312480000000000),
    ("timespan", "1.5h", 54000000000), ("timespan", "1.00:00:00", 864000000000), ("decimal", "1.5", "1.5"),
    ("guid", "guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", "74be27de-1e4e-49d9-b579-fe0b331d3642"),
    ("dynamic", "[1,2]", "[1,2]"), ("dynamic", 'dynamic({"a":1})', '{"a":1}'), ("long", "long(null)", None),
])  # fmt: skip
def test_a_text_is_a_literal_or_what_the_literal_holds(type_, text, value):
    assert asked(type_, text) == value


@pytest.mark.parametrize(("type_", "text"), [
    ("long", "x"), ("long", "5; print 3"), ("long", "datetime(2026-11-26)"), ("dynamic", "{"), ("datetime", "noon"),
    ("bool", "maybe"), ("guid", "1"), ("timespan", ""), ("long", "99999999999999999999"),
])  # fmt: skip
def test_what_is_no_value_of_the_type_is_told_where_it_is_declared(type_, text):
    with pytest.raises(QueryError, match=f"LG102: The value of the parameter 'x' is no {type_}") as told:
        asked(type_, text)
    assert (told.value.line, told.value.column) == (1, 26)


def test_a_default_holds_where_nothing_is_given():
    query = "declare query_parameters(x:long = 5, y:string = 'a'); print x, y"
    assert ask(query, Tables(), parameters={"y": "b", "strange": "1"}).rows == [(5, "b")]


def test_a_parameter_is_a_constant_wherever_one_is_needed():
    assert asked("int", "2", "range i from 1 to 9 step 1 | take x | count") == 2


@pytest.mark.parametrize("limits", [Limits(rows=10), Limits(bytes=80)])
def test_a_result_is_cut_where_that_is_wanted(limits):
    table = ask("range x from 1 to 50000 step 1", Tables(), limits=limits, cut=True).tables[0]
    assert [row[0] for row in table.rows] == list(range(1, 11))
    assert table.over is not None
    assert ask("range x from 1 to 5 step 1", Tables(), limits=limits, cut=True).tables[0].over is None
