"""Documents of Azure Policy, told from other JSON by their members. What does not belong: reading them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockgate.dataclass import dataclass

_SORTS = (
    ("policyrule", "definition"), ("policydefinitions", "initiative"), ("policydefinitionid", "assignment"),
    ("policyassignmentid", "exemption"),
)  # fmt: skip
"""The member that only documents of a sort have, by the sort (Azure Resource Manager, Microsoft.Authorization)."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document of Azure Policy."""

    where: str
    """The file, for people."""
    body: Mapping[str, Any]
    """As Resource Manager has it, or as ``az policy ... show`` prints it."""
    scope: str = ""
    """Of an exemption in a template: what it is attached to; empty when its id tells."""


def sort_of(body: Mapping[str, Any]) -> str:
    """``definition``, ``initiative``, ``assignment``, ``exemption``, or empty for what is none of Azure Policy."""
    if "apiVersion" in body or "kind" in body:
        return ""
    held = body.get("properties")
    names = {str(name).lower() for name in (held if isinstance(held, Mapping) else body)}
    return next((sort for member, sort in _SORTS if member in names), "")
