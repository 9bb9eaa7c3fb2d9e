"""The rule that fields with one response name must be one field (specification of October 2021, section 5.3.2).

The comparison is that of graphql-js and gqlparser: each selection set within itself, with the fragments that it
spreads, and those fragments with one another; pairs that were compared are remembered, which also ends cycles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from lockgate.policy.rego.builtins.contract import LimitError
from lockgate.policy.rego.builtins.graphql.contents import LEAVES
from lockgate.policy.rego.builtins.graphql.nodes import OBJECT, Node, type_text
from lockgate.policy.rego.builtins.graphql.walk import Walk

_MAX_DEPTH: Final = 100


class Conflict(NamedTuple):
    """Two fields that cannot be merged."""

    name: str
    """Their response name."""
    field: Node
    """The second of them."""
    reason: str = ""
    """Why; empty when the reason lies further inside."""
    inner: tuple[Conflict, ...] = ()
    """Conflicts among their selections."""

    def text(self) -> str:
        """Why, with what lies further inside."""
        if not self.inner:
            return self.reason
        return " and ".join(f'subfields "{each.name}" conflict because {each.text()}' for each in self.inner)


class _Collected(NamedTuple):
    fields: dict[str, list[Node]]
    spreads: list[Node]


class _Merging:
    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.collected: dict[int, _Collected] = {}
        self.with_fragment: dict[tuple[int, str], bool] = {}
        self.compared: dict[tuple[str, str], bool] = {}
        self.depth = 0

    def within(self, selections: list[Node]) -> list[Conflict]:
        found: list[Conflict] = []
        mine = self._collect(selections)
        for fields in mine.fields.values():
            for number, one in enumerate(fields):
                for other in fields[number + 1 :]:
                    self._fields(found, False, one, other)
        for number, spread in enumerate(mine.spreads):
            self._with_fragment(found, False, mine, spread)
            for other in mine.spreads[number + 1 :]:
                self._fragments(found, False, spread, other)
        return found

    def _deeper(self) -> None:
        if self.depth >= _MAX_DEPTH:
            raise LimitError(f"graphql: fields are compared more than {_MAX_DEPTH} levels deep")
        self.depth += 1

    def _collect(self, selections: list[Node]) -> _Collected:
        """The fields by response name, and the spread fragments; the same object for the same selection set."""
        key = id(selections) if selections else 0
        if key not in self.collected:
            found = self.collected[key] = _Collected({}, [])
            _gather(selections, found)
        return self.collected[key]

    def _with_fragment(self, found: list[Conflict], exclusive: bool, mine: _Collected, spread: Node) -> None:
        key = (id(mine), spread["Name"])
        # What was compared as not exclusive covers the other.
        if key in self.with_fragment and (exclusive or not self.with_fragment[key]):
            return
        self.with_fragment[key] = exclusive
        if spread.definition is None:
            return
        theirs = self._collect(spread.definition["SelectionSet"])
        if mine is theirs:
            return
        self._deeper()
        self._between(found, exclusive, mine, theirs)
        for further in theirs.spreads:
            self._with_fragment(found, exclusive, mine, further)
        self.depth -= 1

    def _fragments(self, found: list[Conflict], exclusive: bool, one: Node, other: Node) -> None:
        first, second = one["Name"], other["Name"]
        key = (min(first, second), max(first, second))
        if first == second or (key in self.compared and (exclusive or not self.compared[key])):
            return
        self.compared[key] = exclusive
        if one.definition is None or other.definition is None:
            return
        mine, theirs = self._collect(one.definition["SelectionSet"]), self._collect(other.definition["SelectionSet"])
        self._deeper()
        self._between(found, exclusive, mine, theirs)
        for further in theirs.spreads:
            self._fragments(found, exclusive, one, further)
        for further in mine.spreads:
            self._fragments(found, exclusive, further, other)
        self.depth -= 1

    def _between(self, found: list[Conflict], exclusive: bool, mine: _Collected, theirs: _Collected) -> None:
        for name, fields in mine.fields.items():
            for one in fields:
                for other in theirs.fields.get(name, ()):
                    self._fields(found, exclusive, one, other)

    def _fields(self, found: list[Conflict], exclusive: bool, one: Node, other: Node) -> None:
        self.walk.budget.spend()
        if one.parent is None or other.parent is None:
            return
        kinds = one.parent["Kind"], other.parent["Kind"]
        different = one.parent["Name"] != other.parent["Name"] and kinds == ("OBJECT", "OBJECT")
        exclusive = exclusive or (different and one.definition is not None and other.definition is not None)
        name = one["Alias"] or one["Name"]
        reason = self._reason(exclusive, one, other)
        if reason:
            found.append(Conflict(name, other, reason))
            return
        inner: list[Conflict] = []
        self._deeper()
        self._selections(inner, exclusive, one["SelectionSet"], other["SelectionSet"])
        self.depth -= 1
        if inner:
            found.append(Conflict(name, other, "", tuple(inner)))

    def _reason(self, exclusive: bool, one: Node, other: Node) -> str:
        if not exclusive and one["Name"] != other["Name"]:
            return f'"{one["Name"]}" and "{other["Name"]}" are different fields'
        if not exclusive and not self._same_arguments(one["Arguments"], other["Arguments"]):
            return "they have differing arguments"
        if one.definition is None or other.definition is None:
            return ""
        types = one.definition["Type"], other.definition["Type"]
        if self._types_conflict(*types):
            return f'they return conflicting types "{type_text(types[0])}" and "{type_text(types[1])}"'
        return ""

    def _selections(self, found: list[Conflict], exclusive: bool, one: list[Node], other: list[Node]) -> None:
        mine, theirs = self._collect(one), self._collect(other)
        self._between(found, exclusive, mine, theirs)
        for spread in theirs.spreads:
            self._with_fragment(found, exclusive, mine, spread)
        for spread in mine.spreads:
            self._with_fragment(found, exclusive, theirs, spread)
        for spread in mine.spreads:
            for further in theirs.spreads:
                self._fragments(found, exclusive, spread, further)

    def _same_arguments(self, one: Sequence[Node], other: Sequence[Node]) -> bool:
        self.walk.budget.spend(len(one) * len(other))
        return len(one) == len(other) and all(
            any(mine["Name"] == theirs["Name"] and _same(mine["Value"], theirs["Value"]) for theirs in other)
            for mine in one
        )

    def _types_conflict(self, one: Node, other: Node) -> bool:
        while True:
            if one["NonNull"] != other["NonNull"] or (one["Elem"] is None) != (other["Elem"] is None):
                return True
            if one["Elem"] is None:
                break
            one, other = one["Elem"], other["Elem"]
        mine, theirs = (self.walk.schema.types[each["NamedType"]] for each in (one, other))
        return bool({mine["Kind"], theirs["Kind"]} & LEAVES and mine["Name"] != theirs["Name"])


def _gather(selections: Sequence[Node], found: _Collected) -> None:
    for selection in selections:
        if selection.kind == "Field":
            found.fields.setdefault(selection["Alias"] or selection["Name"], []).append(selection)
        elif selection.kind == "InlineFragment":
            _gather(selection["SelectionSet"], found)
        else:
            found.spreads.append(selection)


def _same(one: Node, other: Node) -> bool:
    if (one["Kind"], one["Raw"], len(one["Children"])) != (other["Kind"], other["Raw"], len(other["Children"])):
        return False
    children: list[list[Any]] = [one["Children"], other["Children"]]
    if one["Kind"] == OBJECT:
        children = [sorted(each, key=lambda child: str(child["Name"])) for each in children]
    return all(
        mine["Name"] == theirs["Name"] and _same(mine["Value"], theirs["Value"])
        for mine, theirs in zip(*children, strict=True)
    )


def overlapping_fields(walk: Walk, node: Node) -> None:
    """The conflicts in the selections of an operation, a field, a fragment or an inline fragment."""
    if node.kind == "Field" and walk.operation is None:
        # A field of a fragment was compared where the fragment is spread.
        return
    merging = walk.memory.setdefault("merging", _Merging(walk))
    for conflict in merging.within(node["SelectionSet"]):
        advice = "Use different aliases on the fields to fetch both if this was intentional."
        walk.add(conflict.field, f'Fields "{conflict.name}" conflict because {conflict.text()}. {advice}')
