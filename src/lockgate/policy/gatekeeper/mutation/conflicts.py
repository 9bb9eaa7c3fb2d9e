"""Which mutators contradict each other about what an object is made of.

Every location says something of the schema: ``spec.containers[name: a].image`` makes ``containers`` a list keyed by
``name``. Mutators of the same kind and operation that say different things of one place are all disabled, as in
Gatekeeper (``pkg/mutation/schema``). AssignMetadata says nothing new and never conflicts. Types of assigned values are
not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field

from lockgate.dataclass import dataclass
from lockgate.policy.gatekeeper.mutation.location import Entry, Location, Member
from lockgate.policy.gatekeeper.mutation.mutator import Mutator


@dataclass(slots=True)
class _Node:
    """A place of the schema, as the mutators say it is."""

    users: set[str] = field(default_factory=set)
    """Keys of the mutators whose locations pass here."""
    ends: set[str] = field(default_factory=set)
    """Keys of those that must end here."""
    children: dict[str, dict[str, _Node]] = field(default_factory=dict)
    """Name of a member or key of a list: what it is (``Object``, ``List``, ``Set``, ``String`` or unknown): place."""

    def child_conflicts(self) -> Iterator[set[str]]:
        """The mutators that disagree about each child."""
        for kinds in self.children.values():
            found: set[str] = set()
            known = {kind: child for kind, child in kinds.items() if kind}
            for kind, child in known.items():
                if len(known) > 1 or (kind == "List" and len(child.children) > 1):
                    found |= child.users
            ends = set().union(*(child.ends for child in kinds.values()))
            grandchildren = [below for child in kinds.values() for below in child.children.values()]
            beyond = [place for below in grandchildren for place in below.values()]
            if ends and beyond:
                found |= ends.union(*(place.users for place in beyond))
            if found:
                yield found


def conflicts(mutators: Iterable[Mutator]) -> dict[str, frozenset[str]]:
    """For each mutator in a conflict, the keys of all those it conflicts with."""
    trees: dict[tuple[str, str, str, str], _Node] = {}
    for mutator in mutators:
        for binding in set(_bindings(mutator)):
            _add(trees.setdefault(binding, _Node()), mutator)
    found: dict[str, set[str]] = {}
    for tree in trees.values():
        for group in _groups(tree):
            for key in group:
                found.setdefault(key, set()).update(group - {key})
    return {key: frozenset(others) for key, others in found.items()}


def _bindings(mutator: Mutator) -> Iterator[tuple[str, str, str, str]]:
    for target in mutator.targets:
        for group in target.groups:
            for version in target.versions:
                for kind in target.kinds:
                    for operation in target.operations:
                        yield group, version, kind, operation


def _add(node: _Node, mutator: Mutator) -> None:
    location = mutator.location
    node.users.add(mutator.key)
    for index, step in enumerate(location):
        name = step.name if isinstance(step, Member) else step.key
        node = node.children.setdefault(name, {}).setdefault(_kind(location, index, mutator.terminal), _Node())
        node.users.add(mutator.key)
    if mutator.must_end:
        node.ends.add(mutator.key)


def _kind(location: Location, index: int, terminal: str) -> str:
    """What the place after a step is: told by the step that follows."""
    if index + 1 == len(location):
        return terminal
    return "List" if isinstance(location[index + 1], Entry) else "Object"


def _groups(tree: _Node) -> Iterator[set[str]]:
    left = [tree]
    while left:
        node = left.pop()
        yield from node.child_conflicts()
        left.extend(place for kinds in node.children.values() for place in kinds.values())
