"""The rules that a query must keep to be valid for a schema: those of gqlparser 2.5.64, in its order and its words.

They are those of the specification of October 2021, section 5, and the bound on introspection. A rule that looks at
several kinds of nodes is a function for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from lockgate.policy.budget import Budget
from lockgate.policy.rego.builtins.graphql import fragments, values
from lockgate.policy.rego.builtins.graphql.contents import ABSTRACT, LEAVES, Schema
from lockgate.policy.rego.builtins.graphql.errors import GraphQLError
from lockgate.policy.rego.builtins.graphql.merging import overlapping_fields
from lockgate.policy.rego.builtins.graphql.nodes import Node, type_text
from lockgate.policy.rego.builtins.graphql.suggestions import did_you_mean, or_list, similar
from lockgate.policy.rego.builtins.graphql.walk import Rule, Walk
from lockgate.policy.rego.values import quote


def errors_in(document: Node, schema: Schema, budget: Budget) -> Sequence[GraphQLError]:
    """What is wrong with the query; nothing when it is valid. ``budget`` pays a step for each node and comparison."""
    return Walk(schema, document, RULES, budget).run()


def fields_on_correct_type(walk: Walk, field: Node) -> None:
    parent, name = field.parent, field["Name"]
    if parent is None or field.definition is not None:
        return
    hint = ""
    if types := _types_with(walk, parent, name):
        hint = f" Did you mean to use an inline fragment on {or_list(types)}?"
    elif parent["Kind"] in ("OBJECT", "INTERFACE"):
        hint = did_you_mean("Did you mean", similar(name, [each["Name"] for each in parent["Fields"]]))
    walk.add(field, f'Cannot query field "{name}" on type "{parent["Name"]}".{hint}')


def _types_with(walk: Walk, parent: Node, name: str) -> list[str]:
    """Possible types that have the field, and their interfaces; the interfaces of most types first."""
    if parent["Kind"] not in ABSTRACT:
        return []
    objects: list[str] = []
    interfaces: dict[str, int] = {}
    possible = walk.schema.possible.get(parent["Name"], ())
    walk.budget.spend(len(possible))
    for each in possible:
        if each.named("Fields", name) is None:
            continue
        objects.append(each["Name"])
        for interface in each["Interfaces"]:
            found = walk.schema.types.get(interface)
            if found is not None and found.named("Fields", name) is not None:
                interfaces[interface] = interfaces.get(interface, 0) + 1
    return sorted([*interfaces, *objects], key=lambda each: (-interfaces.get(each, 0), each))


def known_field_arguments(walk: Walk, field: Node) -> None:
    if field.definition is not None and field.parent is not None:
        where = f'on field "{field.parent["Name"]}.{field["Name"]}"'
        _known_arguments(walk, field, field.definition, where)


def known_directive_arguments(walk: Walk, directive: Node) -> None:
    if directive.definition is not None:
        _known_arguments(walk, directive, directive.definition, f'on directive "@{directive["Name"]}"')


def _known_arguments(walk: Walk, node: Node, definition: Node, where: str) -> None:
    for argument in node["Arguments"]:
        name = argument["Name"]
        if definition.named("Arguments", name) is None:
            names = similar(name, [each["Name"] for each in definition["Arguments"]])
            walk.add(node, f'Unknown argument "{name}" {where}.{did_you_mean("Did you mean", names)}')


def known_directives(walk: Walk, directive: Node) -> None:
    name = directive["Name"]
    if directive.definition is None:
        walk.add(directive, f'Unknown directive "@{name}".')
    elif directive.location not in directive.definition["Locations"]:
        seen = walk.memory.setdefault("misplaced directives", set())
        if (name, directive.line, directive.column) not in seen:
            walk.add(directive, f'Directive "@{name}" may not be used on {directive.location}.')
            seen.add((name, directive.line, directive.column))


def known_root_type(walk: Walk, operation: Node) -> None:
    kind = operation["Operation"]
    if (kind or "query") not in walk.schema.roots:
        walk.add(operation, f'Schema does not support operation type "{kind}"')


def lone_anonymous_operation(walk: Walk, operation: Node) -> None:
    if not operation["Name"] and len(walk.document["Operations"]) > 1:
        walk.add(operation, "This anonymous operation must be the only defined operation.")


def required_field_arguments(walk: Walk, field: Node) -> None:
    if field.definition is not None:
        _required_arguments(walk, field, field.definition, f'Field "{field["Name"]}"')


def required_directive_arguments(walk: Walk, directive: Node) -> None:
    if directive.definition is not None:
        _required_arguments(walk, directive, directive.definition, f'Directive "@{directive["Name"]}"')


def _required_arguments(walk: Walk, node: Node, definition: Node, what: str) -> None:
    for wanted in definition["Arguments"]:
        required = wanted["Type"]["NonNull"] and wanted["DefaultValue"] is None
        if required and node.named("Arguments", wanted["Name"]) is None:
            kind = type_text(wanted["Type"])
            text = f'{what} argument "{wanted["Name"]}" of type "{kind}" is required, but it was not provided.'
            walk.add(node, text)


def scalar_leafs(walk: Walk, field: Node) -> None:
    found = walk.schema.type_of(field.definition["Type"]) if field.definition is not None else None
    if found is None or field.definition is None:
        return
    name, leaf = field["Name"], found["Kind"] in LEAVES
    if leaf and field["SelectionSet"]:
        reason = f'since type "{found["Name"]}" has no subfields'
        walk.add(field, f'Field "{name}" must not have a selection {reason}.')
    if not leaf and not field["SelectionSet"]:
        text = f'Field "{name}" of type "{type_text(field.definition["Type"])}" must have a selection of subfields.'
        walk.add(field, f'{text} Did you mean "{name} {{ ... }}"?')


def single_field_subscriptions(walk: Walk, operation: Node) -> None:
    if "subscription" not in walk.schema.roots or operation["Operation"] != "subscription":
        return
    fields: dict[str, Node] = {}
    _top_fields(operation["SelectionSet"], fields, set())
    name = f"Subscription {quote(operation['Name'])}" if operation["Name"] else "Anonymous Subscription"
    if len(fields) > 1:
        walk.add(list(fields.values())[1], f"{name} must select only one top level field.")
    for field in fields.values():
        if field["Name"].startswith("__"):
            walk.add(field, f"{name} must not select an introspection top level field.")


def _top_fields(selections: Sequence[Node], fields: dict[str, Node], entered: set[str]) -> None:
    # Fragments are as deep inside one another as the walk, which came before, has let through.
    for selection in selections:
        if selection.kind == "Field":
            fields.setdefault(selection["Name"], selection)
        elif selection.kind == "InlineFragment":
            _top_fields(selection["SelectionSet"], fields, entered)
        elif selection.definition is None:
            return
        elif selection["Name"] not in entered:
            entered.add(selection["Name"])
            _top_fields(selection.definition["SelectionSet"], fields, entered)


def unique_argument_names(walk: Walk, node: Node) -> None:
    seen: dict[str, int] = {}
    for argument in node["Arguments"]:
        name = argument["Name"]
        if seen.get(name) == 1:
            walk.add(argument, f'There can be only one argument named "{name}".')
        seen[name] = seen.get(name, 0) + 1


def unique_directives(walk: Walk, directives: Sequence[Node]) -> None:
    seen: set[str] = set()
    for directive in directives:
        repeatable = directive.definition is not None and directive.definition["IsRepeatable"]
        if directive["Name"] in seen and not repeatable:
            text = f'The directive "@{directive["Name"]}" can only be used once at this location.'
            walk.add(directive, text)
        seen.add(directive["Name"])


def unique_operation_names(walk: Walk, operation: Node) -> None:
    seen = walk.memory.setdefault("operation names", set())
    if operation["Name"] in seen:
        walk.add(operation, f'There can be only one operation named "{operation["Name"]}".')
    seen.add(operation["Name"])


RULES: Final[Mapping[str, Sequence[Rule]]] = MappingProxyType({
    "variable": (values.known_variable_types,),
    "directive": (
        known_directive_arguments, known_directives, required_directive_arguments, unique_argument_names,
    ),
    "directives": (unique_directives,),
    "value": (
        values.no_undefined_variables, values.unique_input_field_names, values.values_of_correct_type,
        values.variables_in_allowed_position,
    ),
    "field": (
        fields_on_correct_type, known_field_arguments, fragments.max_introspection_depth, overlapping_fields,
        required_field_arguments, scalar_leafs, unique_argument_names,
    ),
    "inline": (
        fragments.inline_on_composite_type, fragments.known_inline_type, overlapping_fields,
        fragments.possible_inline,
    ),
    "spread": (fragments.known_fragment_names, fragments.note_used_fragment, fragments.possible_spread),
    "fragment": (
        fragments.fragment_on_composite_type, fragments.known_fragment_type, fragments.no_fragment_cycles,
        fragments.no_unused_fragments, overlapping_fields, fragments.unique_fragment_names,
    ),
    "operation": (
        known_root_type, lone_anonymous_operation, values.no_unused_variables, overlapping_fields,
        single_field_subscriptions, unique_operation_names, values.unique_variable_names,
        values.variables_are_input_types,
    ),
})  # fmt: skip
"""The rules by the event that calls them, in the order of their names in the specification."""
