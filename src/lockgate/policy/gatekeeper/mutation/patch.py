"""The difference between two JSON values, as a JSON Patch (RFC 6902)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lockgate.policy.gatekeeper.values import same

Operation = dict[str, Any]
"""``op`` (add, remove, replace), ``path`` (a JSON pointer) and ``value``."""


def patch(old: Any, new: Any) -> list[Operation]:
    """The operations that turn ``old`` into ``new``, in the order in which they must be applied; none when equal.

    Members of lists are compared by position, which is what the API server expects and is never wrong, though not
    always the shortest.
    """
    return list(_difference(old, new, ""))


def _difference(old: Any, new: Any, path: str) -> Iterator[Operation]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _mappings(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(old, new, path)
    elif not same(old, new):
        yield {"op": "replace", "path": path, "value": new}


def _mappings(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[Operation]:
    for name, value in old.items():
        place = f"{path}/{_escaped(name)}"
        if name in new:
            yield from _difference(value, new[name], place)
        else:
            yield {"op": "remove", "path": place}
    for name, value in new.items():
        if name not in old:
            yield {"op": "add", "path": f"{path}/{_escaped(name)}", "value": value}


def _lists(old: list[Any], new: list[Any], path: str) -> Iterator[Operation]:
    common = min(len(old), len(new))
    for index in range(common):
        yield from _difference(old[index], new[index], f"{path}/{index}")
    for index in range(len(old) - 1, common - 1, -1):
        yield {"op": "remove", "path": f"{path}/{index}"}
    for index in range(common, len(new)):
        yield {"op": "add", "path": f"{path}/{index}", "value": new[index]}


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
