"""The language itself: literals, operators, macros, errors. Expectations are facts of google/cel-spec and cel-go."""

from __future__ import annotations

import math
from typing import Any

import pytest

from lockgate.policy.cel import CelError, Duration, Optional, Timestamp, TypeValue, Uint, compile_expression

OBJECT: dict[str, Any] = {
    "name": "web",
    "labels": {"app": "a", "tier": None},
    "ports": [80, 443],
    "containers": [{"name": "a", "image": "x:1", "cpu": 2}, {"name": "b", "image": "y:latest"}],
}


def value(text: str, **more: Any) -> Any:
    activation = {"object": OBJECT, "x": 1, "b": True, "s": "text", "none": None, **more}
    return compile_expression(text, variables=activation.keys()).evaluate(activation)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("42", 42),
        ("-9223372036854775808", -(2**63)),
        ("0xFF", 255),
        ("-0x1F", -31),
        ("7u", Uint(7)),
        ("0xFFu", Uint(255)),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("null", None),
        ("'a\\n\\t\\x41\\u00e9\\U0001F600\\101'", "a\n\tA\u00e9\U0001f600A"),
        ("r'a\\n'", "a\\n"),
        ('"""a\r\nb\rc"""', "a\nb\nc"),
        ("'''a\n'b'\nc'''", "a\n'b'\nc"),
        ('"""a"b"""', 'a"b'),
        ('R"""a\\"""', "a\\"),
        ("b'\\xff\\001a'", b"\xff\x01a"),
        ("b'é'", "é".encode()),
        ("br'\\x'", b"\\x"),
        ("[1, 2, ]", [1, 2]),
        ("{'a': 1, }", {"a": 1}),
        ("1 // comment\n + 1", 2),
        ("object.`name`", "web"),
    ],
)
def test_a_literal_has_its_value(text: str, expected: object) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 - 4 / 2 % 3", 5),
        ("-7 / 2", -3),
        ("-7 % 2", -1),
        ("7u / 2u", Uint(3)),
        ("1.0 / 0.0", math.inf),
        ("-1.0 / 0.0", -math.inf),
        ("'a' + 'b' + 'c'", "abc"),
        ("b'a' + b'b'", b"ab"),
        ("[1] + [2] + []", [1, 2]),
        ("!false && (true || false)", True),
        ("!!true", True),
        ("- -1", 1),
        ("!!'a' in {'a': 1}", True),
        ("--'a'", "a"),
        ("--(-9223372036854775807 - 1)", -(2**63)),
        ("1 == 1.0", True),
        ("1u == 1", True),
        ("dyn(true) == 1", False),
        ("[1, true] == [1.0, 1]", False),
        ("[true] == [true]", True),
        ("{'a': [1]} == {'a': [1.0]}", True),
        ("{1: 'a'} == {1u: 'a'}", True),
        ("'1' == 1", False),
        ("null == false", False),
        ("none == null", True),
        ("1 != 2", True),
        ("0.0 / 0.0 == 0.0 / 0.0", False),
        ("[0.0 / 0.0] == [0.0 / 0.0]", False),
        ("1 < 1.5", True),
        ("9007199254740993 > 9007199254740992.0", True),
        ("'a' < 'b'", True),
        ("false < true", True),
        ("b'a' <= b'b'", True),
        ("1u >= 1", True),
        ("2 in [1, 2]", True),
        ("1 in [true]", False),
        ("1.0 in [1]", True),
        ("'app' in object.labels", True),
        ("s in ['text', 'other']", True),
        ("x in ['text', 'other']", False),
        ("true ? 1 : 1 / 0", 1),
        ("false ? 1 / 0 : 2", 2),
        ("b ? 'y' : 'n'", "y"),
        ("object.ports[1]", 443),
        ("object.ports[1u]", 443),
        ("object.ports[1.0]", 443),
        ("object['name']", "web"),
        ("object.labels.tier", None),
        ("{1: 'a'}[1.0]", "a"),
        ("{true: 'a'}[true]", "a"),
        ("has(object.labels)", True),
        ("has(object.nothing)", False),
        ("has(object.labels.tier)", True),
        ("has({'a': 1}.a)", True),
        ("type(1)", TypeValue("int")),
        ("type(type(1)) == type", True),
        ("type(null) == null_type", True),
        ("type([]) == list && type({}) == map && type(b'') == bytes && type(1.0) == double", True),
        ("type(timestamp(0)) == google.protobuf.Timestamp", True),
        ("type(duration('1s')) == google.protobuf.Duration", True),
        ("type(1u) == uint && type('') == string && type(true) == bool", True),
    ],
)
def test_an_operator_computes(text: str, expected: object) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9223372036854775807 + 1", "integer overflow"),
        ("-9223372036854775808 - 1", "integer overflow"),
        ("9223372036854775807 * 2", "integer overflow"),
        ("-9223372036854775808 / -1", "integer overflow"),
        ("-(-9223372036854775808)", "integer overflow"),
        ("0u - 1u", "unsigned integer overflow"),
        ("1 / 0", "divide by zero"),
        ("1 % 0", "modulus by zero"),
        ("1u / 0u", "divide by zero"),
        ("x + s", r"no such overload: _\+_\(int, string\)"),
        ("s + x", r"no such overload: _\+_\(string, int\)"),
        ("1 + 1.0", r"no such overload: _\+_\(int, double\)"),
        ("s + 'a' + x", r"no such overload: _\+_\(string, int\)"),
        ("x < s", r"no such overload: _<_\(int, string\)"),
        ("b < x", r"no such overload: _<_\(bool, int\)"),
        ("[1] < [2]", r"no such overload: _<_\(list, list\)"),
        ("s < x", r"no such overload: _<_\(string, int\)"),
        ("object.nothing", "no such key: nothing"),
        ("object['nothing']", "no such key: nothing"),
        ("object.labels.a.b", "no such key: a"),
        ("object.name.b", "string has no field 'b'"),
        ("object.ports.b", "list has no field 'b'"),
        ("none.b", "null_type has no field 'b'"),
        ("has(object.ports.b)", "list has no field 'b'"),
        ("has(object.nothing.b)", "no such key: nothing"),
        ("object.ports[2]", "index out of bounds: 2"),
        ("object.ports[-1]", "index out of bounds: -1"),
        ("object.ports['a']", r"no such overload: _\[_\]\(list, string\)"),
        ("object.ports[0.5]", "no such overload"),
        ("s[0]", r"no such overload: _\[_\]\(string, int\)"),
        ("'e' in s", "no such overload: @in"),
        ("x ? 1 : 2", r"no such overload: condition\(int\)"),
        ("!x", r"no such overload: !_\(int\)"),
        ("-s", r"no such overload: -_\(string\)"),
        ("x && b", "no such overload"),
        ("object.ports.all(p, p)", "no such overload"),
        ("object.name.all(p, true)", "no such overload: comprehension"),
        ("{'a': 1, 'a': 2}", "repeated key"),
        ("{x: 1, 1: 2}", "repeated key"),
        ("{1.5: 1}", "unsupported key type: double"),
        ("s.startsWith(x)", r"no such overload: startsWith\(string, int\)"),
        ("x.startsWith(s)", r"no such overload: startsWith\(int, string\)"),
        ("size(x)", r"no such overload: size\(int\)"),
    ],
)
def test_an_error_says_what_cannot_be_done(text: str, message: str) -> None:
    with pytest.raises(CelError, match=message):
        value(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 / 0 == 1 || true", True),
        ("true || 1 / 0 == 1", True),
        ("1 / 0 == 1 && false", False),
        ("false && 1 / 0 == 1", False),
        ("object.nothing.a || b", True),
        ("x || b", True),
        ("false && x", False),
        ("x && false", False),
        ("[0, 1].exists(i, 1 / i == 1)", True),
        ("[0, 2].all(i, 2 / i == 5)", False),
        ("(1 / 0 == 1 || false) || true", True),
        ("[[1], []].exists(l, l[0] == 1)", True),
        ("cel.bind(a, 1 / 0, true)", True),
        ("{'a': 1}.all(k, v, v == 2 || k == 'a')", True),
    ],
)
def test_logic_absorbs_errors(text: str, expected: bool) -> None:
    assert value(text) is expected


