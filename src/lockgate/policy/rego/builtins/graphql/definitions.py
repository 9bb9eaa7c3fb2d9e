"""Reads the schema definition language (specification of October 2021, section 3)."""

from __future__ import annotations

from typing import Final

from lockgate.policy.budget import Budget
from lockgate.policy.rego.builtins.graphql.documents import Reader
from lockgate.policy.rego.builtins.graphql.nodes import Node

LOCATIONS: Final = frozenset(
    {"QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "FRAGMENT_DEFINITION", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"}
    | {"VARIABLE_DEFINITION", "SCHEMA", "SCALAR", "OBJECT", "FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INTERFACE"}
    | {"UNION", "ENUM", "ENUM_VALUE", "INPUT_OBJECT", "INPUT_FIELD_DEFINITION", "DIRECTIVE_DEFINITION"}
)
"""Where a directive may be allowed to stand."""

_KINDS: Final = {
    "scalar": "SCALAR", "type": "OBJECT", "interface": "INTERFACE", "union": "UNION", "enum": "ENUM",
    "input": "INPUT_OBJECT",
}  # fmt: skip
_OPERATIONS: Final = frozenset({"query", "mutation", "subscription"})


class _Definitions(Reader):
    def document(self) -> Node:
        document = Node("SchemaDocument")
        while self.peek().kind != "<EOF>":
            text, comment = self.description()
            token = self.peek()
            word = token.value if token.kind == "Name" else ""
            if word in _KINDS:
                document["Definitions"].append(self._type(text, comment))
            elif word == "schema":
                document["Schema"].append(self._schema(text, comment))
            elif word == "directive":
                document["Directives"].append(self._directive(text, comment))
            elif word == "extend":
                if text:
                    self.unexpected(self.taken)
                self._extension(document)
            else:
                self.unexpected()
        document["Comment"] = self.comment
        return document

    def _extension(self, document: Node) -> None:
        comment = self.keyword("extend")
        word = self.peek().value
        if word == "schema":
            found = self._schema(None, None)
            document["SchemaExtension"].append(found)
        elif word in _KINDS:
            found = self._type(None, None)
            document["Extensions"].append(found)
        elif word == "directive":
            found = self._directive_head()
            document["DirectiveExtensions"].append(found)
        else:
            self.unexpected()
        found["AfterDescriptionComment"] = comment
        parts = ("Directives", "Interfaces", "Fields", "Types", "EnumValues", "OperationTypes")
        if not any(found.get(part) for part in parts):
            self.unexpected()

    def _schema(self, description: str | None, before: Node | None) -> Node:
        comment = self.keyword("schema")
        found = self.node("SchemaDefinition")
        found.update(Description=description or "", BeforeDescriptionComment=before, AfterDescriptionComment=comment)
        found["Directives"] = self.directives(True)
        found["OperationTypes"], found["EndOfDefinitionComment"] = self.some("{}", self._operation_type)
        return found

    def _operation_type(self) -> Node:
        found = self.node("OperationTypeDefinition")
        found["Comment"] = self.comment
        token = self.take()
        if token.value not in _OPERATIONS:
            self.unexpected(token)
        found["Operation"] = token.value
        self.expect(":")
        found["Type"] = self.name()
        return found

    def _type(self, description: str | None, before: Node | None) -> Node:
        word = self.peek().value
        comment = self.keyword(word)
        found = self.node("Definition")
        found.update(Description=description or "", BeforeDescriptionComment=before, AfterDescriptionComment=comment)
        kind = found["Kind"] = _KINDS[word]
        found["Name"] = self.name()
        if kind in ("OBJECT", "INTERFACE"):
            found["Interfaces"] = self._interfaces()
        found["Directives"] = self.directives(True)
        if kind == "UNION":
            found["Types"], found.positions = self._members()
        elif kind == "ENUM":
            found["EnumValues"], found["EndOfDefinitionComment"] = self.some("{}", self._enum_value)
        elif kind != "SCALAR":
            one = self._input_value if kind == "INPUT_OBJECT" else self._field
            found["Fields"], found["EndOfDefinitionComment"] = self.some("{}", one)
        return found

    def _interfaces(self) -> list[str]:
        if self.peek().value != "implements":
            return []
        self.take()
        self.skip("&")
        found = [self.name()]
        while self.skip("&"):
            found.append(self.name())
        return found

    def _members(self) -> tuple[list[str], list[Node]]:
        """The types of a union, and the place of each."""
        if not self.skip("="):
            return [], []
        self.skip("|")
        places = [self.node("Type")]
        names = [self.name()]
        while self.skip("|"):
            places.append(self.node("Type"))
            names.append(self.name())
        return names, places

    def _described(self, kind: str) -> Node:
        """A node of a member, with its description, up to the name."""
        description, before = self.description()
        found = self.node(kind)
        if description:
            found.update(BeforeDescriptionComment=before, Description=description)
        found["AfterDescriptionComment"] = self.comment
        found["Name"] = self.name()
        return found

    def _field(self) -> Node:
        found = self._described("FieldDefinition")
        found["Arguments"] = self._arguments()
        self.expect(":")
        found["Type"] = self.type_reference()
        found["Directives"] = self.directives(True)
        return found

    def _input_value(self) -> Node:
        return self._with_default("FieldDefinition")

    def _arguments(self) -> list[Node]:
        return self.some("()", lambda: self._with_default("ArgumentDefinition"))[0]

    def _with_default(self, kind: str) -> Node:
        found = self._described(kind)
        self.expect(":")
        found["Type"] = self.type_reference()
        if self.skip("="):
            found["DefaultValue"] = self.value(True)
        found["Directives"] = self.directives(True)
        return found

    def _enum_value(self) -> Node:
        found = self._described("EnumValueDefinition")
        found["Directives"] = self.directives(True)
        return found

    def _directive(self, description: str | None, before: Node | None) -> Node:
        self.peek()
        comment = self.comment
        found = self._directive_head(arguments=True)
        found.update(Description=description or "", BeforeDescriptionComment=before, AfterDescriptionComment=comment)
        token = self.peek()
        if token.kind == "Name" and token.value == "repeatable":
            self.take()
            found["IsRepeatable"] = True
        self.keyword("on")
        self.skip("|")
        found["Locations"] = [self._location()]
        while self.skip("|"):
            found["Locations"].append(self._location())
        return found

    def _directive_head(self, *, arguments: bool = False) -> Node:
        self.keyword("directive")
        self.expect("@")
        found = self.node("DirectiveDefinition")
        found["Name"] = self.name()
        if arguments:
            found["Arguments"] = self._arguments()
        found["Directives"] = self.directives(True)
        return found

    def _location(self) -> str:
        token = self.peek()
        name = self.name()
        if name not in LOCATIONS:
            self.unexpected(token)
        return name


def parse_schema(text: str, budget: Budget) -> Node:
    """The ``SchemaDocument``. Raises :class:`GraphQLError` with the place, BuiltinError when nested too deeply."""
    return _Definitions(text, budget).document()
