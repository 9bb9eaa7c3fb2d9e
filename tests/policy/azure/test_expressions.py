"""Template expressions: what is read, what is refused, and what each function gives."""

from typing import Any

import pytest

from lockgate.policy.azure import Context, Effect, Outcome, Resource, evaluate, parse_rule
from lockgate.policy.azure.evaluation import Run, compile_expression
from lockgate.policy.azure.expressions import is_expression, literal_text, parse_expression
from lockgate.policy.errors import EvaluationError, PolicyError

VAULT = {
    "type": "Microsoft.KeyVault/vaults",
    "name": "harbour",
    "properties": {"rules": [{"port": 80}, {"port": 443}, {}], "level": 3},
}


def computed(text: str, **parameters: Any) -> Any:
    context = Context(utc_now="2026-03-01T00:00:00.0000000Z", resource_group={"tags": {"env": "prod"}})
    return compile_expression(parse_expression(f"[{text}]"))(Run(Resource(VAULT), parameters, context))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("concat('a', 'b', string(1))", "ab1"),
        ("concat(createArray(1), createArray(2, 3))", [1, 2, 3]),
        ("'it''s'", "it's"),
        ("add(-1, 5)", 4),
        ("sub(10, -3)", 13),
        ("div(-7, 2)", -3),
        ("mod(-7, 2)", -1),
        ("if(greater(2, 1), 'yes', div(1, 0))", "yes"),
        ("or(true, equals(int('x'), 1))", True),
        ("and(false, equals(int('x'), 1))", False),
        ("not(false())", True),
        ("resourceGroup().tags['ENV']", "prod"),
        ("resourceGroup().tags.env", "prod"),
        ("split('a-b,c', createArray('-', ','))", ["a", "b", "c"]),
        ("substring('harbour', 2)", "rbour"),
        ("substring('harbour', 0, 3)", "har"),
        ("padLeft('5', 3, '0')", "005"),
        ("format('{0}/{1:D3} {{x}} {0,4}|', 'a', 7)", "a/007 {x}    a|"),
        ("format('{0:N1} {1:X}', 1234.5, 255)", "1,234.5 FF"),
        ("union(createObject('a', createObject('b', 1)), json('{\"A\": {\"c\": 2}}'))", {"a": {"b": 1, "c": 2}}),
        ("union(createArray(1, 2), createArray(2, 3))", [1, 2, 3]),
        ("intersection(createArray('a', 'b'), createArray('b'))", ["b"]),
        ("intersection(createObject('a', 1, 'b', 2), createObject('a', 1, 'b', 3))", {"a": 1}),
        ("first('harbour')", "h"),
        ("last(createArray())", None),
        ("length(createObject('a', 1))", 1),
        ("empty(null())", True),
        ("tryGet(createObject('a', createArray(1)), 'a', 0)", 1),
        ("tryGet(createObject('a', 1), 'b', 'c')", None),
        ("coalesce(null, 'x')", "x"),
        ("json('[1, {\"a\": null}]')[1]", {"a": None}),
        ("base64ToString(base64('ä'))", "ä"),
        ("uriComponentToString(uriComponent('a b&c/d'))", "a b&c/d"),
        ("uri('https://a.example/x/', '/y')", "https://a.example/y"),
        ("dataUriToString(dataUri('Hello'))", "Hello"),
        ("string(createObject('a', createArray(1, true)))", '{"a":[1,true]}'),
        ("int('3.7')", 3),
        ("bool('1')", True),
        ("float('2.5')", 2.5),
        ("max(createArray(3, 9, 2))", 9),
        ("range(2, 3)", [2, 3, 4]),
        ("join(createArray('a', 'b'), ',')", "a,b"),
        ("items(createObject('b', 2, 'a', 1))", [{"key": "a", "value": 1}, {"key": "b", "value": 2}]),
        ("flatten(createArray(createArray(1), createArray(2)))", [1, 2]),
        ("indexOf('Harbour', 'BOUR')", 3),
        ("lastIndexOf(createArray(1, 2, 1), 1)", 2),
        ("contains(createObject('Key', 1), 'key')", True),
        ("startsWith('Harbour', 'HAR')", True),
        ("addDays('2024-01-30T00:00:00Z', 5)", "2024-02-04T00:00:00Z"),
        ("addDays(utcNow(), -1)", "2026-02-28T00:00:00Z"),
        ("dateTimeAdd('2024-01-31T00:00:00Z', 'P1M')", "2024-02-29T00:00:00Z"),
        ("dateTimeAdd('2024-01-15T12:00:00Z', '-P1DT1H')", "2024-01-14T11:00:00Z"),
        ("dateTimeToEpoch(dateTimeFromEpoch(1705312800))", 1705312800),
        ("ipRangeContains('10.0.0.0/16', '10.0.1.0-10.0.1.9')", True),
        ("parseCidr('10.144.0.0/20')", {
            "network": "10.144.0.0", "netmask": "255.255.240.0", "broadcast": "10.144.15.255",
            "firstUsable": "10.144.0.1", "lastUsable": "10.144.15.254", "cidr": 20}),
        ("parseCidr('fdad:3236:5555::/48').lastUsable", "fdad:3236:5555:ffff:ffff:ffff:ffff:ffff"),
        ("cidrSubnet('10.144.0.0/20', 24, 3)", "10.144.3.0/24"),
        ("cidrHost('10.144.3.0/24', 0)", "10.144.3.1"),
        ("indexFromEnd(createArray('a', 'b', 'c'), 1)", "c"),
        ("tryIndexFromEnd(createArray('a'), 2)", None),
        ("ipRangeContains('10.0.0.5', '10.0.0.5/32')", True),
        ("ipRangeContains('2001:db8::/32', '2001:db9::1')", False),
        ("field('name')", "harbour"),
        ("field('missing')", ""),
        ("field('missing[*]')", []),
        ("field('rules[*].port')", [80, 443]),
        ("field('Microsoft.KeyVault/vaults/level')", 3),
        ("length(field('rules'))", 3),
        ("parameters('Given')", None),
        ("createArray(1)[0]", 1),
    ],
)  # fmt: skip
def test_a_function_gives(text: str, value: object) -> None:
    assert computed(text, given=None) == value


