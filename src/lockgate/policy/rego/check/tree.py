"""The tree of rules: where each rule's document stands under ``data``, and which rules may not stand together.

Every node that rules are defined at is a *unit*: a complete rule, a set, a function, or the part of an object whose
keys are computed. Nodes above units are plain objects that merge what is below them with the base documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lockgate.policy.rego.source import TYPE, Place, Problems
from lockgate.policy.rego.syntax import Module, Ref, Rule, Scalar, Term, Var
from lockgate.policy.rego.values import key_of

COMPLETE, SET, OBJECT, FUNCTION = "complete", "set", "object", "function"


@dataclass(slots=True, eq=False)
class Definition:
    """A rule with where it comes from."""

    rule: Rule
    """Its ``else`` branches included."""
    module: int
    """Index of its module."""
    place: Place
    """Its source."""
    path: tuple[Any, ...]
    """Where it stands: the constant part, as keys, without ``data``."""
    rest: list[Term]
    """The computed part of its name."""


@dataclass(slots=True, eq=False)
class Unit:
    """What is evaluated and remembered as one."""

    index: int
    """Its place in the evaluation's memory."""
    kind: str
    """``complete``, ``set``, ``object`` or ``function``."""
    path: tuple[Any, ...]
    """Keys from the root."""
    arity: int = 0
    """Of a function."""
    definitions: list[Definition] = field(default_factory=list)
    """Without the default."""
    default: Definition | None = None
    """The ``default`` rule."""

    @property
    def first(self) -> Definition:
        """The definition that errors about the unit point at."""
        found = self.definitions[0] if self.definitions else self.default
        assert found is not None
        return found

    @property
    def name(self) -> str:
        """``data.a.b``"""
        return ".".join(("data", *(str(part) for part in self.path)))


@dataclass(slots=True, eq=False)
class Node:
    """A place in the tree."""

    index: int
    path: tuple[Any, ...]
    children: dict[Any, Node] = field(default_factory=dict)
    unit: Unit | None = None
    dynamic: tuple[Unit, ...] = ()
    """Object units further up, whose keys may reach this place."""

    def below(self) -> Iterator[Unit]:
        """The unit here and all further down."""
        if self.unit is not None:
            yield self.unit
        for child in self.children.values():
            yield from child.below()


class Tree:
    """All rules of a program by their place."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.units: list[Unit] = []
        self.root = self._node(())

    def _node(self, path: tuple[Any, ...]) -> Node:
        node = Node(len(self.nodes), path)
        self.nodes.append(node)
        return node

    def reach(self, path: Sequence[Any]) -> Node:
        """The node at a path, made where it is missing."""
        node = self.root
        for key in path:
            child = node.children.get(key)
            if child is None:
                child = node.children[key] = self._node((*node.path, key))
            node = child
        return node

    def find(self, path: Sequence[Any]) -> Node | None:
        """The node at a path."""
        node: Node | None = self.root
        for key in path:
            if node is None:
                return None
            node = node.children.get(key)
        return node

    def unit_at(self, node: Node, kind: str, arity: int = 0) -> Unit:
        """The unit of a node, made where it is missing."""
        if node.unit is None:
            node.unit = Unit(len(self.units), kind, node.path, arity)
            self.units.append(node.unit)
        return node.unit

    def function(self, name: str) -> Unit | None:
        """The function called ``data.a.f``."""
        unit = self._unit_named(name)
        return unit if unit and unit.kind == FUNCTION else None

    def called(self, name: str) -> Unit | None:
        """What a call of ``data.a.f`` asks: a function, or a rule, which is called without arguments."""
        unit = self._unit_named(name)
        return unit if unit and unit.kind in (FUNCTION, COMPLETE) else None

    def _unit_named(self, name: str) -> Unit | None:
        if not name.startswith("data."):
            return None
        node = self.find(name.split(".")[1:])
        return node.unit if node else None

    def settle(self) -> None:
        """Note for every node which computed keys may reach it."""
        waiting: list[tuple[Node, tuple[Unit, ...]]] = [(self.root, ())]
        while waiting:
            node, dynamic = waiting.pop()
            node.dynamic = dynamic
            if node.unit is not None and node.unit.kind == OBJECT:
                dynamic = (*dynamic, node.unit)
            waiting.extend((child, dynamic) for child in node.children.values())


def kind_of(rule: Rule, rest: list[Term]) -> str:
    """The kind of unit that a rule belongs to."""
    if rule.args is not None:
        return FUNCTION
    if rest:
        return OBJECT
    return SET if rule.key is not None else COMPLETE


def build(modules: Sequence[Module], places: Sequence[Place], problems: Problems) -> Tree:
    """The tree of all modules' rules, with conflicts reported."""
    tree = Tree()
    at: dict[int, list[Definition]] = {}
    for index, module in enumerate(modules):
        tree.reach([key_of(part) for part in module.package])
        for rule in module.rules:
            path, rest = _split(module, rule)
            node = tree.reach(path)
            at.setdefault(node.index, []).append(Definition(rule, index, places[index], path, rest))
    for number, definitions in at.items():
        node = tree.nodes[number]
        if not _conflict(node, definitions, at, problems):
            _unit(tree, node, definitions)
    _package_conflicts(tree, modules, places, problems)
    tree.settle()
    return tree


