"""Joins Terraform resources by what they refer to: ``azurerm_storage_account.logs.id``, and names that are literal.

A piece whose target is not among the resources at hand stays an object of its own, and what it may complete is then
known only when it is applied.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lockgate.dataclass import dataclass
from lockgate.formats.azure import _joins
from lockgate.formats.azure._convert import LineOf, Resource, to_object
from lockgate.formats.azure._evaluate import Unknown
from lockgate.formats.azure.azurerm import blocks_of, mapping_of, pieces_of
from lockgate.model import Object

REFERENCE = re.compile(
    r'(?:"\$\{ ?)?((?:module\.[\w-]{1,200}(?:\["?[^\]"]{0,200}"?\])?\.)*+az\w{1,100}\.[\w-]{1,200})'
    r'(?:\[([^\]]{1,200})\])?\.(?:id|name)(?: ?\}")?'
)
"""An expression that names one resource: its block, and the instance of it."""


@dataclass(slots=True)
class Member:
    """One resource with the object it became."""

    resource: Resource
    made: Object

    @property
    def instance(self) -> str:
        """``[0]``, ``["a"]`` or nothing."""
        address = self.resource.address
        return address[address.rfind("[") :] if address.endswith("]") else ""

    @property
    def block(self) -> str:
        """The address without the instance."""
        return self.resource.address.removesuffix(self.instance)


def members_of(resource: Resource) -> list[Member]:
    """What a resource becomes: itself, and children that it writes as blocks; nothing for a type without a mapping."""
    made = to_object(resource)
    if made is None:
        return []
    found = [Member(resource, made)]
    for block in blocks_of(resource.type):
        written = resource.arguments.get(block)
        for at, inner in enumerate(written if isinstance(written, list) else ()):
            if not isinstance(inner, dict):
                continue
            child = replace(
                resource,
                type=f"{resource.type}/{block}",
                arguments={**inner, "parent": resource.arguments.get("name")},
                line=_Below(resource.line, f"/{block}/{at}"),
            )
            own = to_object(child)
            if own is not None:
                found.append(Member(child, own))
    return found


def joined(members: Sequence[Member], handed: Mapping[str, str]) -> list[Object]:
    """The objects of all members, each piece within its resource where that is known.

    ``handed``: blocks that go to another module, which may complete them, and what stands there.
    """
    work = _Joins(members)
    for block, why in handed.items():
        for one in work.by_block.get(block, ()):
            one.made = replace(_joins.hidden(one.made, pieces_of(str(one.made.body["type"])), why), handed=why)
    for one in members:
        work.name(one)
    kept = [one for one in members if not work.completes(one)]
    return [one.made for one in kept]


@dataclass(frozen=True, slots=True)
class _Below:
    """``line_of`` of a block of a resource."""

    line: LineOf
    above: str

    def __call__(self, pointer: str) -> int:
        """The line of an argument."""
        return self.line(self.above + pointer)


class _Joins:
    """Members by what may refer to them."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.by_block: dict[str, list[Member]] = {}
        self._by_id: dict[str, Member] = {}
        self._by_type: dict[str, list[Member]] = {}
        for one in members:
            if "/" in one.resource.type:
                continue  # nothing refers to a block
            self.by_block.setdefault(one.block, []).append(one)
            identity = one.resource.arguments.get("id")
            if isinstance(identity, str):
                self._by_id.setdefault(identity.lower(), one)
            mapping = mapping_of(one.resource.type)
            if mapping is None or not mapping.joins:
                self._by_type.setdefault(str(one.made.body["type"]).lower(), []).append(one)

    def completes(self, piece: Member) -> bool:
        """Whether a member is a piece of another one, which then has it."""
        mapping = mapping_of(piece.resource.type)
        if mapping is None or not mapping.joins:
            return False
        targets, sure = self._referred(piece, mapping.joins, mapping.arm_type)
        if sure and len(targets) == 1 and not piece.resource.count:
            targets[0].made = _joins.merged(targets[0].made, piece.made)
            return True
        piece.made = replace(piece.made, partial=True)
        for one in targets:
            one.made = _joins.hidden(one.made, mapping.fields, f"{piece.resource.address} may say it")
        return False

    def name(self, child: Member) -> None:
        """The name of a child: that of its parent, a slash, and its own."""
        mapping = mapping_of(child.resource.type)
        own = child.made.body.get("name")
        if mapping is None or not mapping.parent or not isinstance(own, str):
            return
        value = _first(child.resource.arguments, mapping.parent)
        if value is None:
            return
        targets, sure = self._referred(child, mapping.parent, mapping.arm_type.rpartition("/")[0])
        if sure and targets:
            above, known = str(targets[0].made.body.get("name")), targets[0].made.knows("/name")
        else:
            above, known = (value.text, False) if isinstance(value, Unknown) else (_last(str(value)), True)
        body = {**child.made.body, "name": "/".join((above, *mapping.between, own))}
        # The parent's part alone: whoever asks for the own name, the last part, learns it.
        known = known or "/name" in child.made.unresolved
        unresolved = child.made.unresolved if known else child.made.unresolved | {"/name/0"}
        child.made = replace(child.made, body=body, unresolved=unresolved)

    def _referred(self, asking: Member, arguments: tuple[str, ...], arm_type: str) -> tuple[list[Member], bool]:
        """Members that an argument means, and whether it is known that it means just these."""
        value = _first(asking.resource.arguments, arguments)
        alike = self._by_type.get(arm_type.lower(), [])
        if isinstance(value, str):
            return self._by_name(value, alike)
        match = REFERENCE.fullmatch(value.text) if isinstance(value, Unknown) else None
        if match is None:
            return alike, not alike
        found = self.by_block.get(match[1], [])
        if len(found) <= 1:
            return found, True
        wanted = asking.instance if match[2] in (None, "each.key", "count.index") else f"[{match[2]}]"
        same = [one for one in found if one.instance == wanted]
        return (same, True) if same else (found, False)

    def _by_name(self, value: str, alike: list[Member]) -> tuple[list[Member], bool]:
        known = self._by_id.get(value.lower())
        if known is not None:
            return [known], True
        last = _last(value).lower()
        same = [one for one in alike if one.made.knows("/name") and str(one.made.body.get("name")).lower() == last]
        vague = [one for one in alike if not one.made.knows("/name")]
        return (same, True) if len(same) == 1 else ([*same, *vague], not same and not vague)


def _first(arguments: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((arguments[name] for name in names if arguments.get(name) is not None), None)


def _last(identity: str) -> str:
    """The name at the end of an id; a name itself."""
    return identity.rstrip("/").rpartition("/")[2]
