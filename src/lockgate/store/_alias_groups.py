"""Which identifiers mean the same flaw: union over aliases, and one canonical identifier a group."""

from __future__ import annotations

from collections.abc import Iterable

from lockgate.lazy_pattern import lazy_pattern

_PARTS = lazy_pattern(r"([0-9]+)")


class AliasGroups:
    """Disjoint sets of identifiers."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def join(self, name: str, aliases: Iterable[str]) -> None:
        """``name`` and ``aliases`` mean the same flaw."""
        root = self._find(name)
        for alias in aliases:
            other = self._find(alias)
            if other != root:
                # The canonical one stays on top, so that the root is the answer.
                root, below = sorted((root, other), key=canonical_order)
                self._parent[below] = root

    def canonical(self, name: str) -> str:
        """The identifier that names the group: a CVE before a GHSA before others, then the oldest."""
        return self._find(name)

    def members(self) -> dict[str, list[str]]:
        """Identifiers by canonical one, sorted; only of groups with more than one."""
        groups: dict[str, list[str]] = {}
        for name in self._parent:
            groups.setdefault(self._find(name), []).append(name)
        return {root: sorted(names) for root, names in groups.items() if len(names) > 1}

    def _find(self, name: str) -> str:
        parent = self._parent
        root = name
        while (above := parent.setdefault(root, root)) != root:
            root = above
        while parent[name] != root:
            parent[name], name = root, parent[name]
        return root


def canonical_order(name: str) -> tuple[int, list[tuple[int, str]]]:
    """Sorts identifiers: CVE, GHSA, others; numbers by size."""
    kind = 0 if name.startswith("CVE-") else 1 if name.startswith("GHSA-") else 2
    parts = [(int(part), "") if part.isdigit() and len(part) < 19 else (0, part) for part in _PARTS.split(name)]
    return kind, parts
