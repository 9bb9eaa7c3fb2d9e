"""Rules about the fragments of a query (specification of October 2021, section 5.5), and about introspection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lockgate.policy.rego.builtins.contract import LimitError
from lockgate.policy.rego.builtins.graphql.contents import COMPOSITE
from lockgate.policy.rego.builtins.graphql.nodes import Node
from lockgate.policy.rego.builtins.graphql.suggestions import did_you_mean, similar
from lockgate.policy.rego.builtins.graphql.walk import MAX_DEPTH, Walk

_MAX_LISTS: Final = 3
_LISTS: Final = frozenset({"fields", "interfaces", "possibleTypes", "inputFields"})


def inline_on_composite_type(walk: Walk, inline: Node) -> None:
    found = walk.schema.types.get(inline["TypeCondition"])
    if found is not None and found["Kind"] not in COMPOSITE:
        walk.add(inline, f'Fragment cannot condition on non composite type "{inline["TypeCondition"]}".')


def fragment_on_composite_type(walk: Walk, fragment: Node) -> None:
    found, condition = fragment.definition, fragment["TypeCondition"]
    if found is not None and condition and found["Kind"] not in COMPOSITE:
        walk.add(fragment, f'Fragment "{fragment["Name"]}" cannot condition on non composite type "{condition}".')


def known_inline_type(walk: Walk, inline: Node) -> None:
    condition = inline["TypeCondition"]
    if condition and condition not in walk.schema.types:
        walk.add(inline, f'Unknown type "{condition}".')


def known_fragment_type(walk: Walk, fragment: Node) -> None:
    condition = fragment["TypeCondition"]
    if condition not in walk.schema.types:
        names = similar(condition, sorted(walk.schema.types))
        walk.add(fragment, f'Unknown type "{condition}".{did_you_mean("Did you mean", names)}')


def known_fragment_names(walk: Walk, spread: Node) -> None:
    if spread.definition is None:
        walk.add(spread, f'Unknown fragment "{spread["Name"]}".')


def note_used_fragment(walk: Walk, spread: Node) -> None:
    if not walk.memory.get("in fragments"):
        walk.memory.setdefault("used fragments", set()).add(spread["Name"])


def no_unused_fragments(walk: Walk, fragment: Node) -> None:
    walk.memory["in fragments"] = True
    if fragment["Name"] not in walk.memory.get("used fragments", ()):
        walk.add(fragment, f'Fragment "{fragment["Name"]}" is never used.')


def unique_fragment_names(walk: Walk, fragment: Node) -> None:
    seen = walk.memory.setdefault("fragment names", set())
    if fragment["Name"] in seen:
        walk.add(fragment, f'There can be only one fragment named "{fragment["Name"]}".')
    seen.add(fragment["Name"])


def possible_inline(walk: Walk, inline: Node) -> None:
    if inline.parent is not None and not _possible(walk, inline.parent, inline["TypeCondition"]):
        never = f'objects of type "{inline.parent["Name"]}" can never be of type "{inline["TypeCondition"]}"'
        walk.add(inline, f"Fragment cannot be spread here as {never}.")


def possible_spread(walk: Walk, spread: Node) -> None:
    if spread.definition is None or spread.parent is None:
        return
    condition = spread.definition["TypeCondition"]
    if not _possible(walk, spread.parent, condition):
        never = f'objects of type "{spread.parent["Name"]}" can never be of type "{condition}"'
        walk.add(spread, f'Fragment "{spread["Name"]}" cannot be spread here as {never}.')


def _possible(walk: Walk, parent: Node, condition: str) -> bool:
    """Whether an object of the parent's type can be of the other; what other rules refuse passes."""
    wanted = walk.schema.types.get(condition)
    if parent["Kind"] not in COMPOSITE or wanted is None or wanted["Kind"] not in COMPOSITE:
        return True
    mine = [parent] if parent["Kind"] == "OBJECT" else walk.schema.possible.get(parent["Name"], [])
    theirs = walk.schema.possible.get(condition, [])
    walk.budget.spend((len(mine) + len(theirs)) // 8)
    return not {each["Name"] for each in mine}.isdisjoint(each["Name"] for each in theirs)


@dataclass(slots=True)
class _Cycles:
    """The search for fragments that spread themselves, over all fragments of a document."""

    fragments: dict[str, Node]
    """By name."""
    visited: set[str] = field(default_factory=set)
    """Fragments that were searched."""


def no_fragment_cycles(walk: Walk, fragment: Node) -> None:
    if "cycles" not in walk.memory:
        by_name: dict[str, Node] = {}
        for each in walk.document["Fragments"]:
            by_name.setdefault(each["Name"], each)
        walk.memory["cycles"] = _Cycles(by_name)
    cycles: _Cycles = walk.memory["cycles"]
    if fragment["Name"] not in cycles.visited:
        _search(walk, cycles, fragment)


def _search(walk: Walk, cycles: _Cycles, first: Node) -> None:
    """Depth first, without recursion: a chain of fragments is as long as the document makes it."""
    path: list[Node] = []
    on_path = {first["Name"]: 0}
    cycles.visited.add(first["Name"])
    stack: list[tuple[str, Iterator[Node]]] = [(first["Name"], iter(_spreads(first["SelectionSet"])))]
    while stack:
        name, spreads = stack[-1]
        for spread in spreads:
            walk.budget.spend()
            wanted = spread["Name"]
            if wanted in on_path:
                names = ", ".join(f'"{each["Name"]}"' for each in path[on_path[wanted] :])
                via = f" via {names}" if names else ""
                walk.add(spread, f'Cannot spread fragment "{wanted}" within itself{via}.')
            elif wanted in cycles.fragments and wanted not in cycles.visited:
                cycles.visited.add(wanted)
                path.append(spread)
                on_path[wanted] = len(path)
                stack.append((wanted, iter(_spreads(cycles.fragments[wanted]["SelectionSet"]))))
                break
        else:
            stack.pop()
            del on_path[name]
            if path:
                path.pop()


def _spreads(selections: Sequence[Node]) -> list[Node]:
    found: list[Node] = []
    sets = [selections]
    while sets:
        for selection in sets.pop():
            if selection.kind == "FragmentSpread":
                found.append(selection)
            else:
                sets.append(selection["SelectionSet"])
    return found


def max_introspection_depth(walk: Walk, node: Node) -> None:
    if node["Name"] in ("__schema", "__type"):
        depths: _Depths = walk.memory.setdefault("introspection", _Depths())
        if depths.field(node, 0):
            walk.add(node, "Maximum introspection depth exceeded")


class _Depths:
    """Counts the lists of types inside one another, once for a fragment and a depth."""

    def __init__(self) -> None:
        self.visiting: dict[str, int] = {}
        self.known: dict[tuple[str, int], bool] = {}
        self.level = 0

    def field(self, node: Node, depth: int) -> bool:
        depth += node["Name"] in _LISTS
        return depth >= _MAX_LISTS or self._selections(node["SelectionSet"], depth)

    def _selections(self, selections: Sequence[Any], depth: int) -> bool:
        if self.level >= MAX_DEPTH:
            raise LimitError(f"graphql: more than {MAX_DEPTH} selections inside one another")
        self.level += 1
        found = any(self._selection(selection, depth) for selection in selections)
        self.level -= 1
        return found

    def _selection(self, selection: Node, depth: int) -> bool:
        if selection.kind == "Field":
            return self.field(selection, depth)
        if selection.kind == "InlineFragment":
            return self._selections(selection["SelectionSet"], depth)
        name = selection["Name"]
        if name in self.visiting:
            # A cycle that went deeper goes deeper each time round.
            return depth > self.visiting[name]
        if selection.definition is None:
            return False
        if (name, depth) not in self.known:
            self.visiting[name] = depth
            found = self._selections(selection.definition["SelectionSet"], depth)
            del self.visiting[name]
            self.known[name, depth] = found
        return self.known[name, depth]
