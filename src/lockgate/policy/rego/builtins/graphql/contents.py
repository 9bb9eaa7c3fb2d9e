"""What a GraphQL schema holds, by name."""

from __future__ import annotations

from dataclasses import dataclass, field

from lockgate.policy.rego.builtins.graphql.nodes import Node, type_name

LEAVES = frozenset({"ENUM", "SCALAR"})
"""Kinds of types without fields."""
ABSTRACT = frozenset({"INTERFACE", "UNION"})
"""Kinds of types that stand for one of several."""
COMPOSITE = ABSTRACT | {"OBJECT"}
"""Kinds of types that a fragment may be on."""
INPUTS = frozenset({"SCALAR", "ENUM", "INPUT_OBJECT"})
"""Kinds of types that an argument or a variable may have."""


@dataclass(slots=True)
class Schema:
    """A schema, built once and then only read."""

    types: dict[str, Node] = field(default_factory=dict)
    """Definitions, those of the prelude too."""
    directives: dict[str, Node] = field(default_factory=dict)
    """Definitions of directives, those of the prelude too."""
    possible: dict[str, list[Node]] = field(default_factory=dict)
    """For an interface or a union, the types that it may stand for; for an object, itself."""
    roots: dict[str, Node] = field(default_factory=dict)
    """The types of ``query``, ``mutation`` and ``subscription``, those that there are."""

    def type_of(self, declared: Node) -> Node | None:
        """The definition of a type, inside all lists."""
        return self.types.get(type_name(declared))
