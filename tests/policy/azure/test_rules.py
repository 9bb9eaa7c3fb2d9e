"""Documents are read with their places; what is wrong is refused there."""

import json
from typing import Any

import pytest

from lockgate.policy.azure import Catalogue, aliases_from_providers, check_modifiable, parse_definition, parse_rule
from lockgate.policy.errors import PolicyError

TRUE = {"field": "type", "equals": "x"}
AUDIT = {"effect": "audit"}


def rule(condition: Any, then: Any = None) -> dict[str, Any]:
    return {"if": condition, "then": then or AUDIT}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"then": AUDIT}, "needs 'if'"),
        ({"if": TRUE}, "needs 'then'"),
        (rule(TRUE, {"details": {}}), r"no effect \(at /then\)"),
        (rule(TRUE, {"effect": "shout"}), r"no effect 'shout' \(at /then/effect\)"),
        (rule({}), r"exactly one of field, value and count \(at /if\)"),
        (rule({"field": "type"}), "exactly one operator"),
        (rule({"field": "a", "value": 1, "equals": 1}), "exactly one of field"),
        (rule({"field": "a", "equals": 1, "in": []}), "exactly one operator"),
        (rule({"field": "a", "equals": 1, "odd": 1}), r"'odd' is not known in a condition \(at /if/odd\)"),
        (rule({"field": "a", "equals": 1, "Equals": 2}), "twice, in different case"),
        (rule({"allOf": {}}), r"must be an array, not an object \(at /if/allOf\)"),
        (rule({"not": [1]}), "must be an object, not an array"),
        (rule({"anyOf": [TRUE], "field": "a"}), "stands alone"),
        (rule({"anyOf": [TRUE, 5]}), r"not a number \(at /if/anyOf/1\)"),
        (rule({"field": 5, "equals": 1}), r"field must be text, not a number \(at /if/field\)"),
        (rule({"field": "a", "in": "b"}), "needs an array or an expression"),
        (rule({"field": "a", "exists": "maybe"}), "exists needs true or false"),
        (rule({"field": "a", "like": []}), "like needs text"),
        (rule({"count": {}, "equals": 0}), "count needs exactly one"),
        (rule({"count": {"field": "a"}, "equals": 0}), r"needs an array alias with \[\*\]"),
        (rule({"count": {"field": "a[*]", "name": "b"}, "equals": 0}), "count.name belongs"),
        (rule({"count": {"value": 3}, "equals": 0}), "count.value needs an array"),
        (rule({"count": {"value": [], "odd": 1}, "equals": 0}), "'odd' is not known in count"),
        (
            rule({"count": {"value": [1], "where": {"count": {"value": [1]}, "equals": 1}}, "equals": 1}),
            "needs a name for its values",
        ),
        (rule({"value": "[f(]", "equals": 1}), r"\(at /if/value\)"),
        (rule(TRUE, {"effect": "auditIfNotExists", "details": {}}), "needs the type of the related"),
        (rule(TRUE, {"effect": "modify", "details": {"operations": [{"field": "a"}]}}), "addOrReplace, add or remove"),
        (
            rule(TRUE, {"effect": "modify", "details": {"operations": [{"operation": "add", "field": "a"}]}}),
            "needs a value",
        ),
        (rule(TRUE, {"effect": "append", "details": [{"value": 1}]}), "needs a field"),
    ],
)  # fmt: skip
def test_a_rule_that_is_wrong_is_refused_where_it_is_wrong(document: Any, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        parse_rule(document)


def test_an_error_in_text_names_line_and_column_and_underlines_it() -> None:
    text = (
        '{\n  "if": {\n    "field": "type",\n    "equals": "x",\n    "odd": 1\n  },\n  "then": {"effect": "audit"}\n}'
    )
    with pytest.raises(PolicyError) as caught:
        parse_rule(text, where="a.json")
    assert (caught.value.line, caught.value.column) == (5, 5)
    assert str(caught.value).startswith("a.json:5:5: 'odd' is not known")
    assert caught.value.excerpt == '    "odd": 1\n    ^'


def test_text_that_is_no_json_is_refused_at_its_place() -> None:
    with pytest.raises(PolicyError, match=r"a\.json:1:2: not JSON"):
        parse_definition("{]", where="a.json")


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 2}', "[" * 100_000, "\ud800", '{"policyRule": 1e999999}', "", "null", "[]", '"x"', "5"],
)
def test_odd_documents_are_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        parse_definition(text)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(PolicyError, match="UTF-8"):
        parse_definition(b"\xff\xfe")


