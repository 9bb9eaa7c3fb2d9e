"""What the builtins ``graphql.*`` answer."""

from __future__ import annotations

from typing import Any, Final

from lockgate.policy.budget import Budget
from lockgate.policy.rego.builtins.contract import BuiltinError, Context, Function, string, wrong_type
from lockgate.policy.rego.builtins.graphql.contents import Schema
from lockgate.policy.rego.builtins.graphql.definitions import parse_schema
from lockgate.policy.rego.builtins.graphql.documents import parse_query
from lockgate.policy.rego.builtins.graphql.errors import GraphQLError, listed, worded
from lockgate.policy.rego.builtins.graphql.nodes import Node, read_back, rendered
from lockgate.policy.rego.builtins.graphql.rules import errors_in
from lockgate.policy.rego.builtins.graphql.schema import schema_of
from lockgate.policy.rego.values import Value, plain


def query_document(context: Context, text: Value) -> Value:
    """``graphql.parse_query``: the query as an object."""
    return rendered(_query(string(text, 1), context.budget))


def schema_document(context: Context, text: Value) -> Value:
    """``graphql.parse_schema``: the schema as an object. It is not checked."""
    return rendered(_definitions(string(text, 1), context.budget))


def parse(context: Context, query: Value, schema: Value) -> Value:
    """``graphql.parse``: both as objects; what is wrong with either is an error."""
    if not isinstance(query, (str, dict)):
        raise wrong_type(1, query, "string", "object")
    document = _query(query, context.budget)
    if not isinstance(schema, (str, dict)):
        raise wrong_type(2, schema, "string", "object")
    definitions = _definitions(schema, context.budget)
    answer = [rendered(document), rendered(definitions)]
    errors = errors_in(document, _schema(definitions, context.budget), context.budget)
    if errors:
        raise BuiltinError(worded(listed(errors)))
    return answer


def parse_and_verify(context: Context, query: Value, schema: Value) -> Value:
    """``graphql.parse_and_verify``: whether the query is valid, and both as objects, empty when it is not."""
    found = _valid(query, schema, context.budget)
    return [True, rendered(found[0]), rendered(found[1])] if found is not None else [False, {}, {}]


def is_valid(context: Context, query: Value, schema: Value) -> Value:
    """``graphql.is_valid``: whether the query is valid for the schema."""
    return _valid(query, schema, context.budget) is not None


def schema_is_valid(context: Context, schema: Value) -> Value:
    """``graphql.schema_is_valid``."""
    if not isinstance(schema, (str, dict)):
        return False
    try:
        schema_of(_read_definitions(schema, context.budget), context.budget)
    except GraphQLError:
        return False
    return True


def _valid(query: Value, schema: Value, budget: Budget) -> tuple[Node, Node] | None:
    """Both documents, or None when the query is not valid for the schema."""
    if not isinstance(query, (str, dict)) or not isinstance(schema, (str, dict)):
        return None
    try:
        document, definitions = _read_query(query, budget), _read_definitions(schema, budget)
        errors = errors_in(document, schema_of(definitions, budget), budget)
    except GraphQLError:
        return None
    return None if errors else (document, definitions)


def _read_query(query: str | dict[Any, Value], budget: Budget) -> Node:
    return parse_query(query, budget) if isinstance(query, str) else read_back("QueryDocument", plain(query))


def _read_definitions(schema: str | dict[Any, Value], budget: Budget) -> Node:
    return parse_schema(schema, budget) if isinstance(schema, str) else read_back("SchemaDocument", plain(schema))


def _query(query: str | dict[Any, Value], budget: Budget) -> Node:
    try:
        return _read_query(query, budget)
    except GraphQLError as error:
        raise BuiltinError(worded(str(error)) if isinstance(query, str) else str(error)) from None


def _definitions(schema: str | dict[Any, Value], budget: Budget) -> Node:
    try:
        return _read_definitions(schema, budget)
    except GraphQLError as error:
        raise BuiltinError(worded(str(error)) if isinstance(schema, str) else str(error)) from None


def _schema(definitions: Node, budget: Budget) -> Schema:
    try:
        return schema_of(definitions, budget)
    except GraphQLError as error:
        raise BuiltinError(f"Error in gqlparser SchemaDocument to Schema conversion: {error}") from None


ANSWERS: Final[dict[str, Function]] = {
    "graphql.is_valid": is_valid,
    "graphql.parse": parse,
    "graphql.parse_and_verify": parse_and_verify,
    "graphql.parse_query": query_document,
    "graphql.parse_schema": schema_document,
    "graphql.schema_is_valid": schema_is_valid,
}
"""By the names of the builtins."""