@pytest.mark.parametrize(
    "text",
    ["1 / 0 == 1 || false", "true && 1 / 0 == 1", "[0, 2].exists(i, 1 / i == 5)", "[0, 1].all(i, 1 / i == 1)"],
)
def test_logic_keeps_the_error_that_decides(text: str) -> None:
    with pytest.raises(CelError, match="divide by zero"):
        value(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1, 2].all(i, i > 0)", True),
        ("[].all(i, false)", True),
        ("[].exists(i, true)", False),
        ("[1, 2, 3].exists_one(i, i > 2)", True),
        ("[1, 2, 3].existsOne(i, i > 1)", False),
        ("[1, 2].map(i, i * 2)", [2, 4]),
        ("[1, 2, 3].map(i, i > 1, i * 2)", [4, 6]),
        ("[1, 2, 3].filter(i, i != 2)", [1, 3]),
        ("{'a': 1, 'b': 2}.map(k, k)", ["a", "b"]),
        ("{'a': 1}.exists(k, k == 'a')", True),
        ("{'a': 1, 'b': 2}.filter(k, k == 'b')", ["b"]),
        ("[5, 6].all(i, v, v == i + 5)", True),
        ("[5, 6].exists(i, v, i == 1 && v == 6)", True),
        ("[5, 6].existsOne(i, v, v > 5)", True),
        ("[5, 6].transformList(i, v, i + v)", [5, 7]),
        ("[5, 6].transformList(i, v, i > 0, i + v)", [7]),
        ("{'a': 1}.transformList(k, v, k)", ["a"]),
        ("{'a': 1, 'b': 2}.transformMap(k, v, v > 1, v * 2)", {"b": 4}),
        ("['x', 'y'].transformMap(i, v, v)", {0: "x", 1: "y"}),
        ("{'a': 'x'}.transformMapEntry(k, v, {v: k})", {"x": "a"}),
        ("cel.bind(a, 3, a * a)", 9),
        ("cel.bind(a, x + 1, [1, 2].map(i, i * a))", [2, 4]),
        ("[1, 2].map(x, x + 10)", [11, 12]),
        ("[[1, 2], [3]].map(l, l.map(i, i * l[0]))", [[1, 2], [9]]),
        ("object.containers.filter(c, !has(c.cpu)).map(c, c.name)", ["b"]),
        ("object.containers.map(c, c.image.endsWith(':latest') ? c.name : 'ok')", ["ok", "b"]),
        ("[3, 1, 2].sortBy(i, -i)", [3, 2, 1]),
        ("['bb', 'a'].sortBy(t, size(t))", ["a", "bb"]),
    ],
)
def test_a_macro_walks(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("object.?name.orValue('none')", "web"),
        ("object.?nothing.orValue('none')", "none"),
        ("object.?nothing.a.b.orValue('none')", "none"),
        ("object.?labels.app.orValue('none')", "a"),
        ("object.?labels.?nothing.hasValue()", False),
        ("object[?'name'].value()", "web"),
        ("object.ports[?5].hasValue()", False),
        ("object.ports[?0].value()", 80),
        ("optional.none().or(optional.of(1)).value()", 1),
        ("optional.of(1).or(optional.of(1 / 0)).value()", 1),
        ("optional.of(1).orValue(1 / 0)", 1),
        ("optional.ofNonZeroValue('').hasValue()", False),
        ("optional.ofNonZeroValue(1).hasValue()", True),
        ("optional.of(2).optMap(v, v * 2).value()", 4),
        ("optional.none().optMap(v, 1 / 0).hasValue()", False),
        ("optional.of([1]).optFlatMap(v, v[?0]).value()", 1),
        ("[?object.?nothing, ?object.?name, 1]", ["web", 1]),
        ("{?'a': object.?nothing, ?'b': object.?name}", {"b": "web"}),
        ("optional.of(1) == optional.of(1.0)", True),
        ("optional.of(null) == optional.none()", False),
        ("optional.unwrap([optional.of(1), optional.none()])", [1]),
        ("[optional.of(1), optional.none()].unwrapOpt()", [1]),
        ("has(object.?labels.app)", True),
        # Since cel-go 0.26 what cannot have members has none of that name; a list has positions only.
        ("{'a': null}.?a.?b.hasValue() || {'a': 1}.?a.b.c.hasValue() || dyn('text')[?0].hasValue()", False),
        ("has(object.?nothing.app)", False),
        ("type(optional.none()) == optional_type", True),
    ],
)
def test_an_optional_is_or_is_not(text: str, expected: object) -> None:
    assert value(text) == expected


