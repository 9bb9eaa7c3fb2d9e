"""The files of a source that a run had no time for: told once, at the first of them, and counted.

What does not belong: when time is up, which whoever reads, hands over or judges files sees for itself.
"""

from __future__ import annotations

from lockgate.engine.wholes import Place
from lockgate.model import File, Skip, SkipKind

NAMED = 10
"""So many further files are named; the rest is counted."""


class Late:
    """Files that were met and not judged, or not by all who would have to."""

    def __init__(self, seconds: float) -> None:
        """``seconds``: the time budget of the run."""
        self.seconds = seconds
        self.more = False
        """Whether what follows the last of them was not even met."""
        self._first: Place | None = None
        self._paths: dict[int, str] = {}
        """By the row of the source; without those that are only counted."""
        self._counted = 0

    def __bool__(self) -> bool:
        return self._first is not None

    @property
    def why(self) -> str:
        """Why not everything was read."""
        return f"the time budget of {self.seconds:.0f} s was used up"

    def add(self, file: File, place: Place) -> None:
        """Note a file and where what would be said of it belongs. The same may be noted again."""
        self._paths[place.row] = file.path
        if self._first is None or place.row < self._first.row:
            self._first = place

    def follow(self, file: File, place: Place) -> None:
        """Note a file that nobody has met before, and that stands behind all that were noted so."""
        if self._counted < NAMED + 1:
            self.add(file, place)
        self._counted += 1

    def told(self) -> tuple[Place, Skip]:
        """What to say of them, and where that belongs. Only asked where there are any."""
        if self._first is None:
            raise RuntimeError("no file was late")
        rows = sorted(self._paths)
        first, *others = (self._paths[row] for row in rows[: NAMED + 1])
        count = len(rows) + max(self._counted - NAMED - 1, 0) - 1
        names = ", ".join(others) + (f" and {count - len(others):,} more" if count > len(others) else "")
        behind = " and what follows them" if self.more else ""
        which = f"this file and {count:,} more were judged{behind}: {names}" if count else "this file was judged"
        if self.more and not count:
            which = "this file and what follows it were judged"
        return self._first, Skip(first, SkipKind.LIMIT, f"{self.why} before {which}")
