"""Rules about the values and the variables of a query (specification of October 2021, sections 5.6 and 5.8)."""

from __future__ import annotations

import math
from typing import Final

from lockgate.policy.rego.builtins.graphql.checks import compatible
from lockgate.policy.rego.builtins.graphql.contents import INPUTS
from lockgate.policy.rego.builtins.graphql.nodes import (
    BLOCK,
    BOOLEAN,
    ENUM,
    FLOAT,
    INT,
    LIST,
    NULL,
    OBJECT,
    STRING,
    VARIABLE,
    Node,
    type_text,
    value_text,
)
from lockgate.policy.rego.builtins.graphql.suggestions import did_you_mean, similar
from lockgate.policy.rego.builtins.graphql.walk import Walk

_SCALARS: Final = frozenset({"Int", "Float", "String", "Boolean", "ID"})
_TAKES: Final = {
    INT: ("Int", "Float", "ID"), FLOAT: ("Float",), STRING: ("String", "ID"), BLOCK: ("String", "ID"),
    BOOLEAN: ("Boolean",),
}  # fmt: skip
_REFUSALS: Final = {
    "String": "String cannot represent a non string value",
    "String!": "String cannot represent a non string value",
    "[String]": "String cannot represent a non string value",
    "Boolean": "Boolean cannot represent a non boolean value",
    "Boolean!": "Boolean cannot represent a non boolean value",
    "Float": "Float cannot represent non numeric value",
    "Float!": "Float cannot represent non numeric value",
    "ID": "ID cannot represent a non-string and non-integer value",
    "ID!": "ID cannot represent a non-string and non-integer value",
}


def values_of_correct_type(walk: Walk, value: Node) -> None:
    definition, expected, kind = value.definition, value.expected, value["Kind"]
    if definition is None or expected is None:
        return
    if kind == NULL and expected["NonNull"]:
        walk.add(value, f'Expected value of type "{type_text(expected)}", found {value_text(value)}.')
    if definition["Kind"] == "SCALAR" and definition["Name"] not in _SCALARS:
        # A scalar of the schema's own takes anything.
        return
    if _out_of_range(value):
        walk.add(value, _refusal(value, definition, expected))
    if kind == LIST and expected["Elem"] is None:
        walk.add(value, _refusal(value, definition, expected))
    elif kind in (STRING, BLOCK) and definition["Kind"] == "ENUM":
        hint = _meant(str(value["Raw"]), definition)
        text = f'Enum "{type_text(expected)}" cannot represent non-enum value: {value_text(value)}.'
        walk.add(value, text + hint)
    elif kind in _TAKES and definition["Name"] not in _TAKES[kind]:
        walk.add(value, _refusal(value, definition, expected))
    elif kind == ENUM:
        _enum(walk, value, definition, expected)
    elif kind == OBJECT:
        _object(walk, value, definition)


def _out_of_range(value: Node) -> bool:
    """Whether a number in the value does not fit 64 bits."""
    kind, raw = value["Kind"], value["Raw"]
    if kind == VARIABLE:
        default = value.variable["DefaultValue"] if value.variable is not None else None
        return default is not None and _out_of_range(default)
    if kind == INT:
        digits = raw.lstrip("+-")
        if not (digits.isascii() and digits.isdecimal()) or len(digits) > 4_000:
            return True
        return not -(1 << 63) <= int(raw) < 1 << 63
    if kind == FLOAT:
        try:
            return math.isinf(float(raw))
        except ValueError:
            return True
    if kind == BOOLEAN:
        return raw not in ("true", "false")
    return kind in (LIST, OBJECT) and any(_out_of_range(child["Value"]) for child in value["Children"])


def _refusal(value: Node, definition: Node, expected: Node) -> str:
    wanted, text = type_text(expected), value_text(value)
    if wanted in ("Int", "Int!"):
        digits = value["Raw"].lstrip("+-")
        whole = digits.isascii() and digits.isdecimal()
        fits = len(digits) <= 4_000 and whole and -(1 << 31) <= int(value["Raw"]) < 1 << 31
        kind = "non 32-bit signed integer" if whole and not fits else "non-integer"
        return f"Int cannot represent {kind} value: {text}"
    if wanted in _REFUSALS:
        return f"{_REFUSALS[wanted]}: {text}"
    if definition["Kind"] == "ENUM":
        return f'Enum "{wanted}" cannot represent non-enum value: {text}.'
    return f'Expected value of type "{wanted}", found {text}.'


def _meant(raw: str, definition: Node, *, quoted: bool = True) -> str:
    names = similar(raw, [each["Name"] for each in definition["EnumValues"]])
    return did_you_mean("Did you mean the enum value", names, quoted=quoted)


