"""Puts a schema together from a document of definitions, its extensions and the prelude, and checks it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lockgate.policy.budget import Budget
from lockgate.policy.rego.builtins.graphql.checks import check, check_directives
from lockgate.policy.rego.builtins.graphql.contents import Schema
from lockgate.policy.rego.builtins.graphql.nodes import Node, error_at
from lockgate.policy.rego.builtins.graphql.prelude import DIRECTIVES, introspection_fields, prelude

_EXTENDED: Final = ("Directives", "Interfaces", "Fields", "Types", "EnumValues")
_BY_NAME: Final = {"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}


def schema_of(document: Node, budget: Budget) -> Schema:
    """The checked schema. Raises :class:`GraphQLError` for the first thing that is wrong. The document stays as it is.

    The work is in proportion to the document, but for fields of interfaces, which are compared for each type that
    implements them; ``budget`` pays for those.
    """
    schema = Schema()
    _declare_types(schema, [*prelude()["Definitions"], *document["Definitions"]], document["Extensions"])
    _relate(schema, budget)
    _declare_directives(schema, document)
    places = _declare_roots(schema, document)
    check(schema)
    if not document["Schema"]:
        for operation, name in _BY_NAME.items():
            if name in schema.types:
                schema.roots.setdefault(operation, schema.types[name])
    for operation, root in sorted(schema.roots.items(), key=lambda item: list(_BY_NAME).index(item[0])):
        if root["Kind"] != "OBJECT":
            provided = "" if operation == "query" else " if provided"
            what = f"{_BY_NAME[operation]} root type must be Object type{provided}"
            raise error_at(places.get(operation, root), f"{what}, it cannot be {root['Name']}.")
    if "query" in schema.roots:
        root = schema.roots["query"] = schema.roots["query"].copy()
        root["Fields"].extend(introspection_fields())
        schema.types[root["Name"]] = root
    return schema


def _declare_types(schema: Schema, definitions: Sequence[Node], extensions: Sequence[Node]) -> None:
    for definition in definitions:
        if definition["Name"] in schema.types:
            raise error_at(definition, f"Cannot redeclare type {definition['Name']}.")
        schema.types[definition["Name"]] = definition
    copied: set[str] = set()
    for extension in extensions:
        name, kind = extension["Name"], extension["Kind"]
        base = schema.types.get(name) or Node("Definition", extension.line, extension.column, Kind=kind, Name=name)
        if base["Kind"] != kind:
            reason = f"because the base type is a {base['Kind']}, not {kind}"
            raise error_at(extension, f"Cannot extend type {name} {reason}.")
        if name not in copied:
            copied.add(name)
            schema.types[name] = base = base.copy()
        for part in _EXTENDED:
            base[part].extend(extension[part])
        base.positions.extend(extension.positions)


def _relate(schema: Schema, budget: Budget) -> None:
    for definition in schema.types.values():
        kind = definition["Kind"]
        if kind == "UNION":
            members = (schema.types.get(name) for name in definition["Types"])
            schema.possible.setdefault(definition["Name"], []).extend(found for found in members if found is not None)
        elif kind in ("OBJECT", "INPUT_OBJECT", "INTERFACE"):
            for interface in definition["Interfaces"]:
                schema.possible.setdefault(interface, []).append(definition)
                known = schema.types.get(interface, definition)
                budget.spend(1 + len(known["Fields"]) + len(known["Interfaces"]) * len(definition["Interfaces"]) // 8)
            if kind != "INTERFACE":
                schema.possible.setdefault(definition["Name"], []).append(definition)


def _declare_directives(schema: Schema, document: Node) -> None:
    for declared in [*prelude()["Directives"], *document["Directives"]]:
        name = declared["Name"]
        if name in schema.directives and name not in DIRECTIVES:
            raise error_at(declared, f"Cannot redeclare directive {name}.")
        schema.directives[name] = declared
    copied: set[str] = set()
    for extension in document["DirectiveExtensions"]:
        base = schema.directives.get(extension["Name"])
        if base is None:
            raise error_at(extension, f"Cannot extend directive @{extension['Name']} because it is not defined.")
        if extension["Name"] not in copied:
            copied.add(extension["Name"])
            schema.directives[extension["Name"]] = base = base.copy()
        base["Directives"].extend(extension["Directives"])


def _declare_roots(schema: Schema, document: Node) -> dict[str, Node]:
    """Sets the root types that the document names; where it names them."""
    if len(document["Schema"]) > 1:
        message = "Cannot have multiple schema entry points, consider schema extensions instead."
        raise error_at(document["Schema"][1], message)
    places: dict[str, Node] = {}
    for definition in [*document["Schema"], *document["SchemaExtension"]]:
        for entry in definition["OperationTypes"]:
            operation, name = entry["Operation"], entry["Type"]
            if operation in places:
                raise error_at(entry, f"There can be only one {operation} type in schema.")
            places[operation] = entry
            if name not in schema.types:
                raise error_at(entry, f"Schema root {operation} refers to a type {name} that does not exist.")
            if operation in _BY_NAME:
                schema.roots[operation] = schema.types[name]
        check_directives(schema, definition["Directives"], "SCHEMA")
    return places
