"""The parser: what each form of the language reads as, and how it refuses what is none."""

import pytest

from lockgate.kql import QueryError, literals, parse, syntax
from lockgate.kql.errors import nearest
from lockgate.kql.lexer import MAX_CHARACTERS, tokens
from lockgate.kql.parse.cursor import MAX_DEPTH


def _query(text: str) -> syntax.Expression:
    (ask,) = parse(text).statements
    assert isinstance(ask, syntax.Ask)
    return ask.query


def _operator(text: str) -> syntax.Operator:
    found = _query(f"T | {text}")
    assert isinstance(found, syntax.Pipeline)
    (operator,) = found.operators
    return operator


def _value(text: str) -> syntax.Expression:
    found = _operator(f"where {text}")
    assert isinstance(found, syntax.Where)
    return found.condition


def _shown(node: object) -> str:
    """An expression with a bracket around each operation."""
    if isinstance(node, syntax.Binary):
        return f"({_shown(node.left)} {node.operator} {_shown(node.right)})"
    if isinstance(node, syntax.Among | syntax.Between):
        return f"({_shown(node.value)} {node.operator})"
    if isinstance(node, syntax.Unary):
        return f"({node.operator}{_shown(node.value)})"
    if isinstance(node, syntax.Path):
        return f"{_shown(node.value)}.{_shown(node.member)}"
    if isinstance(node, syntax.Element):
        return f"{_shown(node.value)}[{_shown(node.index)}]"
    if isinstance(node, syntax.Parenthesised):
        return _shown(node.inner)
    if isinstance(node, syntax.Call):
        return f"{node.name.text}({', '.join(map(_shown, node.arguments))})"
    if isinstance(node, syntax.Literal):
        return repr(node.value)
    return node.text if isinstance(node, syntax.Name) else "*"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a or b and c", "(a or (b and c))"),
        ("a == 1 and b != 2 or c", "(((a == 1) and (b != 2)) or c)"),
        ("-a.b * 2", "((-a.b) * 2)"),
        ("a has 'x' * 2", "((a has 'x') * 2)"),
        ("a matches regex 'x' and b", "((a matches regex 'x') and b)"),
        ("a in~ ('x', 'y') and b between (1 .. 2)", "((a in~) and (b between))"),
        ("a['b c'][0].d", "a['b c'][0].d"),
        ("* has 'x'", "(* has 'x')"),
        ("['two words'] == count", "(two words == count)"),
        ("not(a) and iff(b, 1, 2) > 0", "(not(a) and (iff(b, 1, 2) > 0))"),
    ],
)
def test_operators_bind_as_in_kusto(text: str, read: str) -> None:
    assert _shown(_value(text)) == read


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("'a\\tb'", "string", "a\tb"),
        ('@"c:\\x""y"', "string", 'c:\\x"y'),
        ("h'secret'", "string", "secret"),
        ("```a\n'b```", "string", "a\n'b"),
        ("'a' \"b\"", "string", "ab"),
        ("0x1F", "long", 31),
        ("1.5e3", "real", 1500.0),
        ("real(nan)", "real", "nan"),
        ("long(null)", "long", None),
        ("int(7)", "int", 7),
        ("int(2147483648)", "int", None),
        ("decimal(1.50)", "decimal", "1.50"),
        ("true", "bool", True),
        ("bool(0)", "bool", False),
        ("1.5h", "timespan", 54_000_000_000),
        ("time(1.02:03:04.5)", "timespan", 937_845_000_000),
        ("timespan(7)", "timespan", 7 * 864_000_000_000),
        ("100 ms", None, None),
        ("datetime(0001-01-02)", "datetime", 864_000_000_000),
        ("datetime(2026-11-26T10:00:00.1234567Z)", "datetime", 639_312_840_001_234_567),
        ("guid(74be27de-1e4e-49d9-b579-fe0b331d3642)", "guid", "74be27de-1e4e-49d9-b579-fe0b331d3642"),
        ('dynamic({"a": [1, -2.5, null, true]})', "dynamic", {"a": [1, -2.5, None, True]}),
    ],
)
def test_constants_have_kustos_types_and_values(text: str, type_: str | None, value: object) -> None:
    if type_ is None:
        with pytest.raises(QueryError):
            _value(text)
        return
    found = _value(text)
    assert isinstance(found, syntax.Literal)
    assert found.type == type_
    if value == "nan":
        assert found.value != found.value
    else:
        assert found.value == value


def test_blanks_may_have_no_width_and_comments_end_with_the_line() -> None:
    found = _query("\ufeffT\u200b // comment | where\n| take\u00a05")
    assert isinstance(found, syntax.Pipeline)
    assert isinstance(found.operators[0], syntax.Take)


def test_words_are_names_where_the_service_takes_them_for_names() -> None:
    operator = _operator("extend title = count, range = bin(id, 1d)")
    assert isinstance(operator, syntax.Extend)
    assert [one.names[0].text for one in operator.items if isinstance(one, syntax.Named)] == ["title", "range"]


def test_a_join_holds_its_hints_kind_table_and_columns() -> None:
    join = _operator("join hint.strategy=broadcast kind=leftouter (U | where x) on $left.a == $right.b, c")
    assert isinstance(join, syntax.Join)
    assert [(one.name, one.word) for one in join.parameters] == [("hint.strategy", "broadcast"), ("kind", "leftouter")]
    assert join.on is not None
    assert len(join.on) == 2


