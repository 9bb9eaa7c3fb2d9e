"""Queries in Kusto's language over tables of a workspace."""

import threading
from pathlib import Path

import pytest
from tests.kql.rows import value

from lockgate.kql import QueryError
from lockgate.store.ask import Answer, Cancel, Limits, Outside, Tables, ask, explain
from lockgate.store.ask.answer import LimitError

ROWS = """(VALUES
    (TIMESTAMP '2026-11-26 08:00:01', 1::BIGINT, 'kubectl exec', '{"user": {"name": "ann"}}', 10::BIGINT),
    (TIMESTAMP '2026-11-26 08:03:00', 2::BIGINT, NULL, '{"user": {"name": "bob"}}', 20::BIGINT),
    (TIMESTAMP '2026-11-26 08:07:00', NULL, 'mykubectl', NULL, 30::BIGINT))"""


@pytest.fixture(scope="module")
def tables() -> Tables:
    found = Tables()
    columns = {"TimeGenerated": "datetime", "n": "long", "Text": "string", "Who": "dynamic", "N": "long"}
    found.add("Events", columns, ROWS)
    found.add("Other", {"n": "long", "Name": "string"}, "(VALUES (1::BIGINT, 'one'), (1::BIGINT, 'uno'))")
    return found


def rows(query: str, tables: Tables) -> list[tuple[object, ...]]:
    return ask(query, tables).rows


def test_columns_that_differ_by_case_are_two(tables: Tables) -> None:
    assert rows("Events | where n == 1 | project n, N", tables) == [(1, 10)]


def test_a_term_is_a_whole_word(tables: Tables) -> None:
    assert rows("Events | where Text has 'KUBECTL' | count", tables) == [(1,)]
    assert rows("Events | where Text !has 'kubectl' | count", tables) == [(2,)]


def test_a_null_is_unequal_and_a_text_never_null(tables: Tables) -> None:
    assert rows("Events | where n != 1 | count", tables) == [(2,)]
    assert rows("Events | where not(n == 1) | count", tables) == [(2,)]
    assert rows("Events | where isempty(Text) | project Text", tables) == [("",)]


def test_members_of_dynamic_values_are_followed(tables: Tables) -> None:
    assert rows("Events | where Who.user.name == 'ann' | project tostring(Who.user.name), Who.none", tables) == [
        ("ann", None)
    ]


def test_a_join_without_kind_takes_one_row_of_each_key_on_the_left(tables: Tables) -> None:
    query = "union Events, Events | join (Other) on n | summarize count() by Name | sort by Name asc"
    assert rows(query, tables) == [("one", 1), ("uno", 1)]
    assert rows("Events | join kind=leftouter Other on n | where isempty(Name) | count", tables) == [(2,)]


def test_a_self_join_keeps_the_two_sides_apart(tables: Tables) -> None:
    query = "let T = Events | where n > 0; T | join kind=inner T on n | project n, n1, N, N1 | sort by n asc"
    assert rows(query, tables) == [(1, 1, 10, 10), (2, 2, 20, 20)]


def test_no_rows_are_summed_up_as_kusto_does(tables: Tables) -> None:
    query = "Events | where false | summarize count(), sum(n), min(n), make_list(n), max(Text), take_any(Text)"
    assert rows(query, tables) == [(0, 0, None, "[]", "", "")]


def test_rows_come_in_the_order_that_was_asked_for(tables: Tables) -> None:
    assert rows("Events | sort by n | project n", tables) == [(2,), (1,), (None,)]
    assert rows("Events | sort by n asc | project n", tables) == [(None,), (1,), (2,)]
    assert rows("Events | sort by N desc | extend r = row_number(), p = prev(N) | project r, p", tables) == [
        (1, None), (2, 30), (3, 20)
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["'; DROP TABLE w0; --", "a\\'b", '"quoted"', "$1", "c1"])
def test_what_is_typed_is_data(text: str, tables: Tables) -> None:
    written = text.replace("\\", "\\\\").replace("'", "\\'")
    assert rows(f"print x = '{written}' | project ['a \"b'] = x | where isnotempty(['a \"b'])", tables) == [(text,)]
    assert rows(f"Events | where Text has '{written}' or Text == '{written}' | count", tables) == [(0,)]


def test_a_stored_time_is_compared_as_it_lies_there(tables: Tables) -> None:
    query = "Events | where TimeGenerated > datetime(2026-11-26 08:01) | summarize count() by bin(TimeGenerated, 5m)"
    begin = 639_312_768_000_000_000  # 2026-11-26 08:00
    assert sorted(rows(query, tables)) == [(begin, 1), (begin + 3_000_000_000, 1)]
    explained = explain(query, tables)
    assert "make_timestamp(" in explained.statements[0]
    assert "epoch_us" not in explained.statements[0].partition("WHERE")[2].partition("GROUP")[0]


