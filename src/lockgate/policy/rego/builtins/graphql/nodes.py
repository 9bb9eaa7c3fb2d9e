"""Nodes of GraphQL documents in OPA's shape: its names of fields, its defaults, and what it leaves out.

The shapes are those of the structures of ``github.com/vektah/gqlparser/v2/ast`` (2.5.64), which OPA 1.22 turns into
JSON: null, ``[]`` and ``{}`` are left out, empty texts and false are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from lockgate.policy.rego.builtins.graphql.errors import GraphQLError

VARIABLE, INT, FLOAT, STRING, BLOCK, BOOLEAN, NULL, ENUM, LIST, OBJECT = range(10)
"""The kinds of a value."""

# What a field holds: text, flag, number, texts, [kind] for a list of nodes, kind for one node.
_TEXT, _FLAG, _NUMBER, _TEXTS = "text", "flag", "number", "texts"
_DESCRIBED: Final = {"BeforeDescriptionComment": "CommentGroup", "AfterDescriptionComment": "CommentGroup"}
SHAPES: Final[Mapping[str, Mapping[str, str]]] = {
    "CommentGroup": {"List": "[Comment]"},
    "Comment": {"Value": _TEXT},
    "QueryDocument": {
        "Operations": "[OperationDefinition]", "Fragments": "[FragmentDefinition]", "Comment": "CommentGroup",
    },
    "OperationDefinition": {
        "Description": _TEXT, "Operation": _TEXT, "Name": _TEXT, "VariableDefinitions": "[VariableDefinition]",
        "Directives": "[Directive]", "SelectionSet": "[Field]", "Comment": "CommentGroup",
    },
    "VariableDefinition": {
        "Description": _TEXT, "Variable": _TEXT, "Type": "Type", "DefaultValue": "Value",
        "Directives": "[Directive]", "Comment": "CommentGroup", "Used": _FLAG,
    },
    "Field": {
        "Alias": _TEXT, "Name": _TEXT, "Arguments": "[Argument]", "Directives": "[Directive]",
        "SelectionSet": "[Field]", "Comment": "CommentGroup",
    },
    "Argument": {"Name": _TEXT, "Value": "Value", "Comment": "CommentGroup"},
    "FragmentSpread": {"Name": _TEXT, "Directives": "[Directive]", "Comment": "CommentGroup"},
    "InlineFragment": {
        "TypeCondition": _TEXT, "Directives": "[Directive]", "SelectionSet": "[Field]", "Comment": "CommentGroup",
    },
    "FragmentDefinition": {
        "Description": _TEXT, "Name": _TEXT, "VariableDefinition": "[VariableDefinition]", "TypeCondition": _TEXT,
        "Directives": "[Directive]", "SelectionSet": "[Field]", "Comment": "CommentGroup",
    },
    "Value": {
        "Raw": _TEXT, "Children": "[ChildValue]", "Kind": _NUMBER, "Comment": "CommentGroup",
        "ExpectedTypeHasDefault": _FLAG,
    },
    "ChildValue": {"Name": _TEXT, "Value": "Value", "Comment": "CommentGroup"},
    "Directive": {"Name": _TEXT, "Arguments": "[Argument]", "Location": _TEXT},
    "Type": {"NamedType": _TEXT, "Elem": "Type", "NonNull": _FLAG},
    "SchemaDocument": {
        "Schema": "[SchemaDefinition]", "SchemaExtension": "[SchemaDefinition]",
        "Directives": "[DirectiveDefinition]", "DirectiveExtensions": "[DirectiveDefinition]",
        "Definitions": "[Definition]", "Extensions": "[Definition]", "Comment": "CommentGroup",
    },
    "SchemaDefinition": {
        "Description": _TEXT, "Directives": "[Directive]", "OperationTypes": "[OperationTypeDefinition]",
        **_DESCRIBED, "EndOfDefinitionComment": "CommentGroup",
    },
    "OperationTypeDefinition": {"Operation": _TEXT, "Type": _TEXT, "Comment": "CommentGroup"},
    "Definition": {
        "Kind": _TEXT, "Description": _TEXT, "Name": _TEXT, "Directives": "[Directive]", "Interfaces": _TEXTS,
        "Fields": "[FieldDefinition]", "Types": _TEXTS, "EnumValues": "[EnumValueDefinition]", "BuiltIn": _FLAG,
        **_DESCRIBED, "EndOfDefinitionComment": "CommentGroup",
    },
    "FieldDefinition": {
        "Description": _TEXT, "Name": _TEXT, "Arguments": "[ArgumentDefinition]", "DefaultValue": "Value",
        "Type": "Type", "Directives": "[Directive]", **_DESCRIBED,
    },
    "ArgumentDefinition": {
        "Description": _TEXT, "Name": _TEXT, "DefaultValue": "Value", "Type": "Type", "Directives": "[Directive]",
        **_DESCRIBED,
    },
    "EnumValueDefinition": {"Description": _TEXT, "Name": _TEXT, "Directives": "[Directive]", **_DESCRIBED},
    "DirectiveDefinition": {
        "Description": _TEXT, "Name": _TEXT, "Arguments": "[ArgumentDefinition]", "Directives": "[Directive]",
        "Locations": _TEXTS, "IsRepeatable": _FLAG, **_DESCRIBED,
    },
}  # fmt: skip
"""The fields of each kind of node, and what each holds."""

# Without these no rule can judge the node.
_REQUIRED: Final = {
    "Argument": "Value", "ChildValue": "Value", "VariableDefinition": "Type", "FieldDefinition": "Type",
    "ArgumentDefinition": "Type",
}  # fmt: skip
# gqlparser does not read these back.
_NOT_READ: Final = {"OperationDefinition", "FragmentDefinition", "Field"}


class Node(dict[str, Any]):
    """One node: its fields as a dictionary, and beside them its place and what the walk finds out about it."""

    def __init__(self, kind: str, line: int = 0, column: int = 0, /, **fields: Any) -> None:
        super().__init__()
        for name, holds in SHAPES[kind].items():
            self[name] = _default(holds)
        self.update(fields)
        self.kind = kind
        """A key of ``SHAPES``."""
        self.line = line
        """From 1; 0 for a node without a place."""
        self.column = column
        """From 1, in characters."""
        self.definition: Node | None = None
        """What the schema, or the fragments, say about it."""
        self.parent: Node | None = None
        """The type around it."""
        self.expected: Node | None = None
        """The type that a value must have."""
        self.has_default = False
        """Whether the place of a value has a default that is not null."""
        self.variable: Node | None = None
        """The definition of the variable that a value is."""
        self.used = False
        """Whether a variable is used."""
        self.positions: list[Node] = []
        """Places of the members of a union."""
        self.location = ""
        """Where a directive stands."""
        self._index: dict[str, dict[str, Node]] = {}

    def named(self, field: str, name: str) -> Node | None:
        """The first member of that name in a list of nodes. The list must not change afterwards."""
        index = self._index.get(field)
        if index is None:
            index = self._index[field] = {}
            for member in self[field]:
                index.setdefault(member["Variable" if member.kind == "VariableDefinition" else "Name"], member)
        return index.get(name)

    def copy(self) -> Node:
        """A copy whose lists can be added to."""
        made = Node(self.kind, self.line, self.column)
        made.update((name, list(value) if isinstance(value, list) else value) for name, value in self.items())
        made.positions = list(self.positions)
        return made


def _default(holds: str) -> Any:
    if holds[0] == "[" or holds == _TEXTS:
        return []
    return {_TEXT: "", _FLAG: False, _NUMBER: 0}.get(holds)


def error_at(node: Node | None, message: str) -> GraphQLError:
    """The error at a node's place."""
    return GraphQLError(message, node.line, node.column) if node is not None else GraphQLError(message)