def test_an_envelope_and_its_properties_may_not_say_the_same_thing_twice() -> None:
    inner = {"displayName": "a", "policyRule": rule(TRUE)}
    with pytest.raises(PolicyError, match="inside properties and outside"):
        parse_definition({"displayName": "b", "properties": inner})
    assert parse_definition({"name": "n", "properties": inner}).display_name == "a"


def test_a_parameter_that_is_not_declared_is_refused() -> None:
    document = {
        "policyRule": rule({"value": "[parameters('Tier')]", "equals": 1}),
        "parameters": {"tier": {"type": "Integer"}},
    }
    assert parse_definition(document).parameters["tier"].type == "Integer"
    document["parameters"] = {"level": {"type": "Integer"}}
    with pytest.raises(PolicyError, match="'Tier' is not declared"):
        parse_definition(document)


@pytest.mark.parametrize("parameter", [5, {}, {"type": "Number"}, {"type": "String", "allowedValues": "a"}])
def test_a_parameter_that_is_declared_wrongly_is_refused(parameter: Any) -> None:
    with pytest.raises(PolicyError, match="/parameters/p"):
        parse_definition({"policyRule": rule(TRUE), "parameters": {"p": parameter}})


def nested(depth: int) -> Any:
    condition: Any = TRUE
    for _ in range(depth):
        condition = {"not": condition}
    return condition


def test_the_limits_of_the_language_are_held() -> None:
    parse_rule(rule(nested(64)))
    with pytest.raises(PolicyError, match="nested deeper than 64"):
        parse_rule(rule(nested(65)))
    parse_rule(rule({"allOf": [TRUE] * 4096}))
    with pytest.raises(PolicyError, match="more than 4096 conditions"):
        parse_rule(rule({"allOf": [TRUE] * 4097}))
    with pytest.raises(PolicyError, match="more than 128 conditions"):
        details = {"type": "a/b", "existenceCondition": {"allOf": [TRUE] * 129}}
        parse_rule(rule(TRUE, {"effect": "auditIfNotExists", "details": details}))
    with pytest.raises(PolicyError, match="more than 2048 functions"):
        parse_rule(rule({"allOf": [{"value": f"[add({n}, 1)]", "equals": 1} for n in range(2049)]}))
    with pytest.raises(PolicyError, match="counted more than 5 times"):
        parse_rule(rule({"allOf": [{"count": {"field": "a[*]"}, "equals": 1}] * 6}))
    with pytest.raises(PolicyError, match="counted more than 10 times"):
        parse_rule(rule({"allOf": [{"count": {"value": [1]}, "equals": 1}] * 11}))


def test_modify_of_an_alias_that_is_not_modifiable_is_refused() -> None:
    alias = {"name": "A.B/c/d", "defaultPath": "properties.d", "paths": [], "defaultMetadata": {"attributes": "None"}}
    table = [{"namespace": "A.B", "resourceTypes": [{"resourceType": "c", "aliases": [alias]}]}]
    catalogue = Catalogue(aliases_from_providers(table))
    operation = {"operation": "addOrReplace", "field": "A.B/c/d", "value": 1}
    details = {"operations": [operation, {"operation": "add", "field": "tags['x']", "value": "y"}]}
    with pytest.raises(PolicyError, match=r"modify may not change A\.B/c/d"):
        check_modifiable(parse_rule(rule(TRUE, {"effect": "modify", "details": details})), catalogue)
    alias["defaultMetadata"]["attributes"] = "Modifiable"
    check_modifiable(
        parse_rule(rule(TRUE, {"effect": "modify", "details": details})), Catalogue(aliases_from_providers(table))
    )


def test_names_are_known_in_any_case() -> None:
    document = {"POLICYRULE": {"IF": {"ALLOF": [{"FIELD": "type", "EQUALS": "x"}]}, "Then": {"Effect": "Deny"}}}
    assert parse_definition(json.dumps(document)).doing.then.effect.value == "Deny"