def test_what_is_shared_is_computed_once(tables: Tables) -> None:
    query = "let T = materialize(Events | summarize n = count() by Text); T | join kind=inner T on Text | count"
    assert explain(query, tables).statements[0].count(" AS MATERIALIZED (") == 1
    assert rows(query, tables) == [(3,)]


def test_a_scalar_of_a_table_is_a_parameter(tables: Tables) -> None:
    query = "let most = toscalar(Events | summarize max(n)); Events | where n == most | project N"
    assert rows(query, tables) == [(20,)]


def test_columns_that_come_from_the_data_are_known_to_what_follows(tables: Tables) -> None:
    query = "Events | where isnotnull(Who) | project n, bag = Who.user | evaluate bag_unpack(bag) | where name == 'ann'"
    found = ask(query, tables)
    assert found.columns == (("n", "long"), ("name", "string"))
    assert found.rows == [(1, "ann")]
    assert rows("Events | where false | evaluate bag_unpack(Who) | where name == 'ann' | count", tables) == [(0,)]


def test_a_step_in_a_sub_query_runs_for_each_part(tables: Tables) -> None:
    query = "Events | union Events | where n > 0 | partition by n (make-series c = count() default=0 on N step 9)"
    assert sorted(rows(f"{query} | project c", tables)) == [("[2]",), ("[2]",)]


def test_files_elsewhere_are_read_by_who_may(tables: Tables) -> None:
    query = "externaldata(a: string, n: long)['https://example.com/' 'x'] with (format='csv') | where n > 1"
    asked: list[Outside] = []

    def reader(outside: Outside) -> list[tuple[object, ...]]:
        asked.append(outside)
        return [("x", 1), ("y", 2)]

    assert ask(query, tables, reader=reader).rows == [("y", 2)]
    expected = Outside(("https://example.com/x",), (("a", "string"), ("n", "long")), {"format": "csv"})
    assert asked == [expected]


def test_what_cannot_run_says_so_with_its_place(tables: Tables) -> None:
    with pytest.raises(QueryError) as error:
        ask("externaldata(a: string)['https://example.com/x'] | count", tables)
    assert (error.value.line, error.value.column) == (1, 1)
    assert "externaldata" in str(error.value)


def test_what_is_wrong_in_a_value_is_said_in_its_own_words(tables: Tables) -> None:
    with pytest.raises(QueryError, match=r"LG101: (?!The query failed)"):
        ask("Events | where assert(n > 5, 'too small')", tables)


def test_a_result_that_is_too_large_is_refused(tables: Tables) -> None:
    with pytest.raises(LimitError, match="more than 100 rows"):
        ask("range x from 1 to 1000 step 1", tables, limits=Limits(rows=100))
    with pytest.raises(LimitError, match="larger than"):
        ask("range x from 1 to 1000 step 1 | extend y = 'aaaaaaaaaa'", tables, limits=Limits(bytes=1000))


def test_a_query_ends_when_its_time_is_up(tables: Tables) -> None:
    query = "range x from 1 to 300000 step 1 | extend k = 1 | as T | join kind=inner (T) on k | summarize sum(x * x1)"
    with pytest.raises(LimitError, match="longer than"):
        ask(query, tables, limits=Limits(seconds=0.3))
    cancel = Cancel()
    timer = threading.Timer(0.3, cancel.cancel)
    timer.start()
    with pytest.raises(LimitError, match="cancelled"):
        ask(query, tables, cancel=cancel)
    timer.join()


def test_the_chart_is_handed_on(tables: Tables) -> None:
    found: Answer = ask("Events | summarize count() by n | render timechart with (title='x')", tables)
    assert found.tables[0].render == ("timechart", {"title": "x"})