def rendered(node: Mapping[str, Any]) -> dict[str, Any]:
    """The node as a plain value, without what OPA leaves out."""
    made: dict[str, Any] = {}
    for name, value in node.items():
        if isinstance(value, dict):
            value = rendered(value)
        elif isinstance(value, list):
            value = [each for item in value if (each := rendered(item) if isinstance(item, dict) else item) != {}]
        if value is not None and value != [] and value != {}:
            made[name] = value
    return made


def read_back(kind: str, value: Any, place: str = "") -> Node:
    """The node that a plain value describes: fields that are not known are passed over, the others have defaults.

    Raises :class:`GraphQLError` for a field of another type. As in gqlparser, every member of a selection set is read
    as a field, so fragments that are spread lose their meaning.
    """
    place = place or kind
    if not isinstance(value, dict):
        raise GraphQLError(f"{place} must be an object")
    node = Node(kind)
    for name, holds in SHAPES[kind].items():
        given = value.get(name)
        if given is None or (kind in _NOT_READ and name in ("Comment", "Description")):
            continue
        node[name] = _field(holds, given, f"{place}.{name}")
    if node.get(_REQUIRED.get(kind, ""), node) is None:
        raise GraphQLError(f"{place} has no {_REQUIRED[kind]}")
    if kind == "Value" and not VARIABLE <= node["Kind"] <= OBJECT:
        raise GraphQLError(f"{place} has an unknown Kind")
    if kind == "Type" and not node["NamedType"] and node["Elem"] is None:
        raise GraphQLError(f"{place} has neither NamedType nor Elem")
    return node


