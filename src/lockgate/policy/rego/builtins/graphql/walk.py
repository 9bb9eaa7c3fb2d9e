"""Goes through a query with its schema at hand, tells each node what it stands for, and calls the rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from lockgate.policy.budget import Budget
from lockgate.policy.rego.builtins.contract import LimitError
from lockgate.policy.rego.builtins.graphql.contents import Schema
from lockgate.policy.rego.builtins.graphql.errors import GraphQLError
from lockgate.policy.rego.builtins.graphql.nodes import LIST, NULL, OBJECT, VARIABLE, Node, error_at

MAX_DEPTH: Final = 100
"""Selections inside one another, fragments spread in between included."""
MAX_ERRORS: Final = 1_000

Rule: TypeAlias = Callable[["Walk", Any], None]
"""Looks at one node; adds an error to the walk, or none."""

_LOCATIONS: Final = {"query": "QUERY", "": "QUERY", "mutation": "MUTATION", "subscription": "SUBSCRIPTION"}


class Walk:
    """One walk over one query. Rules are called by event, each when what is inside a node has been walked.

    Events: ``variable``, ``directive``, ``directives`` (a list of them), ``value``, ``field``, ``inline``, ``spread``,
    ``fragment``, ``operation``.
    """

    def __init__(self, schema: Schema, document: Node, rules: Mapping[str, Sequence[Rule]], budget: Budget) -> None:
        self.schema = schema
        self.document = document
        self.rules = rules
        self.budget = budget
        self.operation: Node | None = None
        """The operation that the walk is in; None in fragments on their own."""
        self.memory: dict[str, Any] = {}
        """What the rules remember, by the name of each."""
        self.errors: list[GraphQLError] = []
        self._fragments: dict[str, Node] = {}
        self._entered: set[str] = set()
        self._depth = 0

    def add(self, node: Node | None, message: str) -> None:
        """An error at a node's place. Those past ``MAX_ERRORS`` are not kept."""
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(error_at(node, message))

    def run(self) -> list[GraphQLError]:
        """All errors, in the order in which the rules came upon them."""
        for fragment in self.document["Fragments"]:
            self._fragments.setdefault(fragment["Name"], fragment)
        for operation in self.document["Operations"]:
            self._entered = set()
            self._operation(operation)
        for fragment in self.document["Fragments"]:
            self._entered = set()
            fragment.definition = self.schema.types.get(fragment["TypeCondition"])
            self._directives(fragment["Directives"], "FRAGMENT_DEFINITION")
            self._selections(fragment.definition, fragment["SelectionSet"])
            self._call("fragment", fragment)
        return self.errors

    def _call(self, event: str, node: Any) -> None:
        for rule in self.rules.get(event, ()):
            rule(self, node)

    def _operation(self, operation: Node) -> None:
        self.operation = operation
        variables = operation["VariableDefinitions"]
        for variable in variables:
            variable.definition = self.schema.type_of(variable["Type"])
            self._call("variable", variable)
        for variable in variables:
            default = variable["DefaultValue"]
            if default is not None:
                default.expected, default.definition = variable["Type"], variable.definition
                self._value(default)
            self._directives(variable["Directives"], "VARIABLE_DEFINITION")
        kind = operation["Operation"]
        self._directives(operation["Directives"], _LOCATIONS.get(kind, ""))
        self._selections(self.schema.roots.get(kind or "query"), operation["SelectionSet"])
        self._call("operation", operation)
        self.operation = None

    def _directives(self, directives: Sequence[Node], location: str) -> None:
        for directive in directives:
            directive.definition = self.schema.directives.get(directive["Name"])
            directive.location = location
            self._arguments(directive.definition, directive["Arguments"])
            self._call("directive", directive)
        self._call("directives", directives)

    def _arguments(self, declared: Node | None, arguments: Sequence[Node]) -> None:
        for argument in arguments:
            wanted = declared.named("Arguments", argument["Name"]) if declared is not None else None
            if wanted is not None:
                self._expect(argument["Value"], wanted)
            self._value(argument["Value"])

    def _expect(self, value: Node, wanted: Node) -> None:
        """What an argument or a field of an input object asks of a value."""
        default = wanted["DefaultValue"]
        value.expected = wanted["Type"]
        value.has_default = default is not None and default["Kind"] != NULL
        value.definition = self.schema.type_of(wanted["Type"])

    def _value(self, value: Node) -> None:
        self.budget.spend()
        if value["Kind"] == VARIABLE and self.operation is not None:
            value.variable = self.operation.named("VariableDefinitions", value["Raw"])
            if value.variable is not None:
                value.variable.used = True
        for child in value["Children"]:
            inner = child["Value"]
            if value["Kind"] == OBJECT and value.definition is not None:
                wanted = value.definition.named("Fields", child["Name"])
                if wanted is not None:
                    self._expect(inner, wanted)
            elif value["Kind"] == LIST and value.expected is not None and value.expected["Elem"] is not None:
                inner.expected, inner.definition = value.expected["Elem"], value.definition
            self._value(inner)
        self._call("value", value)

    def _selections(self, parent: Node | None, selections: Sequence[Node]) -> None:
        if self._depth >= MAX_DEPTH:
            raise LimitError(f"graphql: more than {MAX_DEPTH} selections inside one another")
        self._depth += 1
        for selection in selections:
            self.budget.spend()
            selection.parent = parent
            if selection.kind == "Field":
                self._field(parent, selection)
            elif selection.kind == "InlineFragment":
                self._inline(parent, selection)
            else:
                self._spread(selection)
        self._depth -= 1

    def _field(self, parent: Node | None, field: Node) -> None:
        if field["Name"] == "__typename":
            field.definition = Node("FieldDefinition", Name="__typename", Type=Node("Type", NamedType="String"))
        else:
            field.definition = parent.named("Fields", field["Name"]) if parent is not None else None
        self._arguments(field.definition, field["Arguments"])
        self._directives(field["Directives"], "FIELD")
        inner = self.schema.type_of(field.definition["Type"]) if field.definition is not None else None
        self._selections(inner, field["SelectionSet"])
        self._call("field", field)

    def _inline(self, parent: Node | None, fragment: Node) -> None:
        self._directives(fragment["Directives"], "INLINE_FRAGMENT")
        condition = fragment["TypeCondition"]
        self._selections(self.schema.types.get(condition) if condition else parent, fragment["SelectionSet"])
        self._call("inline", fragment)

    def _spread(self, spread: Node) -> None:
        fragment = spread.definition = self._fragments.get(spread["Name"])
        self._directives(spread["Directives"], "FRAGMENT_SPREAD")
        if fragment is not None and spread["Name"] not in self._entered:
            # Once is enough, and a fragment that spreads itself would go on for ever.
            self._entered.add(spread["Name"])
            self._directives(fragment["Directives"], "FRAGMENT_DEFINITION")
            self._selections(self.schema.types.get(fragment["TypeCondition"]), fragment["SelectionSet"])
        self._call("spread", spread)