def _split(module: Module, rule: Rule) -> tuple[tuple[Any, ...], list[Term]]:
    assert isinstance(rule.ref.head, Var)
    path = [key_of(part) for part in module.package]
    path.append(rule.ref.head.name)
    for number, part in enumerate(rule.ref.path):
        if not isinstance(part, Scalar):
            return tuple(path), rule.ref.path[number:]
        path.append(key_of(part.value))
    return tuple(path), []


def _unit(tree: Tree, node: Node, definitions: list[Definition]) -> None:
    first = definitions[0]
    unit = tree.unit_at(node, kind_of(first.rule, first.rest), len(first.rule.args or ()))
    for definition in definitions:
        if definition.rule.default:
            unit.default = definition
        else:
            unit.definitions.append(definition)


def _conflict(node: Node, definitions: list[Definition], at: dict[int, list[Definition]], problems: Problems) -> bool:
    first = definitions[0]
    name = ".".join(("data", *(str(part) for part in node.path)))
    if any(not each.rest for each in definitions) and node.children:
        inner = ", ".join(sorted(".".join(("data", *map(str, n.path))) for n in node.children.values()))
        if any(_has_rules(child, at) for child in node.children.values()):
            problems.add(first.place, TYPE, f"rule {name} conflicts with [{inner}]", first.rule.at)
            return True
    elif any(_has_functions(child, at) for child in node.children.values()):
        problems.add(first.place, TYPE, f"rule {name} conflicts with functions inside it", first.rule.at)
        return True
    kinds = {(each.rule.key is None, kind_of(each.rule, each.rest)) for each in definitions}
    arities = {len(each.rule.args or ()) for each in definitions}
    if len({kind for _, kind in kinds}) > 1 or len({single for single, _ in kinds}) > 1 or len(arities) > 1:
        problems.add(first.place, TYPE, f"conflicting rules {name} found", first.rule.at)
        return True
    defaults = [each for each in definitions if each.rule.default]
    if len(defaults) > 1:
        problems.add(defaults[1].place, TYPE, f"multiple default rules {name} found", defaults[1].rule.at)
        return True
    return False


def _has_rules(node: Node, at: dict[int, list[Definition]]) -> bool:
    return node.index in at or any(_has_rules(child, at) for child in node.children.values())


def _has_functions(node: Node, at: dict[int, list[Definition]]) -> bool:
    if any(each.rule.args is not None for each in at.get(node.index, ())):
        return True
    return any(_has_functions(child, at) for child in node.children.values())


def _package_conflicts(tree: Tree, modules: Sequence[Module], places: Sequence[Place], problems: Problems) -> None:
    for module, place in zip(modules, places, strict=True):
        node = tree.find([key_of(part) for part in module.package])
        if node is not None and node.unit is not None and node.unit.kind != OBJECT:
            package = ".".join(str(part) for part in module.package)
            problems.add(place, TYPE, f"package {package} conflicts with rule {node.unit.name}", module.at)


def constant_path(ref: Ref) -> list[Any]:
    """The keys of a reference up to its first part that is not constant."""
    found = []
    for part in ref.path:
        if not isinstance(part, Scalar):
            break
        found.append(key_of(part.value))
    return found
