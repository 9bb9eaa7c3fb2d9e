"""What of a layer still shows below the layers on top of it.

Layers are met from the top down, so that each path is told at once whether something above deletes or replaces it, and
a layer is read once. Source: OCI image-spec 1.1, layer.md, "Applying Changesets" and "Whiteouts": these hide what is in
lower layers and nothing of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from lockgate.dataclass import dataclass
from lockgate.formats.oci.layers.entries import Entry, Kind


class How(StrEnum):
    """What a layer above does to a path."""

    DELETED = "deleted"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Hidden:
    """Why a path no longer shows."""

    by: int
    """Index of the nearest layer above that hides it."""
    how: How


class Union:
    """What the layers above hide. Begins above the top layer, where nothing is hidden."""

    def __init__(self) -> None:
        self._whole: dict[str, Hidden] = {}
        """Paths that hide themselves and all below them: what was deleted, or is no folder."""
        self._opaque: dict[str, Hidden] = {}
        """Folders that hide all below them."""
        self._folders: dict[str, Hidden] = {}
        """Folders, which hide what is none at their path."""
        self._above: dict[str, Hidden | None] = {"": None}
        """Of folders that were asked: what hides everything in them."""

    def hides(self, path: str, *, folder: bool = False) -> Hidden | None:
        """What hides ``path`` of the next layer down; None where it shows."""
        own = self._whole.get(path) or (None if folder else self._folders.get(path))
        above = self._of_folder(path[: max(path.rfind("/"), 0)]) if path else None
        if own is None or above is None:
            return own or above
        return min(own, above, key=lambda one: one.by)

    def _of_folder(self, folder: str) -> Hidden | None:
        """What hides all that a folder holds: itself, or a folder it is in. Walks up without recursion."""
        way = []
        at = folder
        while at not in self._above:
            way.append(at)
            at = at[: max(at.rfind("/"), 0)]
        known = self._above[at]
        for one in reversed(way):
            candidates = [found for found in (known, self._whole.get(one), self._opaque.get(one)) if found is not None]
            known = self._above[one] = min(candidates, key=lambda found: found.by) if candidates else None
        return known

    def add(self, index: int, entries: Iterable[Entry]) -> None:
        """Put layer ``index``, whose paths were all asked for, on top of what is still to come."""
        for entry in entries:
            kind = entry.kind
            if kind is Kind.WHITEOUT:
                known = self._whole.get(entry.path)
                if known is None or known.by != index:  # else deleted and made again in one layer
                    self._whole[entry.path] = Hidden(index, How.DELETED)
            elif kind is Kind.OPAQUE:
                self._opaque[entry.path] = Hidden(index, How.DELETED)
            elif kind is Kind.FOLDER:
                self._folders[entry.path] = Hidden(index, How.REPLACED)
            elif kind is not Kind.REFUSED and entry.path:
                self._whole[entry.path] = Hidden(index, How.REPLACED)
        self._above = {"": self._opaque.get("")}