def _field(holds: str, given: Any, place: str) -> Any:
    if holds[0] == "[":
        kind = holds[1:-1]
        items = _listed(given, place)
        return [read_back(kind, item, f"{place}[{number}]") for number, item in enumerate(items) if item is not None]
    if holds == _TEXTS:
        return [_typed(item, str, f"{place}[{number}]") for number, item in enumerate(_listed(given, place))]
    if holds in SHAPES:
        return read_back(holds, given, place)
    return _typed(given, {_TEXT: str, _FLAG: bool, _NUMBER: int}[holds], place)


def _listed(given: Any, place: str) -> Iterable[Any]:
    if not isinstance(given, list):
        raise GraphQLError(f"{place} must be an array")
    return given


def _typed(given: Any, wanted: type, place: str) -> Any:
    if not isinstance(given, wanted) or (wanted is int and isinstance(given, bool)):
        raise GraphQLError(f"{place} must be {'a string' if wanted is str else f'of type {wanted.__name__}'}")
    return given


def type_text(declared: Node) -> str:
    """``[Int!]!``."""
    inner = declared["NamedType"] or f"[{type_text(declared['Elem'])}]"
    return f"{inner}!" if declared["NonNull"] else str(inner)


def type_name(declared: Node) -> str:
    """The name inside all lists."""
    while not declared["NamedType"]:
        declared = declared["Elem"]
    return str(declared["NamedType"])


_WRITTEN: Final = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def value_text(value: Node) -> str:
    """The value as GraphQL writes it."""
    kind, raw = value["Kind"], value["Raw"]
    if kind == VARIABLE:
        return f"${raw}"
    if kind in (STRING, BLOCK):
        return '"' + "".join(_WRITTEN.get(c) or (f"\\u{ord(c):04X}" if _control(c) else c) for c in raw) + '"'
    if kind == LIST:
        return "[" + ",".join(value_text(child["Value"]) for child in value["Children"]) + "]"
    if kind == OBJECT:
        return "{" + ",".join(f"{child['Name']}:{value_text(child['Value'])}" for child in value["Children"]) + "}"
    return str(raw)


def _control(character: str) -> bool:
    return character < " " or "\x7f" <= character <= "\x9f"
