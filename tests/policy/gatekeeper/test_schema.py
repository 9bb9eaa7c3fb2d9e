"""Schemas of parameters: what they default, accept and refuse."""

from __future__ import annotations

from typing import Any

import pytest

from lockgate.policy.errors import PolicyError
from lockgate.policy.gatekeeper.fields import Field
from lockgate.policy.gatekeeper.schema import Schema, parse_schema


def _schema(body: Any, *, legacy: bool = False) -> Schema:
    return parse_schema(Field(body, owner="Template/probe", path="schema"), legacy=legacy)


def _problems(body: Any, value: Any, *, legacy: bool = False) -> list[str]:
    return [f"{problem.path} {problem.message}" for problem in _schema(body, legacy=legacy).problems(value, "p")]


def test_defaults_fill_what_is_absent_or_null_at_every_level() -> None:
    schema = _schema(
        {
            "type": "object",
            "properties": {
                "mode": {"type": "string", "default": "strict"},
                "rules": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"weight": {"type": "integer", "default": 1}, "key": {"type": "string"}},
                    },
                },
                "nested": {
                    "type": "object",
                    "properties": {"deep": {"type": "boolean", "default": False}},
                    "default": {},
                },
                "absent": {"type": "object", "properties": {"deep": {"type": "boolean", "default": True}}},
            },
            "additionalProperties": {"type": "object", "properties": {"n": {"type": "integer", "default": 7}}},
        }
    )
    given = {"mode": None, "rules": [{"key": "a"}, {"weight": 3}], "other": {}}
    assert schema.defaulted(given) == {
        "mode": "strict",
        "rules": [{"key": "a", "weight": 1}, {"weight": 3}],
        "nested": {"deep": False},
        "other": {"n": 7},
    }
    assert given == {"mode": None, "rules": [{"key": "a"}, {"weight": 3}], "other": {}}


def test_a_null_that_may_stand_is_not_defaulted() -> None:
    schema = _schema({"type": "object", "properties": {"a": {"type": "string", "nullable": True, "default": "x"}}})
    assert schema.defaulted({"a": None}) == {"a": None}
    assert list(schema.problems({"a": None}, "p")) == []


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "string"}, 1, "p must be of type string, not integer"),
        ({"type": "integer"}, True, "p must be of type integer, not boolean"),
        ({"type": "boolean"}, 0, "p must be of type boolean, not integer"),
        ({"type": "integer"}, 1.5, "p must be of type integer, not number"),
        ({"type": "string"}, None, "p must be of type string, not null"),
        ({"type": "string", "enum": ["a", "b"]}, "c", "p must be one of 'a', 'b', not 'c'"),
        ({"type": "integer", "enum": [1]}, 2, "p must be one of 1, not 2"),
        ({"type": "integer", "minimum": 3}, 2, "p must be at least 3"),
        ({"type": "integer", "minimum": 3, "exclusiveMinimum": True}, 3, "p must be more than 3"),
        ({"type": "number", "maximum": 3}, 3.5, "p must be at most 3"),
        ({"type": "integer", "multipleOf": 4}, 6, "p must be a multiple of 4"),
        ({"type": "integer", "format": "int32"}, 2**31, "p does not fit int32"),
        ({"type": "string", "minLength": 2}, "a", "p must have at least 2 characters"),
        ({"type": "string", "pattern": "^[a-z]+$"}, "A", "p must match '^[a-z]+$'"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 1}, ["a", "b"], "p must have at most 1 items"),
        ({"type": "array", "items": {"type": "string"}}, ["a", 1], "p[1] must be of type string, not integer"),
        ({"type": "object", "required": ["a"]}, {}, "p.a is required"),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, {"b": 1}, "p.b is an unknown field"),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            {"b": 1},
            "p.b must be of type string, not integer",
        ),
        ({"x-kubernetes-int-or-string": True}, 1.5, "p must be an integer or a string, not number"),
        (
            {"type": "object", "not": {"required": ["a"]}, "properties": {"a": {"type": "string"}}},
            {"a": "x"},
            "p must not fit what `not` says",
        ),
        ({"type": "integer", "oneOf": [{"minimum": 1}, {"minimum": 2}]}, 3, "p must fit exactly one of oneOf"),
        ({"type": "integer", "anyOf": [{"minimum": 9}, {"maximum": 1}]}, 3, "p fits none of anyOf"),
        ({"type": "integer", "allOf": [{"minimum": 9}]}, 3, "p must be at least 9"),
    ],
)
def test_what_does_not_fit_is_said_with_its_path(schema: Any, value: Any, expected: str) -> None:
    assert _problems(schema, value) == [expected]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "number"}, 1),
        ({"type": "integer"}, 2.0),
        ({"x-kubernetes-int-or-string": True}, "10%"),
        ({"type": "object", "x-kubernetes-preserve-unknown-fields": True}, {"anything": [1, {}]}),
        ({"type": "object", "additionalProperties": True}, {"a": 1}),
        ({"type": "string", "pattern": "b"}, "abc"),
        ({"type": "string", "format": "date-time"}, "no date"),
        ({"type": "string", "enum": ["a"], "nullable": True}, None),
    ],
)
def test_what_fits_passes(schema: Any, value: Any) -> None:
    assert _problems(schema, value) == []


def test_a_legacy_schema_needs_no_types_and_keeps_unknown_fields() -> None:
    body = {"properties": {"labels": {"type": "array", "items": {"properties": {"key": {"type": "string"}}}}}}
    assert _problems(body, {"labels": [{"key": "a", "more": 1}], "other": True}, legacy=True) == []
    assert _problems(body, {"labels": [{"key": 1}]}, legacy=True) == [
        "p.labels[0].key must be of type string, not integer"
    ]
    with pytest.raises(PolicyError, match="is missing"):
        _schema(body)


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "text"}, "schema.type"),
        ({"type": "array"}, "schema.items"),
        ({"type": "string", "pattern": "(?=a)"}, "schema.pattern"),
        ({"type": "string", "minLength": "2"}, "schema.minLength"),
        ({"type": "integer", "default": "x"}, "schema.default"),
        ({"type": "object", "properties": []}, "schema.properties"),
        ({"type": "object", "properties": {"a": {"type": "string", "enum": "a"}}}, "schema.properties.a.enum"),
        ({"type": "array", "items": {"type": "string"}, "uniqueItems": True}, "schema.uniqueItems"),
    ],
)
def test_a_schema_that_says_nothing_sensible_is_refused_with_its_place(schema: Any, place: str) -> None:
    with pytest.raises(PolicyError) as caught:
        _schema(schema)
    assert caught.value.where == f"Template/probe: {place}"
