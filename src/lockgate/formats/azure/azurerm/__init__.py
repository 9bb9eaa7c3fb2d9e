"""Terraform's ``azurerm`` resources in the shape of Azure Resource Manager.

The tables (``compute``, ``network``, ``data``, ``platform``) hold one block a resource type, under ``TABLE``. A block
begins with the Terraform type and the ARM type; each further line reads::

    arm.path  terraform.path [| older.path ...] [transform] [=default]

``[]`` in both paths walks a list or repeated blocks in step. A default is what the provider sends when the argument is
left out, before the transform; it counts only where the block around it is there. Transforms: ``!`` negates, ``?A:B``
is A for true and B for false, ``@`` is true because the block is there, ``[x]`` wraps one value in a list, ``[?A]`` is
a list of A for true and an empty one for false, ``{x}`` makes an object with the values as keys, ``'text`` is that
text wherever the block is there, and always where there is no path. A line that begins with blanks continues the one
before. ``name``, ``location``, ``tags``, ``zones`` and ``identity`` need no line. Two lines say what it belongs to::

    parent argument [| older] [=middle]
    joins argument [| older]

The first: its name is that of the parent, which the argument names or refers to, a slash, the middle where there is
one, and the own name. The second: it is a piece of the resource that the argument refers to, and stands in it. A block
that begins with ``type/block`` is a child that the resource writes as a block. Property names after
https://learn.microsoft.com/azure/templates, arguments after
https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import orjson

from lockgate.dataclass import dataclass

_MODULES = ("compute", "data", "network", "platform")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    arm: tuple[str, ...]
    """Steps of the ARM path; ``[]`` is a step of its own."""
    terraform: tuple[tuple[str, ...], ...]
    """Paths to try, in order."""
    transform: str = ""
    default: Any = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """One resource type."""

    arm_type: str
    rows: tuple[Row, ...]
    parent: tuple[str, ...] = ()
    """Arguments that name the parent, to try in order."""
    between: tuple[str, ...] = ()
    """What stands between the name of the parent and the own one: ``default`` in ``account/default/container``."""
    joins: tuple[str, ...] = ()
    """Arguments that refer to the resource that this one is a piece of."""

    @property
    def fields(self) -> tuple[str, ...]:
        """JSON pointers of what a piece sets once; lists are only added to."""
        return tuple("/" + "/".join(row.arm) for row in self.rows if "[]" not in row.arm and len(row.arm) > 1)


def mapping_of(terraform_type: str) -> Mapping | None:
    """The mapping of a type (``azurerm_storage_account``), or None."""
    return _mappings().get(terraform_type)


@cache
def blocks_of(terraform_type: str) -> tuple[str, ...]:
    """Blocks of a type that are children of their own."""
    own = f"{terraform_type}/"
    return tuple(one.removeprefix(own) for one in _mappings() if one.startswith(own))


@cache
def pieces_of(arm_type: str) -> tuple[str, ...]:
    """JSON pointers of everything that some other type says of a resource of this type."""
    every = [one for one in _mappings().values() if one.joins and one.arm_type.lower() == arm_type.lower()]
    return tuple(dict.fromkeys(field for one in every for field in one.fields))


def known_types() -> frozenset[str]:
    """Every Terraform type that has a mapping."""
    return frozenset(_mappings())


@cache
def _mappings() -> dict[str, Mapping]:
    found: dict[str, Mapping] = {}
    for name in _MODULES:
        table = import_module(f"{__name__}.{name}").TABLE.replace("\n  ", " ")
        for block in table.strip().split("\n\n"):
            head, *lines = block.strip().splitlines()
            *types, arm_type = head.split()
            said = {word: _row(line) for line in lines if (word := line.split()[0]) in ("parent", "joins")}
            rows = tuple(_row(line) for line in lines if line.split()[0] not in said)
            parent, joins = said.get("parent"), said.get("joins")
            mapping = Mapping(
                arm_type,
                rows,
                tuple(path[0] for path in parent.terraform) if parent else (),
                (str(parent.default),) if parent and parent.default else (),
                tuple(path[0] for path in joins.terraform) if joins else (),
            )
            for one in types:
                if one in found:
                    raise ValueError(f"{one} stands in two tables")
                found[one] = mapping
    return found


def _row(line: str) -> Row:
    arm, *rest = line.split()
    paths: list[tuple[str, ...]] = []
    transform, default = "", None
    for word in rest:
        if word == "|":
            continue
        if word.startswith("="):
            default = _default(word[1:])
        elif word[0] in "!?@'[{" and word != "|":
            transform = word
        else:
            paths.append(_steps(word))
    return Row(_steps(arm), tuple(paths), transform, default)


def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.replace("[]", ".[]").split("."))


def _default(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
