"""Terraform's ``azurerm`` resources in the shape of Azure Resource Manager.

The tables (``compute``, ``network``, ``data``, ``platform``) hold one block a resource type, under ``TABLE``. A block
begins with the Terraform type and the ARM type; each further line reads::

    arm.path  terraform.path [| older.path ...] [transform] [=default]

``[]`` in both paths walks a list or repeated blocks in step. A default is what the provider sends when the argument is
left out, before the transform; it counts only where the block around it is there. Transforms: ``!`` negates, ``?A:B``
is A for true and B for false, ``@`` is true because the block is there, ``[x]`` wraps one value in a list, ``[?A]`` is
a list of A for true and an empty one for false, ``{x}`` makes an object with the values as keys, ``'text`` is that
text wherever the block is there. A line ``parent argument`` says that the name is that of the parent, a slash, and the
own one. ``name``, ``location``, ``tags``, ``zones`` and ``identity`` need no line. A line that begins with blanks
continues the one before. Property names after https://learn.microsoft.com/azure/templates, arguments after
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
    parent: str = ""
    """The argument that names the parent."""


def mapping_of(terraform_type: str) -> Mapping | None:
    """The mapping of a type (``azurerm_storage_account``), or None."""
    return _mappings().get(terraform_type)


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
            parent = next((line.split()[1] for line in lines if line.split()[0] == "parent"), "")
            rows = tuple(_row(line) for line in lines if line.split()[0] != "parent")
            for one in types:
                if one in found:
                    raise ValueError(f"{one} stands in two tables")
                found[one] = Mapping(arm_type, rows, parent)
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