def test_an_empty_optional_has_no_value() -> None:
    with pytest.raises(CelError, match="dereference"):
        value("optional.none().value()")
    assert value("object.?name") == Optional("web")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int('-5')", -5),
        ("int(3.9)", 3),
        ("int(-3.9)", -3),
        ("int(5u)", 5),
        ("int(timestamp('1970-01-01T00:01:00Z'))", 60),
        ("uint('7')", Uint(7)),
        ("uint(3.9)", Uint(3)),
        ("double('1.5e3')", 1500.0),
        ("double(2)", 2.0),
        ("bool('true') && !bool('F')", True),
        ("string(1)", "1"),
        ("string(true)", "true"),
        ("string(1.0)", "1"),
        ("string(0.1)", "0.1"),
        ("string(123456.0)", "123456"),
        ("string(1000000.0)", "1e+06"),
        ("string(1234567.5)", "1.2345675e+06"),
        ("string(0.00001)", "1e-05"),
        ("string(0.0001)", "0.0001"),
        ("string(5u)", "5"),
        ("string(b'\\303\\251')", "é"),
        ("bytes('é')", "é".encode()),
        ("string(timestamp('2024-02-29T12:00:00.5+02:00'))", "2024-02-29T10:00:00.5Z"),
        ("string(duration('1h30m'))", "5400s"),
        ("string(duration('-1.5s'))", "-1.5s"),
        ("string(duration('1ns'))", "0.000000001s"),
        ("string(duration('0'))", "0s"),
        ("string(duration('2562047h47m16.854775807s'))", "9223372036.854776s"),  # as a double, like cel-go
        ("int(duration('1.5s'))", 1_500_000_000),
        ("dyn(1) == 1", True),
        ("size('é😀') == 2 && 'abc'.size() == 3 && size(b'é') == 2 && [1].size() == 1 && {}.size() == 0", True),
    ],
)
def test_a_conversion_converts(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "int('1.5')", "int('')", "int(1e19)", "int('9223372036854775808')", "uint(-1)", "uint('-1')", "double('a')",
        "bool('yes')", "string(b'\\xff')", "timestamp(s)", "duration(s)", "int(18446744073709551615u)", "bool(x)",
        "timestamp('2024-02-30T00:00:00Z' + '')", "timestamp(253402300800 + 0)", "duration('10000000000h' + '')",
        "duration(1 + 0)", "duration(dyn(1))", "duration(x)",
    ],
)  # fmt: skip
def test_a_conversion_that_cannot_be_made_is_an_error(text: str) -> None:
    with pytest.raises(CelError):
        value(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("timestamp('2024-01-01T00:00:00Z') + duration('36h') == timestamp('2024-01-02T12:00:00Z')", True),
        ("duration('1h') + timestamp('2024-01-01T00:00:00Z') == timestamp('2024-01-01T01:00:00Z')", True),
        ("timestamp('2024-01-02T00:00:00Z') - timestamp('2024-01-01T00:00:00Z') == duration('24h')", True),
        ("timestamp('2024-01-02T00:00:00Z') - duration('24h') < timestamp('2024-01-02T00:00:00Z')", True),
        ("duration('1m') - duration('90s') == duration('-30s')", True),
        ("duration('1.000000001s') > duration('1s')", True),
        ("duration('1ms500us1ns') == duration('1500001ns')", True),
    ],
)
def test_times_add_up(text: str, expected: bool) -> None:
    assert value(text) is expected


