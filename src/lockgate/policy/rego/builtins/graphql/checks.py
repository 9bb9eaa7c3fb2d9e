"""The rules that a GraphQL schema must keep: those that gqlparser 2.5.64 checks, in its order and its words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from lockgate.policy.rego.builtins.graphql.contents import INPUTS, Schema
from lockgate.policy.rego.builtins.graphql.errors import GraphQLError
from lockgate.policy.rego.builtins.graphql.nodes import NULL, OBJECT, Node, error_at, type_name, type_text
from lockgate.policy.rego.values import quote

_OUTPUTS: Final = ("SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM")
_INPUTS: Final = ("SCALAR", "ENUM", "INPUT_OBJECT")
_CONTENTS: Final = {"INPUT_OBJECT": "input fields", "ENUM": "unique enum values", "UNION": "member types"}


def check(schema: Schema) -> None:
    """Raises :class:`GraphQLError` for the first thing that is wrong, by the names of the types."""
    for _, definition in sorted(schema.types.items()):
        _check_definition(schema, definition)
    _check_circular_inputs(schema)
    for _, directive in sorted(schema.directives.items()):
        _check_directive_definition(schema, directive)


def check_directives(
    schema: Schema, directives: Sequence[Node], location: str, *, inside: Node | None = None, once: bool = True
) -> None:
    """Directives as they are used: known, allowed here, with the arguments that they need.

    ``inside`` is the directive whose definition this is part of; ``once`` asks that each comes once unless repeatable.
    """
    seen: set[str] = set()
    for directive in directives:
        name = directive["Name"]
        _check_name(directive, name)
        if inside is not None and name == inside["Name"]:
            raise error_at(directive, f"Directive {name} cannot refer to itself.")
        declared = schema.directives.get(name)
        if declared is None:
            raise error_at(directive, f"Undefined directive {name}.")
        if once and name in seen and not declared["IsRepeatable"]:
            raise error_at(directive, f"The directive {name} can only be used once at this location.")
        seen.add(name)
        if location not in declared["Locations"]:
            raise error_at(directive, f"Directive {name} is not applicable on {location}.")
        _check_directive_arguments(directive, declared)


def _check_directive_arguments(directive: Node, declared: Node) -> None:
    name = directive["Name"]
    given: dict[str, Node] = {}
    for argument in directive["Arguments"]:
        if declared.named("Arguments", argument["Name"]) is None:
            raise error_at(argument, f"Undefined argument {argument['Name']} for directive {name}.")
        if argument["Name"] in given:
            raise error_at(argument, f"There can be only one argument named {argument['Name']}.")
        given[argument["Name"]] = argument
    for wanted in declared["Arguments"]:
        if not wanted["Type"]["NonNull"] or wanted["DefaultValue"] is not None:
            continue
        found = given.get(wanted["Name"])
        if found is None or found["Value"]["Kind"] == NULL:
            raise error_at(directive, f"Argument {wanted['Name']} for directive {name} cannot be null.")
    for argument in directive["Arguments"]:
        _check_input_names(argument["Value"])


def _check_name(place: Node, name: str) -> None:
    if name.startswith("__"):
        message = f'Name "{name}" must not begin with "__", which is reserved by GraphQL introspection.'
        raise error_at(place, message)


def _check_type(schema: Schema, declared: Node) -> None:
    if schema.type_of(declared) is None:
        raise error_at(declared, f"Undefined type {type_name(declared)}.")


def _check_input_names(value: Node | None) -> None:
    if value is None:
        return
    seen: set[str] = set()
    for child in value["Children"]:
        if value["Kind"] == OBJECT and child["Name"] in seen:
            raise error_at(child, f'There can be only one input field named "{child["Name"]}".')
        seen.add(child["Name"])
        _check_input_names(child["Value"])


def _repeated(nodes: Iterable[Node]) -> Node | None:
    """The second of the first name that comes twice."""
    by_name: dict[str, list[Node]] = {}
    for node in nodes:
        by_name.setdefault(node["Name"], []).append(node)
    return next((same[1] for same in by_name.values() if len(same) > 1), None)


def _check_directive_definition(schema: Schema, declared: Node) -> None:
    _check_name(declared, declared["Name"])
    if twice := _repeated(declared["Arguments"]):
        raise error_at(twice, f"Argument @{declared['Name']}({twice['Name']}:) can only be defined once.")
    check_directives(schema, declared["Directives"], "DIRECTIVE_DEFINITION", inside=declared)
    _check_arguments(schema, declared["Arguments"], declared)


def _check_arguments(schema: Schema, arguments: Sequence[Node], inside: Node | None) -> None:
    for argument in arguments:
        _check_name(argument, argument["Name"])
        _check_type(schema, argument["Type"])
        _check_input_names(argument["DefaultValue"])
        kind = schema.types[type_name(argument["Type"])]["Kind"]
        if kind not in INPUTS:
            message = f"cannot use {type_text(argument['Type'])} as argument {argument['Name']}"
            raise error_at(argument, f"{message} because {kind} is not a valid input type")
        check_directives(schema, argument["Directives"], "ARGUMENT_DEFINITION", inside=inside)


def _check_definition(schema: Schema, definition: Node) -> None:
    for each in definition["Fields"]:
        _check_field(schema, definition, each)
    for member in definition["Types"]:
        _check_member(schema, definition, member)
    seen: set[str] = set()
    for interface in definition["Interfaces"]:
        if interface in seen:
            raise error_at(definition, f"Type {definition['Name']} can only implement {interface} once.")
        seen.add(interface)
        _check_implements(schema, definition, interface)
    _check_contents(schema, definition)
    _check_uniqueness(definition)
    if not definition["BuiltIn"]:
        _check_name(definition, definition["Name"])
    # Extensions are locations of their own, so that one directive may come with each.
    check_directives(schema, definition["Directives"], definition["Kind"], once=False)


def _check_field(schema: Schema, definition: Node, field: Node) -> None:
    _check_name(field, field["Name"])
    _check_type(schema, field["Type"])
    _check_input_names(field["DefaultValue"])
    if twice := _repeated(field["Arguments"]):
        place = f"{definition['Name']}.{field['Name']}({twice['Name']}:)"
        raise error_at(twice, f"Argument {place} can only be defined once.")
    _check_arguments(schema, field["Arguments"], None)
    location = "INPUT_FIELD_DEFINITION" if definition["Kind"] == "INPUT_OBJECT" else "FIELD_DEFINITION"
    check_directives(schema, field["Directives"], location)


def _check_member(schema: Schema, definition: Node, member: str) -> None:
    found = schema.types.get(member)
    if found is None:
        raise error_at(definition, f"Undefined type {quote(member)}.")
    if found["Kind"] != "OBJECT":
        raise error_at(definition, f"{definition['Kind']} type {quote(member)} must be OBJECT.")


def _check_contents(schema: Schema, definition: Node) -> None:
    kind, name = definition["Kind"], definition["Name"]
    held = {"ENUM": "EnumValues", "UNION": "Types"}.get(kind, "Fields")
    if kind != "SCALAR" and not definition[held]:
        raise error_at(definition, f"{kind} {name}: must define one or more {_CONTENTS.get(kind, 'fields')}.")
    if kind in ("OBJECT", "INTERFACE", "INPUT_OBJECT"):
        allowed = _INPUTS if kind == "INPUT_OBJECT" else _OUTPUTS
        for each in definition["Fields"]:
            found = schema.types[type_name(each["Type"])]["Kind"]
            if found not in allowed:
                whose = f"{found} {each['Name']}" if kind == "INPUT_OBJECT" else f"{kind} {name}"
                raise error_at(each, f"{whose}: field must be one of {', '.join(allowed)}.")
    elif kind == "ENUM":
        for value in definition["EnumValues"]:
            _check_name(value, value["Name"])
            if value["Name"] in ("true", "false", "null"):
                raise error_at(value, f"{kind} {name}: non-enum value {value['Name']}.")
            check_directives(schema, value["Directives"], "ENUM_VALUE")


def _check_uniqueness(definition: Node) -> None:
    name = definition["Name"]
    if twice := _repeated(definition["Fields"]):
        raise error_at(twice, f"Field {name}.{twice['Name']} can only be defined once.")
    if twice := _repeated(definition["EnumValues"]):
        raise error_at(twice, f"Enum value {name}.{twice['Name']} can only be defined once.")
    places: dict[str, list[int]] = {}
    for number, member in enumerate(definition["Types"]):
        places.setdefault(member, []).append(number)
    for member, numbers in places.items():
        if len(numbers) > 1:
            known = len(definition.positions) == len(definition["Types"])
            place = definition.positions[numbers[1]] if known else definition
            raise error_at(place, f"Union type {name} can only include type {member} once.")


def _check_implements(schema: Schema, definition: Node, interface: str) -> None:
    name, required = definition["Name"], schema.types.get(interface)
    if required is None:
        raise error_at(definition, f"Undefined type {quote(interface)}.")
    if required["Kind"] != "INTERFACE":
        raise error_at(definition, f"{quote(interface)} is a non interface type {required['Kind']}.")
    if interface == name:
        circular = "cannot implement itself because it would create a circular reference"
        raise error_at(definition, f"Type {name} {circular}.")
    for wanted in required["Fields"]:
        _check_implemented_field(schema, definition, interface, wanted)
    for further in required["Interfaces"]:
        if further in definition["Interfaces"]:
            continue
        if further == name:
            reason = f"cannot implement {interface} because it would create a circular reference"
            raise error_at(definition, f"Type {name} {reason}.")
        raise error_at(definition, f"Type {name} must implement {further} because it is implemented by {interface}.")


def _check_implemented_field(schema: Schema, definition: Node, interface: str, wanted: Node) -> None:
    to, found = f"For {definition['Name']} to implement {interface}", definition.named("Fields", wanted["Name"])
    if found is None:
        raise error_at(definition, f"{to} it must have a field called {wanted['Name']}.")
    if not _covariant(schema, wanted["Type"], found["Type"]):
        raise error_at(found, f"{to} the field {wanted['Name']} must have type {type_text(wanted['Type'])}.")
    same = f"{to} the field {wanted['Name']} must have the same arguments but"
    for argument in wanted["Arguments"]:
        given = found.named("Arguments", argument["Name"])
        if given is None:
            raise error_at(found, f"{same} it is missing {argument['Name']}.")
        if not compatible(argument["Type"], given["Type"]):
            raise error_at(given, f"{same} {argument['Name']} has the wrong type.")
    for given in found["Arguments"]:
        required = given["Type"]["NonNull"] and given["DefaultValue"] is None
        if required and wanted.named("Arguments", given["Name"]) is None:
            optional = f"any additional arguments on {found['Name']} must be optional or have a default value"
            raise error_at(given, f"{to} {optional} but {given['Name']} is required.")


def compatible(one: Node | None, other: Node | None, *, nullable: bool = False) -> bool:
    """Whether a value of one type can stand where the other is expected; ``nullable`` takes the other for nullable."""
    while one is not None and other is not None:
        if one["NamedType"] != other["NamedType"]:
            return False
        if other["NonNull"] and not nullable and not one["NonNull"]:
            return False
        nullable = False
        if one["Elem"] is None:
            return True
        one, other = one["Elem"], other["Elem"]
    return False


def _covariant(schema: Schema, required: Node | None, actual: Node | None) -> bool:
    while required is not None and actual is not None:
        if required["NonNull"] and not actual["NonNull"]:
            return False
        name = required["NamedType"]
        if name:
            possible = schema.possible.get(name, ())
            return name == actual["NamedType"] or any(each["Name"] == actual["NamedType"] for each in possible)
        required, actual = required["Elem"], actual["Elem"]
    return False


def _check_circular_inputs(schema: Schema) -> None:
    """No input object may need itself through fields that cannot be null. Depth first, without recursion."""
    visited: set[str] = set()
    for name, definition in sorted(schema.types.items()):
        if definition["Kind"] == "INPUT_OBJECT" and name not in visited:
            _follow_inputs(schema, definition, visited)


def _follow_inputs(schema: Schema, first: Node, visited: set[str]) -> None:
    visited.add(first["Name"])
    path: list[Node] = []
    on_path = {first["Name"]: 0}
    stack = [(first, iter(first["Fields"]))]
    while stack:
        definition, fields = stack[-1]
        for field in fields:
            inner = _needed_input(schema, field)
            if inner is None:
                continue
            path.append(field)
            if inner["Name"] in on_path:
                raise _circular(inner["Name"], path[on_path[inner["Name"]] :])
            if inner["Name"] not in visited:
                visited.add(inner["Name"])
                on_path[inner["Name"]] = len(path)
                stack.append((inner, iter(inner["Fields"])))
                break
            path.pop()
        else:
            stack.pop()
            del on_path[definition["Name"]]
            if path:
                path.pop()


def _needed_input(schema: Schema, field: Node) -> Node | None:
    declared = field["Type"]
    if not declared["NonNull"] or not declared["NamedType"]:
        return None
    found = schema.types.get(declared["NamedType"])
    return found if found is not None and found["Kind"] == "INPUT_OBJECT" else None


def _circular(name: str, cycle: Sequence[Node]) -> GraphQLError:
    names = ".".join(field["Name"] for field in cycle)
    message = f"Cannot reference Input Object {quote(name)} within itself through a series of non-null fields: "
    return error_at(cycle[0], f"{message}{quote(names)}.")