def test_a_graph_pattern_has_nodes_edges_and_lengths() -> None:
    match = _operator("graph-match (a)<-[e]-(b)-[f*1..3]->(c)--(d) where a.x == 1 project a.x")
    assert isinstance(match, syntax.GraphMatch)
    edges = [one for one in match.patterns[0] if isinstance(one, syntax.PatternEdge)]
    assert [(one.direction, one.length is not None) for one in edges] == [("<-", False), ("->", True), ("-", False)]


def test_functions_have_scalar_and_tabular_parameters() -> None:
    (let, _) = parse("let f = (T: (*), U: (a: long), n: int = 5) { T | take n }; f(X, Y)").statements
    assert isinstance(let, syntax.Let)
    assert isinstance(let.value, syntax.Function)
    shapes = [(one.name.text, one.type, one.schema and one.schema.star) for one in let.value.parameters]
    assert shapes == [("T", "", True), ("U", "", False), ("n", "int", None)]


@pytest.mark.parametrize(
    ("text", "code", "start"),
    [
        ("T | wherre x", "KS176", 4),
        ("T | where", "KS006", 9),
        ("T | where (a", "KS005", 12),
        ("T | where a == 'x", "KS001", 17),
        ("T | where a == 'c:\\x'", "KS001", 18),
        ("T | where a ! b", "KS002", 12),
        ("T | project a b", "KS005", 14),
        ("T | project first == 1", "KS228", 12),
        ("T | take 5 ] x", "KS198", 11),
        ("T | extend a-b = 1", "KS228", 11),
        ("T | lookup U", "KS006", 12),
        ("T U", "KS005", 2),
        ("datatable(a: nonsense)[1]", "KS160", 13),
        ("print 12345678-1234-1234-1234-123456789012", "KS214", 6),
    ],
)
def test_faults_have_kustos_code_and_place(text: str, code: str, start: int) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    (one,) = caught.value.diagnostics
    assert (one.code, one.start) == (code, start)


def test_a_fault_is_underlined_and_names_the_nearest_operator() -> None:
    with pytest.raises(QueryError) as caught:
        parse("T\n| summarise count()")
    assert (caught.value.line, caught.value.column) == (2, 3)
    assert caught.value.excerpt == "| summarise count()\n  ^^^^^^^^^"
    assert caught.value.hint == "Did you mean summarize?"


def test_the_nearest_name_must_be_near() -> None:
    assert nearest("TimeGeneratd", ["TimeGenerated", "Type"]) == "Did you mean TimeGenerated?"
    assert nearest("x", ["TimeGenerated"]) == ""


@pytest.mark.parametrize(
    "text",
    [
        "print " + "(" * 5_000 + "1" + ")" * 5_000,
        "print " + "f(" * 5_000 + ")" * 5_000,
        "print dynamic(" + "[" * 5_000 + "]" * 5_000 + ")",
        "print a" + "[0]" * 5_000,
        "print a" + ".b" * 5_000,
        "union a" + ".b" * 5_000,
        "T | invoke f()" + ".f()" * 5_000,
        "T | distinct a" + ".b" * 5_000,
        "T | where " + "-" * 5_000 + "1",
        "T" + " | join (T" * 5_000,
        "T | where a in (" * 5_000,
        "let f = () {" * 5_000,
    ],
)
def test_nesting_without_bound_is_refused(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert caught.value.diagnostics[0].code in ("KS245", "KS006", "KS005")


def test_what_nests_within_the_limit_is_read() -> None:
    depth = MAX_DEPTH // 2 - 1
    assert _query("print " + "(" * depth + "1" + ")" * depth)


def test_long_chains_and_lists_are_no_nesting() -> None:
    assert _value(" or ".join(f"a == {i}" for i in range(5_000)))
    assert _value("a in (" + ", ".join(map(str, range(20_000))) + ")")
    assert _query("T" + " | where a" * 5_000)


def test_ten_megabytes_are_refused_without_being_read() -> None:
    with pytest.raises(QueryError) as caught:
        parse("print '" + "x" * 10_000_000 + "'")
    assert caught.value.diagnostics[0].code == "KS244"
    with pytest.raises(QueryError):
        parse("a," * (MAX_CHARACTERS // 3))


def test_tokens_lie_side_by_side_in_the_text() -> None:
    found = tokens("T | mv-expand a !in~ (1..2, 3.5, 7d, h@'x') // end")
    texts = [found.text(i) for i in range(len(found.kinds) - 3)]
    expected = ["T", "|", "mv-expand", "a", "!in~", "(", "1", "..", "2", ",", "3.5", ",", "7d", ",", "h@'x'", ")"]
    assert texts == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("01:00:00", 3600), ("1:30", 5400), ("1:02:03:04", 93784), ("1.02:03:04", 93784), ("1.02:03", 93780)],
)
def test_a_clock_has_days_before_a_dot_or_before_three_more_parts(text: str, seconds: int) -> None:
    assert literals.timespan(text) == seconds * literals.TICKS_PER_SECOND