def _enum(walk: Walk, value: Node, definition: Node, expected: Node) -> None:
    raw = str(value["Raw"])
    if definition["Kind"] != "ENUM":
        walk.add(value, _refusal(value, definition, expected) + _meant(raw, definition, quoted=False))
    elif definition.named("EnumValues", raw) is None:
        text = f'Value "{value_text(value)}" does not exist in "{type_text(expected)}" enum.'
        walk.add(value, text + _meant(raw, definition))


def _object(walk: Walk, value: Node, definition: Node) -> None:
    given = {child["Name"] for child in value["Children"]}
    name = definition["Name"]
    for field in definition["Fields"]:
        if field["Type"]["NonNull"] and field["Name"] not in given and field["DefaultValue"] is None:
            wanted = type_text(field["Type"])
            walk.add(value, f'Field "{name}.{field["Name"]}" of required type "{wanted}" was not provided.')
    for directive in definition["Directives"]:
        if directive["Name"] == "oneOf":
            _one_of(walk, value, definition)
    for child in value["Children"]:
        if definition.named("Fields", child["Name"]) is None:
            names = similar(child["Name"], [field["Name"] for field in definition["Fields"]])
            text = f'Field "{child["Name"]}" is not defined by type "{name}".'
            walk.add(child, text + did_you_mean("Did you mean", names))


def _one_of(walk: Walk, value: Node, definition: Node) -> None:
    name = definition["Name"]
    if len(value["Children"]) != 1:
        walk.add(value, f'OneOf Input Object "{name}" must specify exactly one key.')
        return
    only = value["Children"][0]["Value"]
    if only["Kind"] == NULL and definition["Fields"]:
        walk.add(only, f'Field "{name}.{definition["Fields"][0]["Name"]}" must be non-null.')


def unique_input_field_names(walk: Walk, value: Node) -> None:
    if value["Kind"] != OBJECT:
        return
    seen: set[str] = set()
    for child in value["Children"]:
        if child["Name"] in seen:
            walk.add(child, f'There can be only one input field named "{child["Name"]}".')
        seen.add(child["Name"])


def no_undefined_variables(walk: Walk, value: Node) -> None:
    if walk.operation is None or value["Kind"] != VARIABLE or value.variable is not None:
        return
    name = walk.operation["Name"]
    where = f' by operation "{name}"' if name else ""
    walk.add(value, f'Variable "{value_text(value)}" is not defined{where}.')


def variables_in_allowed_position(walk: Walk, value: Node) -> None:
    variable, expected = value.variable, value.expected
    if value["Kind"] == VARIABLE and expected is not None and variable is not None and walk.operation is not None:
        default = variable["DefaultValue"]
        nullable = value.has_default or (default is not None and default["Kind"] != NULL)
        if not compatible(variable["Type"], expected, nullable=nullable):
            types = f'of type "{type_text(variable["Type"])}" used in position expecting type "{type_text(expected)}"'
            walk.add(value, f'Variable "{value_text(value)}" {types}.')
    if value["Kind"] != OBJECT or value.definition is None or value.definition.named("Directives", "oneOf") is None:
        return
    for child in value["Children"]:
        given = child["Value"].variable
        if child["Value"]["Kind"] == VARIABLE and given is not None and not given["Type"]["NonNull"]:
            what = f'is of type "{type_text(given["Type"])}" but must be non-nullable to be used for OneOf Input Object'
            walk.add(given, f'Variable "{value_text(child["Value"])}" {what} "{value.definition["Name"]}".')


def known_variable_types(walk: Walk, variable: Node) -> None:
    if variable.definition is None:
        inner = variable["Type"]
        walk.add(variable, f'Unknown type "{type_text(inner).strip("[]!")}".')


def no_unused_variables(walk: Walk, operation: Node) -> None:
    where = f' in operation "{operation["Name"]}"' if operation["Name"] else ""
    for variable in operation["VariableDefinitions"]:
        if not variable.used:
            walk.add(variable, f'Variable "${variable["Variable"]}" is never used{where}.')


def unique_variable_names(walk: Walk, operation: Node) -> None:
    seen: dict[str, int] = {}
    for variable in operation["VariableDefinitions"]:
        name = variable["Variable"]
        if seen.get(name) == 1:
            walk.add(variable, f'There can be only one variable named "${name}".')
        seen[name] = seen.get(name, 0) + 1


def variables_are_input_types(walk: Walk, operation: Node) -> None:
    for variable in operation["VariableDefinitions"]:
        if variable.definition is not None and variable.definition["Kind"] not in INPUTS:
            wanted = type_text(variable["Type"])
            walk.add(variable, f'Variable "${variable["Variable"]}" cannot be non-input type "{wanted}".')
