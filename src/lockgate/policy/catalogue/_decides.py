"""What of a policy's variables its expressions read, and which fields of an item decide its condition.

Told from the text, before any object is seen.
"""

from __future__ import annotations

from typing import TypeAlias

from lockgate.policy.cel import Expression
from lockgate.policy.reads import ANY, ITEM, KEYS, NOWHERE, Read

Fields: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""Names of fields of the item and of ``podSpec``, sorted."""


def traced(expression: Expression) -> tuple[Read, ...] | None:
    """What the expression reads, in paths that begin with the name of a variable; None when that cannot be told."""
    from lockgate.policy.cel.traces import place, traced_each

    return traced_each(
        (expression,), variables=frozenset(("object", "item", "parent")),
        given={"podSpec": place("podSpec"), "podMetadata": place("podMetadata"), "params": NOWHERE},
    )  # fmt: skip


def fields_of(condition: Expression) -> Fields | None:
    """The fields that decide the condition of an item that is a map; None when it hangs on more than these. So does
    what reads the metadata of a Pod, since in that each differs from the others."""
    found: dict[str | None, set[str]] = {"item": set(), "podSpec": set()}
    for path, whole in traced(condition) or (((), True),):
        root = path[0] if path else None
        if root not in found or (len(path) == 1 and whole):
            return None
        name = path[1] if len(path) > 1 else ""
        if name is ANY or name in (KEYS, ITEM):
            return None
        if name:
            found[root].add(name)
    item, spec = (tuple(sorted(names)) for names in found.values())
    return (item, spec) if item else None
