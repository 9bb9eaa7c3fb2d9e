"""What a real engine answered. The facts are those that the tests of duckdb-kql (github.com/mmaitre314/duckdb-kql) note
as measured on Microsoft's Kusto emulator; the queries are our own, each run through DuckDB.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from lockgate.kql import QueryError
from lockgate.store.ask import Limits, Tables, ask

_BLANKS = '" test word"'


def _rows(query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in ask(query, Tables()).tables[0].rows]


def _value(expression: str) -> Any:
    ((found,),) = _rows(f"print x = {expression}")
    return found


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("1 < 2", "True"),
        ("'ab' has 'a'", "False"),
        ("'true'", "true"),
        ("dynamic(true)", "true"),
        ("bool(null)", ""),
        ("strcat(true, false)", "TrueFalse"),
        ("-36h", "-1.12:00:00"),
        ("pack_array(1d, true)", '["1.00:00:00",true]'),
        ("dynamic([1d, time(-2), 15nanoseconds])", "[864000000000,-1728000000000,0]"),
        ("dynamic([guid(ABCDEF00-0000-0000-0000-000000000001)])", '["abcdef00-0000-0000-0000-000000000001"]'),
        ("dynamic([real(nan), long(null), 0x1f])", '["NaN",null,31]'),
        ("hash_md5('')", ""),
        ("hash_sha256(tostring(int(null)))", ""),
        ("hash_md5(true)", "f827cf462f62848df37c5e1e94a4da74"),
        ("substring('abc', -10)", ""),
        ("substring('abcdefg', -3, 10)", "efg"),
        ("gettype(dynamic([7])[0])", "long"),
        ("todatetime('20221202')", "2022-12-02T00:00:00.0000000Z"),
        ("strcat_array(dynamic(['a', true, null, {'x': 1}]), '-')", 'a-true--{"x":1}'),
    ],
)
def test_values_have_the_text_that_the_engine_writes(expression: str, text: str) -> None:
    assert _value(f"tostring({expression})") == text
    assert _rows(f"range i from 1 to 1 step 1 | project tostring({expression})") == [(text,)]


def test_a_column_of_bool_is_written_as_a_literal_is() -> None:
    table = "datatable(b: bool)[true, false, bool(null)]"
    assert _rows(f"{table} | project tostring(b)") == [("True",), ("False",), ("",)]


@pytest.mark.parametrize(
    ("expression", "number"),
    [
        ("toint(9999999999)", 1410065407),
        ("toint(-9999999999)", -1410065407),
        ("toint(2147483648)", -2147483648),
        ("toint(1d)", 711573504),
        ("toint('9999999999')", None),
        ("tolong('5.7')", None),
        ("tolong(' 0x10 ')", 16),
        ("toreal('0x10')", None),
        ("tolong(datetime(2020-01-01))", 637134336000000000),
        ("toint(dynamic(9999999999))", 1410065407),
        ("parse_ipv4('01.02.03.04')", None),
        ("countof('aaaa', 'aa')", 3),
        ("1 / 0", None),
        ("-1.0 / 0", -math.inf),
        ("10 % -4", 2),
    ],
)
def test_numbers_are_made_as_the_engine_makes_them(expression: str, number: object) -> None:
    assert _value(expression) == number


def test_longs_wrap_and_reals_stop_at_the_ends() -> None:
    assert _rows("datatable(n: long)[9999999999, -1, long(null)] | project toint(n)") == [(1410065407,), (-1,), (None,)]
    found = _rows("datatable(r: real)[-5.7, 1e10, -1e10, 1e30, real(nan)] | project tolong(r), toint(r)")
    assert found == [
        (-5, -5),
        (10**10, 2147483647),
        (-(10**10), -2147483648),
        (9223372036854775807, 2147483647),
        (None, None),
    ]


@pytest.mark.parametrize(
    ("groups", "text"),
    [
        ("[2]", '["est","ord"]'),
        ("[2,1]", '[["est","t"],["ord","w"]]'),
        ("[1,5]", '["t","w"]'),
        ("[5]", '[["t","est"],["w","ord"]]'),
        ("[]", '[["t","est"],["w","ord"]]'),
    ],
)
def test_groups_that_are_not_there_are_passed_over(groups: str, text: str) -> None:
    pattern = "@'(?:^| )([a-z])([a-z]+)'"
    assert _value(f"tostring(extract_all({pattern}, dynamic({groups}), {_BLANKS}))") == text


@pytest.mark.parametrize(
    ("address", "part", "found"),
    [
        ("https://user@h.io/p", "Host", "user@h.io"),
        ("https://user@h.io/p", "Username", ""),
        ("https://u:p@h.io/x", "Password", "p"),
        ("https://h.io/", "Path", ""),
        ("https://h.io/?x=1", "Path", "/"),
        ("https://h.io/p?y=2&x=1&x=3", "Query Parameters", '{"x":["1","3"],"y":"2"}'),
        ("https://h.io/p?k=&=v&flag", "Query Parameters", "{}"),
    ],
)
def test_addresses_are_taken_apart_as_the_engine_does(address: str, part: str, found: str) -> None:
    assert _value(f"tostring(parse_url('{address}')['{part}'])") == found


@pytest.mark.parametrize(
    ("text", "simple", "regex"),
    [("abcbd", "", "bc"), ("abcb", "bc", "bc"), ("zacb", "", "c"), ("abz", "", "")],
)
def test_only_a_simple_pattern_has_to_fill_the_text(text: str, simple: str, regex: str) -> None:
    table = f"datatable(s: string)['{text}']"
    assert _rows(f"{table} | parse s with 'a' v 'b' | project v") == [(simple,)]
    assert _rows(f"{table} | parse kind=regex s with 'a' v 'b' | project v") == [(regex,)]


def test_a_number_before_a_star_at_the_end_may_be_missing() -> None:
    query = "parse kind=relaxed s with 'p|' a: string '-q|' b: long *"
    assert _rows(f"datatable(s: string)['p|1-q|xx'] | {query} | project a, b") == [("1", None)]


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("kind=regex s with ')' v", "a)b", "b"),
        ("kind=regex flags=U s with * 'x=' v ','", "y=1,x=2,x=9,", "9"),
        ("kind=regex flags=m s with '^a=' v", "x\\na=1", "1"),
        ("kind=regex flags=m s with '^a=' v", "a=1", "1"),
        ("kind=regex s with '^a=' v", "a=1", "1"),
        ("kind=regex s with 'x=' v", "=1", ""),
        ("kind=regex s with 'n=' v: long", "n=27x", 27),
        ("kind=regex s with 'n=' v: bool ';'", "n=12;", None),
        ("s with 'n=' v: bool ';'", "n=12;", True),
        ("kind=regex s with 'n=' v: real ';'", "n=.5;", None),
        ("s with 'n=' v: real ';'", "n=.5;", 0.5),
    ],
)
def test_patterns_read_as_the_engine_reads(pattern: str, text: str, found: object) -> None:
    assert _rows(f"datatable(s: string)['{text}'] | parse {pattern} | project v") == [(found,)]


@pytest.mark.parametrize(
    ("type_", "found"),
    [
        ("long", [1, 2, -2, None, None, None]),
        ("real", [1.0, 2.5, -2.5, None, None, None]),
        ("bool", [True, None, None, None, True, None]),
        ("string", ["1", "2.5", "-2.5", "2", "true", ""]),
        ("datetime", [None] * 6),
    ],
)
def test_elements_of_another_kind_are_null(type_: str, found: list[object]) -> None:
    table = "datatable(a: dynamic)[dynamic([1, 2.5, -2.5, '2', true, null])]"
    assert [value for (value,) in _rows(f"{table} | mv-expand a to typeof({type_})")] == found


@pytest.mark.parametrize(
    ("join", "rows"),
    [
        ("lookup", [("1", 1, "one"), ("2", None, "none"), ("3", 2, "")]),
        ("lookup kind=inner", [("1", 1, "one"), ("2", None, "none")]),
        ("join kind=leftouter", [("1", 1, 1, "one"), ("2", None, None, "none"), ("3", 2, None, "")]),
        ("join kind=leftanti", [("3", 2)]),
        ("join kind=leftsemi", [("1", 1), ("2", None)]),
    ],
)
def test_keys_that_are_null_match_each_other(join: str, rows: list[tuple[object, ...]]) -> None:
    left = "datatable(Row: string, Key: int)['1', 1, '2', int(null), '3', 2]"
    right = "(datatable(Key: int, Alias: string)[1, 'one', int(null), 'none'])"
    assert _rows(f"{left} | {join} {right} on Key | sort by Row asc") == rows


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("project extract(@'(?: )(?<w>[a-z]+)', 1, s)", "test"),
        ("where s matches regex @'(?<w>[a-z]+)' | count", 1),
        ("project replace_regex(s, @'(?<w>[a-z]+)', 'X')", " X X"),
    ],
)
def test_groups_may_have_names(query: str, found: object) -> None:
    assert _rows(f"datatable(s: string)[{_BLANKS}] | {query}") == [(found,)]


def test_every_text_has_a_null_among_terms() -> None:
    table = "datatable(s: string)['a b', 'c']"
    assert _rows(f"{table} | where s has_any (dynamic(['x', null])) | count") == [(2,)]
    assert _rows(f"{table} | where s has_all (dynamic(['a', null])) | count") == [(1,)]
    assert _rows(f"{table} | where s has_any (dynamic([])) | count") == [(0,)]
    assert _rows(f"{table} | where s has_all (dynamic([])) | count") == [(2,)]


@pytest.mark.parametrize(
    "query",
    [
        "let x = toscalar(rand(1000000000)); print x, x",
        "let x = () {toscalar(rand(1000000000))}; print x, x()",
        "let x = () {toscalar(range a from 1 to 1000000 step 1 | sample 1)}; print x, x()",
        "let x = toscalar(new_guid()); range a from 1 to 2 step 1"
        " | extend own = x | serialize was = prev(own) | where a == 2 | project own, was",
    ],
)
def test_toscalar_is_computed_once_as_the_documentation_has_it(query: str) -> None:
    ((first, second),) = _rows(query)
    assert first == second


def test_toscalar_of_a_functions_argument_is_of_each_call() -> None:
    assert _rows("let f = (n: long) { toscalar(range a from 1 to n step 1 | count) }; print f(2), f(3)") == [(2, 3)]
    assert _rows("let f = (n: long) { toscalar(n + tolong(rand(1))) }; print f(2) + f(3) >= 5") == [(True,)]


def test_toscalar_cannot_use_the_row_around_it() -> None:
    """The documentation's own query; it is an error there too, never an answer with another row's values."""
    query = (
        "let a = datatable(x: long) [1, 2]; let b = datatable(x: long, y: long) [1, 2, 3, 4];"
        "let f = (x_: long) { toscalar(b | where x == x_ | project y) }; a | extend y = f(x)"
    )
    with pytest.raises(QueryError, match="'toscalar' cannot use 'x'"):
        _rows(query)


@pytest.mark.parametrize("inner", ["b | where k == x | project y", "x + 1", "b | summarize sum(y * x)"])
def test_a_column_around_toscalar_that_it_names_is_refused_with_the_reason(inner: str) -> None:
    tables = "let a = datatable(x: long) [1, 2]; let b = datatable(k: long, y: long) [1, 2, 3, 4];"
    with pytest.raises(QueryError, match="'x' belongs to the rows around 'toscalar', which is computed once"):
        _rows(f"{tables} a | extend z = toscalar({inner})")


def test_a_name_that_stands_nowhere_around_toscalar_is_told_as_any_other() -> None:
    with pytest.raises(QueryError, match="There is no column, table, variable or function 'q'") as told:
        _rows("print x = 1 | extend z = toscalar(q + 1)")
    assert "around" not in str(told.value)
    with pytest.raises(QueryError) as after:
        _rows("print x = 1 | extend z = toscalar(print 1) | project y = 2 | project x")
    assert "around" not in str(after.value)


def test_a_plugin_about_activity_is_given_no_column_but_its_own() -> None:
    query = (
        "range t from datetime(2026-01-01) to datetime(2026-01-20) step 1h | extend who = 1, wide = strrep('x', 20000)"
        " | evaluate activity_metrics(who, t, datetime(2026-01-01), datetime(2026-01-20), 7d) | count"
    )
    assert ask(query, Tables(), limits=Limits(bytes=1 << 20)).tables[0].rows == [(3,)]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("tohex(toint(-2))", "fffffffe"),
        ("tohex(toint(-2), 12)", "0000fffffffe"),
        ("tohex(-2)", "fffffffffffffffe"),
        ("sign(real(null))", 0.0),
        ("sign(-3)", -1.0),
        ("bin(7, -5)", 10),
        ("bin(-7, -5)", -5),
        ("bin(7, 0)", None),
        ("bin(1e300, 1e-300)", math.inf),
        ("bin(5s, -2s)", None),
        ("tostring(real(+inf))", "inf"),
        ("strcat('<', -1.0 / 0, '>')", "<-inf>"),
        ("tostring(pack_array(real(-inf)))", '["-Infinity"]'),
        ("trim('a|^b', 'ab')", "b"),
        ("trim('a)|(b', 'xaxbx')", "xxx"),
        ("trim_end('[0-9]', 'a12')", "a1"),
        ("trim_start('x', 'xxa')", "xa"),
        ("format_datetime(datetime(2026-03-04 05:06:07.0800000), 's.fff FFF')", "7.080 080"),
        ("format_datetime(datetime(2026-03-04 05:06:07), 'ss[FFF]')", "07[]"),
        ("format_datetime(datetime(2026-03-04), 'ddd')", "044"),
        ("tostring(totimespan(20000000.9))", "00:00:02"),
        ("tostring(totimespan(true))", "00:00:00.0000001"),
        ("totimespan('10')", None),
        ("hourofday(datetime_local_to_utc(datetime(2022-03-27 02:30), 'Europe/Brussels'))", 0),
        ("indexof_regex('a1b2', '[0-9]', -1)", None),
        ("indexof_regex('a1b2', '[0-9]', 2)", 3),
        ("tostring(bag_zip(dynamic(['k', 2]), parse_json('7')))", '{"k":null}'),
        ("tostring(datetime(2026, 3))", "2026-03-01T00:00:00.0000000Z"),
    ],
)  # fmt: skip
def test_functions_give_what_the_engine_gives(expression: str, found: Any) -> None:
    assert _value(expression) == found
    assert _rows(f"range i from 1 to 1 step 1 | project {expression}") == [(found,)]


def test_bins_of_no_size_are_no_numbers() -> None:
    assert math.isnan(_value("bin(7.5, 0.0)"))
    assert math.isnan(_value("bin(7.5, 0)"))


@pytest.mark.parametrize("aggregate", ["hll(n)", "tdigest(n)", "buildschema(d)"])
def test_a_sketch_of_no_rows_is_null(aggregate: str) -> None:
    table = "datatable(n: long, d: dynamic)[1, dynamic({'a': 2})] | where n > 1"
    assert _rows(f"{table} | summarize s = {aggregate} | project isnull(s)") == [(True,)]


@pytest.mark.parametrize("step", ["take", "sample", "top"])
def test_how_many_rows_is_not_asked_of_a_row(step: str) -> None:
    with pytest.raises(QueryError, match="'n' is not there"):
        _rows(f"datatable(n: long)[2, 3] | {step} n{' by n' if step == 'top' else ''}")


def test_an_inner_union_keeps_the_columns_that_all_tables_have() -> None:
    tables = "let A = datatable(n: long, s: string)[1, 'a']; let B = datatable(d: real, n: long)[0.5, 2];"
    found = ask(f"{tables} union kind=inner withsource=T A, B", Tables()).tables[0]
    assert [name for name, _ in found.columns] == ["T", "n"]
    assert sorted(row[1] for row in found.rows) == [1, 2]
    assert ask(f"{tables} A | union kind=inner B", Tables()).tables[0].columns == (("n", "long"),)


def test_a_column_of_another_type_is_not_shared() -> None:
    tables = "let A = datatable(n: long, s: string)[1, 'a']; let B = datatable(n: real, s: string)[0.5, 'b'];"
    assert sorted(_rows(f"{tables} union kind=inner A, B")) == [("a",), ("b",)]


def test_a_fuzzy_union_passes_over_a_wildcard_without_a_table() -> None:
    assert _rows("let A = datatable(n: long)[1, 2]; union isfuzzy=true A, Nothing* | count") == [(2,)]
    with pytest.raises(QueryError, match="None of the tables"):
        _rows("union isfuzzy=true Nothing*")


def test_no_alias_of_a_zone_is_named_without_a_place() -> None:
    ((zones,),) = _rows("print datetime_list_timezones()")
    assert "Europe/Brussels" in zones
    assert not {"localtime", "Factory", "posixrules"} & set(zones)