def test_files_cannot_be_read_by_a_query(tables: Tables, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with pytest.raises(QueryError):
        ask(f"['{tmp_path}/secret.csv'] | count", tables)


def test_one_value_of_many_may_go_into_a_function(tables: Tables) -> None:
    query = "let s = toscalar(range x from 5 to 90000 step 1 | project series_add(pack_array(x), 1));"
    assert rows(f"{query} print series_sum(s)", tables) == [(6.0,)]


def test_a_list_takes_the_elements_of_arrays(tables: Tables) -> None:
    arrays = 'datatable(a: dynamic)[dynamic([1, [2]]), dynamic([]), dynamic({"b": [3]}), dynamic(null), dynamic("[x]")]'
    assert rows(f"{arrays} | summarize make_list(a)", tables) == [('[1,[2],{"b":[3]},"[x]"]',)]
    assert rows("range i from 1 to 2 step 1 | summarize make_list(dynamic([1, 2]))", tables) == [("[1,2,1,2]",)]
    assert rows("range i from 1 to 2 step 1 | summarize make_list(dynamic(null))", tables) == [("[]",)]


def test_a_spike_in_a_series_of_counts_is_found(tables: Tables) -> None:
    query = """range t from datetime(2026-11-01) to datetime(2026-11-15) step 1h
        | extend usual = 10 + iff(hourofday(t) > 8, 5, 0) + hourofday(t) % 3
        | extend n = iff(t == datetime(2026-11-12 05:00), 90, usual)
        | make-series n = sum(n) default = 0 on t from datetime(2026-11-01) to datetime(2026-11-15) step 1h
        | extend (flag, score, baseline) = series_decompose_anomalies(n, 5, -1, 'linefit')
        | mv-expand t to typeof(datetime), n to typeof(long), flag to typeof(long)
        | where flag != 0 | project tostring(t), n, flag"""
    assert rows(query, tables) == [("2026-11-12T05:00:00.0000000Z", 90, 1)]


def test_what_is_no_number_stays_so_on_the_way_from_python(tables: Tables) -> None:
    query = "range x from 1 to 1 step 1 | project s = series_pearson_correlation(pack_array(x, x), pack_array(x, 2))"
    assert rows(f"{query} | project isnan(s), isnull(s)", tables) == [(True, False)]


_VISITS = """datatable(Who: string, At: datetime)[
    'a', datetime(2026-11-26 08:00:00), 'a', datetime(2026-11-26 08:01:00), 'a', datetime(2026-11-26 08:05:00),
    'a', datetime(2026-11-26 08:06:30), 'a', datetime(2026-11-26 08:08:00), 'b', datetime(2026-11-26 08:08:01)]
| sort by Who asc, At asc | extend Began = row_window_session(At, 2m, 2m{restart})
| project format_datetime(At, 'mm:ss'), format_datetime(Began, 'mm:ss')"""


def test_a_session_ends_when_it_is_too_long_or_nothing_came_for_too_long(tables: Tables) -> None:
    found = rows(_VISITS.format(restart=""), tables)
    assert [one[1] for one in found] == ["00:00", "00:00", "05:00", "05:00", "08:00", "08:00"]
    found = rows(_VISITS.format(restart=", Who != prev(Who)"), tables)
    assert [one[1] for one in found] == ["00:00", "00:00", "05:00", "05:00", "08:00", "08:01"]


def test_sessions_of_a_stored_table_and_of_each_part_of_one(tables: Tables) -> None:
    query = "Events | sort by TimeGenerated asc | extend s = row_window_session(TimeGenerated, 1h, 3m)"
    found = rows(f"{query} | summarize count() by s | sort by s asc | project count_", tables)
    assert found == [(2,), (1,)]
    query = "Events | partition by N (sort by TimeGenerated asc | extend s = row_window_session(TimeGenerated, 1h, 1h))"
    assert rows(f"{query} | where s != TimeGenerated | count", tables) == [(0,)]


def test_a_sample_is_of_any_rows_and_as_many_as_asked_for(tables: Tables) -> None:
    found = {rows("range x from 1 to 1000 step 1 | sample 2 | summarize make_list(x)", tables)[0] for _ in range(4)}
    assert len(found) > 1
    assert rows("range x from 1 to 1000 step 1 | sample 20 | summarize dcount(x)", tables) == [(20,)]
    assert rows("Events | sample 0 | count", tables) == [(0,)]


_RELEASE = """print e = "Release (name=Scheduler, total=27, lock=08:40, release=08:41, previous=08:39)" | parse """


def test_a_pattern_of_parse_is_greedy_unless_it_is_told(tables: Tables) -> None:
    greedy = rows(_RELEASE + 'kind=regex e with * "name=" n "," * | project n', tables)
    assert greedy == [("Scheduler, total=27, lock=08:40, release=08:41",)]
    assert rows(_RELEASE + 'kind=regex flags=Ui e with * "NAME=" n "," * | project n', tables) == [("Scheduler",)]
    read = 'e with ".*?[a-z]*=" n ", total=" t:long ".*?lock=" l ".*?release=" r ",.*?=" p "[)]"'
    found = rows(f"{_RELEASE} kind=regex {read} | project n, t, l, r, p", tables)
    assert found == [("Scheduler", 27, "08:40, ", "08:41", "08:39")]
    assert rows(_RELEASE + 'kind=regex flags=U e with * "total=" t: long "," * | project t', tables) == [(27,)]
    assert rows(_RELEASE + 'e with * "name=" n "," * | project n', tables) == [("Scheduler",)]


ODD = [
    '{"a": "user7"}', '{"a": "user\\u0037"}', '{"a": "user70"}', '{"b": "user7"}', '{"a": 7}', '{"a": "7"}',
    '{"a": 7.0}', '{"a": -7.6}', '{"a": "7e0"}', '{"a": 99999999999}', '{"a": true}', '{"a": null}', '{"a": " 7 "}',
    '{"a": "0x7"}', '{"a": [7]}', "{}", None,
]  # fmt: skip
"""Members in every way that one may be written."""


@pytest.mark.parametrize("test", [
    "Bag.a == 'user7'", "tostring(Bag.a) == 'user7'", "Bag.a in ('user7', 'x')", "Bag.a == '7'", "Bag.a has 'USER7'",
    "Bag.a !has 'user7'", "Bag.a != 'user7'", "not(Bag.a == 'user7')", "Bag.a == 7", "Bag.a >= 7", "Bag.a < 8",
    "Bag.a != 7", "toint(Bag.a) == 7", "tolong(Bag.a) > 6", "toreal(Bag.a) < 0", "toint(tostring(Bag.a)) == 7",
    "isnull(toint(Bag.a))", "Text startswith 'B'", "Text in~ ('BOB', '')", "Text !contains 'b'",
    "Text matches regex '^$'",
])  # fmt: skip
def test_a_test_put_on_the_file_agrees_with_python(test: str) -> None:
    found = Tables()
    texts = ["bob", None, "", *(["ann"] * (len(ODD) - 3))]
    pairs = list(zip(ODD, texts, strict=True))
    source = ", ".join(f"({i}::BIGINT, {_in_sql(bag)}, {_in_sql(text)})" for i, (bag, text) in enumerate(pairs))
    found.add("T", {"i": "long", "Bag": "dynamic", "Text": "string"}, f"(VALUES {source})")
    expected = [
        test.replace("Bag", f"parse_json(@'{bag}')" if bag else "dynamic(null)").replace("Text", f"'{text or ''}'")
        for bag, text in pairs
    ]
    passed = [i for i, one in enumerate(expected) if value(one)]
    assert [row[0] for row in rows(f"T | where {test} | project i | sort by i asc", found)] == passed
    assert [row[0] for row in rows(f"T | extend R = {test} | where R | project i | sort by i asc", found)] == passed


def _in_sql(text: str | None) -> str:
    return "NULL::VARCHAR" if text is None else f"'{text}'"


def _of(query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in ask(query, Tables()).rows]


def test_numbers_and_times_beyond_their_type_are_null_and_end_no_query() -> None:
    most = "datatable(a: long)[9223372036854775807, long(-9223372036854775808), 5]"
    assert _of(f"{most} | project a + 1, a - 1, a * 3, -a, abs(a), a / -1") == [
        (None, 2**63 - 2, None, 1 - 2**63, 2**63 - 1, 1 - 2**63), (1 - 2**63, None, None, None, None, None),
        (6, 4, 15, -5, 5, -5),
    ]  # fmt: skip
    assert _of("datatable(a: string)['9223372036854775807'] | project tolong(a) + 1, strlen(a) + 1") == [(None, 20)]
    assert _of("print long(-9223372036854775808), binary_shift_left(1, 63)") == [(-(2**63), -(2**63))]
    assert _of("datatable(a: long)[9223372036854775807, 9223372036854775807] | summarize sum(a)") == [(-2,)]
    times = "datatable(t: datetime)[datetime(9999-12-31), datetime(0001-01-01)]"
    assert _of(f"{times} | project isnull(t + 2d), isnull(t - 1d)") == [(True, False), (False, True)]


def test_what_is_no_number_is_neither_more_nor_less_nor_equal() -> None:
    text = "datatable(a: real, b: real)[real(nan), 1, 1, real(nan), real(nan), real(nan), 2, 1]"
    assert _of(f"{text} | project a < b, a <= b, a > b, a >= b, a == b, a != b, a > 0") == [
        (False, False, False, False, False, True, False), (False, False, False, False, False, True, True),
        (False, False, False, False, False, True, False), (False, False, True, True, False, True, True),
    ]  # fmt: skip
    assert _of(f"{text} | where a > 0 | count") == [(2,)]


def test_a_guid_that_is_null_is_no_text() -> None:
    assert _of("datatable(g: guid)[guid(null)] | project isnull(g), tostring(g), g == guid(null)") == [(True, "", None)]


def test_a_scan_gives_the_number_of_a_match_where_it_is_asked_for() -> None:
    scan = "declare (s: long = 0) with (step x: true => s = a + x.s;)"
    for asked, names in (("", ["a", "s"]), ("with_match_id=m ", ["a", "s", "m"])):
        found = ask(f"datatable(a: long)[1, 2] | scan {asked}{scan}", Tables())
        assert [name for name, _ in found.columns] == names
        assert [row[:2] for row in found.rows] == [(1, 1), (2, 3)]
