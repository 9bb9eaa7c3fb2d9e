"""The types and directives that every GraphQL schema has without declaring them.

Scalars and directives are those of the specification of October 2021 (sections 3.5 and 3.13), with ``@defer`` and
``@oneOf`` of the working draft; the introspection types are those of its section 4.2 and the draft. Descriptions are
left out, since nothing shows them.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from lockgate.policy.budget import Budget
from lockgate.policy.rego.builtins.graphql.definitions import parse_schema
from lockgate.policy.rego.builtins.graphql.nodes import Node

DIRECTIVES: Final = frozenset({"defer", "deprecated", "include", "oneOf", "skip", "specifiedBy"})
"""Those that a schema may declare once more."""

_TEXT: Final = """
scalar Int scalar Float scalar String scalar Boolean scalar ID
directive @defer(if: Boolean = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @deprecated(reason: String = "No longer supported")
  on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE | DIRECTIVE_DEFINITION
directive @specifiedBy(url: String!) on SCALAR
directive @oneOf on INPUT_OBJECT
type __Schema {
  description: String types: [__Type!]! queryType: __Type! mutationType: __Type subscriptionType: __Type
  directives: [__Directive!]!
}
type __Type {
  kind: __TypeKind! name: String description: String specifiedByURL: String
  fields(includeDeprecated: Boolean = false): [__Field!]
  interfaces: [__Type!] possibleTypes: [__Type!]
  enumValues(includeDeprecated: Boolean = false): [__EnumValue!]
  inputFields(includeDeprecated: Boolean = false): [__InputValue!]
  ofType: __Type isOneOf: Boolean
}
enum __TypeKind { SCALAR OBJECT INTERFACE UNION ENUM INPUT_OBJECT LIST NON_NULL }
type __Field {
  name: String! description: String args(includeDeprecated: Boolean = false): [__InputValue!]! type: __Type!
  isDeprecated: Boolean! deprecationReason: String
}
type __InputValue {
  name: String! description: String type: __Type! defaultValue: String isDeprecated: Boolean!
  deprecationReason: String
}
type __EnumValue { name: String! description: String isDeprecated: Boolean! deprecationReason: String }
type __Directive {
  name: String! description: String isRepeatable: Boolean! locations: [__DirectiveLocation!]!
  args(includeDeprecated: Boolean = false): [__InputValue!]!
}
enum __DirectiveLocation {
  QUERY MUTATION SUBSCRIPTION FIELD FRAGMENT_DEFINITION FRAGMENT_SPREAD INLINE_FRAGMENT VARIABLE_DEFINITION SCHEMA
  SCALAR OBJECT FIELD_DEFINITION ARGUMENT_DEFINITION INTERFACE UNION ENUM ENUM_VALUE INPUT_OBJECT
  INPUT_FIELD_DEFINITION DIRECTIVE_DEFINITION
}
"""
_INTROSPECTION: Final = "type Query { __schema: __Schema! __type(name: String!): __Type }"


@cache
def prelude() -> Node:
    """The document of them. It is shared, and must not be changed."""
    document = parse_schema(_TEXT, Budget())
    for definition in document["Definitions"]:
        definition["BuiltIn"] = True
    return document


@cache
def introspection_fields() -> tuple[Node, ...]:
    """``__schema`` and ``__type``, which the root type of queries has besides its own."""
    return tuple(parse_schema(_INTROSPECTION, Budget())["Definitions"][0]["Fields"])