@pytest.mark.parametrize(
    "text",
    [
        "int('x')", "div(1, 0)", "substring('ab', 0, 3)", "parameters('absent')", "add('1', 2)", "not('maybe')",
        "createObject('a')", "range(0, 100000)", "ipRangeContains('10.0.0.0/8', '::1')", "ipRangeContains('9-1', '1')",
        "json('{')", "base64ToString('%')", "concat(createArray(1), 'a')", "current()", "current('a[*]')",
        "addDays('soon', 1)", "addDays('9999-12-31T00:00:00Z', 1)", "dateTimeAdd('2024-01-01T00:00:00Z', 'P')",
        "min(createArray())", "length(1)", "union(createArray(1), createObject())", "replace('a', '', 'b')",
        "format('{1}', 'a')", "field(1)", "less('a', 1)", "concat(padLeft('', 131072), 'a')",
    ],
)  # fmt: skip
def test_a_function_fails_with_an_error_of_the_evaluation(text: str) -> None:
    with pytest.raises(EvaluationError):
        computed(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[concat('a'", None),
        ("[concat('a']", "comma"),
        ("[concat('a]", "closing quote"),
        ("[name]", "neither a call"),
        ("[f(1,)]", "name"),
        ("[f(1) 2]", "unexpected"),
        ("[f().]", "ends too early"),
        ("[1x]", "not a number"),
        ("[" + "f(" * 70 + ")" * 70 + "]", "deeper than 64"),
        ("[concat('" + "a" * 82_000 + "')]", "81920"),
        ("[f(" + ",".join(["1"] * 129) + ")]", "128 arguments"),
    ],
)
def test_an_expression_that_is_wrong_is_refused_at_its_character(text: str, message: str | None) -> None:
    if message is None:
        assert not is_expression(text)
        return
    with pytest.raises(PolicyError, match=message):
        parse_expression(text)


def test_doubled_brackets_are_literal() -> None:
    assert not is_expression("[[x]")
    assert literal_text("[[x]") == "[x]"
    rule = {"if": {"field": "name", "equals": "[[x]"}, "then": {"effect": "audit"}}
    assert evaluate(parse_rule(rule), {"name": "[X]"}).effect is Effect.AUDIT


@pytest.mark.parametrize(
    "name", ["resourceId()", "reference('x')", "nothing()", "copyIndex()", "equals(1)", "parameters()"]
)
def test_functions_that_rules_may_not_call_are_refused_when_read(name: str) -> None:
    with pytest.raises(PolicyError, match=r"\(at /if/value\)"):
        parse_rule({"if": {"value": f"[{name}]", "equals": 1}, "then": {"effect": "audit"}})


def test_a_missing_property_of_the_surroundings_is_null_and_holds_as_empty_text() -> None:
    def judged(condition: dict[str, Any]) -> Outcome:
        return evaluate(parse_rule({"if": condition, "then": {"effect": "audit"}}), {}, None, Context())

    missing = "[resourceGroup().tags['absent']]"
    assert judged({"value": missing, "equals": ""}).matched
    assert not judged({"value": missing, "notEquals": ""}).matched
    assert judged({"value": missing, "exists": False}).matched
    assert judged({"value": missing, "notEquals": "x"}).matched
