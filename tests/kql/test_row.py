"""Operators over one row: numbers, times, texts, dynamic values, and null among them."""

from __future__ import annotations

import pytest
from tests.kql.rows import run, value

from lockgate.kql import Workspace, bind, bound, parse
from lockgate.kql.errors import EvaluationError
from lockgate.kql.row import Context, compile_predicate
from lockgate.kql.types import DATETIME, DYNAMIC, LONG, STRING, Column, Table

_DAY = 864_000_000_000


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("7 / 2.0", 3.5),
        ("-10 % 4", 2),
        ("1 / 0", None),
        ("1 % 0", None),
        ("1.0 / 0", float("inf")),
        ("9223372036854775807 + 1", None),
        ("decimal(0.1) + decimal(0.2) == decimal(0.3)", True),
        ("decimal(1) / decimal(0)", None),
        ("int(null) + 1", None),
        ("-(5)", -5),
        ("1d / 1h", 24.0),
        ("1.5h * 2", _DAY // 8),
        ("1d / 2", _DAY // 2),
        ("datetime(0001-01-02) - datetime(0001-01-01)", _DAY),
        ("datetime(0001-01-01) - 1tick", None),
        ("datetime(0001-01-02) + 1d", 2 * _DAY),
        ("dynamic({'a': 5}).a + 1", 6),
        ("dynamic({'a': 'x'}).a + 1", None),
    ],
)
def test_arithmetic_keeps_to_the_types_of_its_operands(expression: str, result: object) -> None:
    assert value(expression) == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("int(null) == 1", False),
        ("int(null) != 1", True),
        ("int(null) == int(null)", None),
        ("int(null) != int(null)", None),
        ("int(null) < 1", None),
        ("int(null) > 1 or true", True),
        ("int(null) > 1 or false", None),
        ("int(null) > 1 and false", False),
        ("int(null) > 1 and true", None),
        ("not(int(null) > 1)", None),
        ("int(null) between (1 .. 2)", None),
        ("int(null) in (1, 2)", False),
        ("int(null) !in (1, 2)", True),
        ("dynamic({}).a == ''", True),
        ("dynamic({}).a != 'x'", True),
        ("dynamic({}).a !has 'x'", True),
    ],
)
def test_null_is_neither_true_nor_false(expression: str, result: object) -> None:
    assert value(expression) is result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("1 == 1.0", True),
        ("dynamic({'a': 1}).a == 1", True),
        ("dynamic({'a': '1'}).a == 1", False),
        ("dynamic({'a': 'x'}).a == 'x'", True),
        ("dynamic({'a': 'x'}).a == 'X'", False),
        ("dynamic({'a': [1, 2]}).a == '[1,2]'", True),
        ("dynamic({'t': '2026-01-01'}).t == datetime(2026-01-01)", True),
        ("dynamic(5) between (4 .. 6)", True),
        ("datetime(2026-01-02) between (datetime(2026-01-01) .. 1d)", True),
        ("datetime(2026-01-03) !between (datetime(2026-01-01) .. 1d)", True),
        ("'a' in ('A', 'b')", False),
        ("'a' in~ ('A', 'b')", True),
        ("2 in (dynamic([1, 2]))", True),
        ("'b' in (dynamic(['a', 'b']), 'c')", True),
        ("dynamic(2) in (1, 2)", True),
        ("dynamic({'a': 'x'}).a in ('x')", True),
        ("5 in (5.0)", True),
    ],
)
def test_comparisons_convert_what_they_compare(expression: str, result: object) -> None:
    assert value(expression) is result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("'North America' has 'america'", True),
        ("'North America' has 'americ'", False),
        ("'North America' has_cs 'america'", False),
        ("'a-b.c' has 'b'", True),
        ("'a_b' has 'b'", True),
        ("'run kubectl-exec now' has 'kubectl-exec'", True),
        ("'x' has ''", True),
        ("'kubectl exec' hasprefix 'kube'", True),
        ("'mykubectl' hasprefix 'kube'", False),
        ("'mykubectl' hassuffix 'ctl'", True),
        ("'kubectls' hassuffix 'ctl'", False),
        ("'aXb' contains 'x'", True),
        ("'aXb' contains_cs 'x'", False),
        ("'aXb' !contains 'x'", False),
        ("'Abc' startswith 'aB'", True),
        ("'Abc' endswith_cs 'C'", False),
        ("'Abc' =~ 'aBC'", True),
        ("'Abc' !~ 'aBC'", False),
        ("'a1b' matches regex '[0-9]b$'", True),
        ("'one two' has_any ('three', 'TWO')", True),
        ("'one two' has_any (dynamic(['three', 'four']))", False),
        ("'one two' has_all ('two', 'one')", True),
        ("dynamic({'k': 'deep value'}) has 'deep'", True),
        ("tostring(12345) has '12345'", True),
    ],
)
def test_texts_are_searched_by_terms_and_by_parts(expression: str, result: bool) -> None:
    assert value(expression) is result


def test_members_are_found_by_name_index_and_key() -> None:
    assert value("dynamic({'a': {'b.c/d': [1, 2, 3]}}).a['b.c/d'][1]") == 2
    assert value("dynamic([1, 2, 3])[-1]") == 3
    assert value("dynamic([1, 2, 3])[3]") is None
    assert value("dynamic({'a': 1}).b.c") is None
    assert value("dynamic('text').a") is None


