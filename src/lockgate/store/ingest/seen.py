"""A million ids of 16 bytes in 16 MB of memory, looked up some hundred at a time.

The newest stand in a set. When there are enough of them they are sorted into a piece, as two whole numbers of 64 bits
each, in which a search by halves finds one: a set of all would take 100 MB. The oldest piece goes when the others hold
enough. In memory alone; not for several threads at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = 16
"""Bytes of an id as it is kept: what stands for it and where it is one."""
_PIECE = 1 << 17
"""Ids of a piece."""


class Seen:
    """The last ids that were added, at least as many as asked for."""

    def __init__(self) -> None:
        self._new: set[bytes] = set()
        self._pieces: list[tuple[NDArray[Any], NDArray[Any]]] = []
        """Ids in order: their first halves, and their second ones."""

    def add(self, ids: bytes, most: int) -> None:
        """Add ids that stand one after another; all but the last ``most`` may go."""
        self._new.update(ids[at : at + SIZE] for at in range(0, len(ids), SIZE))
        if len(self._new) >= min(_PIECE, most):
            self._pieces.append(_sorted(self._new)[1:])
            self._new = set()
            while sum(len(first) for first, _ in self._pieces[1:]) >= most:
                del self._pieces[0]

    def among(self, ids: Sequence[bytes]) -> set[bytes]:
        """Those of ``ids`` that were added and are there still."""
        found = self._new.intersection(ids)
        left = [one for one in ids if one not in found] if self._pieces else []
        if left:
            order, first, second = _sorted(left)  # in order the searches stay where the processor's caches are
            for piece in self._pieces:
                found.update(left[order[at]] for at in _places(piece, first, second))
        return found


def _sorted(ids: Collection[bytes]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """The halves of ids by the first ones, and which of the ids each is of."""
    import numpy as np

    both = np.frombuffer(b"".join(ids), dtype=np.uint64).reshape(-1, 2)
    order = np.argsort(both[:, 0])
    return order, both[order, 0], both[order, 1]


def _places(piece: tuple[NDArray[Any], NDArray[Any]], first: NDArray[Any], second: NDArray[Any]) -> list[int]:
    """Which of the ids with these halves are in the piece."""
    import numpy as np

    firsts, seconds = piece
    begin = np.searchsorted(firsts, first)
    alike = np.flatnonzero(firsts[np.minimum(begin, len(firsts) - 1)] == first)
    return [
        int(at) for at in alike
        if second[at] in seconds[begin[at] : np.searchsorted(firsts, first[at], side="right")]
    ]  # fmt: skip