@pytest.mark.parametrize(
    ("getter", "expected"),
    [
        ("getFullYear()", 2023), ("getMonth()", 11), ("getDayOfYear()", 364), ("getDayOfMonth()", 30),
        ("getDate()", 31), ("getDayOfWeek()", 0), ("getHours()", 23), ("getMinutes()", 59), ("getSeconds()", 58),
        ("getMilliseconds()", 123),
        ("getHours('America/New_York')", 18), ("getDate('Asia/Kolkata')", 1), ("getMinutes('+05:30')", 29),
        ("getHours('-08:00')", 15), ("getFullYear('02:00')", 2024),
    ],
)  # fmt: skip
def test_a_moment_has_parts(getter: str, expected: int) -> None:
    assert value(f"timestamp('2023-12-31T23:59:58.123Z').{getter}") == expected


def test_a_span_has_totals() -> None:
    span = Duration(5_400_500_000_000)
    totals = value("[d.getHours(), d.getMinutes(), d.getSeconds(), d.getMilliseconds()]", d=span)
    assert totals == [1, 90, 5400, 5_400_500]
    assert value("m.getDate('Mars/Olympus') == 1 || true", m=Timestamp(0)) is True
    with pytest.raises(CelError, match="unknown time zone"):
        value("m.getDate('Mars/Olympus')", m=Timestamp(0))


def test_what_can_have_no_fields_has_none_as_cel_go_answers() -> None:
    for text in ("has(none.b)", "has(object.name.b)", "has(x.b)", "has(object.labels.tier.b)"):
        assert value(text) is False


def test_a_map_never_mixes_true_and_one() -> None:
    with pytest.raises(CelError, match="not supported"):
        value("{1: 'a', true: 'b'}")
    assert value("true in {1: 'a'}") is False


def test_names_of_macros_hide_variables_and_functions() -> None:
    assert value("['::1'].all(ip, ip.startsWith('::'))") is True
    assert value("[{'a': 1}].all(math, math.a == 1)") is True
    assert value("[1].exists(object, object == 1) && object.name == 'web'") is True