def test_only_the_chosen_branch_is_evaluated() -> None:
    assert value("iff(true, 1, toint(assert(false, 'never')))") == 1
    assert value("case(false, 'a', true, 'b', 'c')") == "b"
    assert value("iff(int(null) > 1, 'yes', 'no')") == "no"
    assert value("coalesce(int(null), int(null), 5)") == 5
    assert value("coalesce('', 'x')") == "x"


def test_a_pattern_that_is_none_is_told() -> None:
    with pytest.raises(EvaluationError, match="no regular expression"):
        value("'a' matches regex '('")


def test_a_failed_assertion_is_told_with_its_message() -> None:
    with pytest.raises(EvaluationError, match="too small"):
        value("assert(1 > 2, 'too small')")


def test_aggregates_and_the_service_itself_have_no_value_for_one_row() -> None:
    with pytest.raises(EvaluationError, match="extent_id"):
        value("extent_id()")


def test_the_asker_and_the_moment_come_from_the_context() -> None:
    context = Context(now=5 * _DAY, principal="aaduser=x", groups=frozenset(("aadgroup=g",)), database="ws")
    assert value("now() - 1d", context) == 4 * _DAY
    assert value("ago(2d)", context) == 3 * _DAY
    assert value("current_principal()", context) == "aaduser=x"
    assert value("current_principal_is_member_of('AADGroup=G')", context) is True
    assert value("current_database()", context) == "ws"


def test_scalars_of_tables_are_asked_for_through_the_hook() -> None:
    assert value("toscalar(range x from 3 to 5 step 1 | where x > 3)") == 4
    assert value("4 in ((range x from 3 to 5 step 1))") is True


def test_a_predicate_judges_rows_of_named_columns() -> None:
    columns = [Column("Name", STRING), Column("Count", LONG), Column("Body", DYNAMIC)]
    keep = _predicate("T | where Name has 'exec' and Count > 2 and Body.user.name == 'root'", columns)
    assert keep(("kubectl exec", 3, {"user": {"name": "root"}})) is True
    assert keep(("kubectl exec", None, {"user": {"name": "root"}})) is False
    assert keep(("kubectl exec", 3, None)) is False


def test_functions_of_the_query_are_evaluated_in_place() -> None:
    columns = [Column("Count", LONG)]
    keep = _predicate("let half = (x: real) { x / 2 }; let low = 1; T | where half(Count) > low", columns)
    assert keep((3,)) is True
    assert keep((2,)) is False


def test_long_chains_of_operators_are_no_deep_recursion() -> None:
    many = " or ".join(f"Count == {i}" for i in range(2000))
    keep = _predicate(f"T | where {many}", [Column("Count", LONG)])
    assert keep((1999,)) is True
    assert value(" + ".join(["1"] * 2000)) == 2000


def _predicate(text: str, columns: list[Column]):
    result = bind(parse(text), Workspace({"T": {one.name: one.type.name for one in columns}}, {})).results[-1]
    assert isinstance(result, bound.Step)
    assert isinstance(result.type, Table)
    return compile_predicate(result.values[0], result.type.columns)


def test_a_function_of_the_service_is_refused_by_name_and_reason() -> None:
    for name, reason in (("cursor_current()", "only the service"), ("hash_combine(1, 2)", "does not publish")):
        with pytest.raises(EvaluationError, match=f"{name.partition('(')[0]}.*{reason}"):
            value(name)


def test_names_and_sizes_of_columns_are_known() -> None:
    assert value("column_names_of(datatable(a: long, b: string)[1, 'x'])") == ["a", "b"]
    columns = [Column("Name", STRING), Column("TimeGenerated", DATETIME)]
    assert _predicate("T | where estimate_data_size(*) == 10", columns)(("ä", _DAY)) is True
    assert _predicate("T | where ingestion_time() == datetime(0001-01-02)", columns)(("x", _DAY)) is True


@pytest.mark.parametrize(
    "sign", ["has", "has_cs", "contains", "startswith", "endswith_cs", "=~", "!~", "matches regex", "!hasprefix"]
)
def test_words_that_stay_the_same_are_found_as_others_are(sign: str) -> None:
    columns = [Column("Name", STRING), Column("Words", STRING)]
    fixed = _predicate(f"T | where Name {sign} 'Exec'", columns)
    free = _predicate(f"T | where Name {sign} Words", columns)
    for text in ("kubectl exec", "Exec", "executed", "xExec", "", "EXEC it"):
        assert fixed((text, "Exec")) is free((text, "Exec"))


def test_automatic_bins_take_size_and_start_from_the_options_of_the_query() -> None:
    options = "set query_bin_auto_size=1h; set query_bin_auto_at=datetime(2017-01-01 00:05);"
    _, rows = run(f"{options} print x = bin_auto(datetime(2017-01-01 01:04))")
    assert rows == run("print x = datetime(2017-01-01 00:05)")[1]
    assert run("set query_bin_auto_size=10; print x = bin_auto(27)")[1] == [(20,)]
    with pytest.raises(EvaluationError, match="bin_auto"):
        run("print x = bin_auto(27)")
